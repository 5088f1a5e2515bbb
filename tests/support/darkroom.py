"""A panel whose pictures darken in three stages, slowly enough to be watched and cancelled."""

import io
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from studio.declared import Experiment, Panel
from studio.kinds import Comparison, Notices, Number, Photo, Strip, Switch, Table
from tests.support import hard_experiments

STAGES = ("first", "second", "third")
STEPS_PER_STAGE = 10


def develop(photo: np.ndarray, stumble: bool, refuse: bool, gain: float, pace: int) -> Iterator[Any]:
    """Three pictures, each darker by a stage, 0.3 s apiece, or so many times that."""
    if refuse:
        raise InputError("Gain: <b>no</b> picture can be made of this; take another.")
    if stumble:
        raise RuntimeError("a bug, with /secret/path in its words")
    yield {"result": {"content": photo}}
    for number, stage in enumerate(STAGES):
        for step in range(STEPS_PER_STAGE):
            time.sleep(0.03 * pace)
            yield Progress((number + step / STEPS_PER_STAGE) / len(STAGES), f"Making {stage}")
        picture = (photo * gain ** (number + 1)).astype(np.uint8)
        yield {
            "result": {stage: picture},
            "stages": {stage: picture},
            "numbers": {stage: {"brightness": float(picture.mean())}},
        }
    yield {"words": {"done": f"Made with a gain of {gain}."}}


def gradient() -> bytes:
    """A photograph that grows brighter to the right."""
    file = io.BytesIO()
    ramp = np.linspace(60, 250, 240, dtype=np.uint8)
    Image.fromarray(np.stack([np.broadcast_to(ramp, (160, 240))] * 3, axis=2)).save(file, "PNG")
    return file.getvalue()


PANEL = Panel(
    slug="darkroom",
    title="Darkroom",
    paper=hard_experiments.PANEL.paper,
    story="A picture <em>darkens</em> in three stages.",
    experiments=[
        Experiment(
            name="develop",
            title="Develop",
            action="Develop",
            controls={
                "photo": Photo("Photograph", examples={"gradient": gradient}),
                "gain": Number("Gain", 0.1, 1, 0.8, 0.1, help="How much light stays."),
                "stumble": Switch("Stumble", False, advanced=True),
                "refuse": Switch("Refuse", False, advanced=True),
                "pace": Number("Pace", 1, 100, 1, 1, advanced=True),
            },
            outputs={
                "result": Comparison("Result", left="content"),
                "stages": Strip("Stages", of=STAGES),
                "numbers": Table("Numbers"),
                "words": Notices("Words"),
            },
            presets={"bright": {"photo": "gradient"}, "dark": {"photo": "gradient", "gain": 0.4}},
            notes=("Each stage is darker than the one before.",),
            run=develop,
        )
    ],
)
