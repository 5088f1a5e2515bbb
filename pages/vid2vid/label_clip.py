"""Film, or one picture, in the colours of street labels."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import InputError
from engines.runtime.images import fit, read_photo
from engines.runtime.memory import Cache, mark
from engines.runtime.video import read_clip
from studio.kinds import Clip

if TYPE_CHECKING:
    from engines.vid2vid import labels as street_labels
else:
    street_labels = lazy.load("engines.vid2vid.labels")


LABELS_SIDE = 640
"""Pixels of the longer side, at most, at which labels are read."""


class LabelFilm(NamedTuple):
    """Label maps `(H, W)` as engines/vid2vid/labels.py has them, `rate` a second, and what a visitor should know of how
    they were read."""

    frames: Sequence[np.ndarray]
    rate: Fraction
    notices: Mapping[str, str]


@dataclass(frozen=True)
class LabelClip(Clip):
    """A clip, or one picture, in the colours of street labels; `run` gets a `LabelFilm`, or None."""

    noun = "clip of labels"
    route = "labels"
    accept = "video/*,image/*,.mkv"

    def open(self, content: bytes, start: float = 0) -> Any:
        return _label_film(content, self.label, start)

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        return fit(street_labels.COLOURS[_label_film(content, name, 0).frames[0]], side)


def _size(film: LabelFilm) -> int:
    return sum(labels.nbytes for labels in film.frames)


FILMS: Cache[tuple[tuple[int, int], float], LabelFilm] = Cache(_size)
"""The same object for the same file, since a Stream asks for it at every frame."""


def _label_film(content: bytes, name: str, start: float) -> LabelFilm:
    """The label maps in a file.

    Raises:
        InputError: it has none.
    """
    return FILMS.get((mark(content), start), lambda: _read(content, name, start))


def _read(content: bytes, name: str, start: float) -> LabelFilm:
    frames: Iterable[np.ndarray]
    notices: Mapping[str, str]
    try:
        clip = read_clip(content, name, start=start)
        frames, rate, notices = clip.frames(LABELS_SIDE), clip.rate, clip.notices
        if clip.sound:
            notices = {**notices, "sound": "The clip's sound is not used."}
    except InputError as error:
        if content.startswith(b"GIF"):  # It is a clip and a picture: no other part of it is taken than was asked for.
            raise
        try:
            picture, rate, notices = read_photo(content, name), Fraction(1), {}
        except InputError:
            raise error from None
        stride = math.ceil(max(picture.shape) / LABELS_SIDE)
        frames = [picture[::stride, ::stride]]
    maps, notice = street_labels.read_clip_labels(frames, name)
    return LabelFilm(maps, rate, {**notices, "labels": notice} if notice else notices)
