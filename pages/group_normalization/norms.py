"""Norms that race against each other, and what is said of their errors."""

from typing import TYPE_CHECKING, Literal

from engines.group_normalization import recorded
from engines.runtime import lazy
from engines.runtime.errors import InputError
from studio.declared import Figure

if TYPE_CHECKING:
    from engines.group_normalization import network
    from engines.group_normalization.network import Kind, Norm
    from engines.group_normalization.race import Racer
else:
    network = lazy.load("engines.group_normalization.network")

NORMS = {"batch": "batch norm", "group": "group norm", "layer": "layer norm", "instance": "instance norm"}
NAMES = {"batch": "BN", "group": "GN", "layer": "LN", "instance": "IN"}
BY_BATCH = Figure(
    caption="ResNet-50 on ImageNet: validation error, %, by pictures a GPU",
    rows={
        str(batch_size): {NORMS[norm]: f"{errors[batch_size]:.1f}" for norm, errors in recorded.PUBLISHED.items()}
        for batch_size in (32, 16, 8, 4, 2)
    },
    citation="arXiv:1803.08494, section 4.1. In batches of 32, layer norm: 25.3; instance norm: 28.4.",
)
BY_GROUPS = Figure(
    caption="ResNet-50 on ImageNet: validation error, %, by groups",
    rows={
        "64": {"error": "24.6"},
        "32": {"error": "24.1"},
        "16": {"error": "24.6"},
        "8": {"error": "24.4"},
        "4": {"error": "24.6"},
        "2": {"error": "24.7"},
        "1, layer norm": {"error": "25.3"},
    },
    citation="arXiv:1803.08494, section 4.1.",
)
ERRORS = "Train: on the batches it learned from, in training mode. Eval: on all held-out pictures, in evaluation mode."


def norms_of(norm: "Kind", against: "Kind | Literal['none']", groups: int) -> dict[str, "Norm"]:
    """Name the norms that were chosen.

    Raises:
        InputError: both are the same.
    """
    if norm == against:
        raise InputError(f"Against: {NORMS[norm]} cannot stand against itself; choose another, or none.")
    return {NAMES[kind]: network.Norm(kind, groups) for kind in (norm, against) if kind != "none"}


def epochs_of(racer: "Racer") -> list[float]:
    """Give the epochs at which a racer was looked at."""
    return [point.epoch for point in racer.points]
