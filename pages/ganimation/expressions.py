"""Expressions as action units, after EMFACS."""

import numpy as np

from engines.ganimation.action_units import STRONGEST, UNITS, index_of
from studio.kinds import Choice, Number

EXPRESSION_UNITS = {
    "neutral": (),
    "happiness": (6, 12),
    "sadness": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
    "fear": (1, 2, 4, 5, 7, 20, 26),
    "anger": (4, 5, 7, 23),
    "disgust": (9, 15),
}
"""After EMFACS, as far as the 17 units go: disgust lacks 16, and contempt is one-sided."""
EXPRESSIONS = {"present": "as it is"} | {
    name: f"{name}: {', '.join(map(str, numbers)) or 'no unit at all'}" for name, numbers in EXPRESSION_UNITS.items()
}
HALFWAY = STRONGEST / 2
"""An intensity at which the bundled model strains at no expression."""


def towards(there: np.ndarray, expression: str, intensity: float) -> np.ndarray:
    """A face's own units on the way to an expression: 0 is the face as it is, 5 has its units in full and no other."""
    if expression == "present":
        return there
    full = np.zeros(len(UNITS))
    full[[index_of(number) for number in EXPRESSION_UNITS[expression]]] = STRONGEST
    return (there + intensity / STRONGEST * (full - there)).clip(0, STRONGEST)


def expression_controls(name: str, group: str, default: str = "present") -> tuple[Choice, Number]:
    """Declare the expression of that name, and its intensity."""
    return (
        Choice(
            "Expression",
            EXPRESSIONS,
            default,
            group=group,
            help="Its units after EMFACS; 5, 6 and 9 have no effect with the bundled model.",
        ),
        Number(
            "Intensity",
            0,
            STRONGEST,
            HALFWAY,
            0.1,
            group=group,
            help="0 is the face as it is, 5 the expression and nothing else.",
            where={name: list(EXPRESSION_UNITS)},
        ),
    )
