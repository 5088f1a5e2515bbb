"""The Hub's real client against a loopback server: downloads resume, are checked, and fail with a sentence."""

import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ContextDecorator, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import HfApi, constants, hf_hub_download
from safetensors.torch import save
from torch import nn

from engines.photo_stylization import engine
from engines.runtime import hub as downloads
from engines.runtime.checkpoints import Checkpoint, find, is_sound, load_into, load_state, pin_file, pinned, present
from engines.runtime.errors import CheckpointError
from engines.runtime.hub import CHUNK, Download, download, latest, partly_here
from engines.runtime.progress import Substitution
from engines.runtime.scheduler import State, Task
from pages import _results, photo_stylization
from pages._results import finished, start
from tests.hub_server import COMMIT, Fault, Hub
from tests.test_checkpoints import Hostile
from weights.__main__ import main

ROOT = Path(__file__).parents[1]
CONTENT = random.Random(0).randbytes(1_500_000)
PUBLISHED = "photo-stylization-published"
REPO, FILE = "somebody/network", "models/network.pth"
SECONDS = 20
NOBODY = 65534


class fault(ContextDecorator):
    """Counts the tests that put a fault in the way, and those that came through it."""

    tried: list[str] = []
    survived: list[str] = []

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        fault.tried.append(self.name)

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            fault.survived.append(self.name)
        elif issubclass(kind, pytest.skip.Exception):
            fault.tried.remove(self.name)


def point_client(monkeypatch: pytest.MonkeyPatch, endpoint: str, cache: Path) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(downloads, "PATIENCE", (0.05, 0.05))
    monkeypatch.setattr(downloads, "_downloads", {})


def publish(hub: Hub, content: bytes = CONTENT, **changes: Any) -> Checkpoint:
    """Put a file on the server; its entry in the manifest, with commit and SHA-256."""
    digest = hub.put(REPO, FILE, content)
    entry = Checkpoint(
        name="network",
        repo=REPO,
        file=FILE,
        revision=COMMIT,
        sha256=digest,
        size=len(content),
        licence="CC BY 4.0",
        source="a test.",
        trained_on="nothing",
        architecture="linear",
        badge="published network",
    )
    return replace(entry, **changes)


def unpinned(checkpoint: Checkpoint) -> Checkpoint:
    return replace(checkpoint, revision=None, sha256=None, size=1_000_000)


def fetch(checkpoint: Checkpoint) -> Download:
    made = download(checkpoint)
    made.wait(SECONDS)
    return made


def content_here(checkpoint: Checkpoint) -> bytes:
    found = present(checkpoint)
    assert found is not None and found[0] == "cached"
    return found[1].read_bytes()


def another_process(checkpoint: Checkpoint, before: str = "") -> "subprocess.Popen[str]":
    """A process that fetches the checkpoint, and ends with the word for how that ended."""
    code = (
        f"from engines.runtime.checkpoints import Checkpoint\nfrom engines.runtime.hub import download\n{before}\n"
        f"made = download({checkpoint!r})\nprint(made.wait().name, made)"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
    began = time.monotonic()
    made.cancel()
    assert made.wait(SECONDS) is State.CANCELLED and time.monotonic() - began < 0.1
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
        load_state(checkpoint)


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
    monkeypatch.setattr(downloads, "_downloads", {})
    assert torch.equal(load_state(checkpoint)["weight"], torch.ones(2))
    assert fetch(checkpoint).state is State.DONE


@fault("no network")
def test_without_a_network_the_sentence_says_what_to_do(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.close()
    made = fetch(checkpoint)
    assert made.state is State.FAILED and made.error is not None
    assert re.match(
        r"The Hub cannot be reached \(Connect\w+\)\. Check the network\. .*weights import network FILE", made.error
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
    with pytest.raises(CheckpointError, match=r"altered.*`python -m weights fetch network` gets it"):
        load_state(checkpoint)
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
        assert made.error.endswith("`python -m weights import network FILE`.")
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


@contextmanager
def no_privileges() -> Iterator[None]:
    """Root may write everywhere; nobody may not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@fault("cache that cannot be written")
def test_a_read_only_cache_is_read_and_told_when_it_must_be_written(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", folder)
        checkpoint = publish(hub)
        fetch(checkpoint)
        missing = replace(checkpoint, name="missing", repo="somebody/else")
        for place, _, _ in os.walk(folder):
            os.chmod(place, 0o555)
        try:
            with no_privileges():
                assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
                made = fetch(missing)
        finally:
            for place, _, _ in os.walk(folder):
                os.chmod(place, 0o755)
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
    with pytest.raises(CheckpointError, match="network: .*it is damaged, or holds more than tensors"):
        load_state(checkpoint)
    assert not (tmp_path / "victim").exists()


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
    published = find("photo-stylization-published")
    monkeypatch.setattr("weights.__main__.find", lambda name: {"network": publish(hub)}.get(name, published))
    hub.faults = [Fault("BODY", halt=CHUNK)]
    threading.Timer(0.5, hub.release.set).start()
    assert main(["fetch", "network"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"network is being downloaded: 0\.3 of 1\.5 MB, [\d.]+ MB/s, \d+ s left\.", printed)
    assert printed.endswith("network is here.\n")
    assert main(["fetch", "photo-stylization-published"]) == 1
    assert "wants a login for kingardor/Photo-Realistic-Image-Stylization" in capsys.readouterr().out


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
def test_an_uncached_checkpoint_on_a_dead_network_gives_the_bundled_result_at_once(
    dead_network: None, tmp_path: Path
) -> None:
    expected = stylized(engine.BUNDLED)
    assert expected.substitution is None
    bundled, uncached = [], []
    for _ in range(3):
        began = time.perf_counter()
        stylized(engine.BUNDLED)
        bundled.append(time.perf_counter() - began)
        began = time.perf_counter()
        task = stylized(PUBLISHED)
        uncached.append(time.perf_counter() - began)
        assert np.array_equal(task.result["result"]["none"], expected.result["result"]["none"])
        used, notice = substitution(task)
        assert used == {"checkpoint": engine.BUNDLED}
        assert re.match(r"photo-stylization-published is (about to be|being) downloaded", notice)
        assert notice.endswith("This result is from the small model trained by this project on CIFAR-10 and CamVid.")
    assert min(uncached) < min(bundled) + 1
    made = latest(find(PUBLISHED))
    assert made is not None
    made.cancel()
    task = stylized(PUBLISHED)
    assert "was cancelled at" in substitution(task).sentence and latest(made.checkpoint) is made
    panel = photo_stylization.PANEL
    experiment = panel.experiment("stylize")
    *_, document = _results.save(
        panel, experiment, {**experiment.opening(), "checkpoint": PUBLISHED}, task, tmp_path / "out"
    )
    assert json.loads(document.read_text())["controls"]["checkpoint"] == engine.BUNDLED


def substitution(task: Task) -> Substitution:
    assert task.substitution is not None
    return task.substitution


def test_the_faults_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nfaults tried {len(fault.tried)}, survived {len(fault.survived)}")
    assert fault.tried == fault.survived
