"""Faults of network, disk and file in the way of a download: survived, or told in a sentence."""

import json
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save

from engines.photo_stylization import engine
from engines.runtime import downloads
from engines.runtime.checkpoints import checked, find, load_into, pin_file, present
from engines.runtime.downloads import download, latest
from engines.runtime.errors import CheckpointError
from engines.runtime.fetching import partly_here
from engines.runtime.progress import Substitution
from engines.runtime.scheduler import State, Task
from engines.runtime.transfer import CHUNK
from pages import photo_stylization
from studio.runs import store
from studio.runs.run import finished, start
from tests.support.disks import closed
from tests.support.hostile import Hostile
from tests.support.hub_server import Fault, Hub, point_client
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

PUBLISHED = "photo-stylization-published"


@fault("two processes at once")
def test_two_processes_at_once_download_once(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.faults = [Fault("BODY", halt=2 * CHUNK)]
    other = another_process(checkpoint)
    wait_until(lambda: partly_here(checkpoint) == 2 * CHUNK)
    made = download(checkpoint)
    wait_until(lambda: made.done == 2 * CHUNK)
    assert made.state is State.WAITING
    assert str(made) == "network is already being downloaded: 0.5 of 1.5 MB."
    hub.release.set()
    assert made.wait(SECONDS) is State.DONE
    assert other.communicate()[0].startswith("DONE")
    assert hub.bodies() == ["bytes=0-"]
    assert [request.method for request in hub.requests].count("HEAD") == 2, "the one that waited asked for itself"


@fault("start without a network")
def test_what_is_cached_is_used_without_a_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = publish(hub, save({"weight": torch.ones(2)}), file="network.safetensors")
    hub.put(REPO, "network.safetensors", save({"weight": torch.ones(2)}))
    fetch(checkpoint)
    hub.close()
    monkeypatch.setattr(downloads, "_running", {})
    module = torch.nn.PReLU(2)
    load_into(module, checkpoint)
    assert torch.equal(module.weight, torch.ones(2))
    assert fetch(checkpoint).state is State.DONE


@fault("no network")
def test_without_a_network_the_sentence_says_what_to_do(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.close()
    made = fetch(checkpoint)
    assert made.state is State.FAILED and made.error is not None
    assert re.match(
        r"127\.0\.0\.1 cannot be reached \(Connect\w+\)\. Check the network\. .*weights import network FILE", made.error
    )


@fault("offline mode")
def test_offline_mode_is_named(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "while HF_HUB_OFFLINE is set" in str(fetch(publish(hub)))
    assert hub.requests == []


@fault("dropped in the middle of the file")
def test_a_dropped_download_goes_on_from_where_it_was(hub: Hub) -> None:
    checkpoint = publish(hub)
    outdated = pin_file(checkpoint).with_suffix(".another.incomplete")
    outdated.parent.mkdir(parents=True)
    outdated.touch()
    hub.faults = [Fault("BODY", cut=CHUNK + 100) for _ in range(4)]
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    assert hub.bodies() == [f"bytes={place * CHUNK}-" for place in range(5)]
    assert not list(outdated.parent.glob("*.incomplete"))


@fault("dropped by a server that knows no ranges")
def test_a_server_without_ranges_sends_the_file_anew(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.faults = [Fault("BODY", cut=2 * CHUNK), Fault("BODY", ranges=False)]
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    assert len(hub.bodies()) == 2


@fault("killed process")
def test_a_killed_process_leaves_what_it_had_to_the_next(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.faults = [Fault("BODY", halt=3 * CHUNK)]
    other = another_process(checkpoint)
    wait_until(lambda: partly_here(checkpoint) == 3 * CHUNK)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert present(checkpoint) is None
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    assert hub.bodies() == ["bytes=0-", f"bytes={3 * CHUNK}-"]


@pytest.mark.parametrize("recorded", [True, False])
@fault("same-size corruption on the way")
def test_a_file_that_arrives_altered_is_downloaded_again(hub: Hub, recorded: bool) -> None:
    checkpoint = publish(hub) if recorded else unpinned(publish(hub))
    hub.faults = [Fault("BODY", corrupt=True)]
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    assert hub.bodies() == ["bytes=0-", "bytes=0-"]


@fault("same-size corruption twice")
def test_a_file_that_arrives_altered_twice_is_given_up(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.faults = [Fault("BODY", corrupt=True), Fault("BODY", corrupt=True)]
    made = fetch(checkpoint)
    assert made.state is State.FAILED and "arrived altered twice: its SHA-256 is" in str(made)
    assert present(checkpoint) is None and partly_here(checkpoint) == 0


@fault("same-size corruption on the disk")
def test_a_cached_file_that_the_disk_altered_is_refused_and_downloaded_again(hub: Hub) -> None:
    checkpoint = publish(hub)
    fetch(checkpoint)
    found = present(checkpoint)
    assert found is not None
    found[1].resolve().write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(CheckpointError, match=r"altered.*`studio weights fetch network` gets it"):
        checked(checkpoint)
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "RepoNotFound", r"wants a login for somebody/network.*\(401\).*hf auth login"),
        (403, "GatedRepo", r"somebody/network is closed to you \(403\)\. Accept its terms"),
        (404, "RepoNotFound", r"has no model somebody/network \(404\)"),
        (404, "EntryNotFound", r"somebody/network has no file models/network\.pth \(404\)"),
        (400, "", r"refuses models/network\.pth of somebody/network \(400\)"),
    ],
)
def test_a_refusal_is_told_and_not_repeated(hub: Hub, status: int, code: str, words: str) -> None:
    with fault(f"{status} {code}".strip()):
        hub.faults = [Fault("HEAD", status, {"X-Error-Code": code})]
        made = fetch(publish(hub))
        assert made.state is State.FAILED and made.error is not None and re.search(words, made.error)
        assert made.error.endswith("`studio weights import network FILE`.")
        assert len(hub.requests) == 1


@fault("wrong revision")
def test_a_revision_that_is_not_there_is_told(hub: Hub) -> None:
    made = fetch(publish(hub, revision="f" * 40))
    assert "somebody/network no longer has the commit that this studio knows (404)" in str(made)


@fault("another file under the same name")
def test_another_file_than_the_recorded_one_is_not_downloaded(hub: Hub) -> None:
    made = fetch(publish(hub, sha256="a" * 64, revision=None))
    assert "somebody/network now holds another models/network.pth than the one this studio knows" in str(made)
    assert hub.bodies() == []


@fault("repository that moved on")
def test_a_repository_that_moved_on_changes_nothing_unnoticed(hub: Hub) -> None:
    checkpoint = unpinned(publish(hub))
    fetch(checkpoint)
    hub.commit, hub.files = "f" * 40, {}
    hub.put(REPO, FILE, CONTENT[::-1])
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    found = present(checkpoint)
    assert found is not None
    found[1].resolve().unlink()
    assert "no longer has the commit that this studio knows (404)" in str(fetch(checkpoint))


@fault("login page of a network")
def test_an_answer_that_is_not_the_hubs_is_told(hub: Hub) -> None:
    hub.faults = [Fault("HEAD", 200)]
    assert "is not the Hub. Check the network's login page" in str(fetch(publish(hub)))


@fault("429 with Retry-After")
def test_the_server_is_given_the_time_it_asks_for(hub: Hub) -> None:
    hub.faults = [Fault("HEAD", 429, {"Retry-After": "1"})]
    began = time.monotonic()
    assert fetch(publish(hub)).state is State.DONE
    assert time.monotonic() - began >= 1


@fault("429 for longer than a visitor waits")
def test_a_server_that_asks_for_much_time_is_asked_again_by_the_visitor(hub: Hub) -> None:
    hub.faults = [Fault("HEAD", 429, {"Retry-After": "600"})]
    assert "too many requests (429). Try again in 600 s" in str(fetch(publish(hub)))


@fault("500 and 503, then fine")
def test_a_server_in_trouble_is_asked_again(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.faults = [Fault("HEAD", 500), Fault("BODY", 503)]
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT


def test_trouble_that_is_being_overcome_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "PATIENCE", (60,))
    hub.faults = [Fault("HEAD", 500)]
    made = download(publish(hub))
    wait_until(lambda: made.error)
    assert str(made) == (
        "network is being downloaded: 0.0 of 1.5 MB. The Hub is in trouble (500). Try again later. It is tried again."
    )
    made.cancel()


@fault("500 for good")
def test_a_server_that_stays_in_trouble_is_given_up(hub: Hub) -> None:
    hub.faults = [Fault("HEAD", 500)] * 9
    assert "The Hub is in trouble (500). Try again later." in str(fetch(publish(hub)))
    assert len(hub.requests) == len(downloads.PATIENCE) + 1


@fault("cache that cannot be written")
def test_a_read_only_cache_is_read_and_told_when_it_must_be_written(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", folder)
        checkpoint = publish(hub)
        fetch(checkpoint)
        missing = replace(checkpoint, name="missing", repo="somebody/else")
        with closed(Path(folder)):
            assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
            made = fetch(missing)
        assert f"{folder} cannot be written: Permission denied. Make it writable, or set HF_HUB_CACHE" in str(made)


@fault("disk without room for the file")
def test_a_disk_without_room_is_told_before_anything_is_downloaded(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(disk))
        made = fetch(publish(hub))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert f"The disk that holds {disk} is full: 1.5 MB more are needed. Free them" in str(made)
    assert hub.bodies() == []


@fault("disk that fills up during the download")
def test_a_disk_that_fills_up_keeps_what_it_took(hub: Hub) -> None:
    checkpoint = publish(hub)
    limit = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({2 * CHUNK + 100}, {resource.RLIM_INFINITY}))"
    printed = another_process(checkpoint, limit).communicate()[0]
    assert printed.startswith("FAILED") and "is full: 1.0 MB more are needed" in printed
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    assert hub.bodies()[-1] == f"bytes={2 * CHUNK + 100}-"


@fault("hostile pickle")
def test_a_hostile_pickle_from_the_hub_is_refused_and_not_run(hub: Hub, tmp_path: Path) -> None:
    torch.save({"weight": Hostile(tmp_path / "victim")}, tmp_path / "hostile.pth")
    checkpoint = unpinned(publish(hub, (tmp_path / "hostile.pth").read_bytes()))
    assert fetch(checkpoint).state is State.DONE
    with pytest.raises(CheckpointError, match="network: .*beside tensors it holds .*, and to open that would run code"):
        load_into(torch.nn.PReLU(), checkpoint)
    assert not (tmp_path / "victim").exists()


@pytest.fixture
def dead_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A host that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_client(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
        monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path))
        yield


def stylized(checkpoint: str) -> Task:
    """The task, ended, of a small stylization on the page."""
    experiment = photo_stylization.PANEL.experiment("stylize")
    small = {"smoother": "none", "post_filter": False, "longest": 128}
    task = start(experiment, {**experiment.opening(), **small, "checkpoint": checkpoint})
    finished(task)
    return task


@fault("uncached on a dead network")
@pytest.mark.slow
def test_an_uncached_checkpoint_on_a_dead_network_gives_the_bundled_result_meanwhile(
    dead_network: None, tmp_path: Path
) -> None:
    expected = stylized(engine.BUNDLED)
    assert expected.substitution is None
    task = stylized(PUBLISHED)
    assert np.array_equal(task.result["result"]["none"], expected.result["result"]["none"])
    used, notice = substitution(task)
    assert used == {"checkpoint": engine.BUNDLED}
    assert re.match(r"photo-stylization-published is (about to be|being) downloaded", notice)
    assert notice.endswith("This result is from the small model trained by this project on CIFAR-10 and CamVid.")
    made = latest(find(PUBLISHED))
    assert made is not None and made.state is State.RUNNING
    made.cancel()
    task = stylized(PUBLISHED)
    assert "was cancelled at" in substitution(task).sentence and latest(find(PUBLISHED)) is made
    panel = photo_stylization.PANEL
    experiment = panel.experiment("stylize")
    *_, document = store.save(
        panel, experiment, {**experiment.opening(), "checkpoint": PUBLISHED}, task, tmp_path / "out"
    )
    assert json.loads(document.read_text())["controls"]["checkpoint"] == engine.BUNDLED


def substitution(task: Task) -> Substitution:
    assert task.substitution is not None
    return task.substitution
