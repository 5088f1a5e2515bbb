"""How checkpoints in pix2pixHD's layouts become their networks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from engines.pix2pixhd.network import NORMS, FaceGenerator, GlobalGenerator, LocalEnhancer, remap
from engines.runtime.checkpoints import Architecture, Quality
from engines.runtime.errors import InputError


def build_global(config: Mapping[str, Any]) -> GlobalGenerator:
    return GlobalGenerator(**with_norm(config))


def build_local(config: Mapping[str, Any]) -> LocalEnhancer:
    return LocalEnhancer(**with_norm(config))


def build_face(config: Mapping[str, Any]) -> FaceGenerator:
    return FaceGenerator(**config)


def with_norm(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a checkpoint, its norm no longer a name."""
    return {**config, "norm": NORMS[config.get("norm", "instance")]}


def measure(network: nn.Module, data: Path | None) -> Quality:
    """
    Raises:
        InputError: always.
    """
    raise InputError("A generator of one person is measured on the film it was trained on, which its trainer has.")


ARCHITECTURES = {
    "pix2pixhd-global": Architecture(build_global, remap, measure),
    "pix2pixhd-local": Architecture(build_local, remap, measure),
    "everybody-dance-now-face": Architecture(build_face, remap, measure),
}
"""In the layouts of github.com/carolineec/EverybodyDanceNow: latest_net_G.pth of its two stages, and
latest_net_Gface.pth."""
