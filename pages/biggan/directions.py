"""Pictures moved along the principal components of what the network makes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.progress import Progress
from pages.biggan.controls import CHECKPOINT, class_number, image_class, truncation_number
from pages.biggan.grid import LINE, grid
from studio.declared import Experiment
from studio.kinds import Choice, Number, Picture, Seed, Table

if TYPE_CHECKING:
    import torch

    from engines.biggan import engine
else:
    engine = lazy.load("engines.biggan.engine")
    torch = lazy.load("torch")

STEPS = (-3, -2, -1, 0, 1, 2, 3)
"""Standard deviations at which a component is shown."""
DIRECTIONS_OF = {"features": "what the first layer makes of the latent", "pictures": "the pictures of this class"}


def run(
    label: str,
    of: str,
    component_1: float,
    component_2: float,
    component_3: float,
    component_4: float,
    component_5: float,
    truncation: float,
    seed: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    chosen = class_number(label, checkpoint)
    how = engine.Truncation(truncation)
    latent = engine.latents(seed, LINE, how, checkpoint)
    classes = engine.class_weights(checkpoint, {chosen: 1})
    found = yield from engine.find_directions(checkpoint, chosen, of)
    amounts = torch.tensor([[component_1, component_2, component_3, component_4, component_5]])
    for made in engine.draw(latent + amounts @ found.steps, classes, how, checkpoint):
        yield made if isinstance(made, Progress) else {"pictures": grid(made)}
    names = [f"component {place + 1}" for place in range(len(found.steps))]
    yield {
        "explained": {
            name: {"of the variance, %": round(100 * share, 1)}
            for name, share in zip(names, found.explained.tolist(), strict=True)
        }
    }
    rows = []
    for step in found.steps:
        along = latent[:1] + torch.tensor(STEPS)[:, None] * step
        for made in engine.draw(along, classes, how, checkpoint, previewed=False):
            if isinstance(made, Progress):
                yield made
            else:
                rows.append(made)
    yield {"components": grid(np.concatenate(rows), len(STEPS))}


def _components() -> Mapping[str, Number]:
    return {
        f"component_{place}": Number(f"Component {place}", -3, 3, 0, 0.25, unit="deviations", group="Move along")
        for place in range(1, 6)
    }


EXPERIMENT = Experiment(
    name="directions",
    title="Directions",
    live=True,
    controls={
        "label": image_class("Class", "horse"),
        "of": Choice("Components of", DIRECTIONS_OF, "pictures"),
        **_components(),
        "truncation": truncation_number(0.5, group="Latents"),
        "seed": Seed("Seed", group="Latents"),
        "checkpoint": CHECKPOINT,
    },
    outputs={
        "pictures": Picture("Moved"),
        "components": Picture(
            "What each does", help="The first picture: a row for each component, from -3 to 3 deviations."
        ),
        "explained": Table("Explained"),
    },
    presets={
        "Horses": {"component_5": 2},
        "Ships": {"label": "ship", "component_2": -2},
        "Of the first layer": {"of": "features", "component_3": 2},
    },
    notes=(
        "A network has no knob for light or pose; principal components find what varies most together.",
        "No label was needed, and nobody told them what to mean: look, and name them yourself.",
        "Try: one slider from end to end; the same component in another class.",
    ),
    run=run,
)
