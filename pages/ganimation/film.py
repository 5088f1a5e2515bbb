"""A film from one expression to another."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.ganimation.action_units import STRONGEST, TRAINED, UNITS
from engines.runtime import lazy
from engines.runtime.images import fit
from engines.runtime.progress import Progress
from engines.runtime.video import Recording
from pages.film import FRAME_RATE, FRAMES, FRAMES_SHOWN, LOOP
from pages.ganimation.expressions import expression_controls, towards
from pages.ganimation.faces import CONSENT, face_control, numbered, part, photo_control
from pages.ganimation.settings import settings
from studio.declared import Experiment
from studio.kinds import Curves, Movie, Strip, Switch

if TYPE_CHECKING:
    from engines.ganimation import engine
    from engines.ganimation import mark as marks
else:
    engine = lazy.load("engines.ganimation.engine")
    marks = lazy.load("engines.ganimation.mark")

LINES_SHOWN = 4
FIRST, FIRST_INTENSITY = expression_controls("expression", "From")
SECOND, SECOND_INTENSITY = expression_controls("other_expression", "To", "surprise")


def run(
    photo: np.ndarray,
    face: int,
    everybody: bool,
    expression: str,
    intensity: float,
    other_expression: str,
    other_intensity: float,
    frames: int,
    loop: bool,
    longest: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    photo = fit(photo, longest)
    faces = engine.faces_of(photo)
    chosen = numbered(faces, face)
    ways = []
    for each in [*(other for other in faces if other is not chosen and everybody), chosen]:
        there = engine.units_of(each)
        ends = towards(there, expression, intensity), towards(there, other_expression, other_intensity)
        ways.append((each, *ends))
    apart = np.abs(ways[-1][1] - ways[-1][2])
    moved = sorted((index for index in TRAINED if apart[index]), key=lambda index: -apart[index])[:LINES_SHOWN]
    seconds: list[float] = []
    obtained: list[np.ndarray] = []
    every = math.ceil(frames / FRAMES_SHOWN)
    with Recording(FRAME_RATE) as movie:
        for number in range(frames):
            yield Progress(number / frames, f"Frame {number + 1} of {frames}")
            picture, share = photo, _eased(number / frames if loop else number / (frames - 1), loop)
            for each, start, end in ways:
                units = (start + share * (end - start)).clip(0, STRONGEST)
                made = engine.animate(picture, [each], units, checkpoint=checkpoint)
                picture = made.picture
            movie.add(marks.mark(picture))
            reading = engine.obtained(picture, chosen)
            if reading is not None:
                seconds.append(float(number / FRAME_RATE))
                obtained.append(reading)
            if number % every == 0:
                name = f"{float(number / FRAME_RATE):.2f} s"
                yield {"movie": movie, "frames": {name: marks.mark(part(picture, made))}}
    lines = {str(UNITS[index].number): [float(reading[index]) for reading in obtained] for index in moved}
    yield {"movie": movie, "readings": {name: (seconds, line) for name, line in lines.items()}}


def _eased(share: float, loop: bool) -> float:
    """How far the way has gone, beginning and ending gently; a loop goes there and back."""
    return (1 - math.cos((2 if loop else 1) * math.pi * share)) / 2


EXPERIMENT = Experiment(
    name="film",
    title="Animate",
    action="Film it",
    controls={
        "photo": photo_control(),
        "face": face_control(where={"everybody": False}),
        "everybody": Switch("All faces", False, group="Whose face"),
        "expression": FIRST,
        "intensity": FIRST_INTENSITY,
        "other_expression": SECOND,
        "other_intensity": SECOND_INTENSITY,
        "frames": FRAMES,
        "loop": LOOP,
        **settings(),
    },
    outputs={
        "movie": Movie("Film", help="An MP4; a run that is cancelled leaves the frames that it finished."),
        "frames": Strip("Frames"),
        "readings": Curves("Read off the frames: the units that move most", "seconds", "intensity"),
    },
    presets={
        "To surprise": {},
        "From anger to happiness": {
            "expression": "anger",
            "other_expression": "happiness",
            "loop": False,
        },
        "From sadness to surprise": {"expression": "sadness", "other_expression": "surprise"},
    },
    notes=(
        "Units go in a straight line from one expression to the other; every frame starts from the photograph.",
        "Nothing else ties a frame to the next: where a film flickers, so does the generator.",
        CONSENT,
    ),
    run=run,
)
