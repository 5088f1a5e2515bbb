"""Where label maps come from: a drive through a street of the small world, or a visitor's clip."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from engines.runtime import lazy
from pages.vid2vid.label_clip import LabelFilm

if TYPE_CHECKING:
    from engines.vid2vid import world as street_world
else:
    street_world = lazy.load("engines.vid2vid.world")

HEIGHT, WIDTH = 192, 256
PACES = {"forward": ("drives on", 1), "fast": ("drives twice as fast", 2), "back": ("backs up", -1)}
"""What the camera does, in words and in frames of the world a frame."""


@dataclass(eq=False)
class Course:
    """Where label maps come from, one after another: a visitor's clip, or a drive through the street of a seed."""

    seed: int
    camera: str
    begin: float
    clip: LabelFilm | None

    def __post_init__(self) -> None:
        self._street = street_world.Street(self.seed)
        self._first = round(self.begin * street_world.RATE)
        self.rate = Fraction(street_world.RATE) if self.clip is None else self.clip.rate

    def labels(self, place: int) -> np.ndarray:
        """Those of a frame from 0; a clip begins anew at its end."""
        if self.clip is not None:
            return self.clip.frames[place % len(self.clip.frames)]
        return self._street.labels(self._first + PACES[self.camera][1] * place, HEIGHT, WIDTH)

    def count(self, most: int) -> int:
        """How many frames there are, of so many."""
        return most if self.clip is None else min(most, len(self.clip.frames))

    def begins(self, place: int) -> bool:
        """Whether nothing was before that frame."""
        return place == 0 if self.clip is None else place % len(self.clip.frames) == 0
