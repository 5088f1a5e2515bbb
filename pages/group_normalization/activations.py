"""How activations spread while a network learns."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from engines.runtime import lazy
from engines.runtime.progress import Progress
from pages.group_normalization.norms import NORMS, epochs_of, norms_of
from studio.declared import Experiment
from studio.kinds import Choice, Curves, Number, Seed

if TYPE_CHECKING:
    from engines.group_normalization import data as pictures
    from engines.group_normalization import race as engine
    from engines.group_normalization.network import Kind
    from engines.group_normalization.race import Racer
else:
    pictures = lazy.load("engines.group_normalization.data")
    engine = lazy.load("engines.group_normalization.race")

PERCENTILES = tuple(f"{percentile} %" for percentile in (1, 20, 80, 99))
POINTS = 8
"""How often an epoch the activations are looked at."""


def run(
    norm: "Kind", against: "Kind | Literal['none']", groups: int, batch_size: int, epochs: int, seed: int
) -> Iterator[Progress | dict[str, Any]]:
    rules = engine.Rules(batch_size, rate=0.1, scaled=True, epochs=epochs, seed=seed, points=POINTS)
    for made in engine.race(pictures.read_digits(), norms_of(norm, against, groups), rules, None):
        if isinstance(made, Progress):
            yield made
        elif isinstance(made, dict):
            lines = [_percentiles(name, racer) for name, racer in made.items()]
            yield dict(zip(("percentiles", "others"), lines, strict=False))


def _percentiles(name: str, racer: "Racer") -> dict[str, tuple[list[float], list[float]]]:
    return {
        f"{name} {words}": (epochs_of(racer), [point.percentiles[place] for point in racer.points])
        for place, words in enumerate(PERCENTILES)
    }


EXPERIMENT = Experiment(
    name="activations",
    title="Activations",
    action="Train and look",
    controls={
        "norm": Choice("Norm", NORMS, "batch"),
        "against": Choice("Against", {**NORMS, "none": "none"}, "group"),
        "groups": Number(
            "Groups",
            1,
            64,
            8,
            1,
            help="Of group norm; they must divide 16 channels.",
            where={"norm": ["group"], "against": ["group"]},
        ),
        "batch_size": Number("Pictures in a batch", 1, 128, 2, 1),
        "epochs": Number("Epochs", 1, 12, 2, 1),
        "seed": Seed("Seed"),
    },
    outputs={
        "percentiles": Curves("Percentiles of what the last convolution makes", "epoch", "before its norm"),
        "others": Curves("Against", "epoch", "before its norm"),
    },
    presets={
        "Batches of 2": {"batch_size": 2, "epochs": 2},
        "Batches of 32": {"batch_size": 32, "epochs": 6},
        "Layer against instance norm": {"norm": "layer", "against": "instance", "batch_size": 32, "epochs": 6},
    },
    notes=(
        "How the responses to held-out digits spread while the network learns, as the paper looks at them.",
        f"Most lie between the {PERCENTILES[1]} and the {PERCENTILES[2]} line.",
        "Try: batches of 32; instance norm.",
    ),
    run=run,
)
