"""Poses without jitter: live by a one-euro filter (Casiez, Roussel, Vogel, CHI 2012), and of a whole clip by the
median over seven frames of Everybody Dance Now (arXiv:1808.07371)."""

import math
from collections.abc import Sequence

import numpy as np

from engines.everybody_dance_now.skeleton import SEEN, Skeleton

SLOWEST_CUTOFF = 1.0
"""Hertz: what a point at rest is smoothed with; the paper's first guess."""
SPEED_WEIGHT = 20.0
"""By how many hertz the cutoff rises where a point moves by the body's size in a second. In clips of dancers at 12
frames a second it takes nearly half of the jitter off slow points, and hardly delays fast ones."""
SPEED_CUTOFF = 1.0
"""Hertz, of the speed itself; the paper's."""
WINDOW = 7
"""Frames of the median; of the published code."""


class OneEuro:
    """Smooths what rests and follows what moves: a low-pass filter whose cutoff rises with the speed.

    Speeds count in the body's own size, so that near and far dancers, and small and large frames, are treated alike.
    """

    def __init__(self) -> None:
        self._last: Skeleton | None = None
        self._seconds = 0.0
        self._speeds = np.zeros(0, np.float32)

    def __call__(self, skeleton: Skeleton, seconds: float) -> Skeleton:
        """The skeleton of a frame taken at `seconds`, later than the one before, of any clock."""
        last, passed = self._last, seconds - self._seconds
        if last is None or passed <= 0:
            self._speeds = np.zeros_like(skeleton.points)
            smooth = skeleton
        else:
            speeds = (skeleton.points - last.points) / passed
            self._speeds += _share(SPEED_CUTOFF, passed) * (speeds - self._speeds)
            fastest = np.linalg.norm(self._speeds, axis=1, keepdims=True) / _size(skeleton)
            share = _share(SLOWEST_CUTOFF + SPEED_WEIGHT * fastest, passed)
            smooth = Skeleton((last.points + share * (skeleton.points - last.points)).astype(np.float32), skeleton.seen)
        self._last, self._seconds = smooth, seconds
        return smooth


def median_smoothed(skeletons: Sequence[Skeleton | None]) -> list[Skeleton | None]:
    """Each point at the median of where the seven frames around see it, as surely as their median is.

    A frame where nobody was found counts as one that sees nothing: where most frames around it see a point, the point
    is filled in; a frame that gets none is None.
    """
    shape = next((skeleton.points.shape for skeleton in skeletons if skeleton is not None), None)
    if shape is None:
        return list(skeletons)
    nobody = Skeleton(np.full(shape, np.nan, np.float32), np.zeros(shape[0], np.float32))
    points, seen = (np.stack(parts) for parts in zip(*(each or nobody for each in skeletons), strict=True))
    visible = np.where((seen >= SEEN)[..., None], points, np.nan)
    smoothed: list[Skeleton | None] = []
    for place in range(len(points)):
        window = slice(max(0, place - WINDOW // 2), place + WINDOW // 2 + 1)
        surely = np.median(seen[window], axis=0).astype(np.float32)
        found = surely >= SEEN
        if not found.any():
            smoothed.append(None)
            continue
        middle = np.nanmedian(points[window], axis=0)
        middle[found] = np.nanmedian(visible[window][:, found], axis=0)
        smoothed.append(Skeleton(middle, surely))
    return smoothed


def _share(cutoff: np.ndarray | float, seconds: float) -> np.ndarray | float:
    """How much of its way to the newest value a low-pass filter goes."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * seconds))


def _size(skeleton: Skeleton) -> float:
    """The longer side of the box around all points, in pixels."""
    return max(float(np.ptp(skeleton.points, axis=0).max()), 1.0)
