"""How checkpoints of Spherical CNNs become their networks."""

from collections.abc import Mapping
from typing import Any

from engines.runtime.checkpoints import Architecture
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


ARCHITECTURES = {
    "spherical-cnn-mnist": Architecture(build_spherical, remap),
    "spherical-cnn-planar": Architecture(build_planar, remap),
    "spherical-cnn-shapes": Architecture(build_spherical, remap),
    "spherical-cnn-molecules": Architecture(build_of_molecules, remap),
}
"""The first two in the layouts of github.com/jonkhler/s2cnn, examples/mnist."""
