"""A drive through labels that becomes photographs, live."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from pages.vid2vid.controls import LIGHTS, NOTICES, WEIGHTS, checkpoint_control, light_control, source, weight_controls
from pages.vid2vid.course import Course
from pages.vid2vid.label_clip import LabelFilm
from pages.vid2vid.meter import Meter, meter_outputs
from pages.vid2vid.views import views_of
from studio.declared import Stream
from studio.kinds import Output, Picture

if TYPE_CHECKING:
    from engines.vid2vid import engine
else:
    engine = lazy.load("engines.vid2vid.engine")

EVERY = 5
"""Frames from one reading of the live meter to the next: each takes two more pictures."""
PICTURES: Mapping[str, Output] = {
    "final": Picture("Final"),
    "labels": Picture("Labels"),
    "raw": Picture("Raw, painted anew"),
    "flow": Picture("Flow, the rim 6 pixels"),
    "weight": Picture("Weight of the raw"),
}


def run(
    memory: dict[str, Any],
    seed: int,
    camera: str,
    begin: float,
    clip: LabelFilm | None,
    light: str,
    weight: str,
    metered: bool,
    checkpoint: str,
) -> Iterator[dict[str, Any]]:
    course, look = Course(seed, camera, begin, clip), list(LIGHTS).index(light)
    network, asked = engine.generator(checkpoint), (seed, camera, begin, id(clip), checkpoint)
    if memory.get("source") != asked:
        memory.update(source=asked, course=course, place=0, meter=Meter(look, checkpoint))
    course, meter, place = memory["course"], memory["meter"], memory["place"]
    memory["place"] = place + 1
    labels = course.labels(place)
    if course.begins(place):
        memory["past"] = engine.nothing_before(labels)
        meter.skip()
    frame, memory["past"] = engine.next_frame(
        labels, memory["past"], weight=WEIGHTS[weight][1], look=look, network=network
    )
    yield views_of(frame)
    if metered and place % EVERY >= EVERY - 2:
        meter.look = look
        meter.take(float(place / course.rate), labels, frame.final)
        if place % EVERY == EVERY - 1:
            meter.skip()
            yield meter.shown()


EXPERIMENT = Stream(
    name="drive",
    title="Drive",
    action="Drive",
    controls={**source(), **light_control(), **weight_controls(), **checkpoint_control()},
    outputs={**PICTURES, **meter_outputs(), "notices": NOTICES},
    presets={
        "Down the street": {},
        "It brakes and stands": {"begin": 16},
        "Only carried": {"weight": "carried"},
        "Only painted": {"weight": "painted"},
        "Another street at dusk": {"seed": 5, "light": "dusk"},
    },
    notes=(
        "Final = weight x raw + (1 - weight) x the picture before, carried along the flow. White in the weight "
        "is painted anew.",
        "Try, while it drives: weight 0, and what was out of view is smeared; weight 1, and it flickers.",
        "Labels: a little world of ours. The network learnt from CamVid (CC BY-NC): not for commercial use.",
    ),
    run=run,
)
