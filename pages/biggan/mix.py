"""Pictures of several classes at once."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from engines.runtime.progress import Progress
from pages.biggan.controls import CHECKPOINT, class_number, image_class, truncation_number
from pages.biggan.grid import grid
from studio.declared import Experiment
from studio.kinds import Number, Picture, Seed

if TYPE_CHECKING:
    from engines.biggan import engine
else:
    engine = lazy.load("engines.biggan.engine")


def run(
    label: str,
    weight: float,
    second_label: str,
    second_weight: float,
    third_label: str,
    third_weight: float,
    truncation: float,
    seed: int,
    count: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    weights: dict[int, float] = {}
    for name, value in ((label, weight), (second_label, second_weight), (third_label, third_weight)):
        place = class_number(name, checkpoint)
        weights[place] = weights.get(place, 0) + value
    how = engine.Truncation(truncation)
    latent = engine.latents(seed, count, how, checkpoint)
    for made in engine.draw(latent, engine.class_weights(checkpoint, weights), how, checkpoint):
        yield made if isinstance(made, Progress) else {"pictures": grid(made)}


EXPERIMENT = Experiment(
    name="mix",
    title="Mix",
    live=True,
    controls={
        "label": image_class("Class", "horse", group="First", where={"weight": True}),
        "weight": Number("Weight", 0, 1, 0.5, 0.05, group="First"),
        "second_label": image_class("Class", "automobile", group="Second", where={"second_weight": True}),
        "second_weight": Number("Weight", 0, 1, 0.5, 0.05, group="Second"),
        "third_label": image_class("Class", "bird", group="Third", where={"third_weight": True}),
        "third_weight": Number("Weight", 0, 1, 0, 0.05, group="Third"),
        "truncation": truncation_number(0.6, group="Latents"),
        "seed": Seed("Seed", group="Latents"),
        "count": Number("Pictures", 1, 64, 8, 1, group="Latents"),
        "checkpoint": CHECKPOINT,
    },
    outputs={"pictures": Picture("Pictures")},
    presets={
        "Horse and automobile": {},
        "Cat and dog": {"label": "cat", "second_label": "dog"},
        "Ship, truck, airplane": {
            "label": "ship",
            "second_label": "truck",
            "third_label": "airplane",
            "third_weight": 0.5,
        },
    },
    notes=(
        "A class is a vector that all blocks share; between classes there are vectors too.",
        "The weights are made to sum to 1.",
        "Try: drag one weight from 0 to 1, and see which layer of the picture follows first.",
    ),
    run=run,
)
