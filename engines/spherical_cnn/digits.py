"""Digits as the networks learned them, 28 x 28, white on black: drawn by a visitor, or by this project."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from engines.runtime.errors import InputError

SIDE, INNER = 28, 20
"""Pixels of a digit's picture, and of the longer side of what is drawn in it, as in MNIST."""
CANVAS, PEN = 280, 22
"""Pixels."""
SMOOTHINGS = 3
INK = 0.15
"""Of the brightest: what is darker is paper."""

Strokes = Sequence[Sequence[tuple[float, float]]]
STROKES: Mapping[str, Strokes] = {
    "0": [[(50, 8), (28, 20), (22, 50), (30, 80), (50, 92), (72, 78), (78, 48), (70, 18), (50, 8)]],
    "1": [[(40, 22), (54, 8), (52, 50), (50, 92)]],
    "2": [[(24, 28), (34, 10), (62, 8), (74, 28), (60, 52), (24, 90), (24, 90), (50, 88), (80, 90)]],
    "3": [[(26, 16), (50, 6), (74, 20), (66, 42), (42, 48), (70, 52), (80, 74), (54, 94), (22, 84)]],
    "4": [[(34, 8), (28, 34), (22, 58), (22, 58), (50, 58), (82, 54)], [(66, 10), (62, 50), (58, 94)]],
    "5": [[(76, 10), (36, 12), (36, 12), (32, 44), (32, 44), (58, 38), (78, 58), (66, 86), (42, 94), (22, 82)]],
    "6": [[(66, 8), (38, 28), (24, 62), (36, 92), (64, 90), (74, 66), (54, 52), (28, 68)]],
    "7": [[(22, 14), (50, 12), (78, 10), (78, 10), (60, 50), (46, 94)]],
    "8": [[(52, 48), (30, 28), (48, 8), (70, 24), (50, 48), (28, 72), (48, 94), (74, 76), (52, 48)]],
    "9": [[(72, 28), (50, 8), (30, 26), (42, 46), (70, 34), (72, 26), (70, 60), (60, 94)]],
}
"""By hand, in hundredths of the canvas; a corner stands twice."""


def drawn_digit(digit: str) -> np.ndarray:
    """A digit of this project's, white on black, (CANVAS, CANVAS, 3) uint8."""
    image = Image.new("L", (CANVAS, CANVAS))
    pen = ImageDraw.Draw(image)
    for stroke in STROKES[digit]:
        points = np.array(stroke, dtype=float)
        for _ in range(SMOOTHINGS):
            # Chaikin's corner cutting, which keeps the ends.
            quarter, third = 0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]
            middle = np.stack([quarter, third], axis=1).reshape(-1, 2)
            points = np.concatenate([points[:1], middle, points[-1:]])
        places = points * CANVAS / 100
        pen.line([tuple(place) for place in places], fill=255, width=PEN, joint="curve")
        for x, y in places:
            pen.ellipse((x - PEN / 2, y - PEN / 2, x + PEN / 2, y + PEN / 2), fill=255)
    return np.repeat(np.array(image)[..., None], 3, axis=2)


def as_digit(picture: np.ndarray) -> np.ndarray:
    """What is drawn in a picture (H, W, 3) uint8 as the readers know digits, `(28, 28)` float32 in [0, 1].

    Dark ink on a light ground is turned round. What is drawn is scaled to 20 pixels and put where its weight is in the
    middle.

    Raises:
        InputError: nothing is drawn in it.
    """
    grey = np.asarray(Image.fromarray(picture).convert("L"), dtype=np.float32)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ink = np.abs(grey - np.median(border))
    if ink.max() < 255 * INK:
        raise InputError("Nothing is drawn yet: draw a digit from 0 to 9, or choose one of the examples.")
    is_ink = ink > INK * ink.max()
    rows, columns = np.flatnonzero(is_ink.any(1)), np.flatnonzero(is_ink.any(0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / ink.max()
    scale = INNER / max(cut.shape)
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    kernel = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(cut).resize(size, kernel))
    weight = small.sum()
    centre = [(small.sum(1 - axis) * np.arange(small.shape[axis])).sum() / weight for axis in (0, 1)]
    top, left = (
        min(max(round((SIDE - 1) / 2 - at), 0), SIDE - length) for at, length in zip(centre, small.shape, strict=True)
    )
    made = np.zeros((SIDE, SIDE), np.float32)
    made[top : top + small.shape[0], left : left + small.shape[1]] = small
    return made
