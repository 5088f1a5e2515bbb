"""Reads visitors' pictures, which are never trusted, and writes pictures that carry the parameters that made them."""

import io
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from engines.runtime.colours import Converter, converter
from engines.runtime.deep_pictures import deep_picture
from engines.runtime.errors import InputError
from engines.runtime.large_webp import LargeWebP, is_large_webp
from engines.runtime.unfinished_jpeg import finished

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""The formats that Pillow reads by itself; HEIC is read through libheif."""
MAXIMUM_BYTES = 32_000_000
MAXIMUM_PIXELS = 64_000_000
"""Phones of 50 and cameras of 61 megapixels are below this. Pillow decodes into 4 bytes a pixel: 256 MB."""
MINIMUM_SIDE = 16
"""Pixels; in a smaller picture no network of the studio finds anything."""
MOST_TIMES_LONGER = 20
"""The largest ratio of the longer side to the shorter: beyond it, a picture that is made smaller loses its shorter
side."""
ACCEPTED = "choose a PNG, JPEG, WebP, AVIF, HEIC, GIF, BMP or TIFF file"
BAND = 256
"""The number of rows that are converted together, so that only the finished picture is held whole."""
QUALITY = 92
"""The quality of WebP and JPEG files, of 100."""
LANCZOS_REACH = 3
"""The radius, in pixels of the smaller picture, of the sources of one of its pixels."""

SIGNATURES = (
    (0, b"\x89PNG", "a damaged PNG file"),
    (0, b"\xff\xd8\xff", "a damaged JPEG file"),
    (8, b"WEBP", "a damaged WebP file"),
    (0, b"GIF8", "a damaged GIF file"),
    (0, b"BM", "a damaged BMP file"),
    (0, b"II*\0", "a damaged TIFF file"),
    (0, b"MM\0*", "a damaged TIFF file"),
    (4, b"ftyphe", "a damaged HEIC photograph"),
    (4, b"ftypmif1", "a damaged HEIC photograph"),
    (4, b"ftypavif", "a damaged AVIF picture"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "an archive"),
)
"""Each entry: an offset, the bytes found there, and what the file then is."""
AVIF_BRANDS = (b"avif", b"avis")
BRANDS_WITHIN = 64
"""The number of bytes at the start of a file in which an ISO container gives its brands."""

Result = TypeVar("Result")

PARAMETERS = "parameters"
MOTION_QUALITIES = 80, 65, 50, 35, 20
USER_COMMENT_ENCODING = b"ASCII\0\0\0"
"""How Exif 2.3 marks the encoding of a UserComment (section 4.6.5)."""


class Source(Protocol):
    """Describes a picture that gives its rows a band at a time, in 8 bits a channel."""

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height."""

    @property
    def mode(self) -> str:
        """Return Pillow's name for the kind of its channels."""

    def rows(self, top: int, bottom: int) -> Image.Image:
        """Return the rows from `top` to before `bottom`."""


class Decoded:
    """Holds a picture that Pillow has decoded."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self.size, self.mode = image.size, image.mode

    def rows(self, top: int, bottom: int) -> Image.Image:
        """Return the rows from `top` to before `bottom`."""
        return self._image.crop((0, top, self.size[0], bottom))


def read_photo(
    file: str | os.PathLike[str] | bytes | BinaryIO, name: str = "picture", longest: int | None = None
) -> NDArray[np.uint8]:
    """Read the picture in a visitor's file: its first frame, upright, in sRGB, on white where it is transparent.

    A file that is too large is refused by its size or header, before anything is decoded.

    Args:
        name: what the visitor calls the picture, for errors.
        longest: pixels; a picture with a longer side is made smaller.

    Returns:
        The picture, (H, W, 3) uint8.

    Raises:
        InputError: not a picture, damaged, or outside the limits on bytes, pixels and sides.
    """
    content = _content(file, name)
    try:
        image = _opened(content, name)
    except InputError:
        # Pillow does not recognise some files that are read here, such as TIFF in floating point.
        deep = _undamaged(name, deep_picture, content, None, name)
        if deep is None:
            raise
        _check_sides(*deep.size, name)
        return _undamaged(name, _converted, deep, deep.profile, content, deep.orientation, longest)
    _check_sides(*image.size, name)
    return _undamaged(name, _read, content, image, name, longest)


def _undamaged(name: str, read: Callable[..., Result], *arguments: Any) -> Result:
    try:
        return read(*arguments)
    except InputError:
        raise
    except Exception as error:  # Decoders of hostile files raise anything, from OSError to IndexError.
        raise InputError(f"{name}: the picture is damaged or cut short; save it again, or choose another.") from error


def _check_sides(width: int, height: int, name: str) -> None:
    if width * height > MAXIMUM_PIXELS:
        raise InputError(f"{name}: {width} x {height} pixels are too many; {_limit()}.")
    if min(width, height) < MINIMUM_SIDE:
        raise InputError(
            f"{name}: the picture is {width} x {height} pixels; choose one of at least {MINIMUM_SIDE} on each side."
        )
    if max(width, height) > MOST_TIMES_LONGER * min(width, height):
        raise InputError(
            f"{name}: the picture is a strip of {width} x {height} pixels; choose one whose longer side is at most "
            f"{MOST_TIMES_LONGER} times the shorter, or cut out a part of it."
        )


def _limit() -> str:
    return f"choose a picture of at most {MAXIMUM_PIXELS // 1_000_000} million pixels"


def _read(content: bytes, image: Image.Image, name: str, longest: int | None) -> NDArray[np.uint8]:
    if longest:
        image.draft(None, _within(image.size, longest))
    source: Source | None = deep_picture(content, image, name)
    if source is None and is_large_webp(image):
        source = LargeWebP(content)
    elif source is None:
        image = _loaded(image, content)
        source = Decoded(image)
    profile, orientation = image.info.get("icc_profile"), _orientation(image)
    del image  # The source holds what is still needed of it.
    return _converted(source, profile, content, orientation, longest)


def _loaded(image: Image.Image, content: bytes) -> Image.Image:
    try:
        image.load()
    except OSError:
        whole = finished(content) if image.format == "JPEG" else None
        if whole is None:
            raise
        return Image.open(io.BytesIO(whole), formats=("JPEG",))
    return image


def _orientation(image: Image.Image) -> int:
    """Read how the picture is to be turned, by Exif's codes (section 4.6.4); 1 is upright."""
    with suppress(Exception):  # A broken description does not damage the picture.
        orientation: int = image.getexif().get(ExifTags.Base.Orientation, 1)
        return orientation
    return 1


def _converted(
    source: Source, profile: bytes | None, content: bytes, orientation: int, longest: int | None
) -> NDArray[np.uint8]:
    """Convert the source to (H, W, 3) uint8, upright, in sRGB, and smaller (Lanczos) if it is longer than `longest`."""
    convert = converter(source.mode, profile, content)
    width, height = source.size
    columns, rows = _within(source.size, longest) if longest else source.size
    picture = np.empty((rows, columns, 3), dtype=np.uint8)
    scale = height / rows
    reach = math.ceil(LANCZOS_REACH * scale) if scale > 1 else 0
    for top in range(0, rows, BAND):
        bottom = min(rows, top + BAND)
        above, below = max(0, int(top * scale) - reach), min(height, math.ceil(bottom * scale) + reach)
        band = _rgb(source.rows(above, below), convert)
        if (columns, rows) != source.size:
            box = (0, top * scale - above, width, min(height, bottom * scale) - above)
            band = band.resize((columns, bottom - top), Image.Resampling.LANCZOS, box)
        picture[top:bottom] = np.asarray(band)
    return np.ascontiguousarray(_upright(picture, orientation))


def _rgb(image: Image.Image, convert: Converter) -> Image.Image:
    if not image.has_transparency_data:
        return convert(image)
    if image.mode == "La":
        image = image.convert("LA")
    picture = image.convert("RGBA")
    seen = convert(picture.convert("RGB"))
    seen.putalpha(picture.getchannel("A"))
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), seen).convert("RGB")


def _upright(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    if orientation in (5, 6, 7, 8):
        picture = picture.swapaxes(0, 1)
    mirrored_rows, mirrored_columns = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return picture[:: -1 if mirrored_rows else 1, :: -1 if mirrored_columns else 1]


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
    formats: tuple[str, ...] = FORMATS
    if content[4:8] == b"ftyp" and not any(brand in content[8:BRANDS_WITHIN] for brand in AVIF_BRANDS):
        formats = (_heif(),)
    try:
        return Image.open(io.BytesIO(content), formats=formats)
    except Image.DecompressionBombError:
        raise InputError(f"{name}: the picture is far too large; {_limit()}.") from None
    except Exception as error:  # As in _undamaged.
        raise InputError(f"{name}: this is {_kind(content)}, not a picture the studio reads; {ACCEPTED}.") from error


@cache
def _heif() -> str:
    """Register the reader of HEIC files with Pillow, and return Pillow's name for them."""
    import pi_heif

    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    return "HEIF"


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


def write_picture(picture: NDArray[np.uint8], path: Path, parameters: Mapping[str, Any]) -> None:
    """Write (H, W, 3) uint8 as PNG, WebP or JPEG, by the path's suffix, with the parameters in its metadata.

    They are JSON, in PNG's text chunk "parameters", or in Exif's UserComment.
    """
    image = Image.fromarray(picture)
    if path.suffix == ".png":
        chunks = PngInfo()
        chunks.add_text(PARAMETERS, json.dumps(parameters))
        image.save(path, pnginfo=chunks)
        return
    image.save(path, exif=_exif(parameters), quality=QUALITY)


def write_motion(
    pictures: Iterable[Image.Image], path: Path, parameters: Mapping[str, Any], beat: int, largest: int
) -> None:
    """Write pictures as one WebP in motion, with the parameters as `write_picture` writes them.

    Args:
        beat: the milliseconds for which each is shown.
        largest: the bytes that it should not exceed; its quality falls until then, but not below the worst.
    """
    first, *rest = pictures
    for quality in MOTION_QUALITIES:
        exif = _exif(parameters)
        first.save(path, append_images=rest, save_all=True, duration=beat, loop=0, quality=quality, exif=exif)
        if path.stat().st_size <= largest:
            return


def _exif(parameters: Mapping[str, Any]) -> Image.Exif:
    exif = Image.Exif()
    comment = USER_COMMENT_ENCODING + json.dumps(parameters).encode("ascii")
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = comment
    return exif


def read_parameters(file: Path | bytes) -> dict[str, Any]:
    """Read the parameters that `write_picture` put into a picture, without decoding it.

    Raises:
        InputError: it is no picture, or carries no parameters.
    """
    image = _opened(_content(file, "The picture"), "The picture")
    try:
        # A PNG has its text in its header; reading its Exif would decode the picture.
        if image.format == "PNG":
            text = image.info[PARAMETERS]
        else:
            comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
            text = comment.removeprefix(USER_COMMENT_ENCODING)
        parameters: dict[str, Any] = json.loads(text)
        return parameters
    except Exception:  # Metadata is whatever its sender wrote, as in read_photo.
        raise InputError("The picture carries no parameters; choose one that the studio saved.") from None


def fit(picture: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """Make a picture, (H, W, 3) uint8, smaller (Lanczos) if its longer side exceeds `longest` pixels.

    No side becomes shorter than 16 pixels.
    """
    height, width = picture.shape[:2]
    size = _within((width, height), longest)
    if size == (width, height):
        return picture
    return np.array(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _within(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Compute the width and height that `fit` gives a picture of this size."""
    scale = max(longest / max(size), MINIMUM_SIDE / min(size))
    return size if scale >= 1 else (round(size[0] * scale), round(size[1] * scale))
