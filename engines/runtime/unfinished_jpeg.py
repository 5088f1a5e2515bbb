"""Completes JPEG files that lack their last bytes but hardly any pixel, and recognises those that lack more."""

import io
import re

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

END = b"\xff\xd9"
"""The marker that ends a picture (ITU-T T.81, table B.1)."""
LAST_REFINEMENT = rb"\xff\xda\0\x08\x01(.).[\x01-\x3f]\x3f[\0\x10]"
"""The head of a scan of one channel, up to coefficient 63 and to the last bit (ITU-T T.81, B.2.3)."""
MISSING_SHARE = 0.01
"""The share of a picture's pixels that may be missing."""
COARSE, COARSE_IF_PROGRESSIVE = 8, 2
"""How many times smaller, along a side, the picture is when it is searched for missing pixels. It then shows means of
blocks, which a sequential file has together with their detail, and a progressive one long before."""
FILLING = np.random.default_rng(0).integers(0, 255, 1 << 16, dtype=np.uint8).tobytes()
"""Bytes that decode to something else than what a decoder assumes beyond a file's end; none is a marker's 255."""


def finished(content: bytes) -> bytes | None:
    """Return the JPEG file with an end, if it lacks its own but practically no pixel; else None.

    The missing pixels are those that change with what is appended to the file.
    """
    content = content.rstrip(END[:1])
    image, times = _opened(content), COARSE
    if image.info.get("progressive"):
        times = COARSE_IF_PROGRESSIVE
        if not _has_begun_to_end(content, {channel[0] for channel in image.layer}):
            return None
    as_it_is, otherwise = (_smaller(content + filling + END, times) for filling in (b"", FILLING))
    missing = (as_it_is != otherwise).any(axis=-1).mean()
    return content + END if missing <= MISSING_SHARE else None


def _opened(content: bytes) -> JpegImageFile:
    image = Image.open(io.BytesIO(content), formats=("JPEG",))
    assert isinstance(image, JpegImageFile)
    return image


def _has_begun_to_end(content: bytes, channels: set[int]) -> bool:
    """Tell whether each channel's last refinement of a progressive picture is there, or has begun."""
    refined = set()
    for scan in re.finditer(LAST_REFINEMENT, content, re.DOTALL):
        refined.add(scan[1][0])
    return refined == channels


def _smaller(content: bytes, times: int) -> NDArray[np.uint8]:
    image = _opened(content)
    image.draft(None, (image.width // times, image.height // times))
    pixels: NDArray[np.uint8] = np.atleast_3d(np.asarray(image))
    return pixels
