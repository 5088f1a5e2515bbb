"""A frame of a drive as pictures: labels, flow, weight, raw and final."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engines.runtime import lazy

if TYPE_CHECKING:
    import cv2

    from engines.vid2vid import labels as street_labels
    from engines.vid2vid.engine import Frame
else:
    cv2 = lazy.load("cv2")
    street_labels = lazy.load("engines.vid2vid.labels")

FASTEST = 6
"""Pixels a frame at the rim of the wheel of flow."""
WHEEL = 21
"""Pixels of its radius."""


def views_of(frame: "Frame") -> dict[str, np.ndarray]:
    """Show what a frame is made of, picture by picture."""
    grey = np.round(255 * frame.weight).astype(np.uint8)
    return {
        "labels": street_labels.COLOURS[frame.labels],
        "flow": coloured(frame.flow),
        "weight": np.repeat(grey[..., None], 3, axis=2),
        "raw": frame.raw,
        "final": frame.final,
    }


def coloured(flow: np.ndarray) -> np.ndarray:
    """Where each pixel moved, as colour: the direction as hue, the speed as its strength; with the wheel as legend."""
    picture = _hues(-flow)
    down, right = np.mgrid[-WHEEL : WHEEL + 1, -WHEEL : WHEEL + 1]
    corner = picture[-2 * WHEEL - 5 : -4, -2 * WHEEL - 5 : -4]
    reach = np.hypot(right, down)
    corner[reach <= WHEEL] = _hues(np.stack([right, down], 2) * (FASTEST / WHEEL))[reach <= WHEEL]
    corner[np.abs(reach - WHEEL) < 0.7] = 90
    return picture


def _hues(motion: np.ndarray) -> np.ndarray:
    angle = np.degrees(np.arctan2(motion[..., 1], motion[..., 0])) % 360
    strength = np.minimum(1, np.hypot(motion[..., 0], motion[..., 1]) / FASTEST)
    colour = np.stack([angle, strength, np.ones_like(angle)], 2).astype(np.float32)
    return np.round(255 * cv2.cvtColor(colour, cv2.COLOR_HSV2RGB)).astype(np.uint8)


def grid(views: Mapping[str, np.ndarray], carried: np.ndarray) -> np.ndarray:
    """Labels, flow and weight over raw, carried and final."""
    return tiled([views["labels"], views["flow"], views["weight"], views["raw"], carried, views["final"]], 3)


def tiled(pictures: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Join pictures of one size in rows of so many."""
    rows = [pictures[first : first + columns] for first in range(0, len(pictures), columns)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])
