"""A training with spectral norm and one without it, in replay."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from engines.runtime.class_names import class_id
from engines.sagan import replay as recorded
from pages.sagan.controls import NAMES
from studio.declared import Experiment
from studio.drawn.theme import PAPER
from studio.kinds import Choice, Curves, Notices, Number, Picture, Strip, Table

OURS = NAMES["sagan-small"]
JUDGED = {"class agreement": "class seen", "Frechet distance": "judge's distance"}
"""What is shown of a judgement, under which name."""
SCALE = 3
"""Pixels of a recorded pixel as it is shown."""
GAP = 4
SHARED, LAST = sorted(len(recorded.recorded()[training]["steps"]) for training in recorded.RUNS)
"""Snapshots that both trainings have, and those of the longer."""


def run(snapshot: int, label: str) -> Iterator[dict[str, Any]]:
    column = class_id(label, OURS)
    shown: dict[str, Any] = {}
    words = {}
    for training in recorded.RUNS:
        made = recorded.snapshots(training)
        chosen = made[min(snapshot, len(made)) - 1]
        shown[training] = _sheet(chosen.pictures)
        shown[f"{training}_strip"] = {f"step {each.step:,}": _sheet(each.pictures[:1, [column]]) for each in made}
        words[training] = f"{training.capitalize()} spectral norm: after {chosen.step:,} steps."
        if snapshot > len(made):
            words[training] += (
                f" It is the last of that training, at {recorded.recorded()[training]['minutes']} minutes."
            )
    losses = {training: tuple(zip(*recorded.recorded()[training]["losses"], strict=True)) for training in recorded.RUNS}
    yield {**shown, "losses": losses, "judged": _judged(), "words": words}


def _judged() -> dict[str, dict[str, float]]:
    """What the judge said of both trainings, by step."""
    rows: dict[str, dict[str, float]] = {}
    for training in recorded.RUNS:
        for step, figures in recorded.recorded()[training]["judged"].items():
            row = rows.setdefault(f"step {int(step):,}", {})
            row |= {f"{words}, {training}": figures[figure] for figure, words in JUDGED.items()}
    return rows


def _sheet(pictures: np.ndarray) -> np.ndarray:
    """Pictures in rows and columns, `(R, C, H, W, 3)`, as one, enlarged, with paper between them."""
    large = pictures.repeat(SCALE, 2).repeat(SCALE, 3)
    rows, columns, high, wide = large.shape[:4]
    sheet = np.full((rows, columns, high + GAP, wide + GAP, 3), PAPER, dtype=np.uint8)
    sheet[:, :, :high, :wide] = large
    return sheet.swapaxes(1, 2).reshape(rows * (high + GAP), columns * (wide + GAP), 3)[:-GAP, :-GAP]


def _ahead() -> str:
    """Say at which of the last two steps that were judged which training was ahead, by the judge's distance."""
    judged = {training: recorded.recorded()[training]["judged"] for training in recorded.RUNS}
    steps = sorted(set.intersection(*(set(map(int, each)) for each in judged.values())))[-2:]
    words = []
    for step in steps:
        ahead = min(recorded.RUNS, key=lambda training: judged[training][str(step)]["Frechet distance"])
        words.append(f"pictures {ahead} it were nearer to real ones at {step:,} steps")
    return f"By the judge's distance, {', and '.join(words)}."


EXPERIMENT = Experiment(
    name="replay",
    title="Training replay",
    live=True,
    controls={
        "snapshot": Number("Snapshot", 1, LAST, SHARED, 1, help="Each is some steps further into the training."),
        "label": Choice("Class of the strips", dict(zip(OURS, OURS, strict=True)), "horse"),
    },
    outputs={
        "with": Picture("With spectral norm", help=f"The same latents in each column: {', '.join(OURS)}."),
        "without": Picture("Without spectral norm"),
        "words": Notices("Seen"),
        "with_strip": Strip("With spectral norm, step by step"),
        "without_strip": Strip("Without spectral norm, step by step"),
        "judged": Table(
            "Judged",
            help="By a classifier of CIFAR-10: how often it sees the class, and the Fréchet distance to real pictures "
            "in its own features. The paper's FID is in those of Inception: the two cannot be compared.",
        ),
        "losses": Curves("The discriminator's hinge loss", "step", "loss"),
    },
    presets={"As many steps": {}, "The first snapshot": {"snapshot": 1}, "The end": {"snapshot": LAST}},
    notes=(
        f"Without it the discriminator wins more and more. {_ahead()}",
        "One run of each. With it, the recipe was an earlier one up to step 2,664, where the loss has a peak.",
        "Recorded by python -m engines.sagan.replay --with-norm DIR --without-norm DIR --data DIR.",
    ),
    run=run,
)
