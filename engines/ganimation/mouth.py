"""The inside of a mouth that opens wide: teeth stay as large as they were, and what was hidden is dark.

The compact generator moves a photograph's pixels, and so would stretch teeth as far as the lips go. Places are
pixels of the upright square (see `alignment`), x before y.
"""

from typing import NamedTuple

import cv2
import numpy as np

from engines.ganimation.alignment import SIDE

UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""Landmarks along the inner lips, from corner to corner."""
OUTER = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)
"""Landmarks around the lips."""
FAR = 24
"""Pixels, at most, by which a flow moves lips."""
NEAR = 0.5
"""Pixels: what a flow fetches from so near a landmark shows that landmark."""
FOLD = 1.5
"""Pixels of height that count as much as a likelihood of e."""
WIDENED = (2.5, 6.0)
"""Pixels by which lips part further: up to the first all is the generator's, from the second on nothing is."""
SOFT = 1.5
"""Pixels over which teeth pass into the dark."""
CAVITY, TONGUE = 0.12, 0.24
"""Brightness of the deepest part, and of the tongue, in that of the lips."""
REDDER = 1.8
"""Times as far from grey as the lips."""


class Inside(NamedTuple):
    """`mask` is 1 between the moved lips; there the photograph is seen from `fall` pixels further down where `teeth` is
    1, and else the cavity, whose brightness in that of the lips is `shade`; all `(S, S)`."""

    mask: np.ndarray
    fall: np.ndarray
    teeth: np.ndarray
    shade: np.ndarray


def inside(landmarks: np.ndarray, flow: np.ndarray) -> Inside | None:
    """What is seen between the lips, whose landmarks `(478, 2)` a flow moves; None if it moves them little apart.

    `flow` `(S, S, 2)`: where each pixel comes from, less its own place, in pixels.
    """
    upper, lower = landmarks[list(UPPER)], landmarks[list(LOWER)]
    upper_after, lower_after = _moved(upper, flow, -1), _moved(lower, flow, 1)
    widened = ((lower_after - upper_after) - (lower - upper))[:, 1].max()
    little, much = WIDENED
    if widened <= little:
        return None
    rows, columns = np.indices((SIDE, SIDE), dtype=np.float32)
    top, bottom = _edge(upper), _edge(lower)
    top_after, bottom_after = _edge(upper_after), _edge(lower_after)
    # Teeth follow the upper lip; where it bares more of them than the photograph has, they grow by as much.
    height, depth = (bottom - top).clip(0), rows - top_after
    bared = (top - top_after).clip(0)
    fall = top + depth * height / (height + bared).clip(1e-3) - rows
    teeth = np.clip((height + bared - depth) / SOFT + 0.5, 0, 1) * np.clip(height / SOFT, 0, 1)
    left, right = upper_after[0, 0], upper_after[-1, 0]
    aside = (2 * columns - left - right) / (right - left)
    tongue = np.clip(2 * depth / (bottom_after - top_after).clip(1) - 1, 0, 1) * np.clip(1 - aside**2, 0, 1)
    mask = cv2.GaussianBlur(_filled(np.concatenate([upper_after, lower_after[-2:0:-1]])), (3, 3), 0)
    mask *= min(1, (widened - little) / (much - little))
    parts = (mask, fall, teeth, CAVITY + (TONGUE - CAVITY) * tongue)
    return Inside(*(part.astype(np.float32) for part in parts))


def inner_colour(landmarks: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """The colour `(3,)`, in levels, of a lit mouth's inside, by the lips of the upright face with these landmarks."""
    inner = np.concatenate([landmarks[list(UPPER)], landmarks[list(LOWER)][-2:0:-1]])
    around = _filled(landmarks[list(OUTER)]) * (1 - _filled(inner))
    lips = np.average(picture.reshape(-1, 3), axis=0, weights=around.ravel() + 1e-6)
    return (lips.mean() + REDDER * (lips - lips.mean())).clip(0, 255).astype(np.float32)


def _moved(points: np.ndarray, flow: np.ndarray, downwards: int) -> np.ndarray:
    """Where points `(N, 2)` are seen that a backward flow moves: the middle of the pixels that fetch them, of those
    that lie lowest, or highest, where the flow shows a point at several places."""
    left, top = (points.min(axis=0) - FAR).clip(0, SIDE).astype(int)
    right, bottom = (points.max(axis=0) + FAR).clip(0, SIDE).astype(int)
    columns, rows = np.meshgrid(np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32))
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    sources = pixels + flow[top:bottom, left:right].reshape(-1, 2)
    astray = sources[:, None] - points.astype(np.float32)
    squares = (astray**2).sum(axis=2)
    likelihood = (squares.min(axis=0) - squares) / (2 * NEAR**2)
    outermost = likelihood + downwards * pixels[:, 1:] / FOLD
    weights = np.exp(outermost - outermost.max(axis=0))
    return (weights.T @ pixels) / weights.sum(axis=0)[:, None]


def _edge(points: np.ndarray) -> np.ndarray:
    """The height of a line of points in each column, `(S,)`, and of its ends beyond them."""
    ordered = points[np.argsort(points[:, 0])]
    return np.interp(np.arange(SIDE), ordered[:, 0], ordered[:, 1])


def _filled(outline: np.ndarray) -> np.ndarray:
    """1 inside an outline `(N, 2)`, else 0, smooth at its edge, `(S, S)` float32."""
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return mask / np.float32(255)
