"""A checkpoint that a server of the Hub's protocol publishes, and its download."""

import random
import subprocess
import sys
from contextlib import ContextDecorator
from dataclasses import replace
from typing import Any

import pytest

from engines.runtime.checkpoints import Checkpoint, present
from engines.runtime.downloads import Download, download
from tests.support import ROOT
from tests.support.hub_server import COMMIT, Hub

CONTENT = random.Random(0).randbytes(1_500_000)
REPO, FILE = "somebody/network", "models/network.pth"
SECONDS = 20


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


def publish_plain(files: Hub, *names: str, content: bytes = CONTENT, **changes: Any) -> Checkpoint:
    """Put a file on the server under each of these names; its entry in the manifest, with all addresses."""
    addresses = tuple(files.put_plain(name, content) for name in names)
    entry = replace(publish(files, content), repo=None, revision=None, file="network.pth", addresses=addresses)
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
        f"from engines.runtime.checkpoints import Checkpoint\nfrom engines.runtime.downloads import download\n"
        f"{before}\n"
        f"made = download({checkpoint!r})\nprint(made.wait().name, made)"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
