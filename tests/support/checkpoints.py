"""A tiny network, and the entry of its file in the manifest."""

import hashlib
from pathlib import Path

import torch
from torch import nn

from engines.runtime.checkpoints import Checkpoint


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


def record(path: Path) -> Checkpoint:
    """The manifest's entry for a file in the override folder."""
    content = path.read_bytes()
    return Checkpoint(
        name=path.stem,
        file=f"models/published{path.suffix}",
        size=len(content),
        licence="CC BY 4.0",
        source="a test",
        trained_on="nothing",
        architecture="tiny",
        badge="tiny",
        repo="somebody/tiny",
        sha256=hashlib.sha256(content).hexdigest(),
    )
