"""What every place of a picture attends to."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from engines.runtime.class_names import class_id
from engines.runtime.progress import Progress
from pages.sagan.controls import CHECKPOINT, NAMES
from studio.declared import Experiment, Figure
from studio.kinds import Attended, Attention, ImageClass, Notices, Number, Seed

if TYPE_CHECKING:
    from engines.sagan import engine
    from engines.shared import tensors
else:
    tensors = lazy.load("engines.shared.tensors")
    engine = lazy.load("engines.sagan.engine")

STRONGEST = 4.0
"""Times the learned gamma."""
PATIENCE = 0.5
"""Seconds between two partial results, so that quick ones come together."""


def run(label: str, sigma: float, seed: int, count: int, checkpoint: str) -> Iterator[Progress | dict[str, Any]]:
    yield Progress(0, "Loading the network")
    yield {"words": {"gamma": _on_gamma(engine.learnt_sigma(checkpoint), sigma)}}
    made: dict[str, Attended] = {}
    told = time.monotonic()
    chosen = class_id(label, NAMES[checkpoint])
    for number, attended in enumerate(engine.attend(chosen, seed, count, sigma, checkpoint), 1):
        made[f"{label} {number}"] = Attended(tensors.to_picture(attended.picture), attended.maps.half().numpy())
        yield Progress(number / count, f"Picture {number} of {count}")
        if time.monotonic() - told > PATIENCE:
            yield {"attention": dict(made)}
            told = time.monotonic()
    yield {"attention": made}


def _on_gamma(learned: float, strength: float) -> str:
    """Say what gamma is, by which the paper multiplies attention before it is added (equation 3): y = gamma o + x."""
    if strength == 0:
        return f"Gamma is 0, where {learned:.3f} was learned: attention is off; the maps say what it would look at."
    if strength == 1:
        return f"Gamma is {learned:.3f}, as it was learned; training began with 0."
    return f"Gamma is {strength * learned:.3f}, where {learned:.3f} was learned; the maps do not depend on it."


EXPERIMENT = Experiment(
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
            help="Times the gamma that was learned; 0 is the picture without attention.",
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
        "words": Notices("Gamma"),
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
    run=run,
)
