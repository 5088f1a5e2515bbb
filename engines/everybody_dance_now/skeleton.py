"""Poses as Everybody Dance Now sees them (Chan et al., ICCV 2019, arXiv:1808.07371, section 3.1): OpenPose's 25 body
points, found here by mediapipe, and the stick figure drawn from them.

Mediapipe has no small toes: those points are never seen. It has three points of each hand, which follow the 25; the
paper's hands have 21 each.
"""

from collections.abc import Hashable
from typing import NamedTuple

import cv2
import numpy as np

from engines.shared.landmarks.detection import Pose, find_pose, follow_pose

NOSE, NECK, RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, MID_HIP = range(9)
RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE, LEFT_HIP, LEFT_KNEE, LEFT_ANKLE = range(9, 15)
RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR = range(15, 19)
LEFT_BIG_TOE, LEFT_SMALL_TOE, LEFT_HEEL, RIGHT_BIG_TOE, RIGHT_SMALL_TOE, RIGHT_HEEL = range(19, 25)
LEFT_THUMB, LEFT_INDEX, LEFT_PINKY, RIGHT_THUMB, RIGHT_INDEX, RIGHT_PINKY = range(25, 31)
POINTS = 31
"""OpenPose's BODY_25, in its order, then the tips of three fingers of each hand."""
MEDIAPIPE = {
    NOSE: (0,), NECK: (11, 12), MID_HIP: (23, 24),
    RIGHT_SHOULDER: (12,), RIGHT_ELBOW: (14,), RIGHT_WRIST: (16,),
    LEFT_SHOULDER: (11,), LEFT_ELBOW: (13,), LEFT_WRIST: (15,),
    RIGHT_HIP: (24,), RIGHT_KNEE: (26,), RIGHT_ANKLE: (28,),
    LEFT_HIP: (23,), LEFT_KNEE: (25,), LEFT_ANKLE: (27,),
    RIGHT_EYE: (5,), LEFT_EYE: (2,), RIGHT_EAR: (8,), LEFT_EAR: (7,),
    LEFT_BIG_TOE: (31,), LEFT_HEEL: (29,), RIGHT_BIG_TOE: (32,), RIGHT_HEEL: (30,),
    LEFT_THUMB: (21,), LEFT_INDEX: (19,), LEFT_PINKY: (17,), RIGHT_THUMB: (22,), RIGHT_INDEX: (20,), RIGHT_PINKY: (18,),
}  # fmt: skip
"""The landmarks of mediapipe in whose middle each point lies."""
LIMBS = (
    (NECK, MID_HIP, (255, 0, 0)), (NECK, RIGHT_SHOULDER, (255, 85, 0)), (NECK, LEFT_SHOULDER, (170, 255, 0)),
    (RIGHT_SHOULDER, RIGHT_ELBOW, (255, 170, 0)), (RIGHT_ELBOW, RIGHT_WRIST, (255, 255, 0)),
    (LEFT_SHOULDER, LEFT_ELBOW, (85, 255, 0)), (LEFT_ELBOW, LEFT_WRIST, (0, 255, 0)),
    (MID_HIP, RIGHT_HIP, (0, 255, 85)), (RIGHT_HIP, RIGHT_KNEE, (0, 255, 170)),
    (RIGHT_KNEE, RIGHT_ANKLE, (0, 255, 255)), (MID_HIP, LEFT_HIP, (0, 170, 255)),
    (LEFT_HIP, LEFT_KNEE, (0, 85, 255)), (LEFT_KNEE, LEFT_ANKLE, (0, 0, 255)),
    (NECK, NOSE, (255, 0, 85)), (NOSE, RIGHT_EYE, (255, 0, 170)), (RIGHT_EYE, RIGHT_EAR, (255, 0, 255)),
    (NOSE, LEFT_EYE, (170, 0, 255)), (LEFT_EYE, LEFT_EAR, (85, 0, 255)),
    (LEFT_ANKLE, LEFT_BIG_TOE, (0, 0, 255)), (LEFT_BIG_TOE, LEFT_SMALL_TOE, (0, 0, 255)),
    (LEFT_ANKLE, LEFT_HEEL, (0, 0, 255)), (RIGHT_ANKLE, RIGHT_BIG_TOE, (0, 255, 255)),
    (RIGHT_BIG_TOE, RIGHT_SMALL_TOE, (0, 255, 255)), (RIGHT_ANKLE, RIGHT_HEEL, (0, 255, 255)),
    (LEFT_WRIST, LEFT_THUMB, (0, 255, 0)), (LEFT_WRIST, LEFT_INDEX, (0, 255, 0)), (LEFT_WRIST, LEFT_PINKY, (0, 255, 0)),
    (RIGHT_WRIST, RIGHT_THUMB, (255, 255, 0)), (RIGHT_WRIST, RIGHT_INDEX, (255, 255, 0)),
    (RIGHT_WRIST, RIGHT_PINKY, (255, 255, 0)),
)  # fmt: skip
"""From a point to another, and the colour: OpenPose's for BODY_25 (poseParametersRender.hpp), a limb's as its outer
end's, a hand's as its wrist's."""
LEGS = [
    *(MID_HIP, RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE, RIGHT_HEEL, RIGHT_BIG_TOE),
    *(LEFT_HIP, LEFT_KNEE, LEFT_ANKLE, LEFT_HEEL, LEFT_BIG_TOE),
]
UPRIGHT = {
    NOSE: (0.0, 1.0), RIGHT_EYE: (-0.03, 1.03), LEFT_EYE: (0.03, 1.03), RIGHT_EAR: (-0.07, 1.02),
    LEFT_EAR: (0.07, 1.02), NECK: (0.0, 0.88),
    RIGHT_SHOULDER: (-0.13, 0.88), RIGHT_ELBOW: (-0.19, 0.68), RIGHT_WRIST: (-0.23, 0.51),
    LEFT_SHOULDER: (0.13, 0.88), LEFT_ELBOW: (0.19, 0.68), LEFT_WRIST: (0.23, 0.51),
    RIGHT_THUMB: (-0.22, 0.46), RIGHT_INDEX: (-0.24, 0.43), RIGHT_PINKY: (-0.25, 0.44),
    LEFT_THUMB: (0.22, 0.46), LEFT_INDEX: (0.24, 0.43), LEFT_PINKY: (0.25, 0.44),
    MID_HIP: (0.0, 0.56), RIGHT_HIP: (-0.08, 0.56), LEFT_HIP: (0.08, 0.56),
    RIGHT_KNEE: (-0.08, 0.28), RIGHT_ANKLE: (-0.08, 0.0), RIGHT_HEEL: (-0.08, -0.02), RIGHT_BIG_TOE: (-0.12, -0.05),
    LEFT_KNEE: (0.08, 0.28), LEFT_ANKLE: (0.08, 0.0), LEFT_HEEL: (0.08, -0.02), LEFT_BIG_TOE: (0.12, -0.05),
}  # fmt: skip
"""Of somebody who stands upright, how far each point is to the right of the middle and above the ankles, in heights
from ankle to nose, seen from the front (after the segments of Drillis and Contini, 1966)."""
SEEN = 0.3
"""Of `Skeleton.seen`: below, mediapipe mostly guesses what is hidden or outside the frame."""
WIDTH = 1 / 80
"""Of a limb, in the frame's shorter side."""
FRACTION_BITS = 4
"""Of the places that OpenCV draws at: sixteenths of a pixel."""


class Skeleton(NamedTuple):
    """`points` `(31, 2)` float32, x before y in pixels of the frame, whose corner is (0, 0); how surely each is seen,
    `seen` `(31,)` float32 in [0, 1]."""

    points: np.ndarray
    seen: np.ndarray

    @property
    def is_seen(self) -> np.ndarray:
        """Of each point, `(31,)`, whether it is where the frame shows it, and not guessed."""
        return self.seen >= SEEN


def find_skeleton(frame: np.ndarray) -> Skeleton | None:
    """The pose of the most prominent person in a frame `(H, W, 3)` uint8; None without a person."""
    pose = find_pose(frame)
    return None if pose is None else from_mediapipe(pose)


def follow_skeleton(frame: np.ndarray, visitor: Hashable) -> Skeleton | None:
    """As `find_skeleton`, sooner for the frames of one visitor's camera that come one after the other."""
    pose = follow_pose(frame, visitor)
    return None if pose is None else from_mediapipe(pose)


def from_mediapipe(pose: Pose) -> Skeleton:
    """The 31 points from mediapipe's 33; one between two is seen as surely as the less sure of them."""
    points, seen = np.zeros((POINTS, 2), np.float32), np.zeros(POINTS, np.float32)
    for point, landmarks in MEDIAPIPE.items():
        points[point] = pose.landmarks[list(landmarks)].mean(axis=0)
        seen[point] = pose.visibility[list(landmarks)].min()
    for missing, beside in ((LEFT_SMALL_TOE, LEFT_BIG_TOE), (RIGHT_SMALL_TOE, RIGHT_BIG_TOE)):
        points[missing] = points[beside]
    return Skeleton(points, seen)


def scaled(skeleton: Skeleton, factor: float) -> Skeleton:
    """The skeleton in a frame that is made `factor` times as large."""
    return Skeleton(skeleton.points * np.float32(factor), skeleton.seen)


def draw_figure(skeleton: Skeleton, height: int, width: int) -> np.ndarray:
    """The stick figure on black, `(height, width, 3)` uint8 RGB; limbs of which an end is unseen are missing."""
    figure = np.zeros((height, width, 3), np.uint8)
    thickness = max(1, round(WIDTH * min(height, width)))
    # OpenCV's places are of pixels' centres. What lies far outside would overflow its integers.
    farthest = 4 * max(height, width)
    places = np.round((skeleton.points.clip(-farthest, farthest) - 0.5) * 2**FRACTION_BITS).astype(int)
    is_seen = skeleton.is_seen
    for start, end, colour in LIMBS:
        if is_seen[start] and is_seen[end]:
            cv2.line(
                figure, places[start].tolist(), places[end].tolist(), colour, thickness, cv2.LINE_AA, FRACTION_BITS
            )
    return figure
