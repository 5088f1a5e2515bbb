"""A file of a molecule."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import InputError
from engines.runtime.images import fit
from pages.spherical_cnn.ball_and_stick import ball_and_stick
from pages.spherical_cnn.own_file import OwnFile

if TYPE_CHECKING:
    from engines.spherical_cnn import xyz
else:
    xyz = lazy.load("engines.spherical_cnn.xyz")


@dataclass(frozen=True)
class MoleculeFile(OwnFile):
    """A molecule as XYZ; `run` gets a `spherical_cnn.molecules.Molecule`, or None."""

    noun = "molecule"
    route = "molecules"
    accept = ".xyz"

    def open(self, content: bytes) -> Any:
        return _molecule(content, self.subject)

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        return fit(ball_and_stick(_molecule(content, name)).picture, side)


def _molecule(content: bytes, name: str) -> Any:
    try:
        return xyz.read_xyz(content)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
