"""How checkpoints of GANimation become their networks, and how well these do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engines.ganimation.network import CompactGenerator, Generator, remap
from engines.ganimation.reader import UnitReader
from engines.runtime.checkpoints import Architecture, Quality


def build(config: Mapping[str, Any]) -> Generator:
    return Generator(**config)


def build_compact(config: Mapping[str, Any]) -> CompactGenerator:
    return CompactGenerator(tuple(config["widths"]), config["blocks"])


def build_reader(config: Mapping[str, Any]) -> UnitReader:
    return UnitReader(tuple(config["hidden"]))


def own_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state


def measure(network: nn.Module, data: Path | None) -> Quality:
    """As `python -m engines.ganimation.quality` prints; the mean correlation of asked and obtained units decides.

    Raises:
        InputError: the folder of faces/ is missing.
    """
    from engines.ganimation.quality import measure_generator

    return measure_generator(network, data)


def measure_reader(reader: nn.Module, data: Path | None) -> Quality:
    """Correlation with blendshapes by unit; the mean decides.

    Raises:
        InputError: the folder of faces/ is missing.
    """
    from engines.ganimation.quality import measure_reader as measure_held_out

    return measure_held_out(reader, data)


ARCHITECTURES = {
    "ganimation": Architecture(build, remap, measure),
    "ganimation-compact": Architecture(build_compact, own_names, measure),
    "ganimation-unit-reader": Architecture(build_reader, own_names, measure_reader),
}
