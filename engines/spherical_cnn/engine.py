"""Reads what lies on the sphere (Spherical CNNs, arXiv:1801.10130): panoramas, digits rolled over it, and shapes in any
position.

A signal on the sphere is `(2b, 2b)`, beta and alpha on the SOFT grid. What is made is on the CPU.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engines.runtime import networks
from engines.runtime.device import device
from engines.runtime.errors import InputError
from engines.spherical_cnn.architecture import ARCHITECTURES
from engines.spherical_cnn.data import project
from engines.spherical_cnn.familiarity import times_as_far
from engines.spherical_cnn.grids import longitudes, soft_colatitudes
from engines.spherical_cnn.meshes import Mesh, seen_from_sphere, unscaled
from engines.spherical_cnn.molecules import Molecule, spheres
from engines.spherical_cnn.network import BANDWIDTHS, Network
from engines.spherical_cnn.shapes import FAMILIES

SLUG = "spherical_cnn"
READERS = {"spherical": "spherical-cnn-mnist-nr", "planar": "spherical-cnn-planar-nr"}
"""Of digits; both learned them as they are placed, never rotated."""
BANDWIDTH = BANDWIDTHS[0]
"""At which digits are read."""
SHAPES = "spherical-cnn-shapes"
CHECKPOINTS = (*READERS.values(), SHAPES)
ASPECT, ASPECT_ERROR = 2.0, 0.02
"""Width by height of a picture of the whole sphere, and how far it may be from that."""
CHUNK = 32


def sample_panorama(picture: Tensor, bandwidth: int, colatitudes: Tensor | None = None) -> Tensor:
    """The signal `(C, 2b, 2b)` that an equirectangular picture `(C, H, W)` has at the SOFT grid, or at other
    `colatitudes` `(2b,)`; its left edge has alpha 0. It is reduced first to twice the grid's resolution.

    Raises:
        InputError: the picture is not twice as wide as high.
    """
    height, width = picture.shape[1:]
    if not is_panorama(picture[0]):
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


def is_panorama(picture: np.ndarray | Tensor) -> bool:
    """Whether a picture `(H, W, ...)` is about twice as wide as high."""
    height, width = picture.shape[:2]
    return abs(width / height / ASPECT - 1) <= ASPECT_ERROR


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
def read_digit(picture: Tensor, rotations: Tensor, readers: Mapping[str, str] = READERS) -> Mapping[str, Tensor]:
    """Each reader's probabilities `(N, 10)` of a picture `(H, W)` in [0, 1] under rotations `(N, 3, 3)`.

    Raises:
        CheckpointError: a reader's checkpoint is not here, or does not fit.
    """
    found = {}
    for name, checkpoint in readers.items():
        reader = network(checkpoint)
        scores = [
            reader(project(picture.expand(len(some), -1, -1), reader.bandwidth, some).to(device())).cpu()
            for some in rotations.split(CHUNK)
        ]
        found[name] = torch.cat(scores).softmax(1)
    return found


class Recognized(NamedTuple):
    """What the sphere round a mesh sees, as `meshes.cast` of it and of its hull, `(6, 2b, 2b)`; the probability of each
    family of shapes; and how many times as far from what was learned it is as a new shape of these families."""

    seen: np.ndarray
    probabilities: Mapping[str, float]
    times_as_far: float


@torch.inference_mode()
def recognize(mesh: Mesh, checkpoint: str = SHAPES) -> Recognized:
    """What the network makes of a mesh.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
        InputError: no face of the mesh has an area.
    """
    reader = network(checkpoint)
    seen = seen_from_sphere(mesh, reader.bandwidth)
    features = reader.features(seen[None].to(device()))
    probabilities = reader.out_layer(features)[0].softmax(0)
    families = dict(zip(FAMILIES, probabilities.tolist(), strict=True))
    return Recognized(unscaled(seen), families, times_as_far(features[0]))


@torch.inference_mode()
def energies(molecules: Sequence[Molecule], checkpoint: str) -> Tensor:
    """What the network says of molecules' energies, `(N,)`, in kilocalories by mole.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    reader = network(checkpoint)
    return reader(spheres(molecules, reader.bandwidth).to(device()))[:, 0].cpu()


def network(checkpoint: str) -> Network:
    """The network of a checkpoint, in evaluation mode; whoever changes it takes a copy.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    return networks.ready(checkpoint, ARCHITECTURES)


def warm() -> None:
    """Load what the first run would otherwise wait for."""
    for checkpoint in CHECKPOINTS:
        network(checkpoint)
