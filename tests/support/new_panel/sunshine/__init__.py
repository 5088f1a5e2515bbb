"""A toy paper, as one would add it to pages/: what stands here is all that is written for it."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from studio.declared import Experiment, Panel, Paper
from studio.kinds import Number, Picture, Seed


def shine(height: float, seed: int) -> Iterator[dict[str, Any]]:
    """A sun over a grainy sea."""
    rows, columns = np.mgrid[0:64, 0:96]
    sky = np.random.default_rng(seed).integers(40, 80, (64, 96, 3), dtype=np.uint8)
    sky[np.hypot(rows - 64 * (1 - height), columns - 48) < 12] = 255, 220, 120
    yield {"picture": sky}


PANEL = Panel(
    slug="sunshine",
    title="Sunshine",
    paper=Paper(number=98, title="On Sunshine", authors="A. Toy", venue="Tests 2018", arxiv="0000.00001"),
    story="The sun stands as high as it is asked to.",
    experiments=[
        Experiment(
            name="shine",
            title="Shine",
            action="Shine",
            controls={"height": Number("Height", 0, 1, 0.5, 0.1), "seed": Seed("Seed")},
            outputs={"picture": Picture("Sky")},
            presets={"noon": {"height": 0.9}},
            run=shine,
        )
    ],
)
