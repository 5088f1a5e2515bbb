"""How checkpoints of vid2vid become their networks, and how well these do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from engines.pix2pixhd.network import State
from engines.runtime.checkpoints import Architecture, Quality
from engines.runtime.errors import InputError
from engines.vid2vid.network import NORMS, Generator, remap
from engines.vid2vid.segmentation import StreetReader
from engines.vid2vid.street import StreetGenerator


def build(config: Mapping[str, Any]) -> Generator:
    return Generator(**{**config, "norm": NORMS[config.get("norm", "batch")]})


def build_street(config: Mapping[str, Any]) -> StreetGenerator:
    return StreetGenerator(tuple(config["widths"]), config["blocks"])


def build_reader(config: Mapping[str, Any]) -> StreetReader:
    return StreetReader(tuple(config["widths"]), config["blocks"])


def own_names(state: State) -> State:
    return state


def measure(network: nn.Module, data: Path | None) -> Quality:
    """
    Raises:
        InputError: always.
    """
    raise InputError("The published generators are measured on Cityscapes, which the studio does not read.")


def measure_street(network: nn.Module, data: Path | None) -> Quality:
    """As `python -m engines.vid2vid.quality` prints; how well its streets are read decides.

    Raises:
        InputError: the folder of camvid/ is missing.
    """
    from engines.vid2vid.quality import measure_generator

    return measure_generator(network, data)


def measure_reader(network: nn.Module, data: Path | None) -> Quality:
    """The mean class accuracy on held-out real frames decides.

    Raises:
        InputError: the folder of camvid/ is missing.
    """
    from engines.vid2vid.quality import measure_reader as measure_held_out

    return measure_held_out(network, data)


ARCHITECTURES = {
    "vid2vid": Architecture(build, remap, measure),
    "vid2vid-street": Architecture(build_street, own_names, measure_street),
    "vid2vid-reader": Architecture(build_reader, own_names, measure_reader),
}
"""`vid2vid` are generators of any scale, in the layout of github.com/NVIDIA/vid2vid."""
