"""How checkpoints of GANimation become their networks."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from engines.ganimation.network import CompactGenerator, Generator, remap
from engines.ganimation.reader import UnitReader
from engines.runtime.checkpoints import Architecture


def build(config: Mapping[str, Any]) -> Generator:
    return Generator(**config)


def build_compact(config: Mapping[str, Any]) -> CompactGenerator:
    return CompactGenerator(tuple(config["widths"]), config["blocks"])


def build_reader(config: Mapping[str, Any]) -> UnitReader:
    return UnitReader(tuple(config["hidden"]))


def own_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state


ARCHITECTURES = {
    "ganimation": Architecture(build, remap),
    "ganimation-compact": Architecture(build_compact, own_names),
    "ganimation-unit-reader": Architecture(build_reader, own_names),
}
