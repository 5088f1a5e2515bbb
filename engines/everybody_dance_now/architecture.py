"""How bundled subjects of Everybody Dance Now become their networks."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from engines.everybody_dance_now.subject import ARCHITECTURE, build
from engines.runtime.checkpoints import Architecture


def build_character(config: Mapping[str, Any]) -> nn.Module:
    """The network of a configuration, which names its `character` as well."""
    network = build(config)
    network.character = config["character"]
    return network


def own_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state


ARCHITECTURES = {ARCHITECTURE: Architecture(build_character, own_names)}
