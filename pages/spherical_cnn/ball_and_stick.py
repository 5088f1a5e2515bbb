"""Molecules as balls and sticks."""

from typing import TYPE_CHECKING

import numpy as np

from engines.runtime import lazy
from studio.drawn.globes import UNTURNED, Angles, Solid

if TYPE_CHECKING:
    from engines.spherical_cnn import shapes
    from engines.spherical_cnn.molecules import Molecule
else:
    shapes = lazy.load("engines.spherical_cnn.shapes")

ELEMENTS = {
    "H": ("hydrogen", 0.25, (226, 222, 214)),
    "C": ("carbon", 0.36, (84, 82, 80)),
    "N": ("nitrogen", 0.36, (58, 104, 164)),
    "O": ("oxygen", 0.36, (186, 74, 54)),
    "F": ("fluorine", 0.34, (120, 160, 92)),
}
"""Each one's name, and the radius, in angstroms, and colour of its ball."""
LARGEST_BALL, STICK, STICK_COLOUR, CHOSEN = 0.36, 0.075, (168, 160, 148), (236, 176, 32)


def ball_and_stick(molecule: "Molecule", chosen: int | None = None, rotation: Angles = UNTURNED) -> Solid:
    """A molecule within the unit sphere, so that it turns about its middle; the chosen atom in the accent's colour."""
    positions = molecule.positions
    scale = 0.95 / (np.linalg.norm(positions, axis=1).max() + LARGEST_BALL)
    meshes, colours = [], []
    for place, (element, position) in enumerate(zip(molecule.elements, positions, strict=True)):
        _, radius, colour = ELEMENTS[element]
        meshes.append(shapes.ball(position * scale, radius * scale))
        colours.append(np.tile(CHOSEN if place == chosen else colour, (len(meshes[-1].faces), 1)))
    for bond in molecule.bonds:
        meshes.append(
            shapes.rod(positions[bond.first] * scale, positions[bond.second] * scale, STICK * bond.order * scale)
        )
        colours.append(np.tile(STICK_COLOUR, (len(meshes[-1].faces), 1)))
    whole = shapes.joined(*meshes)
    return Solid(whole.vertices.astype(np.float32), whole.faces, np.concatenate(colours), turn=rotation)
