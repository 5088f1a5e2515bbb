"""How units move landmarks, and pairs of pictures that a unit tells apart.

No face is photographed with two expressions here, so pairs are made: a face is moved, by its landmarks, towards other
units, and the generator learns to bring the moved one back. What it has to paint, a mouth's inside above all, is then
the real photograph's.
"""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import LinearNDInterpolator

from engines.ganimation.action_units import TRAINED, UNITS
from engines.ganimation.alignment import SIDE, transform, upright
from engines.ganimation.data import Faces

EYES = (33, 133, 362, 263)
RIDGE = 4
"""Weight of the regression's penalty, in faces."""
GAINS = {
    1: 1.2,
    2: 1.4,
    4: 1.4,
    7: 1.5,
    10: 2.0,
    12: 1.2,
    15: 2.5,
    17: 2.0,
    20: 1.6,
    23: 1.7,
    25: 1.7,
    26: 1.2,
    45: 1.3,
}
"""By how much a unit moves a face further than regression says, which noise in the units dilutes: the inverse of the
slope with which the bundled reader sees moved landmarks, but at most 2.5. Without them readings go with what was asked
for by .70 on average, with them by .85, before any picture is made."""
LIPS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318), (191, 95), (415, 324))
LIDS = ((159, 145), (158, 153), (160, 144), (161, 163), (157, 154), (386, 374), (385, 380), (387, 373), (388, 390))
"""Upper and lower landmarks on the edges of inner lips and of lids, which cannot pass each other."""
EDGE = tuple(range(0, SIDE + 1, 16))
FRAME = np.array([(x, y) for x in EDGE for y in EDGE if x in (0, SIDE) or y in (0, SIDE)], dtype=np.float32)
"""Points of the picture's edge, in pixels, which stay where they are."""


class Movement(NamedTuple):
    """`by_unit` `(17, 478, 2)`: what each unit at 1 adds to landmarks, in pixels of an upright face."""

    by_unit: np.ndarray

    @classmethod
    def learn(cls, faces: Faces) -> "Movement":
        """By ridge regression of upright landmarks on units and on where the head looks, which is then left out."""
        straight = np.stack([transform(points, upright(points)) for points in faces.landmarks])
        looks = _looks(straight)
        causes = np.concatenate([faces.units[:, TRAINED], looks, looks**2], axis=1)
        causes -= causes.mean(axis=0)
        penalty = RIDGE * np.eye(causes.shape[1])
        learnt = np.linalg.solve(causes.T @ causes + penalty, causes.T @ straight.reshape(len(straight), -1))
        by_unit = np.zeros((faces.units.shape[1], *straight.shape[1:]), dtype=np.float32)
        gains = np.array([GAINS[UNITS[index].number] for index in TRAINED])[:, None]
        by_unit[list(TRAINED)] = (gains * learnt[: len(TRAINED)]).reshape(-1, *straight.shape[1:])
        return cls(by_unit)

    def move(self, landmarks: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Landmarks `(478, 2)` after a change of units `(17,)`; lips and lids meet, but do not pass each other."""
        turn = np.linalg.inv(upright(landmarks)[:, :2])
        moved = landmarks + np.tensordot(change, self.by_unit, 1) @ turn.T
        downwards = turn[:, 1] / np.linalg.norm(turn[:, 1])
        for above, below in (*LIPS, *LIDS):
            overlap = max((moved[above] - moved[below]) @ downwards, 0) / 2 * downwards
            moved[above] -= overlap
            moved[below] += overlap
        return moved.astype(np.float32)


def _looks(landmarks: np.ndarray) -> np.ndarray:
    """Where the nose's tip lies between the temples and below the eyes, `(N, 2)`: by the head's turn and nod."""
    across = landmarks[:, 4, 0] - (landmarks[:, 234, 0] + landmarks[:, 454, 0]) / 2
    below = landmarks[:, 4, 1] - landmarks[:, EYES, 1].mean(axis=1)
    looks = np.stack([across, below], axis=1)
    return (looks - looks.mean(axis=0)) / looks.std(axis=0)


def flow_between(here: np.ndarray, there: np.ndarray, side: int) -> np.ndarray:
    """Where each pixel of a picture with landmarks `here` lies in one with landmarks `there`: a flow `(2, side, side)`,
    in half-sides of the picture, linear between the landmarks and 0 at the edge."""
    points = np.concatenate([here, FRAME])
    offsets = np.concatenate([there - here, np.zeros_like(FRAME)]) * (2 / SIDE)
    centres = (np.arange(side) + 0.5) * (SIDE / side)
    columns, rows = np.meshgrid(centres, centres)
    return LinearNDInterpolator(points, offsets, fill_value=0)(columns, rows).transpose(2, 0, 1).astype(np.float32)
