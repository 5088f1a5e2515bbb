"""A dance before the camera, live."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from pages.everybody_dance_now.controls import CLIPS, CONSENT, switches, who_dances
from pages.everybody_dance_now.seen import NO_FEET, SECOND_PERSON, small, views
from studio.declared import Stream
from studio.kinds import Camera, Notices, Picture

if TYPE_CHECKING:
    from engines.everybody_dance_now import engine
    from engines.everybody_dance_now import normalization as pose_normalization
    from engines.everybody_dance_now.subject import Subject
else:
    engine = lazy.load("engines.everybody_dance_now.engine")
    pose_normalization = lazy.load("engines.everybody_dance_now.normalization")

NOBODY = "Nobody is seen; step back until you are in the picture from head to foot, in good light."


def run(
    memory: dict[str, Any],
    frame: np.ndarray,
    checkpoint: str,
    subject: "Subject | None",
    normalization: bool,
    smoothing: bool,
    previous: bool,
    face: bool,
) -> Iterator[dict[str, Any]]:
    target = subject or engine.load_subject(checkpoint)
    dancer = memory.setdefault("dancer", engine.Dancer())
    chosen = engine.Switches(normalization, smoothing, previous, face)
    danced = dancer.dance(frame, time.monotonic(), target, chosen)
    if danced is None:
        words = {"person": NOBODY}
        yield {"source": small(frame, target.side)}
    else:
        words = {} if pose_normalization.has_feet(danced.skeleton) else {"feet": NO_FEET}
        words |= {} if dancer.is_alone else {"second": SECOND_PERSON}
        yield views(frame, danced, target)
    if words != memory.get("words", {}):
        memory["words"] = words
        yield {"words": words}


EXPERIMENT = Stream(
    name="dance",
    title="Dance",
    controls={"frame": Camera("Camera", clips=CLIPS), **who_dances(), **switches()},
    outputs={
        "source": Picture("Source, with its skeleton"),
        "skeleton": Picture("Skeleton"),
        "normalized": Picture("Normalised"),
        "target": Picture("Target"),
        "words": Notices("Seen"),
    },
    presets={
        "All of the method": {},
        "Without normalisation": {"normalization": False},
        "Without smoothing": {"smoothing": False},
        "Every frame alone": {"previous": False},
    },
    notes=(
        "Stand where your feet are seen; before a desk, your upper body dances on legs of the target.",
        "Try: step back and forth with normalisation on and off; watch the hands without smoothing.",
        CONSENT,
    ),
    run=run,
)
