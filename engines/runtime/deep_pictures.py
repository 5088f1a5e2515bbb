"""Reads pictures of more than 8 bits a channel, PNG and TIFF of 16 bits or floating point, and reduces them to 8."""

import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from engines.runtime.errors import InputError

if TYPE_CHECKING:
    from tifffile import TiffPage

MAXIMUM_VALUE_BYTES = 200_000_000
"""The largest number of bytes that a picture's values may take in memory."""
USUAL_BITS = (8, 10, 12, 14)
"""Bit depths that are often stored in wider values: a picture whose values fit into one of them is read at that
depth."""
OVERSHOOT = 16.0
"""The largest value of a floating-point picture whose white is 1: reflections and ringing lie beyond white."""
ROWS = 256
"""The number of rows that are examined together."""

PNG_KIND = slice(24, 26)
"""The bytes of a PNG file that give its bits a channel and the kind of its channels."""
DEEP_PNG = (b"\x10\x02", b"\x10\x04", b"\x10\x06")
"""The values there for 16 bits of RGB, of grey with transparency, and of RGB with transparency."""

BITS_PER_SAMPLE, PHOTOMETRIC, ORIENTATION, ICC_PROFILE = 258, 262, 274, 34675
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, SEPARATED = 0, 1, 2, 5
"""TIFF's photometric interpretations (TIFF 6.0, section 8)."""
MODES = {
    (WHITE_IS_ZERO, 1): "L",
    (BLACK_IS_ZERO, 1): "L",
    (BLACK_IS_ZERO, 3): "RGB",
    (RGB, 3): "RGB",
    (SEPARATED, 4): "CMYK",
}
"""Pillow's mode, by photometric interpretation and number of colour channels."""
TRANSPARENT = {("L", 1): "La", ("L", 2): "LA", ("RGB", 1): "RGBa", ("RGB", 2): "RGBA"}
"""Pillow's mode with transparency, by the mode without it and the kind of the extra sample: 1 is premultiplied, 2 is
not."""
READ_BY_TIFFFILE = (1, 8, 32773, 32946)
"""TIFF compressions that tifffile reads: none, Deflate, PackBits, and Deflate by its old number; OpenCV reads the
others."""
FLOATING_POINT = 3
"""The predictor that tifffile cannot read without another library."""
INTERLEAVED = 1


@dataclass(frozen=True)
class DeepPicture:
    """Holds values `(H, W, C)` that become a picture of Pillow's `mode` in 8 bits."""

    values: NDArray[np.generic]
    mode: str
    profile: bytes | None = None
    orientation: int = 1
    inverted: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height."""
        return self.values.shape[1], self.values.shape[0]

    @cached_property
    def _parts(self) -> list[tuple[slice, float]]:
        """Split the channels into colours and transparency, each with the value that stands for its full scale."""
        colours = self.values.shape[2] - (self.mode in TRANSPARENT.values())
        channels = [slice(0, colours), slice(colours, None)][: 1 + (colours < self.values.shape[2])]
        return [(part, _full(self.values[..., part])) for part in channels]

    def rows(self, top: int, bottom: int) -> Image.Image:
        """Return these rows in 8 bits."""
        parts = [_levels(self.values[top:bottom, :, part], full) for part, full in self._parts]
        if self.inverted:
            parts[0] = np.subtract(255, parts[0], dtype=np.uint8)
        levels = np.concatenate(parts, axis=2)
        return Image.frombytes(self.mode, (levels.shape[1], levels.shape[0]), levels.tobytes())


def deep_picture(content: bytes, image: Image.Image | None, name: str) -> DeepPicture | None:
    """Read a picture of more than 8 bits a channel that Pillow reads as fewer, or not at all; None for any other.

    Args:
        image: what Pillow makes of the file, if anything.
        name: what the visitor calls the picture, for errors.

    Raises:
        InputError: the picture is too large, or has channels of unknown meaning.
    """
    if image is None:
        return _tiff(content, name) if content.startswith((b"II", b"MM")) else None
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        _check_size(*image.size, 1, 2 if ";" in image.mode else 4, name)
        inverted = isinstance(image, TiffImageFile) and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO
        return DeepPicture(np.asarray(image)[..., None], "L", inverted=inverted)
    if image.format == "PNG" and content[PNG_KIND] in DEEP_PNG:
        return _png(content, image, name)
    if isinstance(image, TiffImageFile) and max(image.tag_v2.get(BITS_PER_SAMPLE, (8,))) > 8:
        return _tiff(content, name)
    return None


def _check_size(width: int, height: int, channels: int, bytes_each: int, name: str) -> None:
    size = channels * bytes_each
    if width * height * size > MAXIMUM_VALUE_BYTES:
        most = MAXIMUM_VALUE_BYTES // size // 1_000_000
        raise InputError(
            f"{name}: {width} x {height} pixels of {channels} x {8 * bytes_each} bits are too many; choose a picture "
            f"of at most {most} million such pixels, or save it with 8 bits a channel."
        )


def _png(content: bytes, image: Image.Image, name: str) -> DeepPicture:
    import cv2

    _check_size(*image.size, 3 if image.mode == "RGB" else 4, 2, name)
    image.load()  # Pillow refuses a file that is cut short; OpenCV does not.
    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    mode = "RGBA" if values.shape[2] == 4 else "RGB"
    return DeepPicture(values[..., [2, 1, 0, 3][: len(mode)]], mode)


def _tiff(content: bytes, name: str) -> DeepPicture:
    from tifffile import TiffFile

    with TiffFile(io.BytesIO(content)) as file:
        page = file.pages[0].aspage()
        channels, extra = page.samplesperpixel, [int(kind) for kind in page.extrasamples]
        interpretation = int(page.photometric)
        colours = 1 if channels < 3 and interpretation == BLACK_IS_ZERO else 4 if interpretation == SEPARATED else 3
        colours = min(colours, channels)
        mode = MODES.get((interpretation, colours))
        if mode is None or channels > colours + 1 or page.imagedepth != 1:
            raise InputError(
                f"{name}: the TIFF file has {channels} channels, which are not grey, RGB or CMYK; save it as RGB."
            )
        _check_size(page.imagewidth, page.imagelength, channels, -(-page.bitspersample // 8), name)
        values = _values(content, page)
        if channels > colours:
            mode = TRANSPARENT.get((mode, extra[0] if extra else 0), mode)
        profile = page.tags.get(ICC_PROFILE)
        return DeepPicture(
            values[..., : len(mode)],
            mode,
            bytes(profile.value) if profile else None,
            int(page.tags[ORIENTATION].value) if ORIENTATION in page.tags else 1,
            inverted=interpretation == WHITE_IS_ZERO,
        )


def _values(content: bytes, page: "TiffPage") -> NDArray[np.generic]:
    """Read the values of a TIFF's page, `(H, W, C)`."""
    is_packed = page.bitspersample % 8 != 0
    if page.compression in READ_BY_TIFFFILE and page.predictor != FLOATING_POINT and not is_packed:
        values = page.asarray(maxworkers=1)
        interleaved = page.planarconfig == INTERLEAVED or page.samplesperpixel == 1
        return values.reshape(page.imagelength, page.imagewidth, -1) if interleaved else np.moveaxis(values, 0, 2)
    if page.planarconfig != INTERLEAVED:
        raise ValueError("OpenCV reads planes of one channel each as if they were interleaved.")
    import cv2

    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.shape[:2] != (page.imagelength, page.imagewidth) or values.dtype != page.dtype:
        raise ValueError("OpenCV does not read the TIFF file.")
    order = [[0], [], [2, 1, 0], [2, 1, 0, 3]][page.samplesperpixel - 1]
    ordered: NDArray[np.generic] = values.reshape(*values.shape[:2], -1)[..., order]
    return ordered


def _full(values: NDArray[np.generic]) -> float:
    """Find the value that stands for white: the smallest usual one that no value exceeds, or else the largest value."""
    peak = max(float(_finite(values[top : top + ROWS]).max()) for top in range(0, len(values), ROWS))
    if values.dtype.kind == "f":
        usual = [255.0, 65535.0]
        if peak <= OVERSHOOT:
            return 1.0
    else:
        usual = [2.0**bits - 1 for bits in USUAL_BITS]
        usual.append(32767.0 if values.dtype.kind == "i" and values.dtype.itemsize == 2 else 65535.0)
    return next((white for white in usual if peak <= white), peak)


def _levels(values: NDArray[np.generic], full: float) -> NDArray[np.uint8]:
    return (np.clip(_finite(values) / full, 0, 1) * 255 + 0.5).astype(np.uint8)


def _finite(values: NDArray[np.generic]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.nan_to_num(np.asarray(values, dtype=np.float32), posinf=0, neginf=0)
