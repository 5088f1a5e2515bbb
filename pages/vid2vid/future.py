"""Labels carried on beyond those that are given, and pictures made of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from pages.vid2vid.controls import LIGHTS, NOTICES, checkpoint_control, light_control, source
from pages.vid2vid.course import Course
from pages.vid2vid.label_clip import LabelFilm
from pages.vid2vid.side_by_side import side_by_side
from studio.declared import Experiment
from studio.kinds import Curves, Movie, Number, Strip

if TYPE_CHECKING:
    from engines.vid2vid import engine
else:
    engine = lazy.load("engines.vid2vid.engine")


def run(
    seed: int,
    camera: str,
    begin: float,
    clip: LabelFilm | None,
    light: str,
    given: int,
    ahead: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    course = Course(seed, camera, begin, clip)
    ahead = course.count(given + ahead) - given
    if ahead < 1:
        raise InputError(
            f"Labels of your own: {given} frames are given, and the clip has {course.count(given)}: none is left to "
            "foretell. Choose a longer clip, or give fewer (2 at least)."
        )
    labels = list(map(course.labels, range(given + ahead)))
    known, comes = labels[:given], labels[given:]
    foretold = list(engine.future(known, ahead))
    seconds = [round(float(place / course.rate), 2) for place in range(1, ahead + 1)]
    right = {
        "carried on": [_alike(one, other) for one, other in zip(foretold, comes, strict=True)],
        "left as it was": [_alike(known[-1], other) for other in comes],
    }
    yield {"right": {name: (seconds, shares) for name, shares in right.items()}}
    look = list(LIGHTS).index(light)
    yield from side_by_side({"foretold": foretold, "to come": comes}, course.rate, look, known, checkpoint)


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    return round(100 * float((one == other).mean()), 1)


EXPERIMENT = Experiment(
    name="future",
    title="Predict the future",
    action="Predict",
    controls={
        **source(),
        "given": Number("Given", 2, 10, 4, 1, unit="frames", group="Street"),
        "ahead": Number("Foretold", 1, 45, 20, 1, unit="frames", group="Street"),
        **light_control(),
        **checkpoint_control(),
    },
    outputs={
        "views": Strip("Foretold and real", of=("labels foretold", "labels to come", "foretold", "to come")),
        "movie": Movie("Film", help="Labels above, pictures below; left foretold, right what came."),
        "right": Curves("Labels foretold rightly", "seconds ahead", "% of pixels"),
        "notices": NOTICES,
    },
    presets={
        "Straight on": {"begin": 3},
        "Into a bend": {"seed": 11, "begin": 10},
        "Backing up": {"camera": "back", "begin": 20},
        "Two frames given": {"given": 2, "begin": 3},
    },
    notes=(
        "First the labels are foretold: each goes on as it moved last. Then pictures are made of them.",
        "The paper foretells labels with a network; moving them on is our simpler stand-in.",
        "Try: a bend, which nothing foretells; two frames given. The network learnt from CamVid (CC BY-NC).",
    ),
    run=run,
)
