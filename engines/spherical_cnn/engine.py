"""Shows what equivariance means (Spherical CNNs, arXiv:1801.10130): signals and features that turn together, digits
rolled over the sphere, and shapes in any position.

A signal on the sphere is `(2b, 2b)`, beta and alpha on the SOFT grid. What is made is on the CPU.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.checkpoints import find, loaded
from engines.runtime.device import device
from engines.runtime.errors import InputError
from engines.runtime.resident import RESIDENT
from engines.spherical_cnn.architecture import ARCHITECTURES
from engines.spherical_cnn.data import project
from engines.spherical_cnn.grids import (
    EulerAngles,
    longitudes,
    s2_near_identity_grid,
    so3_near_identity_grid,
    soft_colatitudes,
)
from engines.spherical_cnn.meshes import Mesh, seen_from_sphere
from engines.spherical_cnn.network import Network, S2Convolution, SO3Convolution
from engines.spherical_cnn.shapes import FAMILIES
from engines.spherical_cnn.transform import analyse, power, rotate, synthesize

READERS = {"spherical": "spherical-cnn-mnist-nr", "planar": "spherical-cnn-planar-nr"}
"""Of digits; both learned them as they are placed, never rotated."""
SHAPES = "spherical-cnn-shapes"
CHANNELS = 2
"""Of a layer that is only looked at; its weights are random."""
KEPT_LAYERS = 16
ASPECT, ASPECT_ERROR = 2.0, 0.02
"""Width by height of a picture of the whole sphere, and how far it may be from that."""
CHUNK = 32


class Turned(NamedTuple):
    """A rotated signal R x, `(2b, 2b)`, and features `(2b, 2b, 2b)` on SO(3) of the layers' first channel: those `of`
    it, Phi(R x), and the rotated ones of the signal, R Phi(x). `error` is their largest difference by Phi(x)'s
    deviation, and `power` `(b,)` the part of the signal's mean square that each degree has."""

    signal: Tensor
    of: Tensor
    rotated: Tensor
    error: float
    power: Tensor


@torch.inference_mode()
def turn(signal: Tensor, rotation: EulerAngles, depth: int = 1, rectified: bool = False, seed: int = 0) -> Turned:
    """Rotate a signal before and after as many layers, each followed by ReLU where they are `rectified`.

    What the signal has beyond its bandwidth is left out of it first.
    """
    bandwidth = len(signal) // 2
    coefficients = analyse(signal[..., None], bandwidth)
    both = torch.stack([coefficients, rotate(coefficients, rotation)])
    plain, rotated_signal = signals = synthesize(both, bandwidth, on_group=False)[..., 0]
    features = signals[:, None]
    for layer in _layers(bandwidth, depth, seed):
        features = functional.relu(layer(features)) if rectified else layer(features)
    before, of = features
    after = synthesize(rotate(analyse(before, bandwidth), rotation), bandwidth, on_group=True)
    error = float((of - after).abs().max() / before.std())
    return Turned(rotated_signal, of[0], after[0], error, power(coefficients))


@lru_cache(KEPT_LAYERS)
@torch.inference_mode(False)
def _layers(bandwidth: int, depth: int, seed: int) -> list[nn.Module]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = [S2Convolution(1, CHANNELS, bandwidth, bandwidth, s2_near_identity_grid())]
        grid = so3_near_identity_grid(n_alpha=6, n_beta=2)
        layers += [SO3Convolution(CHANNELS, CHANNELS, bandwidth, bandwidth, grid) for _ in range(depth - 1)]
    return layers


def sample_panorama(picture: Tensor, bandwidth: int, colatitudes: Tensor | None = None) -> Tensor:
    """The signal `(C, 2b, 2b)` that an equirectangular picture `(C, H, W)` has at the SOFT grid, or at other
    `colatitudes` `(2b,)`; its left edge has alpha 0. It is reduced first to twice the grid's resolution.

    Raises:
        InputError: the picture is not twice as wide as high.
    """
    height, width = picture.shape[1:]
    if abs(width / height / ASPECT - 1) > ASPECT_ERROR:
        raise InputError(
            f"The picture has {width} x {height} pixels; one of the whole sphere is twice as wide as high. Crop or "
            "stretch it."
        )
    side = 2 * bandwidth
    reduced = functional.interpolate(picture[None], (2 * side, 4 * side), mode="bilinear", antialias=True)[0]
    wrapped = torch.cat([reduced[..., -1:], reduced, reduced[..., :1]], -1)
    beta = soft_colatitudes(bandwidth) if colatitudes is None else colatitudes
    rows = (2 / torch.pi * beta - 1).float()
    columns = (2 * (longitudes(bandwidth) / (2 * torch.pi) * 4 * side + 1) / (4 * side + 2) - 1).float()
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij")[::-1], -1)
    return functional.grid_sample(wrapped[None], places[None], padding_mode="border", align_corners=False)[0]


def fitted(picture: np.ndarray, stretch: bool) -> np.ndarray:
    """A picture `(H, W, 3)` as one that is twice as wide as high: stretched, or the largest part round its centre."""
    height, width = picture.shape[:2]
    if stretch:
        rows = (np.arange(width // 2) * height) // (width // 2)
        return picture[rows]
    high, wide = min(height, width // 2), min(width, 2 * height)
    top, left = (height - high) // 2, (width - wide) // 2
    return picture[top : top + high, left : left + wide]


@torch.inference_mode()
def read_digit(picture: Tensor, rotations: Tensor) -> Mapping[str, Tensor]:
    """Each reader's probabilities `(N, 10)` of a picture `(H, W)` in [0, 1] under rotations `(N, 3, 3)`.

    Raises:
        CheckpointError: a reader's checkpoint is not here, or does not fit.
    """
    found = {}
    for name, checkpoint in READERS.items():
        reader = network(checkpoint)
        scores = [
            reader(project(picture.expand(len(some), -1, -1), reader.bandwidth, some).to(device())).cpu()
            for some in rotations.split(CHUNK)
        ]
        found[name] = torch.cat(scores).softmax(1)
    return found


@torch.inference_mode()
def recognize(mesh: Mesh) -> Mapping[str, float]:
    """The probability of each family of shapes.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
        InputError: no face of the mesh has an area.
    """
    reader = network(SHAPES)
    scores = reader(seen_from_sphere(mesh, reader.bandwidth)[None].to(device()))
    return dict(zip(FAMILIES, scores[0].softmax(0).tolist(), strict=True))


def network(checkpoint: str) -> Network:
    """The network of a checkpoint, in evaluation mode; whoever changes it takes a copy.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    place = device()

    def build() -> nn.Module:
        record = find(checkpoint)
        return loaded(record, ARCHITECTURES[record.architecture]).requires_grad_(False).to(place)

    found = RESIDENT.get((checkpoint, place), build)
    assert isinstance(found, Network)
    return found
