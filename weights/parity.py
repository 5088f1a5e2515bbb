"""Parity: does a network of the studio compute what the published implementation computed?

A parity vector is a .safetensors file that records a published implementation's outputs. Its metadata, key `vector`, is
JSON: `architecture`, `config`, the published code as `source`, the `shapes` of all weights under their published keys,
and a `tolerance`; its tensors are `input.NAME`, `output.NAME` and, for single weights, `weight.KEY`. All other weights
follow from `fill`. Two more keys make a vector small:

- `drawn`: `{name: {"seed", "law", "shape"}}`, inputs that `draw` makes again;
- `sampled`: `{name: {"every", "shape"}}`, outputs of which the file has only every so many-th value.

An architecture is offered by a module engines/<paper>/parity.py as `ARCHITECTURES: dict[str, Computation]`.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from engines.runtime.errors import InputError

Computation = Callable[[Mapping[str, Any], dict[str, Tensor], dict[str, Tensor]], dict[str, Tensor]]
"""`(config, weights, inputs) -> outputs`; the weights carry their published keys and must be loaded strictly."""


@dataclass(frozen=True)
class Sampling:
    """Says that of an output of this `shape`, flattened, only every so many-th value is recorded."""

    every: int
    shape: tuple[int, ...]

    def sample(self, output: Tensor) -> Tensor | None:
        """Pick the recorded values out of the whole output; None where that has another shape."""
        return output.flatten()[:: self.every] if output.shape == self.shape else None


@dataclass(frozen=True)
class Vector:
    """Holds a parity vector; `tolerance` bounds max|ours - theirs| / std(theirs) for every output."""

    architecture: str
    config: Mapping[str, Any]
    tolerance: float
    weights: dict[str, Tensor]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    sampled: Mapping[str, Sampling]


def fill(key: str, shape: tuple[int, ...]) -> Tensor:
    """Draw the weight of that key and shape, float32, as the format of parity vectors defines it.

    It comes from MT19937 seeded by the key's CRC-32, with He's variance for kernels, near one for scales, near zero
    for offsets.
    """
    if key.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.long)
    normal = np.random.RandomState(zlib.crc32(key.encode())).standard_normal(shape)
    value = torch.from_numpy(np.asarray(normal, dtype=np.float32))
    if key.endswith("running_var"):
        return 0.5 + value.abs()
    if len(shape) > 1:
        return value * sqrt(2 / prod(shape[1:]))
    return 0.1 * value + (1 if key.endswith("weight") else 0)


def draw(seed: int, law: str, shape: Sequence[int]) -> Tensor:
    """Draw an input, float32, from torch's generator on the CPU.

    Args:
        law: `normal`, of mean 0 and variance 1, or `uniform`, in [-1, 1).
    """
    generator = torch.Generator().manual_seed(seed)
    if law == "normal":
        return torch.randn(*shape, generator=generator)
    if law == "uniform":
        return 2 * torch.rand(*shape, generator=generator) - 1
    raise ValueError(f"inputs are drawn by the law normal or uniform, not {law}")


def read(path: Path) -> Vector:
    """Read the parity vector in a file.

    Raises:
        InputError: the file holds none.
    """
    try:
        with safe_open(str(path), "pt") as file:
            recorded = json.loads(file.metadata()["vector"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (it is no mapping)
        parts: dict[str, dict[str, Tensor]] = {"weight": {}, "input": {}, "output": {}}
        for key, tensor in tensors.items():
            part, name = key.split(".", 1)
            parts[part][name] = tensor
        shapes = {key: tuple(shape) for key, shape in recorded["shapes"].items() if key not in parts["weight"]}
        drawn = {name: draw(**how) for name, how in recorded.get("drawn", {}).items()}
        sampled = {
            name: Sampling(how["every"], tuple(how["shape"])) for name, how in recorded.get("sampled", {}).items()
        }
        return Vector(
            architecture=recorded["architecture"],
            config=recorded["config"],
            tolerance=recorded["tolerance"],
            weights={key: fill(key, shape) for key, shape in shapes.items()} | parts["weight"],
            inputs=parts["input"] | drawn,
            outputs=parts["output"],
            sampled=sampled,
        )
    except Exception as error:  # whatever a file that is no vector makes the reader raise
        raise InputError(f"{path}: this is no parity vector ({type(error).__name__}: {error}).") from error


def errors(vector: Vector, outputs: Mapping[str, Tensor]) -> dict[str, float]:
    """Measure max|ours - theirs| / std(theirs) of every output; infinite where ours is missing or misshapen."""
    found = {}
    for name, theirs in vector.outputs.items():
        ours = outputs.get(name)
        if ours is not None and name in vector.sampled:
            ours = vector.sampled[name].sample(ours)
        if ours is None or ours.shape != theirs.shape:
            found[name] = float("inf")
        else:
            found[name] = float((ours.double() - theirs.double()).abs().max() / theirs.double().std())
    return found
