"""SAGAN: what every place of a picture attends to, how widely each class attends, and a training in replay."""

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime.checkpoints import find
from engines.runtime.class_names import class_id, class_names
from engines.runtime.progress import Progress
from engines.sagan import replay as recorded
from pages._panel import (
    Attended,
    Attention,
    CheckpointChoice,
    Choice,
    Curves,
    Experiment,
    Figure,
    ImageClass,
    Notices,
    Number,
    Panel,
    Paper,
    Picture,
    Seed,
    Strip,
    Table,
)

if TYPE_CHECKING:
    from engines.sagan.engine import Spread

CHECKPOINTS = {name: find(name).badge for name in ("sagan-small", "sagan-studio")}
NAMES = {name: class_names(find(name).config["classes"]) for name in CHECKPOINTS}
OURS = NAMES["sagan-small"]
STRONGEST = 4.0
"""Times the learnt sigma."""
PATIENCE = 0.5
"""Seconds between two partial results, so that quick ones come together."""
PLACE_SIDE = 192
"""Pixels, at least, of a picture of entropies."""
SHARES = 41
"""Points of a distribution's line."""
SCALE = 3
"""Pixels of a recorded pixel as it is shown."""
GAP = 4
PAPER = (253, 252, 249)
SHARED, LAST = sorted(len(recorded.recorded()[run]["steps"]) for run in recorded.RUNS)
"""Snapshots that both trainings have, and those of the longer."""


def attend(label: str, sigma: float, seed: int, count: int, checkpoint: str) -> Iterator[Progress | dict[str, Any]]:
    from engines.runtime.images import to_picture
    from engines.sagan import engine

    yield Progress(0, "Loading the network")
    learnt = engine.learnt_sigma(checkpoint)
    yield {"words": {"sigma": _on_sigma(learnt, sigma)}}
    made: dict[str, Attended] = {}
    told = time.monotonic()
    chosen = class_id(label, NAMES[checkpoint])
    for number, attended in enumerate(engine.attend(chosen, seed, count, sigma, checkpoint), 1):
        made[f"{label} {number}"] = Attended(to_picture(attended.picture), attended.maps.half().numpy())
        yield Progress(number / count, f"Picture {number} of {count}")
        if time.monotonic() - told > PATIENCE:
            yield {"attention": dict(made)}
            told = time.monotonic()
    yield {"attention": made}


def _on_sigma(learnt: float, strength: float) -> str:
    if strength == 0:
        return f"Sigma is 0, where {learnt:.3f} was learnt: attention is off; the maps say what it would look at."
    if strength == 1:
        return f"Sigma is {learnt:.3f}, as it was learnt; training began with 0."
    return f"Sigma is {strength * learnt:.3f}, where {learnt:.3f} was learnt; the maps do not depend on it."


def entropies(samples: int, seed: int, checkpoint: str) -> Iterator[Progress | dict[str, Any]]:
    from engines.sagan import engine

    spreads: dict[str, Spread] = {}
    for made in engine.spread_by_class(seed, samples, checkpoint):
        if isinstance(made, Progress):
            yield made
            continue
        label = NAMES[checkpoint][made.class_id]
        spreads[label] = made
        yield {"numbers": {label: _numbers(made)}, "places": {label: _places(made)}}
    yield {"lines": _lines(spreads), "words": _outcome(spreads)}


def _numbers(spread: "Spread") -> dict[str, float]:
    bits = spread.entropy
    return {
        "entropy, bits": bits.mean().item(),
        "± between pictures": bits.mean((1, 2)).std(correction=0).item(),
        "keys, in effect": (2**bits).mean().item(),
        "looks how far": spread.distance.mean().item(),
    }


def _places(spread: "Spread") -> np.ndarray:
    """The entropy of each place, on average over the pictures: dark is 0, white all bits."""
    levels = (spread.entropy.mean(0) / spread.most * 255).round().byte().numpy()
    scale = -(-PLACE_SIDE // len(levels))
    return np.repeat(levels.repeat(scale, 0).repeat(scale, 1)[..., None], 3, 2)


def _lines(spreads: Mapping[str, "Spread"]) -> dict[str, tuple[list[float], list[float]]]:
    """Of the classes that attend most narrowly and most widely, the share of places below each entropy."""
    import torch

    order = sorted(spreads, key=lambda label: spreads[label].entropy.mean().item())
    lines = {}
    for label in (order[0], order[-1]):
        bits = torch.linspace(0, spreads[label].most, SHARES)
        below = [(spreads[label].entropy <= bit).float().mean().item() for bit in bits]
        lines[label] = bits.tolist(), below
    return lines


def _outcome(spreads: Mapping[str, "Spread"]) -> dict[str, str]:
    means = {label: spread.entropy.mean().item() for label, spread in spreads.items()}
    narrowest, widest = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    most = spreads[widest].most
    return {
        "outcome": f"{narrowest.capitalize()} attends most narrowly, {means[narrowest]:.2f} bits, and {widest} most "
        f"widely, {means[widest]:.2f}: at 0 bits a place looks at one key, at {most:g} at all {2**most:.0f} alike."
    }


def replay(snapshot: int, label: str) -> Iterator[dict[str, Any]]:
    column = class_id(label, OURS)
    shown: dict[str, Any] = {}
    words = {}
    for run in recorded.RUNS:
        made = recorded.snapshots(run)
        chosen = made[min(snapshot, len(made)) - 1]
        shown[run] = _sheet(chosen.pictures)
        shown[f"{run}_strip"] = {f"step {each.step:,}": _sheet(each.pictures[:1, [column]]) for each in made}
        words[run] = f"{run.capitalize()} spectral norm: after {chosen.step:,} steps."
        if snapshot > len(made):
            words[run] += f" It is the last of that training, at {recorded.recorded()[run]['minutes']} minutes."
    losses = {run: tuple(zip(*recorded.recorded()[run]["losses"], strict=True)) for run in recorded.RUNS}
    yield {**shown, "losses": losses, "judged": _judged(), "words": words}


def _judged() -> dict[str, dict[str, float]]:
    """What the judge said of both trainings, by step."""
    rows: dict[str, dict[str, float]] = {}
    for run in recorded.RUNS:
        for step, figures in recorded.recorded()[run]["judged"].items():
            row = rows.setdefault(f"step {int(step):,}", {})
            row |= {f"{figure}, {run}": value for figure, value in figures.items() if figure != "variety"}
    return rows


def _sheet(pictures: np.ndarray) -> np.ndarray:
    """Pictures in rows and columns, `(R, C, H, W, 3)`, as one, enlarged, with paper between them."""
    large = pictures.repeat(SCALE, 2).repeat(SCALE, 3)
    rows, columns, high, wide = large.shape[:4]
    sheet = np.full((rows, columns, high + GAP, wide + GAP, 3), PAPER, dtype=np.uint8)
    sheet[:, :, :high, :wide] = large
    return sheet.swapaxes(1, 2).reshape(rows * (high + GAP), columns * (wide + GAP), 3)[:-GAP, :-GAP]


CHECKPOINT = CheckpointChoice("Checkpoint", CHECKPOINTS, "sagan-small", advanced=True)

PANEL = Panel(
    slug="sagan",
    title="SAGAN",
    paper=Paper(
        number=6,
        title="Self-Attention Generative Adversarial Networks",
        authors="Han Zhang, Ian Goodfellow, Dimitris Metaxas, Augustus Odena",
        venue="ICML 2019",
        arxiv="1805.08318",
    ),
    story="While it draws, every place of the picture looks at all the others; touch one, and see what it looks at.",
    experiments=[
        Experiment(
            name="attention",
            title="Attention",
            live=True,
            controls={
                "label": ImageClass("Class", NAMES, of="checkpoint", default="horse"),
                "sigma": Number(
                    "Strength of attention",
                    0,
                    STRONGEST,
                    1,
                    0.05,
                    help="Times the sigma that was learnt; 0 is the picture without attention.",
                ),
                "seed": Seed("Seed"),
                "count": Number("Pictures", 1, 6, 6, 1, help="Of one seed; choose one to look into."),
                "checkpoint": CHECKPOINT,
            },
            outputs={
                "attention": Attention(
                    "What a place attends to",
                    help="Click pins a place, a drag or Shift with arrow keys draws a path, Escape shows the picture.",
                ),
                "words": Notices("Sigma"),
            },
            presets={
                "Horse": {},
                "Ship": {"label": "ship", "seed": 1},
                "Without attention": {"sigma": 0},
                "Four times as much": {"sigma": 4},
                "Automobile": {"label": "automobile"},
            },
            notes=(
                "Halfway through, each of 16 x 16 places takes a mixture of 8 x 8 keys, in the small network.",
                "The maps are the network's own, and each sums to 1; they come once, and your browser does the rest.",
                "Try: the sky, then the grass; a path along an edge; strength 0, where the grass loses its green.",
            ),
            run=attend,
        ),
        Experiment(
            name="entropy",
            title="Entropy by class",
            action="Measure",
            controls={
                "samples": Number("Pictures of a class", 4, 256, 32, 4),
                "seed": Seed("Seed", help="Every class is made from the same latents."),
                "checkpoint": CHECKPOINT,
            },
            outputs={
                "words": Notices("Seen"),
                "places": Strip("Entropy by place", help="Dark: it looks at few keys. White: at all alike."),
                "numbers": Table(
                    "Entropy by class", help="How far: from a place to its keys, in sides of the picture."
                ),
                "lines": Curves("Places below an entropy", "bits", "share"),
            },
            presets={"32 pictures": {}, "128 pictures": {"samples": 128}, "Other latents": {"seed": 1}},
            notes=(
                "Entropy says how widely a place spreads its attention; 2 to its power is the keys that count.",
                "In each class the middle of the picture, where the object is, spreads it most, and the border least.",
                "Of a network that knows more than ten classes, ten are measured, evenly spaced.",
            ),
            run=entropies,
        ),
        Experiment(
            name="replay",
            title="Training replay",
            live=True,
            controls={
                "snapshot": Number(
                    "Snapshot", 1, LAST, SHARED, 1, help="Each is some steps further into the training."
                ),
                "label": Choice("Class of the strips", dict(zip(OURS, OURS, strict=True)), "horse"),
            },
            outputs={
                "with": Picture("With spectral norm", help=f"The same latents in each column: {', '.join(OURS)}."),
                "without": Picture("Without spectral norm"),
                "words": Notices("Seen"),
                "with_strip": Strip("With spectral norm, step by step"),
                "without_strip": Strip("Without spectral norm, step by step"),
                "judged": Table(
                    "Judged", help="By a classifier of CIFAR-10: how often it sees the class, and how far from real."
                ),
                "losses": Curves("The discriminator's hinge loss", "step", "loss"),
            },
            presets={"As many steps": {}, "The first snapshot": {"snapshot": 1}, "The end": {"snapshot": LAST}},
            notes=(
                "Without it the discriminator wins more and more; pictures were ahead at 1,024 steps, behind at 2,048.",
                "One run of each. With it, the recipe was an earlier one up to step 2,664, where the loss has a peak.",
                "Recorded by python -m engines.sagan.replay --with-norm DIR --without-norm DIR --data DIR.",
            ),
            run=replay,
        ),
    ],
    figures=[
        Figure(
            caption="128 x 128 ImageNet, by class",
            rows={
                "best before": {"Inception score": "36.8", "Frechet distance": "27.62", "within a class": ""},
                "SAGAN": {"Inception score": "52.52", "Frechet distance": "18.65", "within a class": "83.7"},
            },
            citation="arXiv:1805.08318, abstract and results.",
        )
    ],
)
