"""Defines a picture that a visitor brings."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.runtime.images import fit, read_photo
from engines.runtime.memory import Cache, mark
from studio.kinds.upload import Upload


@dataclass(frozen=True)
class Photo(Upload):
    """Takes a picture; `run` gets (H, W, 3) uint8, or None."""

    noun = "picture"
    route = "photographs"
    accept = "image/*,.heic,.heif"
    longest: ClassVar[int] = 4096
    """Pixels of the longer side: a larger picture is made smaller, because no experiment computes at more."""

    def open(self, content: bytes) -> Any:
        """Decode the picture."""
        return _decoded(content, self.label).copy()

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> NDArray[np.uint8]:
        """Decode the picture, made smaller."""
        return fit(_decoded(content, name), side)


def _size(picture: NDArray[np.uint8]) -> int:
    return picture.nbytes


DECODED: Cache[tuple[int, int], NDArray[np.uint8]] = Cache(_size, share=0.2)
"""Decoded pictures by content, because a moving slider, or a camera, asks for the same one many times a second."""


def _decoded(content: bytes, name: str) -> NDArray[np.uint8]:
    return DECODED.get(mark(content), lambda: read_photo(content, name, Photo.longest))
