"""What networks on the sphere learn: MNIST's digits, as they are placed (NR) or each rotated at random (R), and shapes
and molecules, which are always rotated (arXiv:1801.10130, sections 5.2 to 5.4).

The parquet files of `mnist10k/`, as those of the Hub's ylecun/mnist, have `image` (28 x 28) and `label`.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from engines.runtime.errors import InputError
from engines.spherical_cnn.force_field import energy
from engines.spherical_cnn.grids import sphere_points
from engines.spherical_cnn.meshes import seen_from_sphere
from engines.spherical_cnn.molecules import Molecule, random_molecule, rotated, spheres
from engines.spherical_cnn.shapes import FAMILIES, shape

FOLDERS = ("", "mnist10k", "mnist")
"""Where a folder may hold the files: itself, or one for each data set."""
HALF_WIDTH = 1.5
"""Of the picture in the plane that touches the sphere, whose equator is projected to radius 2: as in the published
github.com/jonkhler/s2cnn, examples/mnist/gendata.py."""
NEAREST = 1e-6
"""To the pole opposite the picture, whose own projection is infinitely far away."""
SHAPES = {"train": 250, "test": 50}
"""Of each family."""
MOLECULES = {"train": 6000, "test": 1000}

Kind = Literal["digits", "rotated digits", "shapes", "molecules"]
Split = Literal["train", "test"]


class Samples(NamedTuple):
    """`labels` `(N,)`, classes or energies, and signals on the sphere `(n, channels, 2b, 2b)` of those of given
    indices `(n,)`, whose random rotations the generator draws; molecules' are `molecules.spheres`."""

    labels: Tensor
    draw: Callable[[Tensor, torch.Generator], Tensor]


class Digits(NamedTuple):
    """`pictures` `(N, 28, 28)` in [0, 1] with their `labels` `(N,)`."""

    pictures: Tensor
    labels: Tensor


def read_samples(kind: Kind, split: Split, bandwidth: int, data: Path | None) -> Samples:
    """What a network learns, or what it is tested on; digits lie below `data`, and the rest is made.

    Raises:
        InputError: the digits are not there.
    """
    if kind == "shapes":
        return make_shapes(split, SHAPES[split], bandwidth)
    if kind == "molecules":
        return molecule_samples(make_molecules(split, MOLECULES[split]), bandwidth)
    if data is None:
        raise InputError("Digits are MNIST's: name the folder of mnist10k/ with --data.")
    return digit_samples(read_digits(data, split), bandwidth, rotated=kind == "rotated digits")


def digit_samples(digits: Digits, bandwidth: int, rotated: bool) -> Samples:
    def draw(chosen: Tensor, generator: torch.Generator) -> Tensor:
        rotations = random_rotations(len(chosen), generator) if rotated else None
        return project(digits.pictures[chosen], bandwidth, rotations)

    return Samples(digits.labels, draw)


def make_shapes(split: Split, count: int, bandwidth: int) -> Samples:
    """As many of each family, each rotated at random, and others in every split."""
    seed = list(SHAPES).index(split)
    random, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    labels = torch.arange(count * len(FAMILIES)) % len(FAMILIES)
    signals = []
    for label, rotation in zip(labels.tolist(), random_rotations(len(labels), generator).double().numpy(), strict=True):
        mesh = shape(list(FAMILIES)[label], random)
        signals.append(seen_from_sphere(mesh._replace(vertices=mesh.vertices @ rotation.T), bandwidth))
    bank = torch.stack(signals)
    return Samples(labels, lambda chosen, generator: bank[chosen])


def make_molecules(split: Split, count: int) -> list[Molecule]:
    """Others in every split."""
    random = np.random.default_rng(list(MOLECULES).index(split))
    return [random_molecule(random) for _ in range(count)]


def molecule_samples(molecules: list[Molecule], bandwidth: int) -> Samples:
    """Their energies, in kilocalories by mole, and what spheres round their atoms see."""

    def draw(chosen: Tensor, generator: torch.Generator) -> Tensor:
        rotations = random_rotations(len(chosen), generator).double().numpy()
        both = zip(chosen.tolist(), rotations, strict=True)
        return spheres([rotated(molecules[index], rotation) for index, rotation in both], bandwidth)

    return Samples(torch.tensor([energy(molecule).total for molecule in molecules]), draw)


def read_digits(data: Path, split: Split) -> Digits:
    """The digits of a split, which may be in the order of their labels.

    Raises:
        InputError: they are not there.
    """
    from pyarrow import parquet

    places = [data / folder / f"{split}-00000-of-00001.parquet" for folder in FOLDERS]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise InputError(f"There is no MNIST at {data}; name the folder of mnist10k/ with --data.")
    table = parquet.read_table(found)
    pictures = [np.array(Image.open(io.BytesIO(row["bytes"])).convert("L")) for row in table["image"].to_pylist()]
    return Digits(torch.from_numpy(np.stack(pictures)) / 255, torch.tensor(table["label"].to_pylist()))


def project(pictures: Tensor, bandwidth: int, rotations: Tensor | None = None) -> Tensor:
    """Signals on the sphere, `(N, 1, 2b, 2b)`, of pictures `(N, H, W)`, each rotated by its own of `(N, 3, 3)`.

    A picture lies in the plane that touches the south pole and is projected from the north pole, so that it fills the
    southern hemisphere; from outside of the sphere it reads as it should. Around it the signal is 0.
    """
    points = sphere_points(bandwidth).to(pictures)
    turned = points[None] if rotations is None else points @ rotations[:, None]
    plane = 2 * turned[..., :2] / (1 - turned[..., 2:]).clamp(min=NEAREST) / HALF_WIDTH
    places = torch.stack([-plane[..., 1], plane[..., 0]], -1).expand(len(pictures), -1, -1, -1)
    return functional.grid_sample(pictures[:, None], places, align_corners=False)


def random_rotations(count: int, generator: torch.Generator | None = None) -> Tensor:
    """Matrices `(count, 3, 3)`, uniform over SO(3)."""
    w, x, y, z = functional.normalize(torch.randn(count, 4, generator=generator), dim=1).unbind(1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)
