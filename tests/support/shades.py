"""A live panel of one slider and a grey picture."""

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from engines.runtime.progress import Progress
from studio.declared import Experiment
from studio.kinds import Notices, Number, Picture
from tests.support import hard_experiments

LONG = 100
STEPS: list[tuple[int, int]] = []
"""What was computed: the level, and which step of its run."""


def shade(level: int) -> Iterator[Any]:
    """A grey picture in 30 ms; of the highest levels there is a first one, and then more work, at the highest long."""
    STEPS.append((level, 0))
    time.sleep(0.03)
    yield {"picture": np.full((8, 8, 3), level, np.uint8), "words": {"level": f"At {level}."}}
    for step in range(LONG if level == 255 else 5 if level >= 250 else 0):
        STEPS.append((level, step + 1))
        time.sleep(0.03)
        yield Progress(0.5, "Waiting")


PANEL = dataclasses.replace(
    hard_experiments.PANEL,
    slug="shades",
    title="Shades",
    experiments=[
        Experiment(
            name="shade",
            title="Shade",
            controls={"level": Number("Level", 0, 255, 10, 1)},
            outputs={"picture": Picture("Picture"), "words": Notices("Words")},
            presets={"dark": {}},
            run=shade,
            live=True,
        )
    ],
)
