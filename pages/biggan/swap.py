"""Pictures whose layers see the latent or the class of another."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.progress import Progress
from pages.biggan.controls import CHECKPOINT, class_number, image_class, truncation_number
from pages.biggan.grid import LINE, grid
from studio.declared import Experiment
from studio.kinds import Picture, Seed, Switch

if TYPE_CHECKING:
    from engines.biggan import engine
else:
    engine = lazy.load("engines.biggan.engine")


def run(
    label: str,
    seed: int,
    other_label: str,
    other_seed: int,
    latent_1: bool,
    latent_2: bool,
    latent_3: bool,
    latent_4: bool,
    class_1: bool,
    class_2: bool,
    class_3: bool,
    class_4: bool,
    truncation: float,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    how = engine.Truncation(truncation)
    ends = [
        (
            engine.latents(number, LINE, how, checkpoint),
            engine.class_weights(checkpoint, {class_number(name, checkpoint): 1}),
        )
        for name, number in ((label, seed), (other_label, other_seed))
    ]
    parts = [latent_1, latent_2, latent_3, latent_4], [class_1, class_2, class_3, class_4]
    rows = []
    for each in (([False] * 4,) * 2, parts, ([True] * 4,) * 2):
        for made in engine.exchange(*ends[0], *ends[1], *each, how, checkpoint):
            if isinstance(made, Progress):
                yield made
            else:
                rows.append(made)
    yield {"pictures": grid(np.concatenate(rows), LINE)}


def _parts(what: str, word: str, chosen: Sequence[int]) -> Mapping[str, Switch]:
    words = ("coarsest layers", "coarse", "fine", "finest")
    return {
        f"{what}_{place}": Switch(f"{words[place - 1].capitalize()}", place in chosen, group=f"{word} of the second in")
        for place in range(1, 5)
    }


EXPERIMENT = Experiment(
    name="swap",
    title="Swap layers",
    live=True,
    controls={
        "label": image_class("Class", "horse", group="First"),
        "seed": Seed("Seed", group="First"),
        "other_label": image_class("Class", "truck", group="Second"),
        "other_seed": Seed("Seed", 1, group="Second"),
        **_parts("latent", "Latent", ()),
        **_parts("class", "Class", (1, 2)),
        "truncation": truncation_number(0.6, advanced=True),
        "checkpoint": CHECKPOINT,
    },
    outputs={
        "pictures": Picture(
            "Pictures", help="Above: the first; below: the second; between them: the first with those layers."
        )
    },
    presets={
        "Another class, coarse": {},
        "Another class, fine": {"class_1": False, "class_2": False, "class_3": True, "class_4": True},
        "Another latent, coarse": {"class_1": False, "class_2": False, "latent_1": True, "latent_2": True},
        "Another latent, fine": {"class_1": False, "class_2": False, "latent_3": True, "latent_4": True},
    },
    notes=(
        "Each block of BigGAN sees the class, and a part of the latent of its own.",
        "The layers stand in four parts; in the bundled model: 4 x 4 pixels, and the blocks to 8, 16 and 32.",
        "Try: one switch at a time; its first layer sees no class, so that one changes nothing.",
    ),
    run=run,
)
