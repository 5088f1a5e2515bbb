"""Pictures as cameras, scanners and painters' programs save them, each against what it shows by its own definition."""

import functools
import io
import itertools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from engines.runtime.errors import InputError
from engines.runtime.images import fit, read_photo
from engines.runtime.region_masks import region_labels
from tests.support.heic_files import heic
from tests.support.icc_profiles import cmyk_profile, encoded, grey_profile, rgb_profile, shown
from tests.support.picture_files import file, png16, tiff

SIDE = 32
COLOURS = np.array(
    [(200, 40, 40), (40, 160, 60), (40, 60, 190), (230, 230, 230), (30, 30, 30), (210, 180, 60)], np.uint8
)
GREYS = np.array([0, 40, 90, 150, 210, 255], np.uint8)
TOLERANCE = 2
"""Levels of 255."""


def patches(colours: np.ndarray) -> np.ndarray:
    """Six colours, or greys, as squares in two rows."""
    rows = colours.reshape(2, 3, *colours.shape[1:])
    return rows.repeat(SIDE, axis=0).repeat(SIDE, axis=1)


def seen(picture: np.ndarray) -> np.ndarray:
    """The colours of six patches, `(6, 3)`."""
    squares = picture.reshape(2, SIDE, 3, SIDE, 3).transpose(0, 2, 1, 3, 4)
    return np.median(squares.reshape(6, -1, 3), axis=1)


def shows(content: bytes, truth: np.ndarray) -> None:
    truth = truth if truth.ndim == 2 else np.repeat(truth[:, None], 3, axis=1)
    assert np.abs(seen(read_photo(content)) - truth.clip(0, 255)).max() <= TOLERANCE


PROFILED: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 100, "subsampling": 0},
    "WEBP": {"lossless": True},
    "TIFF": {"compression": "tiff_lzw"},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}


@pytest.mark.parametrize("format", PROFILED)
def test_display_p3_is_shown_in_srgb(format: str) -> None:
    content = file(patches(COLOURS), format, icc_profile=rgb_profile("Display P3", 2.2), **PROFILED[format])
    shows(content, shown(COLOURS, "Display P3", 2.2))


@pytest.mark.parametrize(
    ("name", "gamma"), [("Adobe RGB", 2.2), ("BT.2020", 2.4), ("ProPhoto", 1.8), ("sRGB", 1.0), ("green red blue", 2.2)]
)
def test_colours_of_other_primaries_and_curves_are_shown_in_srgb(name: str, gamma: float) -> None:
    content = file(patches(COLOURS), "PNG", icc_profile=rgb_profile(name, gamma))
    shows(content, shown(COLOURS, name, gamma))


def test_a_palette_is_shown_by_its_profile() -> None:
    image = Image.fromarray(patches(COLOURS)).quantize(6)
    shows(file(image, "PNG", icc_profile=rgb_profile("Adobe RGB", 2.2)), shown(COLOURS, "Adobe RGB", 2.2))


@pytest.mark.parametrize(("mode", "format"), [("L", "PNG"), ("L", "JPEG"), ("LA", "PNG"), ("L", "TIFF")])
def test_grey_is_shown_by_its_profile(mode: str, format: str) -> None:
    image = Image.fromarray(patches(GREYS)).convert(mode)
    shows(file(image, format, icc_profile=grey_profile(1.0)), encoded(GREYS / 255))


def test_grey_with_a_profile_of_colours_is_shown_by_it() -> None:
    truth = shown(np.repeat(GREYS[:, None], 3, axis=1), "Adobe RGB", 1.8)
    shows(file(patches(GREYS), "PNG", icc_profile=rgb_profile("Adobe RGB", 1.8)), truth)


def test_a_transparent_picture_is_converted_before_it_lies_on_white() -> None:
    image = Image.fromarray(patches(COLOURS))
    image.putalpha(51)
    content = file(image, "PNG", icc_profile=rgb_profile("Display P3", 2.2))
    shows(content, 0.2 * shown(COLOURS, "Display P3", 2.2).clip(0, 255) + 0.8 * 255)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_inks_are_shown_by_their_profile(format: str) -> None:
    inks = list(itertools.product((0, 1), repeat=4))
    shades = [tuple(30 + 25 * (code * 7 % 9) for code in (place, place + 3, place + 5)) for place in range(16)]
    # Whatever the darkest ink shows is black to a converter.
    corners = {**dict(zip(inks, shades, strict=True)), inks[0]: (255, 255, 255), inks[-1]: (0, 0, 0)}
    used = [inks[place] for place in (0, 1, 4, 7, 10, 15)]
    image = Image.fromarray(patches(255 * np.array(used, np.uint8)), "CMYK")
    options = {"quality": 100} if format == "JPEG" else {}
    content = file(image, format, icc_profile=cmyk_profile(corners), **options)
    shows(content, np.array([corners[ink] for ink in used]))


@pytest.mark.parametrize(
    "profile",
    [b"no profile at all", rgb_profile("Display P3", 2.2)[:200], grey_profile(1.0), b"\0" * 128],
    ids=["text", "cut short", "of grey", "zeros"],
)
def test_a_profile_that_does_not_serve_is_left_aside(profile: bytes) -> None:
    content = file(patches(COLOURS), "PNG", icc_profile=profile)
    assert np.array_equal(read_photo(content), patches(COLOURS))


def test_srgbs_own_profile_changes_no_bit() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(read_photo(file(noise, "PNG", icc_profile=profile)), noise)


def test_lab_is_shown_in_srgb() -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    shows(file(to_lab.apply(Image.fromarray(patches(COLOURS))), "TIFF"), COLOURS)


DEEP: dict[str, Callable[[], bytes]] = {
    "floating point": lambda: tiff(patches(COLOURS / np.float32(255)), photometric="rgb"),
    "floating point of 16 bits": lambda: tiff(patches(COLOURS / 255).astype(np.float16), photometric="rgb"),
    "floating point of 64 bits": lambda: tiff(patches(COLOURS / 255), photometric="rgb"),
    "floating point up to 255": lambda: tiff(patches(COLOURS.astype(np.float32)), photometric="rgb"),
    "floating point in planes": lambda: tiff(
        np.moveaxis(patches(COLOURS / np.float32(255)), 2, 0).copy(), photometric="rgb", planarconfig="separate"
    ),
    "floating point in tiles": lambda: tiff(
        patches(COLOURS / np.float32(255)), photometric="rgb", tile=(16, 16), compression="zlib"
    ),
    "floating point of no stated colours": lambda: tiff(
        patches(COLOURS / np.float32(255)), photometric="minisblack", planarconfig="contig"
    ),
    "floating point of OpenCV": lambda: cv2.imencode(
        ".tiff", patches(COLOURS[:, ::-1] / np.float32(255)), [cv2.IMWRITE_TIFF_COMPRESSION, 5]
    )[1].tobytes(),
    "floating point with transparency": lambda: tiff(
        patches(np.concatenate([COLOURS / 255, np.ones((6, 1))], axis=1).astype(np.float32)),
        photometric="rgb",
        extrasamples=["unassalpha"],
    ),
    "16 bits in TIFF": lambda: tiff(patches(COLOURS.astype(np.uint16) * 257), photometric="rgb"),
    "16 bits in planes": lambda: tiff(
        np.moveaxis(patches(COLOURS.astype(np.uint16) * 257), 2, 0).copy(), photometric="rgb", planarconfig="separate"
    ),
    "16 bits, LZW": lambda: cv2.imencode(".tiff", patches(COLOURS[:, ::-1].astype(np.uint16) * 257))[1].tobytes(),
    "16 bits in PNG": lambda: png16(patches(COLOURS.astype(np.uint16) * 257)),
    "16 bits with transparency in PNG": lambda: png16(
        patches(np.concatenate([COLOURS.astype(np.uint16) * 257, np.full((6, 1), 65535)], axis=1))
    ),
    "12 of 16 bits in TIFF": lambda: tiff(patches((COLOURS / 255 * 4095).astype(np.uint16)), photometric="rgb"),
    "12 of 16 bits in PNG": lambda: png16(patches((COLOURS / 255 * 4095).astype(np.uint16))),
    "signed 16 bits": lambda: tiff(patches(COLOURS.astype(np.int16) * 128), photometric="rgb"),
    "32 bits": lambda: tiff(patches(COLOURS.astype(np.uint32) * 257), photometric="rgb"),
}


@pytest.mark.parametrize("kind", DEEP)
def test_colours_of_more_than_8_bits_are_read(kind: str) -> None:
    shows(DEEP[kind](), COLOURS)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("write", [png16, tiff], ids=["PNG", "TIFF"])
def test_grey_of_fewer_bits_in_16_is_not_dark(write: Callable[[np.ndarray], bytes], bits: int) -> None:
    levels = np.round(GREYS / 255 * (2**bits - 1)).astype(np.uint16)
    shows(write(patches(levels)), GREYS)


def test_highlights_beyond_white_do_not_darken_a_picture() -> None:
    values = patches(COLOURS / np.float32(255))
    values[0, 0] = 4
    shows(tiff(values, photometric="rgb"), COLOURS)


def test_16_bits_of_inks_and_of_reversed_grey_are_read() -> None:
    inks = np.concatenate([255 - COLOURS.astype(np.uint16), np.zeros((6, 1), np.uint16)], axis=1) * 257
    shows(tiff(patches(inks), photometric="separated"), COLOURS)
    shows(tiff(patches((255 - GREYS.astype(np.uint16)) * 257), photometric="miniswhite"), GREYS)


def test_16_bits_are_shown_by_their_profile() -> None:
    profile = rgb_profile("Display P3", 2.2)
    truth = shown(COLOURS, "Display P3", 2.2)
    values = patches(COLOURS.astype(np.uint16) * 257)
    shows(png16(values, profile), truth)
    shows(tiff(values, photometric="rgb", iccprofile=profile), truth)


def test_half_transparent_16_bits_lie_on_white() -> None:
    values = patches(
        np.concatenate([COLOURS.astype(np.uint16) * 257, np.full((6, 1), 13107)], axis=1).astype(np.uint16)
    )
    values[0, 0, 3] = 65535
    shows(png16(values), 0.2 * COLOURS + 0.8 * 255)
    shows(tiff(values, photometric="rgb", extrasamples=["unassalpha"]), 0.2 * COLOURS + 0.8 * 255)


def test_channels_of_unknown_meaning_are_named() -> None:
    values = np.zeros((32, 32, 5), np.float32)
    with pytest.raises(InputError, match="Style: the TIFF file has 5 channels"):
        read_photo(tiff(values, photometric="minisblack", planarconfig="contig"), "Style")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF", "TIFF", "PNG"])
def test_every_orientation_is_turned_upright(format: str, orientation: int) -> None:
    picture = patches(COLOURS)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(picture)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file(image, "PNG", exif=exif)))))
    read = read_photo(file(image, format, exif=exif, **PROFILED[format]))
    assert read.shape == upright.shape and np.abs(read.astype(int) - upright).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bits_are_turned_upright(orientation: int) -> None:
    picture = patches(COLOURS)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file(picture, "PNG", exif=exif)))))
    tag = (274, "H", 1, orientation, True)
    for values in (picture.astype(np.uint16) * 257, picture / np.float32(255)):
        assert np.array_equal(read_photo(tiff(values, photometric="rgb", extratags=[tag])), upright)


@functools.cache
def photograph_of_a_phone(**options: Any) -> bytes:
    return heic(patches(COLOURS), **options)


@pytest.mark.parametrize("bits", [8, 10])
def test_heic_is_read(bits: int) -> None:
    shows(photograph_of_a_phone(bits=bits), COLOURS)


def test_heic_is_turned_upright_once() -> None:
    read = read_photo(photograph_of_a_phone(turns=1))
    assert np.abs(seen(np.rot90(read, -1)) - COLOURS).max() <= TOLERANCE


def test_heic_is_shown_by_its_profile() -> None:
    content = photograph_of_a_phone(profile=rgb_profile("Display P3", 2.2))
    shows(content, shown(COLOURS, "Display P3", 2.2))


def test_heic_is_shown_by_its_codes() -> None:
    shows(photograph_of_a_phone(bits=10, codes=(12, 13)), shown(COLOURS, "Display P3"))


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_an_hdr_photograph_keeps_the_order_of_brightness(transfer: int) -> None:
    steps = np.repeat(np.linspace(20, 235, 6).round().astype(np.uint8)[:, None], 3, axis=1)
    read = seen(read_photo(heic(patches(steps), bits=10, codes=(9, transfer))))
    assert (np.diff(read.mean(axis=1)) > 0).all() and np.ptp(read, axis=1).max() <= TOLERANCE


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_last_bytes_is_taken_and_half_a_one_is_not(mode: str, progressive: bool) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC).convert(mode)
    content = file(image, "JPEG", quality=90, progressive=progressive)
    assert np.array_equal(read_photo(content[:-2]), read_photo(content))
    assert np.array_equal(read_photo(content[:-1]), read_photo(content))
    for kept in (0.5, 0.7, 0.9):
        with pytest.raises(InputError, match="cut short"):
            read_photo(content[: int(kept * len(content))])


@pytest.mark.parametrize("size", [(400, 200), (800, 200), (200, 800), (2000, 100), (4000, 200)])
def test_a_panorama_is_taken_and_stays_thick_enough(size: tuple[int, int]) -> None:
    picture = read_photo(file(Image.new("RGB", size, "red"), "PNG"))
    assert picture.shape[:2] == size[::-1]
    assert min(fit(picture, 128).shape[:2]) >= 16


@pytest.mark.parametrize("size", [(4000, 40), (40, 4000), (20_000, 16), (2100, 100)])
def test_a_strip_is_refused_in_its_own_size(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"Photo: the picture is a strip of {size[0]} x {size[1]} pixels"):
        read_photo(file(Image.new("RGB", size), "PNG"), "Photo")


def test_what_is_longer_than_asked_is_read_smaller() -> None:
    y, x = np.mgrid[:900, :1500]
    picture = np.stack([x // 6, y // 4, (x + y) // 10], axis=2).astype(np.uint8)
    for content in (file(picture, "PNG"), file(picture, "JPEG", quality=95), file(picture, "TIFF")):
        small = read_photo(content, longest=400)
        assert small.shape == (240, 400, 3)
        assert np.abs(small.astype(int) - fit(picture, 400)).max() <= 3
    assert np.array_equal(read_photo(file(picture, "PNG"), longest=1500), picture)


def regions(count: int, size: tuple[int, int]) -> np.ndarray:
    """Columns numbered 0, 1, 2 and so on, (H, W) uint8."""
    return np.repeat(np.arange(count).repeat(-(-size[1] // count))[None, : size[1]], size[0], axis=0).astype(np.uint8)


@pytest.mark.parametrize("numbers", [(0, 1), (0, 1, 2), (1, 2), (3, 7, 80), tuple(range(12)), (0, 21, 255)])
def test_a_mask_of_numbers_has_the_regions_of_the_same_mask_in_colours(numbers: tuple[int, ...]) -> None:
    colours = np.array([(code * 83 % 256, code * 151 % 256, code * 199 % 256) for code in range(12)], np.uint8)
    places = [regions(len(numbers), (80, 120)), regions(len(numbers), (96, 96)).T]
    painted = [colours[place] for place in places]
    numbered = [read_photo(file(np.array(numbers, np.uint8)[place], "PNG")) for place in places]
    sizes = [place.shape for place in places]
    expected, _ = region_labels(painted, sizes)
    labels, names = region_labels(numbered, sizes)
    assert len(names) == len(numbers)
    for mask, other in zip(labels, expected, strict=True):
        assert len(set(zip(mask.ravel(), other.ravel(), strict=True))) == len(numbers)  # one to one


def test_numbers_in_a_palette_are_its_colours() -> None:
    """As labelme saves them: numbers whose palette shows them in colours."""
    image = Image.fromarray(regions(3, (60, 90)), "P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + 3 * 253 * [0])
    (labels,), names = region_labels([read_photo(file(image, "PNG"))], [(60, 90)], ["Mask"])
    assert set(names) == {"#000000", "#800000", "#008000"} and np.array_equal(np.unique(labels), [0, 1, 2])


def test_a_number_means_the_same_region_in_both_masks() -> None:
    content = read_photo(file(regions(2, (64, 64)), "PNG"))
    style = read_photo(file(2 - regions(3, (64, 64)), "PNG"))
    (of_content, of_style), names = region_labels([content, style], [(64, 64), (64, 64)])
    assert of_content[0, -1] == of_style[0, 32] == names.index("grey 1")
    assert of_content[0, 0] == of_style[0, -1] == names.index("grey 0")
    assert of_style[0, 0] == names.index("grey 2")


def test_more_numbers_than_regions_are_refused() -> None:
    with pytest.raises(InputError, match="more than 12 flat colours or numbers"):
        region_labels([read_photo(file(regions(20, (60, 200)), "PNG"))], [(60, 200)], ["Mask"])


def test_black_and_white_painted_for_eyes_stay_two_regions() -> None:
    disc = np.hypot(*(np.mgrid[:64, :64] - 32)) < 20
    smooth = Image.fromarray(255 * disc.astype(np.uint8)).resize((48, 48), Image.Resampling.BILINEAR)
    for content in (file(smooth, "PNG"), file(smooth, "JPEG", quality=75)):
        _, names = region_labels([read_photo(content)], [(48, 48)], ["Mask"])
        assert len(names) == 2 and names[0].startswith("#")
