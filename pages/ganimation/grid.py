"""Two muscles against each other."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.ganimation.action_units import STRONGEST, index_of
from engines.runtime import lazy
from engines.runtime.errors import InputError
from engines.runtime.images import fit
from engines.runtime.progress import Progress
from pages.ganimation.faces import CONSENT, face_control, numbered, part, photo_control
from pages.ganimation.settings import settings
from pages.ganimation.units import LEARNT
from studio.declared import Experiment
from studio.kinds import Choice, Curves, Picture

if TYPE_CHECKING:
    import cv2

    from engines.ganimation import engine
    from engines.ganimation import mark as marks
else:
    cv2 = lazy.load("cv2")
    engine = lazy.load("engines.ganimation.engine")
    marks = lazy.load("engines.ganimation.mark")

GRID_SIDE = 5
CELL = 176
"""Pixels of a face in the grid."""


def run(
    photo: np.ndarray, face: int, across: str, down: str, longest: int, checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    if across == down:
        raise InputError("Across and down are the same unit; choose two that differ.")
    photo = fit(photo, longest)
    chosen = numbered(engine.faces_of(photo), face)
    columns, rows = index_of(int(across)), index_of(int(down))
    steps = np.linspace(0, STRONGEST, GRID_SIDE)
    readings = np.full((GRID_SIDE, GRID_SIDE, 2), np.nan)
    sheet = np.full((GRID_SIDE, CELL, GRID_SIDE, CELL, 3), 255, dtype=np.uint8)
    for row, below in enumerate(steps):
        for column, beside in enumerate(steps):
            yield Progress((row * GRID_SIDE + column) / GRID_SIDE**2, f"Face {row * GRID_SIDE + column + 1}")
            units = engine.units_of(chosen)
            units[[columns, rows]] = beside, below
            made = engine.animate(photo, [chosen], units, checkpoint=checkpoint)
            sheet[row, :, column] = _square(part(made.picture, made))
            obtained = engine.obtained(made.picture, chosen)
            if obtained is not None:
                readings[row, column] = obtained[[columns, rows]]
        yield {"faces": marks.mark(sheet.reshape(GRID_SIDE * CELL, GRID_SIDE * CELL, 3))}
    yield {
        "readings": {
            f"{across}, {down} at 0": (steps.tolist(), readings[0, :, 0].tolist()),
            f"{across}, {down} at 5": (steps.tolist(), readings[-1, :, 0].tolist()),
            f"{down}, {across} at 0": (steps.tolist(), readings[:, 0, 1].tolist()),
            f"{down}, {across} at 5": (steps.tolist(), readings[:, -1, 1].tolist()),
        }
    }


def _square(part: np.ndarray) -> np.ndarray:
    """A part as a cell of the grid."""
    return cv2.resize(part, (CELL, CELL), interpolation=cv2.INTER_AREA if part.shape[0] > CELL else cv2.INTER_CUBIC)


EXPERIMENT = Experiment(
    name="grid",
    title="Grid",
    live=True,
    controls={
        "photo": photo_control(),
        "face": face_control(),
        "across": Choice("Across", LEARNT, "12", group="Units"),
        "down": Choice("Down", LEARNT, "1", group="Units"),
        **settings(),
    },
    outputs={
        "faces": Picture("Faces", help="Each unit from 0 to 5, to the right and downwards; others as they are."),
        "readings": Curves(
            "Obtained, with the other unit at its ends",
            "asked",
            "obtained",
            help="Two lines that lie together belong to a unit that the other leaves alone.",
        ),
    },
    presets={
        "Smile and brows": {},
        "Smile and jaw": {"down": "26"},
        "Lids and brows": {"across": "45", "down": "4"},
        "Stretch and part": {"across": "20", "down": "25"},
    },
    notes=(
        "Two muscles against each other: a good model moves each wherever the other stands.",
        "The other units stay as the face has them: teeth bared by unit 10 remain where the smile goes.",
        CONSENT,
    ),
    run=run,
)
