"""How checkpoints of Spherical CNNs become their networks, and how well these do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from engines.runtime.checkpoints import Architecture, Quality
from engines.spherical_cnn.molecules_network import MoleculeNetwork
from engines.spherical_cnn.network import PlanarNetwork, SphericalNetwork, grid_of, remap


def build_spherical(config: Mapping[str, Any]) -> SphericalNetwork:
    grids = {name: grid_of(config[name]) for name in ("s2_grid", "so3_grid")}
    return SphericalNetwork(**{**config, **grids})


def build_planar(config: Mapping[str, Any]) -> PlanarNetwork:
    return PlanarNetwork(**config)


def build_of_molecules(config: Mapping[str, Any]) -> MoleculeNetwork:
    grids = {name: grid_of(config[name]) for name in ("s2_grid", "so3_grid")}
    return MoleculeNetwork(**{**config, **grids})


def measure_digits(network: nn.Module, data: Path | None) -> Quality:
    """The shares of MNIST's test digits that are read rightly, as they are placed and rotated; their mean decides.

    Raises:
        InputError: there is no folder with MNIST.
    """
    from engines.spherical_cnn.quality import on_digits

    figures = on_digits(network, data)
    return Quality(figures, sum(figures.values()) / len(figures))


def measure_shapes(network: nn.Module, data: Path | None) -> Quality:
    """The shares of new rotated shapes that are recognized, of all, which decides, and of each family."""
    from engines.spherical_cnn.quality import on_shapes

    figures = on_shapes(network)
    return Quality(figures, figures["all"])


def measure_molecules(network: nn.Module, data: Path | None) -> Quality:
    """The errors of other molecules' energies in kilocalories by mole, the root of whose mean square decides."""
    from engines.spherical_cnn.quality import on_molecules

    figures = on_molecules(network)
    return Quality(figures, -figures["root mean square error"])


ARCHITECTURES = {
    "spherical-cnn-mnist": Architecture(build_spherical, remap, measure_digits),
    "spherical-cnn-planar": Architecture(build_planar, remap, measure_digits),
    "spherical-cnn-shapes": Architecture(build_spherical, remap, measure_shapes),
    "spherical-cnn-molecules": Architecture(build_of_molecules, remap, measure_molecules),
}
"""The first two in the layouts of github.com/jonkhler/s2cnn, examples/mnist."""
