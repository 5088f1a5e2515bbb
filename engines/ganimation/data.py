"""Faces that the compact generator is trained on and judged by: press photographs with blendshapes and landmarks.

The parquet files of `faces/` have `image` (128 x 128), `blendshapes` (52 in [0, 1], named in the schema's metadata) and
`landmarks` (478 x 2, in pixels), of muxspace/facial_expressions as MediaPipe's face landmarker sees it.
"""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from pyarrow import parquet

from engines.ganimation.action_units import from_blendshapes
from engines.runtime.errors import InputError


class Faces(NamedTuple):
    """`luminance` `(N, 128, 128)` uint8, `units` `(N, 17)` in [0, 1], `landmarks` `(N, 478, 2)` in pixels."""

    luminance: np.ndarray
    units: np.ndarray
    landmarks: np.ndarray


def read_faces(data: Path, split: str, count: int | None = None) -> Faces:
    """The first `count` faces of `data`/faces, "train" or "test".

    Raises:
        InputError: they are not there.
    """
    path = data / "faces" / f"{split}-00000-of-00001.parquet"
    if not path.is_file():
        raise InputError(f"There are no faces at {path}; name the folder of faces/ with --data.")
    table = parquet.read_table(path).slice(0, count)
    names = table.schema.metadata[b"blendshape_names"].decode().split(",")
    scores = _rows(table, "blendshapes").reshape(-1, len(names))
    luminance = [np.array(Image.open(io.BytesIO(row["bytes"])).convert("L")) for row in table["image"].to_pylist()]
    return Faces(np.stack(luminance), from_blendshapes(scores, names), _rows(table, "landmarks").reshape(-1, 478, 2))


def _rows(table: "parquet.Table", column: str) -> np.ndarray:
    chunks = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in table[column].chunks]
    return np.concatenate(chunks).astype(np.float32)
