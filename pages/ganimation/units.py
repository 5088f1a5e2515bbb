"""Action units as sliders, and as they are read off a face."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engines.ganimation.action_units import STRONGEST, TRAINED, UNITS, index_of
from studio.kinds import Number

HINTS = {
    "Brows": {
        1: "Frontalis, inner part: brows tent.",
        2: "Frontalis, outer part: brows arch.",
        4: "Corrugator: brows down, together.",
    },
    "Eyes": {
        5: "Levator palpebrae: wide eyes.",
        7: "Orbicularis oculi, inner: a squint.",
        45: "Levator palpebrae rests: eyes shut.",
    },
    "Nose and cheeks": {
        6: "Orbicularis oculi, outer: cheeks up.",
        9: "Levator alaeque nasi: wrinkles.",
    },
    "Mouth": {
        10: "Levator labii: the upper lip lifts.",
        12: "Zygomaticus major: a smile.",
        14: "Buccinator: dimples.",
        15: "Depressor anguli: corners down.",
        17: "Mentalis: the lower lip pushed up.",
        20: "Risorius: lips stretched sideways.",
        23: "Orbicularis oris: lips pressed.",
        25: "Depressor labii: the lips part.",
    },
    "Jaw": {26: "Masseter rests: the jaw drops."},
}
"""By part of the face and unit, the muscle and what it does, after the Facial Action Coding System."""
NOT_LEARNED = "Not learned by the bundled model: no effect"
UNTRAINED = ", ".join(str(unit.number) for index, unit in enumerate(UNITS) if index not in TRAINED)
LEARNT = {str(UNITS[index].number): f"{UNITS[index].number} {UNITS[index].name}" for index in TRAINED}


def readings_of(
    there: np.ndarray, asked: np.ndarray, obtained: np.ndarray | None, seen: np.ndarray | None = None
) -> dict[str, dict[str, Any]]:
    """Intensities of the units that can be read, by unit."""
    columns = {"camera": seen, "there": there, "asked": asked, "obtained": obtained}
    return {
        f"{UNITS[index].number} {UNITS[index].name}": {
            name: round(float(values[index]), 1) for name, values in columns.items() if values is not None
        }
        for index in TRAINED
    }


def unit_controls() -> Mapping[str, Number]:
    """Declare a slider for each action unit."""
    return {
        f"unit_{number}": Number(
            f"{number} {UNITS[index_of(number)].name}",
            -STRONGEST,
            STRONGEST,
            0,
            0.1,
            group=group if index_of(number) in TRAINED else NOT_LEARNED,
            advanced=index_of(number) not in TRAINED,
            help=hint,
        )
        for group, hints in HINTS.items()
        for number, hint in hints.items()
    }
