"""Pictures of BigGAN in rows."""

import numpy as np

GRID_WIDTH = 512
"""Pixels that a grid of small pictures is enlarged to, at most; sending a larger one takes longer than making it."""
LINE = 8
"""Pictures that stand in one row."""


def grid(pictures: np.ndarray, across: int | None = None) -> np.ndarray:
    """Pictures `(N, H, W, 3)` in rows, small ones enlarged by a whole factor; what is missing in the last is white."""
    count, height, width, _ = pictures.shape
    if across is None:
        across = min(count, LINE // 2 if count <= LINE else LINE)
    factor = max(1, GRID_WIDTH // (across * width))
    rows = -(-count // across)
    sheet = np.full((rows * across, height, width, 3), 255, dtype=np.uint8)
    sheet[:count] = pictures
    sheet = sheet.reshape(rows, across, height, width, 3).swapaxes(1, 2).reshape(rows * height, across * width, 3)
    return sheet.repeat(factor, 0).repeat(factor, 1)
