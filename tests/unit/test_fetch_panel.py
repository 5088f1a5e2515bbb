"""`weights fetch --panel taskonomy` from a loopback server, killed twice; the panel then answers a picture."""

import hashlib
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import pages
from engines.runtime import checkpoints
from engines.runtime.checkpoints import Checkpoint, catalogue, find, present
from engines.runtime.fetching import partly_here
from studio.runs.run import finished, start
from tests.support import ROOT
from tests.support.hub_server import Fault, Hub
from tests.support.manifests import write_manifest
from tests.support.waiting import wait_until
from weights.attempt import write
from weights.layouts import layout_file, layout_of

pytestmark = pytest.mark.proof

SECONDS = 300


@pytest.fixture
def published(files: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Checkpoint]:
    """A manifest in which the taskonomy files lie on the loopback server, of their layouts and full size."""
    contents: dict[Path, bytes] = {}
    entries = []
    for entry in catalogue().values():
        layout = layout_of(entry)
        if entry.group == "taskonomy-published" and layout is not None:
            file = layout_file(entry)
            if file not in contents:
                write(layout, tmp_path / "published.pth")
                contents[file] = (tmp_path / "published.pth").read_bytes()
            address = files.put_plain(entry.file, contents[file])
            digest = hashlib.sha256(contents[file]).hexdigest()
            entry = replace(entry, addresses=(address,), sha256=digest, size=len(contents[file]))
        entries.append(entry)
    monkeypatch.setattr(checkpoints, "MANIFEST", write_manifest(tmp_path, entries))
    for known in (checkpoints.catalogue, checkpoints.groups):
        known.cache_clear()
    return [entry for entry in entries if entry.group == "taskonomy-published"]


def fetching(manifest: Path) -> "subprocess.Popen[str]":
    code = (
        "from pathlib import Path\nfrom engines.runtime import checkpoints\n"
        f"checkpoints.MANIFEST = Path({str(manifest)!r})\n"
        "from weights.__main__ import main\nraise SystemExit(main(['fetch', '--panel', 'taskonomy']))"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_panels_files_are_fetched_killed_twice_and_answer_a_picture(
    hub: Hub, files: Hub, published: list[Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    half = published[1].size // 2
    for place in (3, 9):
        skipped = [Fault("BODY")] * (place - sum(present(each) is not None for each in published))
        files.faults = [*skipped, Fault("BODY", halt=half)]
        files.halted.clear()
        running = fetching(checkpoints.MANIFEST)
        wait_until(files.halted.is_set, SECONDS)
        wait_until(partial(partly_here, published[place]), SECONDS)
        running.send_signal(signal.SIGKILL)
        running.communicate()
    running = fetching(checkpoints.MANIFEST)
    printed = running.communicate(timeout=SECONDS)[0]
    assert running.returncode == 0, printed
    assert all(present(each) is not None for each in published)
    resumed = [asked for asked in files.bodies() if asked not in (None, "bytes=0-")]
    assert len(resumed) == 2, "what a killed process had was taken up"
    asked = [request.path for request in files.requests]
    assert len(asked) == len(published) + 2, "nothing was fetched twice"

    experiment = pages.panel("taskonomy").experiment("picture")
    task = start(experiment, {**experiment.opening(), "networks": "published"})
    finished(task)
    assert task.substitution is None and len(task.result["answers"]) == len(published) / 2
    assert find("taskonomy-normal-decoder").sha256 in {each.sha256 for each in published}
