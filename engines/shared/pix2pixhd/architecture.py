"""Builds the networks of checkpoints in pix2pixHD's layouts."""

from collections.abc import Mapping
from typing import Any

from engines.runtime.checkpoints import Architecture
from engines.shared.pix2pixhd.network import NORMS, FaceGenerator, GlobalGenerator, LocalEnhancer, remap


def build_global(config: Mapping[str, Any]) -> GlobalGenerator:
    """Build the global generator that a checkpoint describes."""
    return GlobalGenerator(**with_norm(config))


def build_local(config: Mapping[str, Any]) -> LocalEnhancer:
    """Build the local enhancer that a checkpoint describes."""
    return LocalEnhancer(**with_norm(config))


def build_face(config: Mapping[str, Any]) -> FaceGenerator:
    """Build the generator of faces that a checkpoint describes."""
    return FaceGenerator(**config)


def with_norm(config: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the norm's name in a checkpoint's configuration by the norm."""
    return {**config, "norm": NORMS[config.get("norm", "instance")]}


ARCHITECTURES = {
    "pix2pixhd-global": Architecture(build_global, remap),
    "pix2pixhd-local": Architecture(build_local, remap),
    "everybody-dance-now-face": Architecture(build_face, remap),
}
"""The layouts of github.com/carolineec/EverybodyDanceNow: latest_net_G.pth of its two stages, and
latest_net_Gface.pth."""
