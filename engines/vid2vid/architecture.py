"""How checkpoints in vid2vid's layouts become their networks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from engines.runtime.checkpoints import Architecture, Quality
from engines.runtime.errors import InputError
from engines.vid2vid.network import NORMS, Generator, remap


def build(config: Mapping[str, Any]) -> Generator:
    return Generator(**{**config, "norm": NORMS[config.get("norm", "batch")]})


def measure(network: nn.Module, data: Path | None) -> Quality:
    """
    Raises:
        InputError: always.
    """
    raise InputError("The published generators are measured on Cityscapes, which the studio does not read.")


ARCHITECTURES = {"vid2vid": Architecture(build, remap, measure)}
"""Generators of any scale, in the layout of github.com/NVIDIA/vid2vid."""
