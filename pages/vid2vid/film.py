"""The drive as a film, every frame measured."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy, video
from engines.runtime.progress import Progress
from pages.vid2vid.controls import LIGHTS, NOTICES, WEIGHTS, checkpoint_control, light_control, source, weight_controls
from pages.vid2vid.course import Course
from pages.vid2vid.label_clip import LabelFilm
from pages.vid2vid.meter import Meter, meter_outputs
from pages.vid2vid.views import grid, views_of
from studio.declared import Experiment, Figure
from studio.kinds import Choice, Movie, Number, Strip, Table

if TYPE_CHECKING:
    from engines.vid2vid import engine
else:
    engine = lazy.load("engines.vid2vid.engine")

VIEWS = {
    "final": "the final picture",
    "grid": "all, in a grid",
    "labels": "labels",
    "raw": "raw",
    "flow": "flow",
    "weight": "weight",
}
SHOWN_SECONDS = 0.5
"""Between pictures of a film in the making."""


def run(
    seed: int,
    camera: str,
    begin: float,
    clip: LabelFilm | None,
    light: str,
    weight: str,
    frames: int,
    view: str,
    metered: bool,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    course, look = Course(seed, camera, begin, clip), list(LIGHTS).index(light)
    meter, count = Meter(look, checkpoint), course.count(frames)
    labels = map(course.labels, range(count))
    made = engine.drive(labels, weight=WEIGHTS[weight][1], look=look, network=engine.generator(checkpoint))
    computed = 0.0
    shown = -SHOWN_SECONDS
    with video.Recording(course.rate) as movie:
        for place in range(count):
            began = time.monotonic()
            frame = next(made)
            now = time.monotonic()
            computed += now - began
            views = views_of(frame)
            movie.add(grid(views, frame.carried) if view == "grid" else views[view])
            if metered:
                meter.take(float(place / course.rate), frame.labels, frame.final)
            if now - shown >= SHOWN_SECONDS or place == count - 1:
                shown = now
                speed = {"this film": {"frames": place + 1, "a second": round((place + 1) / computed, 1)}}
                yield {"movie": movie, "views": views, "speed": speed, **meter.shown()}
            yield Progress((place + 1) / count, f"Frame {place + 1} of {count}")
    yield {"movie": movie}


EXPERIMENT = Experiment(
    name="film",
    title="Film",
    action="Make the film",
    controls={
        **source(),
        "frames": Number("Length", 1, 300, 45, 1, unit="frames", group="Street"),
        **light_control(),
        **weight_controls(),
        "view": Choice("In the film", VIEWS, "grid", group="Picture"),
        **checkpoint_control(),
    },
    outputs={
        "movie": Movie(
            "Film",
            help="In the grid: labels, flow, weight; below them raw, the picture before carried on, final.",
        ),
        "views": Strip(
            "Frame by frame",
            of=("labels", "flow", "weight", "raw", "final"),
            help="Flow: its wheel's rim is 6 pixels a frame.",
        ),
        **meter_outputs(),
        "speed": Table("Speed"),
        "notices": NOTICES,
    },
    presets={
        "Three seconds": {},
        "Round a bend": {"seed": 11, "begin": 10},
        "Only carried": {"weight": "carried", "view": "final"},
        "Only painted": {"weight": "painted", "view": "final"},
        "Twenty seconds": {"frames": 300, "metered": False},
    },
    notes=(
        "The same drive as a film to keep, every frame measured; beside it the same frames, each made alone.",
        "Try: only painted, and it flickers more than frames made alone; only carried, and it smears instead.",
        "The network learnt from CamVid (CC BY-NC): not for commercial use.",
    ),
    figures=[
        Figure(
            caption="Street scenes of the paper",
            rows={"Resolution": {"as reported": "2K"}, "Length": {"as reported": "up to 30 seconds"}},
            citation="Abstract, arXiv:1808.06601.",
        )
    ],
    run=run,
)
