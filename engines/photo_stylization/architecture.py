"""How a checkpoint of photo stylization becomes its network, and how well that network does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engines.photo_stylization.network import PhotoWCT, remap
from engines.runtime.checkpoints import Architecture, Quality
from engines.runtime.errors import InputError


def build(config: Mapping[str, Any]) -> PhotoWCT:
    return PhotoWCT(tuple(config["widths"]))


def measure(network: PhotoWCT, data: Path | None) -> Quality:
    """Decibels by level on the held-out photographs; the weakest level decides.

    Raises:
        InputError: there is no folder with the photographs.
    """
    if data is None or not (data / "camvid").is_dir():
        raise InputError("Photo stylization is measured on CamVid: name the folder of camvid/ with --data.")

    from engines.photo_stylization.data import read_photographs
    from engines.photo_stylization.quality import reconstruction_quality

    _, held_out = read_photographs(data)
    levels = reconstruction_quality(network, held_out)
    return Quality({f"level {level}, dB": value for level, value in levels.items()}, min(levels.values()))


ARCHITECTURES = {"photowct": Architecture(build, remap, measure)}
