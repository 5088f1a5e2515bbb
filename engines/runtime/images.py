"""Pictures from visitors, never trusted, and pictures for visitors, which carry the parameters that made them."""

import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from engines.runtime.errors import InputError

if TYPE_CHECKING:
    import torch

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MAXIMUM_BYTES = 32_000_000
MAXIMUM_PIXELS = 50_000_000
MINIMUM_SIDE = 16
"""Pixels; below, no network of the studio has anything to look at."""
ACCEPTED = "choose a PNG, JPEG, WebP, GIF, BMP or TIFF file"

SIGNATURES = (
    (0, b"\x89PNG", "a damaged PNG file"),
    (0, b"\xff\xd8\xff", "a damaged JPEG file"),
    (8, b"WEBP", "a damaged WebP file"),
    (0, b"GIF8", "a damaged GIF file"),
    (0, b"BM", "a damaged BMP file"),
    (0, b"II*\0", "a damaged TIFF file"),
    (0, b"MM\0*", "a damaged TIFF file"),
    (4, b"ftyphei", "a HEIC photograph"),
    (4, b"ftypmif1", "a HEIC photograph"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "an archive"),
)
"""(offset, bytes found there, what the file is)."""

MAXIMUM_REGIONS = 12
FLAT_STEP = 8
"""Levels of 255 by which neighbours in one region may differ: compression noise is below, antialiased edges above."""
FLAT_SHARE = 0.6
"""Masks measured from 0.90 (saved as JPEG of quality 75) to 1.00, four of six photographs below 0.5."""
SAME_COLOUR = 32
"""Levels of 255 in any channel within which two flat colours are one: masks painted for one pair differ by a few."""
SMALLEST_REGION = 0.0005
"""Share of its mask below which a flat colour is taken for noise."""
ASPECT_TOLERANCE = 0.02

PARAMETERS = "parameters"
USER_COMMENT_ENCODING = b"ASCII\0\0\0"
"""How Exif 2.3 marks the encoding of a UserComment (section 4.6.5)."""


def read_photo(file: str | os.PathLike[str] | bytes | BinaryIO, name: str = "picture") -> np.ndarray:
    """The picture in a file a visitor sent: its first frame, upright, on white where it is transparent.

    `name` is what the visitor calls the picture in an error. Returns (H, W, 3) uint8. What is too large is refused
    from the file's size or header, before anything is decoded.

    Raises:
        InputError: not a picture, damaged, or outside the limits on bytes, pixels and sides.
    """
    image = _opened(_content(file, name), name)
    width, height = image.size
    if width * height > MAXIMUM_PIXELS:
        raise InputError(f"{name}: {width} x {height} pixels are too many; {_limit()}.")
    if min(width, height) < MINIMUM_SIDE:
        raise InputError(
            f"{name}: the picture is {width} x {height} pixels; choose one of at least {MINIMUM_SIDE} on each side."
        )
    try:
        return _rgb(ImageOps.exif_transpose(image))
    except Exception as error:  # decoders of hostile files raise anything, from OSError to IndexError
        raise InputError(f"{name}: the picture is damaged or cut short; save it again, or choose another.") from error


def _limit() -> str:
    return f"choose a picture of at most {MAXIMUM_PIXELS // 1_000_000} million pixels"


def _content(file: str | os.PathLike[str] | bytes | BinaryIO, name: str) -> bytes:
    too_large = InputError(f"{name}: the file is larger than {MAXIMUM_BYTES // 1_000_000} MB; choose a smaller one.")
    if isinstance(file, str | os.PathLike):
        try:
            if os.path.getsize(file) > MAXIMUM_BYTES:
                raise too_large
            with open(file, "rb") as opened:
                return _content(opened, name)
        except OSError as error:
            raise InputError(f"{name}: the file cannot be read ({error.strerror}); {ACCEPTED}.") from error
    content = file if isinstance(file, bytes) else file.read(MAXIMUM_BYTES + 1)
    if len(content) > MAXIMUM_BYTES:
        raise too_large
    return content


def _opened(content: bytes, name: str) -> Image.Image:
    if not content:
        raise InputError(f"{name}: the file is empty; {ACCEPTED}.")
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise InputError(f"{name}: the picture is far too large; {_limit()}.") from None
    except Exception as error:  # as in read_photo
        raise InputError(f"{name}: this is {_kind(content)}, not a picture the studio reads; {ACCEPTED}.") from error


def _kind(content: bytes) -> str:
    for offset, signature, kind in SIGNATURES:
        if content.startswith(signature, offset):
            return kind
    start = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "an SVG drawing"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return "a file of unknown kind" if b"\0" in start else "text"


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return np.repeat(_grey(image)[..., None], 3, axis=2)
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.array(image.convert("RGB"))


def _grey(image: Image.Image) -> np.ndarray:
    """8-bit levels of a picture in 16 or 32 bits, whose full scale, where the mode does not tell it, is the
    smallest usual one that holds every value."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)
    if image.mode.startswith("I;16"):
        full = 65535.0
    else:
        peak = float(values.max())
        usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        full = next((scale for scale in usual if peak <= scale), peak)
    return (np.clip(values / full, 0, 1) * 255 + 0.5).astype(np.uint8)


def region_labels(
    masks: Sequence[np.ndarray],
    sizes: Sequence[Sequence[int]],
    names: Sequence[str] = ("Regions of the content", "Regions of the style"),
) -> tuple[list[np.ndarray], list[str]]:
    """The regions that colour-coded masks mark: the same colour has the same label in every mask.

    `masks` are pictures, (H, W, 3) uint8; each is brought to its photograph's (height, width) in `sizes` by nearest
    neighbours; `names` are what the visitor calls them. Returns label maps, int64 in 0..K-1, and the K colours, as
    "#rrggbb", the most frequent first. A region's colour is one that covers flat ground; every other pixel (an
    antialiased edge, a hairline) joins the nearest flat one, so a region thinner than 3 pixels disappears.

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
    # A mask is labelled at its own size unless that is the larger: enlarging first would make flat ground of edges.
    masks = [_nearest(m, (min(m.shape[0], h), min(m.shape[1], w))) for m, (h, w) in zip(masks, sizes, strict=True)]
    flats = [_flat(mask) for mask in masks]
    for flat, name in zip(flats, names, strict=True):
        if flat.mean() < FLAT_SHARE:
            raise InputError(f"{name}: this is not a picture in flat colours; paint each region in one colour.")
    palette = _palette([mask[flat] for mask, flat in zip(masks, flats, strict=True)])
    if len(palette) > MAXIMUM_REGIONS:
        raise InputError(
            f"{' and '.join(names)}: there are more than {MAXIMUM_REGIONS} flat colours; paint at most so many regions."
        )
    labels = [_labels(mask, flat, palette) for mask, flat in zip(masks, flats, strict=True)]
    colours = ["#" + bytes(colour.tolist()).hex() for colour in palette.astype(np.uint8)]
    return [_nearest(label, size) for label, size in zip(labels, sizes, strict=True)], colours


def _nearest(picture: np.ndarray, size: Sequence[int]) -> np.ndarray:
    rows, columns = ((np.arange(new) * 2 + 1) * old // (2 * new) for new, old in zip(size, picture.shape, strict=False))
    return picture[rows[:, None], columns]


def _flat(mask: np.ndarray) -> np.ndarray:
    """Where a pixel and its eight neighbours have one colour."""
    from scipy import ndimage

    window = (3, 3, 1)
    step = ndimage.maximum_filter(mask, window, mode="nearest") - ndimage.minimum_filter(mask, window, mode="nearest")
    return step.max(axis=2) <= FLAT_STEP


def _palette(pixels: Sequence[np.ndarray]) -> np.ndarray:
    """The colours that each cover enough of some mask, the most frequent first; at most one more than is allowed."""
    pixels = [np.ascontiguousarray(p) @ np.array([1 << 16, 1 << 8, 1]) for p in pixels]
    codes, places = np.unique(np.concatenate(pixels), return_inverse=True)
    owners = np.repeat(np.arange(len(pixels)), [len(p) for p in pixels])
    shares = np.stack([np.bincount(places[owners == i], minlength=len(codes)) / len(p) for i, p in enumerate(pixels)])
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    found: list[np.ndarray] = []
    left = np.ones(len(codes), dtype=bool)
    while left.any() and len(found) <= MAXIMUM_REGIONS:
        colour = colours[np.argmax(shares.sum(axis=0) * left)]
        near = left & (np.abs(colours - colour).max(axis=1) <= SAME_COLOUR)
        if shares[:, near].sum(axis=1).max() >= SMALLEST_REGION:
            found.append(colour)
        left &= ~near
    return np.array(found, dtype=np.uint8)


def _labels(mask: np.ndarray, flat: np.ndarray, palette: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    labels = np.zeros(mask.shape[:2], dtype=np.int64)
    nearest = np.full(mask.shape[:2], 256, dtype=np.int16)
    for label, colour in enumerate(palette.astype(np.int16)):
        distance = np.abs(mask.astype(np.int16) - colour).max(axis=2)
        labels[distance < nearest] = label
        nearest = np.minimum(nearest, distance)
    unsure = ~flat | (nearest > SAME_COLOUR)
    rows, columns = ndimage.distance_transform_edt(unsure, return_distances=False, return_indices=True)
    return labels[rows, columns]


def write_picture(picture: np.ndarray, path: Path, parameters: Mapping[str, Any]) -> None:
    """Write (H, W, 3) uint8 as PNG, WebP or JPEG, by the path's suffix, with the parameters as JSON in its metadata:
    PNG's text chunk "parameters", or Exif's UserComment."""
    text = json.dumps(parameters)
    image = Image.fromarray(picture)
    if path.suffix == ".png":
        chunks = PngInfo()
        chunks.add_text(PARAMETERS, text)
        image.save(path, pnginfo=chunks)
        return
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = USER_COMMENT_ENCODING + text.encode("ascii")
    image.save(path, exif=exif, quality=92)


def read_parameters(file: Path | bytes) -> dict[str, Any]:
    """The parameters that `write_picture` put into a picture; nothing of it is decoded.

    Raises:
        InputError: not a picture, or one that carries none.
    """
    image = _opened(_content(file, "The picture"), "The picture")
    try:
        # A PNG has its text in its header; a look for its Exif would decode it.
        if image.format == "PNG":
            return json.loads(image.info[PARAMETERS])
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
        return json.loads(comment.removeprefix(USER_COMMENT_ENCODING))
    except Exception:  # metadata is whatever its sender wrote, as in read_photo
        raise InputError("The picture carries no parameters; choose one that the studio saved.") from None


def fit(picture: np.ndarray, longest: int) -> np.ndarray:
    """The picture, (H, W, 3) uint8, made smaller (Lanczos) where its longer side exceeds `longest` pixels."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.array(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def to_tensor(picture: np.ndarray) -> "torch.Tensor":
    """(H, W, 3) uint8 as (3, H, W) float32 in [-1, 1]."""
    import torch

    return torch.from_numpy(picture).permute(2, 0, 1).contiguous().float() / 127.5 - 1


def middle_square(picture: "torch.Tensor", side: int) -> "torch.Tensor":
    """The middle square of a picture `(3, H, W)` in [-1, 1], as `(3, side, side)` (bicubic)."""
    from torch.nn import functional

    shortest = min(picture.shape[1:])
    top, left = ((long - shortest) // 2 for long in picture.shape[1:])
    square = picture[None, :, top : top + shortest, left : left + shortest]
    return functional.interpolate(square, (side, side), mode="bicubic", antialias=True)[0].clamp(-1, 1)


def to_picture(tensor: "torch.Tensor") -> np.ndarray:
    """(3, H, W) in [-1, 1] as (H, W, 3) uint8; what lies outside is clamped."""
    levels = ((tensor.detach().float() + 1) * 127.5).round().clamp(0, 255)
    return levels.byte().permute(1, 2, 0).contiguous().cpu().numpy()
