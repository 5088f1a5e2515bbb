"""BigGAN's truncation slider: from many different pictures to few good ones."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from engines.runtime.progress import Progress
from pages.biggan.controls import CHECKPOINT, LEAST, MOST, SAMPLINGS, class_number, image_class, truncation_number
from pages.biggan.grid import grid
from studio.declared import Experiment
from studio.kinds import Choice, Number, Picture, Seed, Switch

if TYPE_CHECKING:
    from engines.biggan import engine
else:
    engine = lazy.load("engines.biggan.engine")

STATISTICS = {
    "right": "those of such latents",
    "published": "as the published code picks them",
    "untruncated": "those without truncation",
}
COUNT = Number("Pictures", 1, 64, 8, 1)


def run(
    label: str,
    truncation: float,
    untruncated: bool,
    seed: int,
    count: int,
    sampling: str,
    statistics: str,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    how = engine.Truncation(math.inf if untruncated else truncation, sampling, statistics)
    latent = engine.latents(seed, count, how, checkpoint)
    classes = engine.class_weights(checkpoint, {class_number(label, checkpoint): 1})
    for made in engine.draw(latent, classes, how, checkpoint):
        yield made if isinstance(made, Progress) else {"pictures": grid(made)}


EXPERIMENT = Experiment(
    name="truncation",
    title="Truncation",
    live=True,
    controls={
        "label": image_class("Class", "horse"),
        "truncation": truncation_number(0.5, help="No number of the latent is larger.", where={"untruncated": False}),
        "seed": Seed("Seed"),
        "count": COUNT,
        "sampling": Choice("Latents", SAMPLINGS, "paper", group="How", advanced=True),
        "statistics": Choice(
            "Statistics of the norms",
            STATISTICS,
            "right",
            group="How",
            advanced=True,
            help="The published code swaps the weights of two neighbouring rows of its table.",
        ),
        "checkpoint": CHECKPOINT,
        "untruncated": Switch("No truncation", False, help="Every number of the latent stays as it was drawn."),
    },
    outputs={"pictures": Picture("Pictures")},
    presets={
        "Horses": {"label": "horse", "truncation": 0.5},
        "Ships, all their variety": {"label": "ship", "untruncated": True},
        "Trucks, truncated far": {"label": "truck", "truncation": 0.1},
        "Sixty-four automobiles": {"label": "automobile", "count": 64},
    },
    notes=(
        "Each picture keeps its random numbers, and they are fitted into ever narrower bounds. All together they are "
        "as if what lies beyond had been drawn anew, which is what the paper does.",
        "To the left they become more typical of their class, and more alike.",
        f"Try: drag slowly from {MOST:g} to {LEAST:g}; then another class at the same place.",
    ),
    run=run,
)
