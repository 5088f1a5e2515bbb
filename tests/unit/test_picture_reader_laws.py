"""Whatever bytes come, reading a picture gives one or an InputError, soon and in little memory."""

import functools
import struct
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engines.runtime.errors import InputError
from engines.runtime.images import MINIMUM_SIDE, read_photo
from tests.support.heic_files import heic
from tests.support.icc_profiles import grey_profile, rgb_profile
from tests.support.picture_files import file, png16, tiff

pytestmark = pytest.mark.slow

MOST_SECONDS, MOST_BYTES = 5, 500_000_000
SIDE = 40


@functools.cache
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def _animated(format: str) -> bytes:
    frames = [Image.fromarray(np.roll(noise(), turn)) for turn in range(3)]
    return file(frames[0], format, save_all=True, append_images=frames[1:])


def _turned(format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return file(noise(), format, exif=exif, icc_profile=rgb_profile("Display P3", 2.2))


FILES: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: _turned("PNG"),
    "PNG in grey": lambda: file(noise()[..., 0], "PNG", icc_profile=grey_profile(1.8)),
    "PNG with a palette": lambda: file(Image.fromarray(noise()).quantize(16), "PNG", transparency=3),
    "PNG of 16 bits": lambda: png16(noise().astype(np.uint16) * 17, rgb_profile("Display P3", 2.2)),
    "PNG, animated": lambda: _animated("PNG"),
    "JPEG": lambda: _turned("JPEG"),
    "JPEG, progressive": lambda: file(noise(), "JPEG", progressive=True),
    "JPEG of inks": lambda: file(Image.fromarray(noise()).convert("CMYK"), "JPEG"),
    "WebP": lambda: _turned("WEBP"),
    "WebP, animated": lambda: _animated("WEBP"),
    "GIF": lambda: _animated("GIF"),
    "BMP": lambda: file(noise(), "BMP"),
    "TIFF": lambda: _turned("TIFF"),
    "TIFF, LZW": lambda: file(noise(), "TIFF", compression="tiff_lzw"),
    "TIFF of 16 bits": lambda: tiff(noise().astype(np.uint16) * 17, photometric="rgb", compression="zlib"),
    "TIFF in floating point": lambda: tiff(noise() / np.float32(255), photometric="rgb"),
    "TIFF in planes": lambda: tiff(np.moveaxis(noise(), 2, 0) / 255, photometric="rgb", planarconfig="separate"),
    "AVIF": lambda: _turned("AVIF"),
    "HEIC": lambda: heic(noise(), profile=rgb_profile("Display P3", 2.2)),
    "HEIC, HDR": lambda: heic(noise(), bits=10, codes=(9, 16)),
}
STARTS = [
    *(b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\1\0\0WEBP", b"GIF89a", b"BM"),
    *(b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0"),
    *(b"\0\0\0\x1cftyp" + brand for brand in (b"heic", b"avif", b"mif1")),
]
edits = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.sampled_from(["put", "insert", "cut", "end"]), st.binary(max_size=8)),
    min_size=1,
    max_size=4,
)


@functools.cache
def whole(kind: str) -> bytes:
    return FILES[kind]()


def resident_peak() -> int:
    resource = pytest.importorskip("resource")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def is_read_or_refused(content: bytes) -> None:
    before, began = resident_peak(), time.process_time()
    try:
        picture = read_photo(content, "Photo", 4096)
        assert picture.dtype == np.uint8 and picture.ndim == 3 and min(picture.shape[:2]) >= MINIMUM_SIDE
        assert picture.flags.c_contiguous and picture.flags.writeable
    except InputError as error:
        assert str(error).startswith("Photo: ") and "\n" not in str(error)
    assert time.process_time() - began < MOST_SECONDS
    assert resident_peak() - before < MOST_BYTES


@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(start: bytes, rest: bytes) -> None:
    is_read_or_refused(start + rest)


@pytest.mark.parametrize("kind", FILES)
@given(changes=edits)
def test_any_small_edit_of_a_picture_is_read_or_refused(kind: str, changes: list[tuple[int, str, bytes]]) -> None:
    content = whole(kind)
    for place, how, given_bytes in changes:
        place %= max(1, len(content))
        kept = {"put": len(given_bytes), "insert": 0, "cut": len(given_bytes) + 1, "end": len(content)}[how]
        content = content[:place] + given_bytes * (how != "cut") + content[place + kept :]
    is_read_or_refused(content)


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (8001, 8001), (7000, 7000)])
def test_a_tiff_whose_header_promises_more_than_memory_is_refused(width: int, height: int) -> None:
    content = bytearray(tiff(np.zeros((32, 32, 3), np.float32), photometric="rgb"))
    for tag, value in ((256, width), (257, height)):
        place = content.index(struct.pack("<HHI", tag, 4, 1)) + 8
        content[place : place + 4] = struct.pack("<I", value)
    before = resident_peak()
    with pytest.raises(InputError, match=f"{width} x {height} pixels"):
        read_photo(bytes(content))
    assert resident_peak() - before < MOST_BYTES
