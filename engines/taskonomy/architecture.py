"""How published checkpoints of Taskonomy become their networks."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from engines.runtime.checkpoints import Architecture, Quality
from engines.runtime.errors import InputError
from engines.taskonomy.network import Decoder, Encoder, remap_decoder

if TYPE_CHECKING:
    from engines.runtime.checkpoints import State


def build_encoder(config: Mapping[str, Any]) -> Encoder:
    return Encoder(**config)


def build_decoder(config: Mapping[str, Any]) -> Decoder:
    return Decoder(**config)


def own_names(state: "State") -> "State":
    return state


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
}
"""In the layout of github.com/alexsax/visual-prior."""
