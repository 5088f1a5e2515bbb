"""The action units of GANimation (Pumarola et al., 2018, arXiv:1807.09251), and how blendshapes stand for them.

Action units are the muscles' movements that the Facial Action Coding System names; their intensity is 0 to 5, and 0 to
1 inside networks, as in the paper's published code.
"""

from typing import NamedTuple

import numpy as np

STRONGEST = 5.0
"""Intensity, of the Facial Action Coding System's grades A to E."""


class ActionUnit(NamedTuple):
    """`blendshapes` are those of MediaPipe whose mean stands for the unit, and `full` the mean that is intensity 5: the
    99th percentile in the faces of muxspace/facial_expressions. Without blendshapes, a unit is not learnt there."""

    number: int
    name: str
    blendshapes: tuple[str, ...] = ()
    full: float = 1.0


UNITS = (
    ActionUnit(1, "inner brow raiser", ("browInnerUp",), 0.85),
    ActionUnit(2, "outer brow raiser", ("browOuterUpLeft", "browOuterUpRight"), 0.8),
    ActionUnit(4, "brow lowerer", ("browDownLeft", "browDownRight"), 0.85),
    ActionUnit(5, "upper lid raiser"),
    ActionUnit(6, "cheek raiser"),
    ActionUnit(7, "lid tightener", ("eyeSquintLeft", "eyeSquintRight"), 0.8),
    ActionUnit(9, "nose wrinkler"),
    ActionUnit(10, "upper lip raiser", ("mouthUpperUpLeft", "mouthUpperUpRight"), 0.8),
    ActionUnit(12, "lip corner puller", ("mouthSmileLeft", "mouthSmileRight"), 0.95),
    ActionUnit(14, "dimpler"),
    ActionUnit(15, "lip corner depressor", ("mouthFrownLeft", "mouthFrownRight"), 0.3),
    ActionUnit(17, "chin raiser", ("mouthShrugLower",), 0.6),
    ActionUnit(20, "lip stretcher", ("mouthStretchLeft", "mouthStretchRight"), 0.65),
    ActionUnit(23, "lip tightener", ("mouthPressLeft", "mouthPressRight"), 0.45),
    ActionUnit(25, "lips part", ("mouthLowerDownLeft", "mouthLowerDownRight"), 0.85),
    ActionUnit(26, "jaw drop", ("jawOpen",), 0.5),
    ActionUnit(45, "blink", ("eyeBlinkLeft", "eyeBlinkRight"), 0.65),
)
"""In the order of OpenFace and of the published code. The cheek squint and the nose sneer are 0 throughout those faces,
and the wide eye and the dimple hardly vary, so units 5, 6, 9 and 14 have no blendshapes. The lip press stands for the
lip tightener, and the lower lip's lowering for the parting of lips."""
TRAINED = tuple(index for index, unit in enumerate(UNITS) if unit.blendshapes)
"""Indices of the units that can be learnt from blendshapes."""
MOUTH_UNITS = (10, 12, 15, 17, 20, 23, 25, 26)
"""Numbers of those whose muscles lie below the eyes."""


def index_of(number: int) -> int:
    """Where the unit of that number stands among the 17."""
    return next(index for index, unit in enumerate(UNITS) if unit.number == number)


def from_blendshapes(scores: np.ndarray, names: list[str]) -> np.ndarray:
    """Units `(N, 17)` in [0, 1] of blendshape scores `(N, 52)` in [0, 1] under these names; untrained units are 0."""
    units = np.zeros((len(scores), len(UNITS)), dtype=np.float32)
    for index in TRAINED:
        columns = [names.index(name) for name in UNITS[index].blendshapes]
        units[:, index] = (scores[:, columns].mean(axis=1) / UNITS[index].full).clip(0, 1)
    return units
