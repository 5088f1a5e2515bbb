"""Global pose normalisation (Everybody Dance Now, Chan et al., ICCV 2019, arXiv:1808.07371, section 3.3): a source's
pose as a target of another size, at another distance from another camera, would strike it.

A camera over a level floor sees a body the taller the lower in the picture it stands, linearly. So two places say all:
the farthest and the closest on which a dancer's feet stood, each with the height of the body there. A source's foot
goes to the place of the target's floor that lies as far between both, and the body takes the target's height there.

What differs from the published code:

- A pose stands on the lower of its two ankles. Their mean sinks the standing leg where the other one is lifted.
- Bodies are scaled about that ankle, which then is where it should be. The published anchor, a place of the first
  frame, leaves feet floating or sunken wherever another scale holds.
- Both ankles count: its indices took the left ear for the left foot.
- Heights are compared among frames within a twentieth of the range or of the height, whichever is more: within a range
  of a few pixels a single frame, perhaps of a squat, would decide.
- A source that hardly changes its distance cannot tell where its floor ends: depth is magnified by `STEEPEST` at most,
  from the closest place on. What leaves the source's floor, as a jump does, leaves the target's by as many heights.
- The middle of the way that a dancer takes goes to the middle of the target's way; the published code has the middles
  of frames, which differ between cameras.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from engines.everybody_dance_now.skeleton import (
    LEFT_ANKLE,
    LEFT_SHOULDER,
    LEGS,
    MID_HIP,
    NOSE,
    POINTS,
    RIGHT_ANKLE,
    RIGHT_SHOULDER,
    SEEN,
    UPRIGHT,
    Skeleton,
)
from engines.runtime.errors import InputError

FAR_SHARE = 0.5
"""Of the way from the median foot to the closest, how far above the median the farthest may lie; published code. What
is above is a jump."""
CLUSTER = 0.05
"""Of the range of feet, or of the tallest height: what is as far or as close; the published code's, of the range."""
UPRIGHT_SHARE = 0.5
"""Of a body's longer side, what its height has where somebody stands; not where one lies or stands on the hands."""
STEEPEST = 2.0
"""How many times more than the bodies' sizes say depth may be magnified."""
REMEMBERED = 1800
"""Frames of a live source, two minutes of them, that its statistics are made of."""


@dataclass(frozen=True)
class PoseStatistics:
    """Where a dancer's feet stood and how tall the body was there, in pixels: `far` and `close` are y of the supporting
    ankle at its farthest and closest, `far_height` and `close_height` from nose to ankle of one who stands upright
    there, `centre` the middle of the hips' x."""

    far: float
    close: float
    far_height: float
    close_height: float
    centre: float

    @classmethod
    def of(cls, skeletons: Iterable[Skeleton | None]) -> "PoseStatistics":
        """The statistics of a dancer's frames, of a whole clip or so far.

        Raises:
            InputError: no frame shows a body from head to foot.
        """
        return cls._measured([_measures(each) for each in skeletons if each is not None and _stands(each)])

    @classmethod
    def _measured(cls, measures: Iterable[tuple[float, float, float]]) -> "PoseStatistics":
        feet, heights, middles = np.array(list(measures), dtype=np.float64).reshape(-1, 3).T
        if not len(feet):
            raise InputError(
                "No frame shows a whole body, from head to foot; step back, or choose a clip in which one is seen."
            )
        close, median = feet.max(), np.median(feet)
        above = median - feet
        far = median - above[(above > 0) & (above < FAR_SHARE * (close - median))].max(initial=0)
        near_by = CLUSTER * max(close - far, heights.max())
        far_height, close_height = (heights[np.abs(feet - foot) <= near_by].max() for foot in (far, close))
        return cls(*(float(value) for value in (far, close, far_height, close_height, np.median(middles))))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "PoseStatistics":
        """What `to_dict` wrote.

        Raises:
            InputError: these are no statistics.
        """
        try:
            statistics = cls(**{name: float(value) for name, value in values.items()})
        except (AttributeError, TypeError, ValueError):
            raise InputError("The pose statistics are damaged; train the subject anew, or load another.") from None
        numbers = list(asdict(statistics).values())
        if not np.isfinite(numbers).all() or min(statistics.far_height, statistics.close_height) <= 0:
            raise InputError("The pose statistics make no sense; train the subject anew, or load another.")
        return statistics

    def to_dict(self) -> dict[str, float]:
        """Plain numbers by name, for metadata."""
        return asdict(self)

    def height_at(self, foot: float) -> float:
        """Pixels from nose to ankle of one who stands upright with the ankle at y `foot`, of the floor or beyond."""
        if self.close == self.far:
            return self.close_height
        share = min(max((foot - self.far) / (self.close - self.far), 0), 1)
        return self.far_height + share * (self.close_height - self.far_height)


class Source(NamedTuple):
    """What is known of a dancer whose poses are to be normalised: the `statistics`, None where no whole body was seen,
    and the `trunk`, pixels from nose to hips of one who sits or stands upright, 0 where not even that was seen."""

    statistics: PoseStatistics | None
    trunk: float

    @classmethod
    def of(cls, skeletons: Sequence[Skeleton | None]) -> "Source":
        """A dancer of whom all frames are there."""
        found = [each for each in skeletons if each is not None]
        whole = [each for each in found if _stands(each)]
        return cls(PoseStatistics.of(whole) if whole else None, max(map(_trunk, found), default=0.0))

    def on(self, target: PoseStatistics, skeleton: Skeleton) -> Skeleton:
        """A pose of the source as the target would strike it; one of a half body on legs that stand still.

        Raises:
            InputError: there is not even a half body.
        """
        if self.statistics is not None:
            return normalized(skeleton, self.statistics, target)
        if self.trunk <= 0:
            raise InputError("Only a part of a body is seen; step back until head and shoulders are in the picture.")
        return seated(skeleton, self.trunk, target)


class LiveSource:
    """A dancer who is still dancing, of whom every frame tells more."""

    def __init__(self) -> None:
        self._measures: deque[tuple[float, float, float]] = deque(maxlen=REMEMBERED)
        self._trunk = 0.0

    def add(self, skeleton: Skeleton) -> Source:
        """What is known with this frame."""
        self._trunk = max(self._trunk, _trunk(skeleton))
        if _stands(skeleton):
            self._measures.append(_measures(skeleton))
        return Source(PoseStatistics._measured(self._measures) if self._measures else None, self._trunk)


def has_feet(skeleton: Skeleton) -> bool:
    """Whether a body is seen from the nose down to an ankle."""
    is_seen = skeleton.is_seen
    return bool(is_seen[NOSE] and (is_seen[RIGHT_ANKLE] or is_seen[LEFT_ANKLE]))


def supporting_foot(skeleton: Skeleton) -> float:
    """y of the lower ankle, of those that are seen; of both where neither is."""
    ankles = [RIGHT_ANKLE, LEFT_ANKLE]
    seen = [ankle for ankle in ankles if skeleton.seen[ankle] >= SEEN]
    return float(skeleton.points[seen or ankles, 1].max())


def normalized(skeleton: Skeleton, source: PoseStatistics, target: PoseStatistics) -> Skeleton:
    """The pose of a source as the target would strike it, in pixels of the target's frame."""
    foot = supporting_foot(skeleton)
    floor = min(max(foot, source.far), source.close)
    reach, scale = source.close - source.far, target.close_height / source.close_height
    steepness = min((target.close - target.far) / reach, STEEPEST * scale) if reach else 0.0
    there = target.close - steepness * (source.close - floor)
    scale = target.height_at(there) / source.height_at(floor)
    points = scale * (skeleton.points - (source.centre, floor)) + (target.centre, there)
    return Skeleton(points.astype(np.float32), skeleton.seen)


def seated(skeleton: Skeleton, trunk: float, target: PoseStatistics) -> Skeleton:
    """The pose of a half body, as before a desk, on legs that stand still on the middle of the target's floor, in
    pixels of the target's frame; `trunk` is what the source has from nose to hips when upright, in its own pixels."""
    upright = standing(target)
    hips = upright.points[MID_HIP]
    scale = (hips[1] - upright.points[NOSE, 1]) / trunk
    points, seen = scale * (skeleton.points - skeleton.points[MID_HIP]) + hips, skeleton.seen.copy()
    points[LEGS], seen[LEGS] = upright.points[LEGS], 1
    return Skeleton(points.astype(np.float32), seen)


def standing(target: PoseStatistics) -> Skeleton:
    """Somebody of the target's height who stands upright on the middle of its floor, in pixels of its frame."""
    points, seen = np.zeros((POINTS, 2), np.float32), np.zeros(POINTS, np.float32)
    for point, (across, above) in UPRIGHT.items():
        points[point] = target.centre + across * target.close_height, target.close - above * target.close_height
        seen[point] = 1
    return Skeleton(points, seen)


def _stands(skeleton: Skeleton) -> bool:
    """Whether a body is seen from the nose to an ankle, and upright enough for its height to say something."""
    height = supporting_foot(skeleton) - skeleton.points[NOSE, 1]
    return has_feet(skeleton) and bool(height > UPRIGHT_SHARE * np.ptp(skeleton.points, axis=0).max())


def _trunk(skeleton: Skeleton) -> float:
    """Pixels from the nose down to the hips, even where these are guessed; 0 without a head and a shoulder."""
    is_seen = skeleton.is_seen
    if not (is_seen[NOSE] and (is_seen[LEFT_SHOULDER] or is_seen[RIGHT_SHOULDER])):
        return 0.0
    return max(float(skeleton.points[MID_HIP, 1] - skeleton.points[NOSE, 1]), 0.0)


def _measures(skeleton: Skeleton) -> tuple[float, float, float]:
    """Supporting foot, height, and middle of the hips."""
    foot = supporting_foot(skeleton)
    return foot, foot - float(skeleton.points[NOSE, 1]), float(skeleton.points[MID_HIP, 0])
