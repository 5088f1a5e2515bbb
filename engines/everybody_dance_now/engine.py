"""What the page on Everybody Dance Now calls (Chan et al., ICCV 2019, arXiv:1808.07371): a source's dance on a target,
live, frame by frame, or of a whole clip.

Frames are `(H, W, 3)` uint8. A target is a `Subject`; its pictures are squares of `Subject.side` pixels.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from engines.everybody_dance_now.normalization import LiveSource, Source, standing
from engines.everybody_dance_now.skeleton import Skeleton, follow_skeleton
from engines.everybody_dance_now.smoothing import OneEuro, median_smoothed
from engines.everybody_dance_now.subject import ARCHITECTURE, Subject
from engines.runtime.checkpoints import find, is_sound, locate
from engines.runtime.errors import CheckpointError, InputError
from engines.shared.landmarks import detection
from engines.shared.landmarks.detection import find_other_pose

SLUG = "everybody_dance_now"
CHECKPOINTS = ("dance-ruben", "dance-yara")
ALONE_SECONDS = 3.0
"""From one look for a second person to the next, in a camera's frames."""
DARK = 12.0
"""Levels of 255: a frame whose brightest pixels stay below is called black."""


class Switches(NamedTuple):
    """What of the method is on: pose normalisation, smoothing in time, the picture before as an input of the generator,
    and the face residual."""

    normalization: bool = True
    smoothing: bool = True
    previous: bool = True
    face: bool = True


class Danced(NamedTuple):
    """A source's `skeleton` in pixels of its own frame, the `pose` that the target takes after it, in pixels of the
    target's `picture`."""

    skeleton: Skeleton
    pose: Skeleton
    picture: np.ndarray


class Dancer:
    """Somebody before a camera, whose frames come one after the other, and the target that dances along."""

    def __init__(self) -> None:
        self.is_alone = True
        self._visitor = object()
        self._smooth = OneEuro()
        self._source = LiveSource()
        self._target: Subject | None = None
        self._picture: np.ndarray | None = None
        self._looked = -ALONE_SECONDS

    def dance(self, frame: np.ndarray, seconds: float, target: Subject, switches: Switches) -> Danced | None:
        """The target in the pose of a frame that came at `seconds` of any clock; None where nobody is seen.

        Raises:
            InputError: not even a half body is seen.
        """
        skeleton = follow_skeleton(frame, self._visitor)
        if skeleton is None:
            return None
        if seconds - self._looked >= ALONE_SECONDS:
            self._looked, self.is_alone = seconds, is_alone(frame, skeleton)
        smoothed = self._smooth(skeleton, seconds)
        skeleton = smoothed if switches.smoothing else skeleton
        source = self._source.add(skeleton)
        before = self._picture if target is self._target else None
        danced = dance(skeleton, frame.shape, source, target, before, switches)
        self._target, self._picture = target, danced.picture
        return danced


class Choreography:
    """All poses of a clip, one for each frame, None where nobody was found; what is to be known of the `source` comes
    from all of them.

    Raises:
        InputError: in no frame anybody was found.
    """

    def __init__(self, found: Sequence[Skeleton | None], shape: tuple[int, ...], switches: Switches) -> None:
        if not any(skeleton is not None for skeleton in found):
            raise InputError(
                f"Nobody was found in any of the clip's {len(found)} frames; choose one in which a person is well lit "
                "and seen from head to foot."
            )
        self.skeletons = median_smoothed(found) if switches.smoothing else list(found)
        self.source = Source.of(self.skeletons)
        self._shape = shape
        self._switches = switches

    def dance(self, place: int, target: Subject, before: np.ndarray | None) -> Danced | None:
        """The target in the pose of the frame at that place; None where nobody is.

        Raises:
            InputError: the clip shows not even a half body.
        """
        skeleton = self.skeletons[place]
        if skeleton is None:
            return None
        return dance(skeleton, self._shape, self.source, target, before, self._switches)


def dance(
    skeleton: Skeleton,
    shape: tuple[int, ...],
    source: Source,
    target: Subject,
    before: np.ndarray | None,
    switches: Switches,
) -> Danced:
    """The target in the pose of a source's frame of that shape; `before` is the target's picture before.

    Raises:
        InputError: the source shows not even a half body, and poses are to be normalised.
    """
    pose = source.on(target.statistics, skeleton) if switches.normalization else centred(skeleton, shape, target.side)
    picture = target.picture(pose, before if switches.previous else None, face=switches.face)
    return Danced(skeleton, pose, picture)


def centred(skeleton: Skeleton, shape: tuple[int, ...], side: int) -> Skeleton:
    """The pose in the middle square of a frame of that shape, which is made `side` pixels wide: not normalised."""
    height, width = shape[:2]
    points = (skeleton.points - (width / 2, height / 2)) * (side / height) + side / 2
    return Skeleton(points.astype(np.float32), skeleton.seen)


def is_alone(frame: np.ndarray, skeleton: Skeleton) -> bool:
    """Whether the frame shows nobody beside the one with that skeleton."""
    return find_other_pose(frame, skeleton.points) is None


def is_black(frame: np.ndarray) -> bool:
    return float(np.percentile(frame, 99)) < DARK


def stage(target: Subject) -> np.ndarray:
    """The target's background with nobody on it."""
    return target.network.plate.permute(1, 2, 0).cpu().numpy()


def portrait(target: Subject) -> np.ndarray:
    """The target standing upright on its stage."""
    return target.picture(standing(target.statistics))


@cache
def load_subject(checkpoint: str) -> Subject:
    """A subject of the manifest.

    Raises:
        CheckpointError: it is not here, was altered, or is no subject.
    """
    record = find(checkpoint)
    if record.architecture != ARCHITECTURE:
        raise CheckpointError(f"{checkpoint} is no subject who dances; choose another.")
    path = locate(record)
    if is_sound(record) is False:
        raise CheckpointError(f"Checkpoint {checkpoint} was altered. Delete {path}. {record.remedy}")
    return Subject.load(path)


def warm() -> None:
    """Load what the first visitor would wait for."""
    detection.warm("pose", "followed pose")
    for checkpoint in CHECKPOINTS:
        portrait(load_subject(checkpoint))
