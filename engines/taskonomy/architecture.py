"""How checkpoints of Taskonomy, the published ones and the small world's, become their networks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engines.runtime.checkpoints import Architecture
from engines.taskonomy.bundled_figures import NAME
from engines.taskonomy.network import Decoder, Encoder, remap_decoder

if TYPE_CHECKING:
    from engines.runtime.checkpoints import State
    from engines.taskonomy.task_networks import SmallWorld


def build_encoder(config: Mapping[str, Any]) -> Encoder:
    return Encoder(**config)


def build_decoder(config: Mapping[str, Any]) -> Decoder:
    return Decoder(**config)


def build_small_world(config: Mapping[str, Any]) -> "SmallWorld":
    from engines.taskonomy.task_networks import SmallWorld

    return SmallWorld(**config)


def own_names(state: "State") -> "State":
    return state


ARCHITECTURES = {
    "taskonomy-encoder": Architecture(build_encoder, own_names),
    "taskonomy-decoder": Architecture(build_decoder, remap_decoder),
    NAME: Architecture(build_small_world, own_names),
}
"""The published ones in the layout of github.com/alexsax/visual-prior."""
