"""Parity: does a network of the studio compute what the published implementation computed?

A parity vector is a .safetensors file that records a published implementation's outputs. Its metadata, key `vector`, is
JSON: `architecture`, `config`, the `shapes` of all weights under their published keys, and a `tolerance`; its tensors
are `input.NAME`, `output.NAME` and, for single weights, `weight.KEY`. All other weights follow from `fill`.

An architecture is offered by a module engines/<paper>/parity.py as `ARCHITECTURES: dict[str, Computation]`.
"""

import json
import zlib
from collections.abc import Callable, Mapping
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
class Vector:
    """A parity vector; `tolerance` bounds max|ours - theirs| / std(theirs) for every output."""

    architecture: str
    config: Mapping[str, Any]
    tolerance: float
    weights: dict[str, Tensor]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


def fill(key: str, shape: tuple[int, ...]) -> Tensor:
    """The weight of that key and shape, float32, as the format of parity vectors defines it: drawn from MT19937 seeded
    by the key's CRC-32, with He's variance for kernels, near one for scales, near zero for offsets."""
    if key.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.long)
    normal = np.random.RandomState(zlib.crc32(key.encode())).standard_normal(shape)
    value = torch.from_numpy(np.asarray(normal, dtype=np.float32))
    if key.endswith("running_var"):
        return 0.5 + value.abs()
    if len(shape) > 1:
        return value * sqrt(2 / prod(shape[1:]))
    return 0.1 * value + (1 if key.endswith("weight") else 0)


def read(path: Path) -> Vector:
    """The parity vector in a file.

    Raises:
        InputError: the file is none.
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
        return Vector(
            architecture=recorded["architecture"],
            config=recorded["config"],
            tolerance=recorded["tolerance"],
            weights={key: fill(key, shape) for key, shape in shapes.items()} | parts["weight"],
            inputs=parts["input"],
            outputs=parts["output"],
        )
    except Exception as error:  # whatever a file that is no vector makes the reader raise
        raise InputError(f"{path}: this is no parity vector ({type(error).__name__}: {error}).") from error


def errors(vector: Vector, outputs: Mapping[str, Tensor]) -> dict[str, float]:
    """max|ours - theirs| / std(theirs) of every output; infinite where ours is missing or has another shape."""
    found = {}
    for name, theirs in vector.outputs.items():
        ours = outputs.get(name)
        if ours is None or ours.shape != theirs.shape:
            found[name] = float("inf")
        else:
            found[name] = float((ours.double() - theirs.double()).abs().max() / theirs.double().std())
    return found
