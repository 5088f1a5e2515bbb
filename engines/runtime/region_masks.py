"""Reads visitors' masks, which mark regions of a photograph in flat colours or by numbered levels of grey."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.runtime.errors import InputError

Value = TypeVar("Value", bound=np.generic)

MAXIMUM_REGIONS = 12
FLAT_STEP = 8
"""Levels of 255 by which neighbours in one region may differ: compression noise is below, antialiased edges are
above."""
FLAT_SHARE = 0.6
"""The share of flat pixels from which a picture counts as a mask. Masks measured from 0.90 (saved as JPEG of quality
75) to 1.00; four of six photographs measured below 0.5."""
SAME_COLOUR = 32
"""Levels of 255 in any channel within which two flat colours count as one: masks painted for one pair differ by a
few."""
SMALLEST_REGION = 0.0005
"""The share of its mask below which a flat colour is taken for noise."""
ASPECT_TOLERANCE = 0.02
DARKEST = 64
"""The level of grey below which nobody paints regions to be seen: a mask that has only such levels numbers its
regions."""


def region_labels(
    masks: Sequence[NDArray[np.uint8]],
    sizes: Sequence[Sequence[int]],
    names: Sequence[str] = ("Regions of the content", "Regions of the style"),
) -> tuple[list[NDArray[np.int64]], list[str]]:
    """Read the regions that masks mark, in flat colours or numbered; the same colour has the same label in every mask.

    A region's colour is one that covers flat ground; every other pixel (an antialiased edge, a hairline) joins the
    nearest flat one, so a region thinner than 3 pixels disappears. Grey masks that number their regions, as labelme's
    and FastPhotoStyle's do, are read to the exact level.

    Args:
        masks: pictures, (H, W, 3) uint8.
        sizes: the (height, width) of each mask's photograph, to which the mask is brought by nearest neighbours.
        names: what the visitor calls the masks.

    Returns:
        Label maps, int64 in 0..K-1, and the K colours, the most frequent first, as "#rrggbb" or as "grey 1".

    Raises:
        InputError: a mask has another aspect than its photograph, no flat colours, or all together too many.
    """
    for mask, (height, width), name in zip(masks, sizes, names, strict=True):
        aspect = mask.shape[1] / mask.shape[0] * height / width
        if not 1 / (1 + ASPECT_TOLERANCE) <= aspect <= 1 + ASPECT_TOLERANCE:
            raise InputError(
                f"{name}: the mask is {mask.shape[1]} x {mask.shape[0]} pixels but its photograph {width} x {height}; "
                "give a mask of the photograph's shape."
            )
    # A mask is labelled at its own size unless that is the larger: enlarging first would turn edges into flat ground.
    masks = [_nearest(m, (min(m.shape[0], h), min(m.shape[1], w))) for m, (h, w) in zip(masks, sizes, strict=True)]
    numbered = _are_numbered(masks)
    step, same = (0, 0) if numbered else (FLAT_STEP, SAME_COLOUR)
    flats = [_flat(mask, step) for mask in masks]
    for flat, name in zip(flats, names, strict=True):
        if flat.mean() < FLAT_SHARE:
            raise InputError(f"{name}: this is not a picture in flat colours; paint each region in one colour.")
    palette = _palette([mask[flat] for mask, flat in zip(masks, flats, strict=True)], same)
    if len(palette) > MAXIMUM_REGIONS:
        raise InputError(
            f"{' and '.join(names)}: there are more than {MAXIMUM_REGIONS} flat colours{' or numbers' * numbered}; "
            "mark at most so many regions."
        )
    labels = [_labels(mask, flat, palette, same) for mask, flat in zip(masks, flats, strict=True)]
    colours = [f"grey {colour[0]}" if numbered else "#" + bytes(colour.tolist()).hex() for colour in palette]
    return [_nearest(label, size) for label, size in zip(labels, sizes, strict=True)], colours


def _nearest(picture: NDArray[Value], size: Sequence[int]) -> NDArray[Value]:
    rows, columns = ((np.arange(new) * 2 + 1) * old // (2 * new) for new, old in zip(size, picture.shape, strict=False))
    scaled: NDArray[Value] = picture[rows[:, None], columns]
    return scaled


def _are_numbered(masks: Sequence[NDArray[np.uint8]]) -> bool:
    """Tell whether masks number their regions.

    They do if all are grey, in few levels or dark ones, and flat ground in some of them shows levels that would count
    as one colour.
    """
    if any((mask != mask[..., :1]).any() for mask in masks):
        return False
    levels = [np.unique(mask[..., 0]) for mask in masks]
    if any(len(each) > MAXIMUM_REGIONS and each.max() >= DARKEST for each in levels):
        return False
    grounds = [np.unique(mask[..., 0][_flat(mask, 0)]).astype(int) for mask in masks]
    return any((np.diff(ground) <= SAME_COLOUR).any() for ground in grounds)


def _flat(mask: NDArray[np.uint8], most: int) -> NDArray[np.bool_]:
    """Mark the pixels that have the same colour as their eight neighbours, within that number of levels."""
    from scipy import ndimage

    window = (3, 3, 1)
    step = ndimage.maximum_filter(mask, window, mode="nearest") - ndimage.minimum_filter(mask, window, mode="nearest")
    flat: NDArray[np.bool_] = step.max(axis=2) <= most
    return flat


def _palette(pixels: Sequence[NDArray[np.uint8]], same: int) -> NDArray[np.uint8]:
    """Find the colours that each cover enough of some mask, the most frequent first; at most one more than is allowed.

    Colours that differ by at most `same` levels count as one.
    """
    pixels = [np.ascontiguousarray(p) @ np.array([1 << 16, 1 << 8, 1]) for p in pixels]
    codes, places = np.unique(np.concatenate(pixels), return_inverse=True)
    owners = np.repeat(np.arange(len(pixels)), [len(p) for p in pixels])
    shares = np.stack([np.bincount(places[owners == i], minlength=len(codes)) / len(p) for i, p in enumerate(pixels)])
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    found: list[NDArray[np.int64]] = []
    left = np.ones(len(codes), dtype=bool)
    while left.any() and len(found) <= MAXIMUM_REGIONS:
        colour = colours[np.argmax(shares.sum(axis=0) * left)]
        near = left & (np.abs(colours - colour).max(axis=1) <= same)
        if shares[:, near].sum(axis=1).max() >= SMALLEST_REGION:
            found.append(colour)
        left &= ~near
    return np.array(found, dtype=np.uint8)


def _labels(
    mask: NDArray[np.uint8], flat: NDArray[np.bool_], palette: NDArray[np.uint8], same: int
) -> NDArray[np.int64]:
    from scipy import ndimage

    labels = np.zeros(mask.shape[:2], dtype=np.int64)
    nearest = np.full(mask.shape[:2], 256, dtype=np.int16)
    for label, colour in enumerate(palette.astype(np.int16)):
        distance = np.abs(mask.astype(np.int16) - colour).max(axis=2)
        labels[distance < nearest] = label
        nearest = np.minimum(nearest, distance)
    unsure = ~flat | (nearest > same)
    rows, columns = ndimage.distance_transform_edt(unsure, return_distances=False, return_indices=True)
    nearest_flat: NDArray[np.int64] = labels[rows, columns]
    return nearest_flat
