"""What truncation costs in variety and wins in fidelity."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from engines.runtime.class_names import CIFAR10
from engines.runtime.measured import figure
from engines.runtime.progress import Progress
from pages.biggan.controls import CHECKPOINT, NAMES, SAMPLINGS, class_number, image_class
from pages.biggan.grid import LINE, grid
from studio.declared import Experiment, Figure
from studio.kinds import Choice, Curves, Notices, Number, Seed, Strip, Table

if TYPE_CHECKING:
    from engines.biggan import engine
    from engines.group_normalization import engine as classifiers
else:
    engine = lazy.load("engines.biggan.engine")
    classifiers = lazy.load("engines.group_normalization.engine")

CLASSIFIER = "group-normalization-cifar"
"""The bundled network that reads CIFAR-10's classes."""
ACCURACY = figure(CLASSIFIER, "accuracy")
SURELY = 2.0
"""Standard deviations from which a difference is no longer taken for chance."""
TRUNCATIONS = (1.0, 0.8, 0.6, 0.4, 0.2, 0.1, 0.04)


def run(label: str, count: int, sampling: str, seed: int, checkpoint: str) -> Iterator[Progress | dict[str, Any]]:
    chosen = class_number(label, checkpoint)
    small = NAMES[checkpoint] == CIFAR10
    measured = range(len(NAMES[checkpoint])) if small else [chosen]
    shown = slice(count * chosen, count * chosen + LINE) if small else slice(LINE)
    if not small:
        words = "The studio has no classifier of this model's classes: variety only, of the class that is shown."
        yield {"words": {"fidelity": words}}
    fidelities: list[float] = []
    varieties: list[float] = []
    steps = len(TRUNCATIONS) + 1
    classifier = partial(classifiers.network, CLASSIFIER)
    for made in engine.trade(measured, seed, count, TRUNCATIONS, sampling, checkpoint, classifier):
        if isinstance(made, Progress):
            done = len(varieties) + (made.words != "Without truncation")
            yield Progress((done + made.fraction) / steps, made.words)
            continue
        varieties.append(made.variety)
        row: dict[str, Any] = {"variety": round(made.variety, 3)}
        curves: dict[str, Any] = {}
        if made.fidelity is not None:
            fidelities.append(made.fidelity)
            row["fidelity"] = round(made.fidelity, 3)
            row["± fidelity"] = round(_deviation(made.fidelity, len(made.pictures)), 3)
            curves["trade"] = {"this model": (varieties[::-1], fidelities[::-1])}
        lines = {"variety": varieties, "fidelity": fidelities}
        past = list(TRUNCATIONS[: len(varieties)])[::-1]
        curves["curves"] = {name: (past, values[::-1]) for name, values in lines.items() if values}
        name = f"{made.truncation:g}"
        yield {"pictures": {name: grid(made.pictures[shown])}, "numbers": {name: row}, **curves}
    if fidelities:
        yield {"words": {"fall": _fall(fidelities, len(measured) * count)}}


def _deviation(share: float, count: int) -> float:
    """The standard deviation of a share that was counted on so many pictures."""
    return math.sqrt(share * (1 - share) / count)


def _fall(fidelities: Sequence[float], count: int) -> str:
    """Say whether fidelity falls somewhere as latents are truncated further, and whether that is more than chance."""
    falls = [
        (fidelities[earlier] - fidelities[later], earlier, later)
        for later in range(len(fidelities))
        for earlier in range(later)
    ]
    fall, earlier, later = max(falls)
    judge = f"The judge is right about {ACCURACY:.0%} of real pictures it has not seen"
    if fall <= 0:
        return f"Fidelity rises all the way. {judge}: it counts how typical a picture is to it."
    chance = math.hypot(*(_deviation(fidelities[place], count) for place in (earlier, later)))
    places = f"from {fidelities[earlier]:.3f} at {TRUNCATIONS[earlier]:g} to {fidelities[later]:.3f} at "
    words = f"Fidelity falls {places}{TRUNCATIONS[later]:g}"
    if fall <= SURELY * chance:
        return f"{words}, by less than {SURELY:g} deviations of chance: {count} pictures are too few to say more."
    few = "where few different pictures of a class are left, the judge sees the class in them or it does not"
    return f"{words}, by more than chance: {few}. {judge}."


EXPERIMENT = Experiment(
    name="trade",
    title="Fidelity and variety",
    action="Draw and measure",
    controls={
        "label": image_class("Class that is shown", "ship"),
        "count": Number("Pictures of a class", 8, 64, 64, 1, help="At each truncation; of CIFAR-10, all ten classes."),
        "sampling": Choice("Latents", SAMPLINGS, "paper"),
        "seed": Seed("Seed"),
        "checkpoint": CHECKPOINT,
    },
    outputs={
        "trade": Curves(
            f"From right to left: truncation {TRUNCATIONS[0]:g} to {TRUNCATIONS[-1]:g}",
            "variety",
            "fidelity",
            help=f"Fidelity: how often the studio's small classifier, right about {ACCURACY:.0%} of CIFAR-10's test "
            "pictures, sees the class. Variety: mean distance of two pictures of a class; 1 is untruncated.",
        ),
        "curves": Curves("By truncation", "truncation", "share"),
        "pictures": Strip("Of the class", of=tuple(f"{value:g}" for value in TRUNCATIONS)),
        "numbers": Table("Numbers"),
        "words": Notices("Notices"),
    },
    presets={
        "Ships": {"label": "ship"},
        "Cats": {"label": "cat"},
        "As the published code draws": {"sampling": "published"},
    },
    notes=(
        "The same random numbers at seven truncations; what is lost in variety is mostly won in fidelity.",
        "A small classifier prefers typical pictures, as the paper's Inception Score does: it is no eye.",
        "Try: the published code's latents; another seed, to see how sure the curve is.",
    ),
    figures=[
        Figure(
            caption="ImageNet at 128 x 128",
            rows={
                "BigGAN": {"Inception Score": "166.5", "Fréchet Inception Distance": "7.4"},
                "the best before": {"Inception Score": "52.52", "Fréchet Inception Distance": "18.6"},
                "BigGAN, first version": {"Inception Score": "166.3", "Fréchet Inception Distance": "9.6"},
            },
            citation="arXiv:1809.11096v2, abstract; the last row is of version 1, which gives the best before as "
            "18.65. Higher scores and lower distances are better.",
        )
    ],
    run=run,
)
