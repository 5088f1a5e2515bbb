"""Reads photographs of flowers, which small networks learn from: TensorFlow's flower_photos, square, as parquet."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engines.runtime.errors import InputError

SIDE = 64
"""Pixels along the side of a flower that a generator makes; the files have more."""


def read_flowers(folder: Path | None, split: str, side: int = SIDE) -> tuple[Tensor, Tensor]:
    """Read pictures `(N, 3, side, side)` uint8 of "train" or "test" in `folder`/flowers, and their labels `(N,)`.

    Raises:
        InputError: they are not there.
    """
    from pyarrow import parquet

    name = f"{split}-00000-of-00001.parquet"
    if folder is None or not (folder / "flowers" / name).is_file():
        raise InputError(
            f"The photographs of flowers are needed: name the folder that holds flowers/{name} with --data."
        )
    table = parquet.read_table(folder / "flowers" / name, columns=["img", "label"])
    pictures = [_picture(cell["bytes"], side) for cell in table["img"].to_pylist()]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(), torch.tensor(
        table["label"].to_pylist()
    )


def _picture(file: bytes, side: int) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(file)).convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
