"""A file of a triangle mesh."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import InputError
from engines.runtime.images import fit
from engines.runtime.kept import kept
from pages.spherical_cnn.own_file import OwnFile
from studio.drawn.globes import Solid

if TYPE_CHECKING:
    from engines.spherical_cnn import meshes, wavefront
else:
    meshes = lazy.load("engines.spherical_cnn.meshes")
    wavefront = lazy.load("engines.spherical_cnn.wavefront")


@dataclass(frozen=True)
class MeshFile(OwnFile):
    """A triangle mesh as Wavefront OBJ; `run` gets a `spherical_cnn.meshes.Mesh`, or None."""

    noun = "mesh"
    route = "meshes"
    accept = ".obj"

    def open(self, content: bytes) -> Any:
        return _mesh(content, self.subject)

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        mesh = meshes.enclosed(_mesh(content, name))
        return fit(Solid(mesh.vertices, mesh.faces).picture, side)


@kept(8)
def _mesh(content: bytes, name: str) -> Any:
    """The mesh in a file; the same object for the same file, since a hand that turns it asks many times a second."""
    try:
        return wavefront.read_obj(content)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
