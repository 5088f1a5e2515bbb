"""A published checkpoint of photo stylization, tiny, on a server of the Hub's protocol, and a panel that offers it."""

import dataclasses
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from engines.photo_stylization.engine import BUNDLED
from engines.photo_stylization.network import PhotoWCT
from engines.runtime import downloads
from engines.runtime.checkpoints import catalogue, find
from engines.runtime.resident import RESIDENT
from pages import photo_stylization
from pages.photo_stylization.controls import CHECKPOINTS
from studio.kinds import CheckpointChoice, Published
from tests.support.hub_server import Hub, point_client

WANTED = "network-of-a-test"
BADGE = "network of a test"
SHOWS = "A picture that no test can see."
OFFER = Published(WANTED, "the paper's own model", {"Better pictures": SHOWS})
WIDTHS = (16, 32, 48, 64)
HALT = 1 << 18
ORIGINAL = photo_stylization.PANEL.experiment("stylize")
CHOICE = CheckpointChoice("Checkpoint", {**CHECKPOINTS, WANTED: BADGE}, BUNDLED, published=OFFER)
EXPERIMENT = dataclasses.replace(ORIGINAL, controls={**ORIGINAL.controls, "checkpoint": CHOICE})
PANEL = dataclasses.replace(photo_stylization.PANEL, experiments=[EXPERIMENT])
QUERY = "?panel=photo_stylization&smoother=none&post_filter=false&longest=128"
"""What is soon made."""


@contextmanager
def published(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Hub]:
    """A Hub that has the wanted checkpoint, and a cache that has not."""
    server = Hub()
    point_client(monkeypatch, server.endpoint, folder / "cache")
    monkeypatch.setenv("STUDIO_WEIGHTS", str(folder / "override"))
    torch.manual_seed(0)
    content = io.BytesIO()
    torch.save(PhotoWCT(WIDTHS).state_dict(), content)
    catalogue()[WANTED] = dataclasses.replace(
        find(BUNDLED),
        name=WANTED,
        repo="somebody/network",
        file="network.pth",
        revision=None,
        sha256=server.put("somebody/network", "network.pth", content.getvalue()),
        size=len(content.getvalue()),
        config={"widths": list(WIDTHS)},
        badge=BADGE,
    )
    try:
        yield server
    finally:  # The next test has nothing of it.
        del catalogue()[WANTED]
        downloads._running.pop(WANTED, None)
        RESIDENT._entries.clear()
        server.close()
