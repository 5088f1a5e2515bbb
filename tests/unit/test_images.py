"""Pictures from visitors are read as people see them, or refused cheaply with one sentence."""

import contextlib
import io
import json
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageSequence

from engines.runtime.errors import InputError
from engines.runtime.images import FORMATS, MAXIMUM_BYTES, MINIMUM_SIDE, fit, read_parameters, read_photo, write_picture
from engines.runtime.region_masks import region_labels
from engines.shared.tensors import to_picture, to_tensor
from tests.support import SHARED

PHOTOS = SHARED / "data/photos"

pictures = arrays(
    np.uint8,
    st.tuples(st.integers(MINIMUM_SIDE, 24), st.integers(MINIMUM_SIDE, 24), st.just(3)),
    elements=st.integers(0, 255),
)
json_objects = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def ramp(height: int = 20, width: int = 32) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], axis=2).astype(np.uint8)


def png_of_header(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def webp_of_header(width: int, height: int) -> bytes:
    body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\0" * 11
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


@given(pictures)
def test_what_is_written_as_png_is_read_back_unchanged(picture: np.ndarray) -> None:
    assert np.array_equal(read_photo(encoded(Image.fromarray(picture))), picture)


@pytest.mark.parametrize("format", FORMATS)
def test_every_accepted_format_is_read(format: str) -> None:
    picture = np.full((20, 32, 3), (200, 100, 50), dtype=np.uint8)
    assert np.abs(read_photo(encoded(Image.fromarray(picture), format)).astype(int) - picture).max() <= 3


def test_a_path_bytes_and_an_open_file_give_the_same_picture(tmp_path: Path) -> None:
    content = encoded(Image.fromarray(ramp()))
    path = tmp_path / "<script>alert(1).txt"
    path.write_bytes(content)
    with open(path, "rb") as file:
        for source in (path, str(path), content, file):
            assert np.array_equal(read_photo(source), ramp())


def test_a_rotated_photograph_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: the camera was held upright, so the picture is to be turned clockwise
    content = encoded(Image.fromarray(ramp()), exif=exif)
    assert np.array_equal(read_photo(content), np.rot90(ramp(), -1))


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_black_and_white_grey_and_palette_pictures_become_rgb(mode: str) -> None:
    halves = np.repeat(np.array([[0] * 16 + [255] * 16], dtype=np.uint8), 16, axis=0)
    picture = read_photo(encoded(Image.fromarray(halves).convert(mode)))
    assert np.array_equal(picture, np.repeat(halves[..., None], 3, axis=2))


def test_cmyk_is_read_in_its_colours() -> None:
    picture = np.full((16, 16, 3), (255, 0, 0), dtype=np.uint8)
    read = read_photo(encoded(Image.fromarray(picture).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(read.astype(int) - picture).max() <= 4


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparency_lies_on_white(mode: str) -> None:
    image = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 8, 16))
    picture = read_photo(encoded(image.convert(mode)))
    assert (picture[:, :8] == 0).all() and (picture[:, 8:] == 255).all()


def test_half_transparent_black_on_white_is_grey() -> None:
    assert (read_photo(encoded(Image.new("RGBA", (16, 16), (0, 0, 0, 128)))) == 127).all()


def test_16_bits_are_scaled_and_not_clipped() -> None:
    levels = np.linspace(0, 65535, 256).astype(np.uint16)
    read = read_photo(encoded(Image.fromarray(np.tile(levels, (16, 1)))))
    assert np.array_equal(read, np.repeat(np.tile(np.arange(256), (16, 1))[..., None], 3, axis=2))


@pytest.mark.parametrize(
    ("white", "dtype"), [(1.0, np.float32), (255.0, np.float32), (65535, np.int32), (1e6, np.float32)]
)
def test_float_and_32_bit_pictures_span_black_to_white(white: float, dtype: type) -> None:
    values: np.ndarray = np.zeros((16, 16), dtype=dtype)
    values[:, 8:] = white
    values[0, 0] = -white
    picture = read_photo(encoded(Image.fromarray(values), "TIFF"))
    assert (picture[:, :8] == 0).all() and (picture[:, 8:] == 255).all()


def test_a_pixel_that_is_no_number_is_black() -> None:
    values = np.ones((16, 16), dtype=np.float32)
    values[0, 0] = np.nan
    picture = read_photo(encoded(Image.fromarray(values), "TIFF"))
    assert (picture[0, 0] == 0).all() and (picture[1:] == 255).all()


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_read(format: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black", "red")]
    content = encoded(frames[0], format, save_all=True, append_images=frames[1:])
    assert sum(1 for _ in ImageSequence.Iterator(Image.open(io.BytesIO(content)))) == 3
    assert (read_photo(content) == 255).all()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"just words", "text"),
        (b"\n<!DOCTYPE html><script>alert(1)</script>", "a web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2mp41", "a video"),
        (b"\0\0\0\x20ftypheic\0\0\0\0mif1heic", "a damaged HEIC photograph"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04\0\0", "an archive"),
        (b"\x89PNG\r\n", "a damaged PNG file"),
        (b"\x7fELF\0\0\0", "a file of unknown kind"),
    ],
)
def test_what_is_no_picture_is_named_in_one_sentence(content: bytes, kind: str) -> None:
    with pytest.raises(InputError) as error:
        read_photo(content, name="Style")
    message = str(error.value)
    assert message.startswith("Style: ") and kind in message and "choose a PNG, JPEG" in message
    assert "\n" not in message and "script" not in message


@pytest.mark.parametrize("format", FORMATS)
def test_a_truncated_file_is_refused(format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), format)
    with pytest.raises(InputError, match="damaged"):
        read_photo(content[: len(content) // 2])


@given(st.binary(min_size=1, max_size=64), st.integers(0, 4000), st.sampled_from(FORMATS))
def test_a_file_with_overwritten_bytes_is_read_or_refused_but_never_breaks_the_reader(
    garbage: bytes, place: int, format: str
) -> None:
    content = encoded(Image.fromarray(ramp(40, 40)), format)
    place %= len(content)
    with contextlib.suppress(InputError):
        assert read_photo(content[:place] + garbage + content[place + len(garbage) :]).dtype == np.uint8


@pytest.mark.parametrize(
    "content",
    [
        png_of_header(20_000, 20_000),
        png_of_header(8_001, 8_000, zlib.compress(bytes(50_000_000), 9)),
        webp_of_header(16_384, 16_384),
        webp_of_header(8_001, 8_000),
    ],
    ids=["png 20000 x 20000", "png of compressed zeros", "webp 16384 x 16384", "webp 8001 x 8000"],
)
def test_a_bomb_is_refused_from_its_header(content: bytes) -> None:
    peak_before = resident_peak()
    tracemalloc.start()
    with pytest.raises(InputError, match="at most 64 million pixels"):
        read_photo(content)
    _, allocated = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert allocated < 100e6 and resident_peak() - peak_before < 100e6


def resident_peak() -> int:
    resource = pytest.importorskip("resource")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


READING = """
import resource, sys
from engines.runtime.images import read_photo
import PIL.ImageCms
content = open(sys.argv[1], "rb").read()
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
picture = read_photo(content, longest=4096)
print(*picture.shape[:2], peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "format", "options"),
    [
        ("RGB", "JPEG", {"progressive": True}),
        pytest.param("RGBA", "PNG", {}, marks=pytest.mark.proof),
        pytest.param("RGB", "WEBP", {"method": 0}, marks=pytest.mark.proof),
        pytest.param("RGB", "AVIF", {"speed": 10}, marks=pytest.mark.proof),
    ],
)
def test_50_megapixels_are_read_in_500_megabytes(tmp_path: Path, mode: str, format: str, options: dict) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "phone"
    Image.new(mode, (8176, 6132), "teal").save(path, format, **options)
    process = subprocess.run([sys.executable, "-c", READING, str(path)], capture_output=True, text=True, timeout=120)
    height, width, taken = map(int, process.stdout.split())
    assert (height, width) == (3072, 4096) and taken < 500e6


def test_a_file_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with open(path, "wb") as file:
        file.truncate(2 << 30)
    tracemalloc.start()
    with pytest.raises(InputError, match="larger than 32 MB"):
        read_photo(path)
    _, allocated = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert allocated < 1e6


def test_an_endless_upload_is_read_no_further_than_the_limit() -> None:
    class Endless(io.BytesIO):
        given = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and size > 0
            self.given += size
            return bytes(size)

    upload = Endless()
    with pytest.raises(InputError, match="larger than 32 MB"):
        read_photo(upload)
    assert upload.given <= MAXIMUM_BYTES + 1


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_photo(tmp_path / "none.png")


@pytest.mark.parametrize("size", [(1, 1), (15, 200), (200, 15)])
def test_a_picture_of_a_few_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"{size[0]} x {size[1]} pixels; choose one of at least 16"):
        read_photo(encoded(Image.new("RGB", size)))


def disc(size: int, inside: tuple[int, int, int], outside: tuple[int, int, int]) -> np.ndarray:
    """A disc with antialiased edges: drawn at four times the size and averaged."""
    y, x = np.mgrid[: 4 * size, : 4 * size] / (4 * size) - 0.5
    large = np.where((x * x + y * y < 0.1)[..., None], inside, outside).astype(np.uint8)
    return np.array(Image.fromarray(large).resize((size, size), Image.Resampling.BOX))


def test_antialiased_edges_make_no_regions_of_their_own() -> None:
    (labels,), _ = region_labels([disc(64, (255, 255, 0), (0, 0, 255))], [(64, 64)], ["Mask"])
    y, x = np.mgrid[:64, :64] / 64 - 0.5 + 1 / 128
    expected = (x * x + y * y < 0.1).astype(int)
    assert set(np.unique(labels)) == {0, 1}
    assert (labels != expected).mean() < 0.01


def test_the_same_colour_has_the_same_label_in_both_masks_and_one_sided_colours_keep_their_own() -> None:
    content = disc(64, (255, 0, 0), (0, 255, 0))
    style = disc(80, (0, 254, 1), (0, 0, 255))
    (content_labels, style_labels), colours = region_labels([content, style], [(64, 64), (80, 80)])
    green, red, blue = content_labels[0, 0], content_labels[32, 32], style_labels[0, 0]
    assert style_labels[40, 40] == green
    assert {green, red, blue} == {0, 1, 2}
    assert colours[red] == "#ff0000" and colours[blue] == "#0000ff"


def test_a_mask_is_brought_to_its_photographs_size() -> None:
    (labels,), _ = region_labels([disc(64, (255, 0, 0), (0, 255, 0))], [(130, 128)], ["Mask"])
    assert labels.shape == (130, 128) and labels[65, 64] != labels[0, 0]
    assert set(np.unique(labels)) == {0, 1}


def test_a_mask_of_another_shape_than_its_photograph_is_refused() -> None:
    with pytest.raises(InputError, match="Mask: the mask is 64 x 64 pixels but its photograph 96 x 64"):
        region_labels([disc(64, (255, 0, 0), (0, 255, 0))], [(64, 96)], ["Mask"])


def test_a_photograph_given_as_a_mask_is_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with pytest.raises(InputError, match="Mask: this is not a picture in flat colours"):
        region_labels([noise], [(64, 64)], ["Mask"])


@pytest.mark.parametrize("count", [12, 13])
def test_at_most_twelve_regions_are_taken(count: int) -> None:
    levels = [(i % 3 * 120, i // 3 % 3 * 120, i // 9 * 120) for i in range(count)]
    mask = np.repeat(np.repeat(np.array([levels], dtype=np.uint8), 10, axis=1), 20, axis=0)
    if count <= 12:
        (labels,), _ = region_labels([mask], [mask.shape[:2]], ["Mask"])
        assert len(np.unique(labels)) == count
    else:
        with pytest.raises(InputError, match="more than 12 flat colours"):
            region_labels([mask], [mask.shape[:2]], ["Mask"])


# Counted by eye in the pictures: regions that only one of the two masks has are among them.
@pytest.mark.parametrize(("pair", "count"), [(1, 3), (4, 2), (9, 1), (16, 2), (18, 2), (30, 6)])
def test_published_masks_give_the_regions_that_were_painted(pair: int, count: int) -> None:
    if not PHOTOS.exists():
        pytest.skip("the published photographs are not here")
    masks = [read_photo(PHOTOS / f"pair{pair}-{side}-mask.png") for side in ("input", "style")]
    labels, _ = region_labels(masks, [mask.shape[:2] for mask in masks])
    assert set(np.unique(np.concatenate([label.ravel() for label in labels]))) == set(range(count))


@pytest.mark.slow
@given(parameters=json_objects, suffix=st.sampled_from([".png", ".webp", ".jpg"]))
def test_parameters_are_read_back_from_the_picture(
    parameters: dict, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("written") / f"picture{suffix}"
    write_picture(ramp(), path, parameters)
    assert read_parameters(path) == json.loads(json.dumps(parameters)) == parameters


def test_a_written_png_holds_the_very_pixels(tmp_path: Path) -> None:
    write_picture(ramp(), tmp_path / "picture.png", {})
    assert np.array_equal(read_photo(tmp_path / "picture.png"), ramp())


def test_a_picture_without_parameters_is_refused(tmp_path: Path) -> None:
    Image.fromarray(ramp()).save(tmp_path / "plain.png")
    with pytest.raises(InputError, match="carries no parameters"):
        read_parameters(tmp_path / "plain.png")


def test_fit_makes_smaller_keeps_the_aspect_and_never_enlarges() -> None:
    assert fit(ramp(100, 200), 50).shape == (25, 50, 3)
    assert fit(ramp(200, 100), 50).shape == (50, 25, 3)
    assert np.array_equal(fit(ramp(), 500), ramp())
    assert (fit(np.full((64, 64, 3), 77, dtype=np.uint8), 20) == 77).all()


@given(pictures)
def test_a_picture_survives_the_way_to_a_tensor_and_back(picture: np.ndarray) -> None:
    tensor = to_tensor(picture)
    assert tensor.shape == (3, *picture.shape[:2]) and tensor.dtype == torch.float32
    assert tensor.min() >= -1 and tensor.max() <= 1
    assert np.array_equal(to_picture(tensor), picture)


def test_black_is_minus_one_white_is_one_and_what_lies_outside_is_clamped() -> None:
    tensor = to_tensor(np.array([[[0, 255, 0]]], dtype=np.uint8))
    assert tensor.flatten().tolist() == [-1, 1, -1]
    assert to_picture(tensor * 7).flatten().tolist() == [0, 255, 0]
