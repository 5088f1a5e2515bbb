"""How far a shape lies from those that the network learned from, in the network's own features, which stay as they are
when it is turned.

    python -m engines.spherical_cnn.familiarity

keeps the features of shapes that were learned from beside this file, and measures how far new shapes of the same
families lie from the nearest of them.
"""

from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engines.runtime import measured, networks
from engines.spherical_cnn.architecture import ARCHITECTURES
from engines.spherical_cnn.data import make_shapes

KNOWN = Path(__file__).parent / "known_shapes.safetensors"
LEARNED, NEW = 60, 20
"""Shapes of each family that are compared with, and that are measured."""
CHUNK = 50
TABLE = "spherical_cnn_familiarity"
MOST = 0.95
"""The share of new shapes within which a distance is called usual."""


def main() -> None:
    """Keep the known features, measure, print and keep."""
    torch.set_num_threads(1)
    reader = networks.ready("spherical-cnn-shapes", ARCHITECTURES)
    learned = _features(reader, "train", LEARNED)
    save_file({"features": learned.half()}, KNOWN)
    known.cache_clear()
    distances = distances_to_known(_features(reader, "test", NEW))
    figures = {"median": float(distances.median()), "most": float(distances.quantile(MOST))}
    measured.keep(TABLE, "python -m engines.spherical_cnn.familiarity", figures)
    print(f"New shapes: {figures}, farthest {float(distances.max()):.3f}")


@torch.inference_mode()
def _features(reader: torch.nn.Module, split: str, count: int) -> Tensor:
    samples = make_shapes(split, count, reader.bandwidth)  # type: ignore[arg-type]
    chunks = torch.arange(len(samples.labels)).split(CHUNK)
    return torch.cat([reader.features(samples.draw(chosen, torch.Generator())) for chosen in chunks])


@cache
def known() -> Tensor:
    """Features of shapes that were learned from, `(N, channels)`."""
    return load_file(KNOWN)["features"].float()


def distances_to_known(features: Tensor) -> Tensor:
    """The distance of features, `(N, channels)`, to the nearest known ones, in deviations of the known channels."""
    deviations = known().std(0).clamp(min=1e-6)
    return torch.cdist(features.float().cpu() / deviations, known() / deviations).min(1).values


def times_as_far(features: Tensor) -> float:
    """How many times as far one shape's features, `(channels,)`, are from what was learned as a new shape's are."""
    return float(distances_to_known(features[None])[0]) / measured.figure(TABLE, "median")


def usual() -> float:
    """How many times as far as the median new shape most new shapes lie at most."""
    return measured.figure(TABLE, "most") / measured.figure(TABLE, "median")


if __name__ == "__main__":
    main()
