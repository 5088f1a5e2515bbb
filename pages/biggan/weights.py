"""The singular values of BigGAN's weights, and the paper's orthogonal regularisation."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from pages.biggan.controls import CHECKPOINT
from studio.declared import Experiment
from studio.kinds import Choice, Curves, Number, Table

if TYPE_CHECKING:
    from engines.biggan import engine
    from engines.biggan.engine import Weights
else:
    engine = lazy.load("engines.biggan.engine")

LAYERS = {
    "first": "the linear layer: a filter for each number of the latent",
    "middle": "a convolution of the middle",
    "last": "the convolution before the last",
}
COSINES = np.linspace(-0.5, 0.5, 41)


def run(layer: str, steps: int, checkpoint: str) -> Iterator[dict[str, Any]]:
    before, after = engine.look_at_weights(checkpoint, layer, steps)
    seen = {"as loaded": before, f"after {steps} steps": after}
    yield {
        "singular": {
            name: (list(range(1, len(each.singular_values) + 1)), each.singular_values.tolist())
            for name, each in seen.items()
        },
        "cosines": {name: _histogram(each.cosines.numpy()) for name, each in seen.items()},
        "numbers": {name: _numbers(each) for name, each in seen.items()},
    }


def _histogram(cosines: np.ndarray) -> tuple[list[float], list[float]]:
    """The middles of equal intervals, and how many in a hundred lie in each; what lies beyond counts at the ends."""
    counts, edges = np.histogram(np.clip(cosines, COSINES[0], COSINES[-1]), COSINES)
    return ((edges[1:] + edges[:-1]) / 2).round(4).tolist(), (100 * counts / len(cosines)).tolist()


def _numbers(seen: "Weights") -> dict[str, Any]:
    largest, smallest = seen.singular_values[0].item(), seen.singular_values[-1].item()
    return {
        "filters": seen.shape[0],
        "largest singular value": largest,
        "smallest": smallest,
        "largest : smallest": largest / smallest,
        "mean |cosine|": seen.cosines.abs().mean().item(),
        "penalty": seen.penalty,
    }


EXPERIMENT = Experiment(
    name="weights",
    title="Singular values",
    live=True,
    controls={
        "layer": Choice("Layer", LAYERS, "middle"),
        "steps": Number("Steps of orthogonal regularisation", 0, 20, 3, 1),
        "checkpoint": CHECKPOINT,
    },
    outputs={
        "singular": Curves("Singular values", "number", "value"),
        "cosines": Curves("Cosines between filters", "cosine", "per cent of all pairs"),
        "numbers": Table("Numbers"),
    },
    presets={"A convolution": {}, "The linear layer": {"layer": "first"}, "Near the end": {"layer": "last"}},
    notes=(
        "Spectral norm holds the largest singular value at 1; it says nothing about the others.",
        "The paper's penalty pushes different filters apart, and does not mind how long they are.",
        "Here it acts on loaded weights by itself, with no pictures to learn: it shows a pull, not a training.",
    ),
    run=run,
)
