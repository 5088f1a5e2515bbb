"""An expression, and the way back to the photograph."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.images import fit
from engines.runtime.progress import Progress
from pages.ganimation.expressions import expression_controls, towards
from pages.ganimation.faces import CONSENT, GREY, face_control, numbered, part, photo_control
from pages.ganimation.settings import settings
from studio.declared import Experiment
from studio.kinds import Comparison, Strip, Table

if TYPE_CHECKING:
    from skimage import metrics

    from engines.ganimation import engine
    from engines.ganimation import mark as marks
else:
    engine = lazy.load("engines.ganimation.engine")
    marks = lazy.load("engines.ganimation.mark")
    metrics = lazy.load("skimage.metrics")

MAGNIFIED = 4
CYCLED, CYCLED_INTENSITY = expression_controls("expression", "There", "neutral")


def run(
    photo: np.ndarray, face: int, expression: str, intensity: float, longest: int, checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    photo = fit(photo, longest)
    chosen = numbered(engine.faces_of(photo), face)
    there = engine.units_of(chosen)
    made = engine.cycle(photo, chosen, towards(there, expression, intensity), checkpoint=checkpoint)
    animated, back = made.animated.picture, made.back.picture
    original, forth, returned = (part(picture, made.animated) for picture in (photo, animated, back))
    yield {
        "result": {"original": photo, "animated": marks.mark(animated), "back": marks.mark(back)},
        "parts": {
            "original": original,
            "animated": marks.mark(forth),
            "back": marks.mark(returned),
            "back - original": _difference(returned, original),
        },
    }
    unasked = engine.animate(photo, [chosen], there, checkpoint=checkpoint)
    pairs = {"animated": forth, "back": returned, "nothing asked": part(unasked.picture, made.animated)}
    yield {"numbers": {name: _beside(picture, original) for name, picture in pairs.items()}}


def _difference(picture: np.ndarray, original: np.ndarray) -> np.ndarray:
    apart = picture.astype(np.int16) - original
    return (GREY + MAGNIFIED * apart).clip(0, 255).astype(np.uint8)


def _beside(picture: np.ndarray, original: np.ndarray) -> dict[str, float]:
    return {
        "mean difference, levels": round(float(np.abs(picture.astype(float) - original).mean()), 2),
        "structural similarity": round(float(metrics.structural_similarity(picture, original, channel_axis=2)), 3),
    }


EXPERIMENT = Experiment(
    name="cycle",
    title="Cycle",
    live=True,
    controls={
        "photo": photo_control(),
        "face": face_control(),
        "expression": CYCLED,
        "intensity": CYCLED_INTENSITY,
        **settings(),
    },
    outputs={
        "result": Comparison("Original and back", left="original"),
        "parts": Strip("The face", help=f"The difference is magnified {MAGNIFIED} times; grey is none."),
        "numbers": Table("From the original", help="Of the face's surroundings, in levels of 255."),
    },
    presets={
        "Neutral and back": {},
        "Surprise and back": {"expression": "surprise"},
        "Anger and back": {"expression": "anger"},
    },
    notes=(
        "Trained without pairs, the paper's generator must find its way back to the photograph.",
        "Back is computed from the animated picture alone; what was covered on the way is lost.",
        CONSENT,
    ),
    run=run,
)
