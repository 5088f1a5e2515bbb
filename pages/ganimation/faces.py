"""Whose face is animated: photographs to start with, and which of their faces."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime.errors import InputError
from engines.runtime.images import fit, read_photo
from pages.examples import examples, png
from studio.kinds import Number, Photo

if TYPE_CHECKING:
    from engines.ganimation.engine import Animated
    from engines.shared.landmarks.detection import Face

ASTRONAUT = examples("astronaut")
HEAD = (96, 0, 352, 256)
"""Of the astronaut's photograph: left, top, right, bottom."""
PART_SIDE = 256
"""Pixels, at most, of a face that is shown alone."""
GREY = 128
CONSENT = "Use your own face, or one whose owner agreed; every result says that it is synthetic."


@cache
def portrait() -> bytes:
    """The astronaut's head."""
    left, top, right, bottom = HEAD
    return png(read_photo(ASTRONAUT["astronaut"]())[top:bottom, left:right])


@cache
def group() -> bytes:
    """Three faces of two sizes, one of which looks the other way."""
    head = read_photo(portrait())
    small = fit(head, HEAD[3] // 2)
    return png(np.concatenate([head, np.concatenate([small, small[:, ::-1]])], axis=1))


def numbered(faces: Sequence["Face"], number: int) -> "Face":
    """Choose a face by its number from 1.

    Raises:
        InputError: there are fewer faces.
    """
    if number > len(faces):
        there = "one face that" if len(faces) == 1 else f"{len(faces)} faces that"
        raise InputError(f"Face: {number} was asked for, but there is {there} can be animated; choose from 1.")
    return faces[number - 1]


def part(picture: np.ndarray, made: "Animated") -> np.ndarray:
    """Cut out what was animated, at most PART_SIDE pixels large."""
    left, top, right, bottom = made.region
    return fit(picture[top:bottom, left:right], PART_SIDE)


def photo_control() -> Photo:
    """Declare the photograph whose face is animated."""
    return Photo("Photograph", examples=PICTURES, default="portrait", group="Whose face", help=CONSENT)


def face_control(**words: Any) -> Number:
    """Declare which face of the photograph is animated."""
    return Number("Face", 1, 40, 1, 1, group="Whose face", help="1 is the largest in the photograph.", **words)


PICTURES: Mapping[str, Callable[[], bytes]] = {"portrait": portrait, "group": group, **ASTRONAUT}
