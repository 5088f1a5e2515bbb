"""How a checkpoint of photo stylization becomes its network."""

from collections.abc import Mapping
from typing import Any

from engines.photo_stylization.network import PhotoWCT, remap
from engines.runtime.checkpoints import Architecture


def build(config: Mapping[str, Any]) -> PhotoWCT:
    return PhotoWCT(tuple(config["widths"]))


ARCHITECTURES = {"photowct": Architecture(build, remap)}
