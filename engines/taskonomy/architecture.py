"""How checkpoints of Taskonomy, the published ones and the small world's, become their networks."""

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from torch import nn

from engines.runtime.checkpoints import Architecture, Quality
from engines.runtime.errors import InputError
from engines.taskonomy.network import Decoder, Encoder, remap_decoder
from engines.taskonomy.small_world import NAME

if TYPE_CHECKING:
    from engines.runtime.checkpoints import State
    from engines.taskonomy.world import SmallWorld


def build_encoder(config: Mapping[str, Any]) -> Encoder:
    return Encoder(**config)


def build_decoder(config: Mapping[str, Any]) -> Decoder:
    return Decoder(**config)


def build_small_world(config: Mapping[str, Any]) -> "SmallWorld":
    from engines.taskonomy.world import SmallWorld

    return SmallWorld(**config)


def own_names(state: "State") -> "State":
    return state


def measure_small_world(network: nn.Module, data: Path | None) -> Quality:
    """What is left of the best constant answers' loss, in rooms that are rendered anew; one less its mean decides."""
    from engines.taskonomy.quality import on_rooms
    from engines.taskonomy.tasks import TASKS
    from engines.taskonomy.world import SmallWorld

    assert isinstance(network, SmallWorld)
    figures = on_rooms(network)
    return Quality(figures, 1 - fmean(figures[name] for name in TASKS))


def measure(network: nn.Module, data: Path | None) -> Quality:
    """
    Raises:
        InputError: always.
    """
    raise InputError(
        "The published networks are measured on Taskonomy's own buildings, which the studio does not read."
    )


ARCHITECTURES = {
    "taskonomy-encoder": Architecture(build_encoder, own_names, measure),
    "taskonomy-decoder": Architecture(build_decoder, remap_decoder, measure),
    NAME: Architecture(build_small_world, own_names, measure_small_world),
}
"""The published ones in the layout of github.com/alexsax/visual-prior."""
