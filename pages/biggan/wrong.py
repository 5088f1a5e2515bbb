"""What goes wrong with BigGAN: the statistics of another truncation, and collapse."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.progress import Progress
from pages.biggan.controls import CHECKPOINT, LEAST, SAMPLINGS, class_number, image_class, truncation_number
from pages.biggan.grid import LINE, grid
from studio.declared import Experiment
from studio.kinds import Choice, Seed, Strip, Table

if TYPE_CHECKING:
    from engines.biggan import engine
else:
    engine = lazy.load("engines.biggan.engine")

SHOWN_STATISTICS = {"right": "right", "published": "as published", "untruncated": "without truncation"}


def run(
    label: str, truncation: float, sampling: str, seed: int, checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    classes = engine.class_weights(checkpoint, {class_number(label, checkpoint): 1})
    right = None
    for statistics, name in SHOWN_STATISTICS.items():
        how = engine.Truncation(truncation, sampling, statistics)
        latent = engine.latents(seed, LINE, how, checkpoint)
        for made in engine.draw(latent, classes, how, checkpoint, previewed=False):
            if isinstance(made, Progress):
                yield made
                continue
            right = made if right is None else right
            yield {"pictures": {name: grid(made)}, "numbers": {name: _beside(made, right)}}


def _beside(pictures: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """How far pictures are from the right ones, and how many of their values are as dark or bright as can be."""
    apart = np.abs(pictures.astype(float) - right).mean()
    full = np.isin(pictures, (0, 255)).mean()
    differing = np.mean([np.abs(one.astype(float) - pictures).mean() for one in pictures]) * len(pictures)
    return {
        "from the right ones, levels": round(float(apart), 1),
        "from each other, levels": round(float(differing / max(1, len(pictures) - 1)), 1),
        "black or full, %": round(100 * float(full), 2),
    }


EXPERIMENT = Experiment(
    name="wrong",
    title="What goes wrong",
    live=True,
    controls={
        "label": image_class("Class", "automobile"),
        "truncation": truncation_number(0.1),
        "sampling": Choice("Latents", SAMPLINGS, "paper"),
        "seed": Seed("Seed"),
        "checkpoint": CHECKPOINT,
    },
    outputs={
        "pictures": Strip("By the norms' statistics", of=tuple(SHOWN_STATISTICS.values())),
        "numbers": Table(
            "Beside the right ones",
            help="Levels of 255; a class has collapsed where its pictures differ little from each other.",
        ),
    },
    presets={
        "Wrong statistics": {},
        "Collapse": {"truncation": 0.02, "label": "horse"},
        "At truncation 1": {"truncation": 1, "label": "ship"},
    },
    notes=(
        "Norms expect the means and variances that their latents cause; truncation changes both.",
        "The published code keeps a table of them, and mixes two neighbouring rows the wrong way round.",
        f"Try: truncation {LEAST:g}, where one picture of the class is left, whatever the latent; then 1, where "
        "statistics without truncation are still wrong.",
    ),
    run=run,
)
