"""Checkpoints are downloaded by the Hub's protocol, once for all who ask, and only as recorded."""

import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from huggingface_hub import HfApi, hf_hub_download
from torch import nn

from engines.runtime.checkpoints import checked, find, is_sound, load_into, pinned, present
from engines.runtime.downloads import download, latest
from engines.runtime.errors import CheckpointError
from engines.runtime.fetching import partly_here
from engines.runtime.scheduler import State
from engines.runtime.transfer import CHUNK
from tests.support.hub_server import COMMIT, Fault, Hub
from tests.support.published_files import (
    CONTENT,
    FILE,
    REPO,
    SECONDS,
    another_process,
    content_here,
    fault,
    fetch,
    publish,
    unpinned,
)
from tests.support.waiting import wait_until
from weights.__main__ import main


def test_the_server_speaks_the_protocol_of_the_real_client(hub: Hub, tmp_path: Path) -> None:
    digest = hub.put(REPO, FILE, CONTENT)
    api = HfApi(endpoint=hub.endpoint)
    assert api.model_info(REPO, revision="main").sha == COMMIT
    (listed,) = api.list_repo_tree(REPO, revision=COMMIT)
    assert (listed.path, listed.size, listed.lfs.sha256) == (FILE, len(CONTENT), digest)
    assert Path(hf_hub_download(REPO, FILE, cache_dir=tmp_path / "its own")).read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["model", "space"])
def test_a_fresh_download_lies_in_the_hubs_own_cache(hub: Hub, kind: str) -> None:
    hub.put(REPO, FILE, CONTENT, kind)
    checkpoint = publish(hub, repo_type=kind)
    assert present(checkpoint) is None
    made = fetch(checkpoint)
    assert (made.state, made.done, made.total, made.error) == (State.DONE, len(CONTENT), len(CONTENT), None)
    assert content_here(checkpoint) == CONTENT and is_sound(checkpoint)
    assert hf_hub_download(REPO, FILE, repo_type=kind, revision=COMMIT, local_files_only=True)
    assert hub.bodies() == ["bytes=0-"] and hub.sent == len(CONTENT)


def test_a_download_tells_its_progress_and_is_cancelled_and_taken_up(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.faults = [Fault("BODY", halt=2 * CHUNK)]
    made = download(checkpoint)
    wait_until(lambda: made.done == 2 * CHUNK)
    assert made.state is State.RUNNING and made.total == len(CONTENT)
    assert made.rate > 0 and made.seconds_left is not None and made.seconds_left > 0
    assert re.fullmatch(r"network is being downloaded: 0\.5 of 1\.5 MB, [\d.]+ MB/s, \d+ s left\.", str(made))
    made.cancel()
    assert made.wait(SECONDS) is State.CANCELLED
    assert str(made) == "The download of network was cancelled at 0.5 of 1.5 MB, which are kept."
    assert present(checkpoint) is None and partly_here(checkpoint) == 2 * CHUNK
    again = download(checkpoint)
    assert again is not made
    hub.release.set()
    assert made.wait() is State.CANCELLED
    assert again.wait(SECONDS) is State.DONE
    assert hub.bodies() == ["bytes=0-", f"bytes={2 * CHUNK}-"] and content_here(checkpoint) == CONTENT


@pytest.mark.parametrize("recorded", [True, False])
def test_a_second_use_makes_no_request(hub: Hub, recorded: bool) -> None:
    checkpoint = publish(hub) if recorded else unpinned(publish(hub))
    assert fetch(checkpoint).state is State.DONE
    hub.requests.clear()
    assert fetch(checkpoint).state is State.DONE
    assert another_process(checkpoint).communicate()[0].startswith("DONE")
    assert hub.requests == []


def test_the_first_download_pins_what_nobody_recorded(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = unpinned(publish(hub))
    assert pinned(checkpoint) is None
    fetch(checkpoint)
    assert pinned(checkpoint) == (COMMIT, publish(hub).sha256)
    found = present(checkpoint)
    assert found is not None
    found[1].resolve().write_bytes(CONTENT[:-1] + b"x")
    assert is_sound(checkpoint) is False
    with pytest.raises(CheckpointError, match="network was altered: the SHA-256 of its 1500000 bytes is not"):
        checked(checkpoint)


def test_one_download_serves_all_who_ask(hub: Hub) -> None:
    checkpoint, made = publish(hub), []
    hub.faults = [Fault("BODY", halt=CHUNK)]
    threads = [threading.Thread(target=lambda: made.append(download(checkpoint))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hub.release.set()
    assert len(set(made)) == 1 and made[0].wait(SECONDS) is State.DONE
    assert hub.bodies() == ["bytes=0-"] and latest(checkpoint) is made[0]


def test_one_that_waits_for_another_process_is_cancelled_at_once(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.faults = [Fault("BODY", halt=CHUNK)]
    other = another_process(checkpoint)
    wait_until(hub.halted.is_set)
    made = download(checkpoint)
    wait_until(lambda: made.done)
    made.cancel()
    hub.release.set()
    assert other.communicate()[0].startswith("DONE")
    wait_until(lambda: not any(thread.name == "download network" for thread in threading.enumerate()))
    assert made.state is State.CANCELLED and hub.bodies() == ["bytes=0-"]


@pytest.mark.parametrize(
    ("module", "first"),
    [(nn.Linear(3, 2), r"weight is \(2, 4\) in the file and \(2, 3\)"), (nn.Linear(4, 2, bias=False), "bias is")],
    ids=["shape", "key"],
)
def test_a_file_that_does_not_fit_is_refused_by_its_first_key(
    hub: Hub, tmp_path: Path, module: nn.Module, first: str
) -> None:
    with fault("keys or shapes that do not fit"):
        torch.save(nn.Linear(4, 2).state_dict(), tmp_path / "linear.pth")
        checkpoint = publish(hub, (tmp_path / "linear.pth").read_bytes())
        fetch(checkpoint)
        with pytest.raises(CheckpointError, match=f"network does not fit its network: {first}"):
            load_into(module, checkpoint)


def test_the_token_goes_to_the_hub_and_nowhere_else(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert fetch(publish(hub)).state is State.DONE
    tokens = {request.path.split("/")[1]: request.token for request in hub.requests}
    assert tokens == {"somebody": "Bearer hf_secret", "cdn": None}


def test_the_command_line_fetches_with_progress(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("weights.__main__.LOG_SECONDS", 0.01)
    published = replace(find("photo-stylization-published"), addresses=())
    monkeypatch.setattr("weights.__main__.find", lambda name: {"network": publish(hub)}.get(name, published))
    hub.faults = [Fault("BODY", halt=CHUNK)]
    threading.Timer(0.5, hub.release.set).start()
    assert main(["fetch", "network"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"network is being downloaded: 0\.3 of 1\.5 MB, [\d.]+ MB/s, \d+ s left\.", printed)
    assert printed.endswith("network is here.\n")
    assert main(["fetch", "photo-stylization-published"]) == 1
    assert "wants a login for kingardor/Photo-Realistic-Image-Stylization" in capsys.readouterr().out
