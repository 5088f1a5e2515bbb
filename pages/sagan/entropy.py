"""How widely each class attends."""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.progress import Progress
from pages.sagan.controls import CHECKPOINT, NAMES
from studio.declared import Experiment
from studio.kinds import Curves, Notices, Number, Seed, Strip, Table

if TYPE_CHECKING:
    import torch

    from engines.sagan import engine
    from engines.sagan.engine import Spread
else:
    engine = lazy.load("engines.sagan.engine")
    torch = lazy.load("torch")

PLACE_SIDE = 192
"""Pixels, at least, of a picture of entropies."""
SHARES = 41
"""Points of a distribution's line."""


def run(samples: int, seed: int, checkpoint: str) -> Iterator[Progress | dict[str, Any]]:
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
        f"widely, {means[widest]:.2f}: at 0 bits a place looks at one key, at {most:g} at all {2**most:.0f} alike.",
        "middle": _middle(spreads),
    }


def _middle(spreads: Mapping[str, "Spread"]) -> str:
    """Say in how many classes the middle of the picture spreads its attention more than the border."""
    wider, middles, borders = 0, [], []
    for spread in spreads.values():
        places = spread.entropy.mean(0)
        high, wide = (side // 4 for side in places.shape)
        is_middle = torch.zeros_like(places, dtype=torch.bool)
        is_middle[high : len(places) - high, wide : places.shape[1] - wide] = True
        is_border = torch.ones_like(is_middle)
        is_border[1:-1, 1:-1] = False
        middles.append(places[is_middle].mean().item())
        borders.append(places[is_border].mean().item())
        wider += middles[-1] > borders[-1]
    return (
        f"The middle of the picture, half its width and height, spreads attention more than the outermost places in "
        f"{wider} of {len(spreads)} classes: {fmean(middles):.2f} bits against {fmean(borders):.2f} on average."
    )


EXPERIMENT = Experiment(
    name="entropy",
    title="Entropy by class",
    action="Measure",
    controls={
        "samples": Number("Pictures of a class", 4, 256, 32, 4),
        "seed": Seed("Seed", help="Every class is made from the same latents."),
        "checkpoint": CHECKPOINT,
    },
    outputs={
        "places": Strip("Entropy by place", help="Dark: it looks at few keys. White: at all alike."),
        "words": Notices("Seen"),
        "numbers": Table("Entropy by class", help="How far: from a place to its keys, in sides of the picture."),
        "lines": Curves("Places below an entropy", "bits", "share"),
    },
    presets={"32 pictures": {}, "128 pictures": {"samples": 128}, "Other latents": {"seed": 1}},
    notes=(
        "Entropy says how widely a place spreads its attention; 2 to its power is the keys that count.",
        "Whether the middle of the picture, where the object is, spreads it more than the border is measured here.",
        "Of a network that knows more than ten classes, ten are measured, evenly spaced.",
    ),
    run=run,
)
