"""The pictures that the small PhotoWCT is trained on and judged by."""

import io
from pathlib import Path

import numpy as np
import skimage
import sklearn.datasets
import torch
from PIL import Image
from pyarrow import parquet
from torch import Tensor

CARRIED_FOR_TRAINING = ("astronaut.png", "coffee.png", "motorcycle_left.png", "rocket.jpg", "retina.jpg", "ihc.png")
"""Colour pictures in scikit-image's wheel; scikit-learn's china.jpg is the seventh."""
CARRIED_HELD_OUT = "chelsea.png"
"""Scikit-learn's flower.jpg is the other."""
FRAMES_HELD_OUT = 15
"""The last of CamVid's training frames."""


def as_tensor(picture: Image.Image) -> Tensor:
    """RGB, `(3, H, W)` uint8."""
    return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).contiguous()


def read_parquet(path: Path, column: str) -> list[Tensor]:
    """The pictures of a parquet file, each `(3, H, W)` uint8."""
    rows = parquet.read_table(path, columns=[column]).column(column).to_pylist()
    return [as_tensor(Image.open(io.BytesIO(row["bytes"]))) for row in rows]


def read_photographs(data: Path) -> tuple[list[Tensor], list[Tensor]]:
    """CamVid's training frames and the pictures that two packages carry: to train on, and held out."""
    frames = read_parquet(data / "camvid" / "train-00000-of-00001.parquet", "image")
    folder = Path(skimage.__file__).parent / "data"
    china, flower = (Image.fromarray(picture) for picture in sklearn.datasets.load_sample_images().images)
    training = [as_tensor(Image.open(folder / name)) for name in CARRIED_FOR_TRAINING] + [as_tensor(china)]
    held_out = [as_tensor(Image.open(folder / CARRIED_HELD_OUT)), as_tensor(flower)]
    return training + frames[:-FRAMES_HELD_OUT], held_out + frames[-FRAMES_HELD_OUT:]
