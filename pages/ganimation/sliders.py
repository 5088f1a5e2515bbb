"""The muscles of a face as sliders."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.ganimation.action_units import STRONGEST
from engines.runtime import lazy
from engines.runtime.images import fit
from engines.runtime.progress import Progress
from pages.ganimation.expressions import expression_controls, towards
from pages.ganimation.faces import CONSENT, GREY, PART_SIDE, part, photo_control
from pages.ganimation.settings import settings
from pages.ganimation.units import UNTRAINED, readings_of, unit_controls
from studio.declared import Experiment
from studio.drawn.theme import LIVE
from studio.kinds import Click, Number, Picture, Strip, Switch, Table

if TYPE_CHECKING:
    import cv2

    from engines.ganimation import engine
    from engines.ganimation import mark as marks
    from engines.shared.landmarks.detection import Face
else:
    cv2 = lazy.load("cv2")
    engine = lazy.load("engines.ganimation.engine")
    marks = lazy.load("engines.ganimation.mark")

INK = (40, 40, 40)
EXPRESSION, INTENSITY = expression_controls("expression", "Expression")


def run(
    photo: np.ndarray,
    place: tuple[float, float] | None,
    everybody: bool,
    expression: str,
    intensity: float,
    unit_1: float,
    unit_2: float,
    unit_4: float,
    unit_5: float,
    unit_6: float,
    unit_7: float,
    unit_9: float,
    unit_10: float,
    unit_12: float,
    unit_14: float,
    unit_15: float,
    unit_17: float,
    unit_20: float,
    unit_23: float,
    unit_25: float,
    unit_26: float,
    unit_45: float,
    overridden: bool,
    attention: float,
    longest: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    photo = fit(photo, longest)
    faces = engine.faces_of(photo)
    face = faces[0] if place is None else engine.face_at(faces, place[0] * photo.shape[1], place[1] * photo.shape[0])
    # The chosen one last: its parts are shown.
    animated = [*(other for other in faces if other is not face and everybody), face]
    change = np.array([
        unit_1, unit_2, unit_4, unit_5, unit_6, unit_7, unit_9, unit_10, unit_12, unit_14, unit_15, unit_17, unit_20,
        unit_23, unit_25, unit_26, unit_45,
    ])  # fmt: skip
    picture = photo
    for number, each in enumerate(animated, 1):
        there = engine.units_of(each)
        asked = (towards(there, expression, intensity) + change).clip(0, STRONGEST)
        made = engine.animate(
            picture, [each], asked, attention=attention if overridden else None, checkpoint=checkpoint
        )
        picture = made.picture
        yield Progress(number / len(animated), f"Face {number} of {len(animated)}")
    yield {
        "result": marks.mark(picture),
        "parts": {
            "as it is": part(photo, made),
            "animated": marks.mark(part(picture, made)),
            "colour": marks.mark(fit(made.colour, PART_SIDE)),
            "attention": fit(_grey(made.attention), PART_SIDE),
            "faces": framed(photo, faces, face),
        },
    }
    yield {"units": readings_of(there, asked, engine.obtained(picture, face))}


def framed(photo: np.ndarray, faces: Sequence["Face"], chosen: "Face") -> np.ndarray:
    """The photograph, made square, with a frame around every face, the chosen one's in the accent."""
    drawn = fit(photo, PART_SIDE).copy()
    scale = drawn.shape[1] / photo.shape[1]
    for face in [*(other for other in faces if other is not chosen), chosen]:
        left, top, right, bottom = (round(scale * edge) for edge in face.box)
        cv2.rectangle(drawn, (left, top), (right, bottom), LIVE if face is chosen else INK, 2)
    missing = max(drawn.shape) - np.array(drawn.shape[:2])
    before = missing // 2
    return np.pad(drawn, [*zip(before, missing - before, strict=True), (0, 0)], constant_values=GREY)


def _grey(shares: np.ndarray) -> np.ndarray:
    return np.repeat((255 * shares + 0.5).astype(np.uint8)[..., None], 3, axis=2)


EXPERIMENT = Experiment(
    name="sliders",
    title="Sliders",
    live=True,
    controls={
        "photo": photo_control(),
        "place": Click("The face to animate", on="result", group="Whose face", where={"everybody": False}),
        "everybody": Switch("All faces", False, group="Whose face", help="Off: click on one; else the largest."),
        "expression": EXPRESSION,
        "intensity": INTENSITY,
        **unit_controls(),
        "overridden": Switch("Set the attention by hand", False, group="Attention", advanced=True),
        "attention": Number(
            "Attention",
            0,
            1,
            0,
            0.05,
            group="Attention",
            advanced=True,
            where={"overridden": True},
            help="The same everywhere: 1 keeps the photograph, 0 shows the colour picture alone.",
        ),
        **settings(),
    },
    outputs={
        "result": Picture("Animated", help="Where there are several faces, click on the one to animate."),
        "parts": Strip(
            "The face",
            of=("as it is", "animated", "colour", "attention", "faces"),
            help="Attention: white keeps the photograph, black takes the colour.",
        ),
        "units": Table(
            "Asked and obtained",
            help=f"Intensities from 0 to 5, read off landmarks: units {UNTRAINED} cannot be read, and with the "
            "bundled model they do nothing.",
        ),
    },
    presets={
        "Surprise": {"expression": "surprise"},
        "As it is": {},
        "Happiness": {"expression": "happiness"},
        "Sadness": {"expression": "sadness", "intensity": 3.5},
        "Fear": {"expression": "fear"},
        "Anger": {"expression": "anger"},
        "Disgust": {"expression": "disgust"},
        "Less of a smile": {"unit_12": -3, "unit_10": -2},
        "Three faces": {"photo": "group", "everybody": True, "expression": "surprise"},
    },
    notes=(
        "A slider asks for more or less of a unit than the face shows; what is asked stays within 0 to 5.",
        "A mouth that opens wide keeps the photograph's teeth over a dark inside; chins strain beyond 3.",
        CONSENT,
    ),
    run=run,
)
