"""How checkpoints of vid2vid become their networks."""

from collections.abc import Mapping
from typing import Any

from engines.runtime.checkpoints import Architecture
from engines.shared.pix2pixhd.network import State
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


ARCHITECTURES = {
    "vid2vid": Architecture(build, remap),
    "vid2vid-street": Architecture(build_street, own_names),
    "vid2vid-reader": Architecture(build_reader, own_names),
}
"""`vid2vid` are generators of any scale, in the layout of github.com/NVIDIA/vid2vid."""
