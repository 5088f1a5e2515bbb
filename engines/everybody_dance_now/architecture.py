"""How bundled subjects of Everybody Dance Now become their networks, and how well these do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engines.everybody_dance_now.subject import ARCHITECTURE, build
from engines.runtime.checkpoints import Architecture, Quality


def build_character(config: Mapping[str, Any]) -> nn.Module:
    """The network of a configuration, which names its `character` as well."""
    network = build(config)
    network.character = config["character"]
    return network


def own_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state


def measure(network: nn.Module, data: Path | None) -> Quality:
    """On frames of its character's film that it was not trained on, rendered anew; their mean structural similarity
    decides."""
    from engines.everybody_dance_now.quality import measure_character

    return measure_character(network)


ARCHITECTURES = {ARCHITECTURE: Architecture(build_character, own_names, measure)}
