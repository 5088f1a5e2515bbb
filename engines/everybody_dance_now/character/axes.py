"""Axes of body parts, and what lies between two directions or two numbers."""

import math

import numpy as np


def axes_of(turn: float, pitch: float, roll: float) -> np.ndarray:
    """Rows left, up and front of a part turned to the left, bent to the front, and tilted to the right, in radians."""
    (ct, st), (cp, sp), (cr, sr) = ((math.cos(angle), math.sin(angle)) for angle in (turn, pitch, roll))
    turned = np.array([[ct, 0, -st], [0, 1, 0], [st, 0, ct]])
    bent = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    tilted = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    return tilted @ bent @ turned


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def across(axis: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The part of `vector` that is at right angles to the unit vector `axis`, of length 1."""
    return unit(vector - (vector @ axis) * axis)


def slerp(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    one, other = unit(one), unit(other)
    angle = math.acos(min(max(float(one @ other), -1.0), 1.0))
    if angle < 1e-4:
        return one
    return (math.sin((1 - share) * angle) * one + math.sin(share * angle) * other) / math.sin(angle)


def mixed(one: float, other: float, share: float) -> float:
    return one + (other - one) * share


def smallest(values: list[float], soft: float) -> float:
    """The least of some values, or a little less where two are nearly as small, so that it changes smoothly."""
    least = min(values)
    return least - soft * math.log(sum(math.exp((least - value) / soft) for value in values))


def ease(phase: float) -> float:
    """From 0 to 1 with neither speed nor acceleration at the ends."""
    phase = min(max(phase, 0.0), 1.0)
    return phase**3 * (10 - 15 * phase + 6 * phase**2)
