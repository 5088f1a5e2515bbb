"""The pictures of ../shared/cases that once failed, through the runs of `python -m pages run`, each as it is right."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pages
from engines.runtime.errors import InputError
from engines.runtime.images import read_photo
from studio.runs.run import finished, start
from tests.support import SHARED

INPUTS = SHARED / "cases/inputs"
FAST = {"style": "dusk", "longest": 128, "smoother": "none", "post_filter": False}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not INPUTS.exists(), reason="needs ../shared/cases"),
]


def case(name: str) -> bytes:
    path = INPUTS / name
    if not path.exists():
        pytest.skip(f"needs ../shared/cases/inputs/{name}")
    return path.read_bytes()


def run(panel: str, experiment: str, **values: Any) -> dict[str, Any]:
    declared = pages.panel(panel).experiment(experiment)
    task = start(declared, {**declared.opening(), **values})
    finished(task)
    return task.result


@pytest.mark.parametrize("name", ["strip-4000x40.png", "strip-20000x16.png"])
@pytest.mark.parametrize(
    ("panel", "experiment", "control"),
    [
        ("time_limited_humans", "retina", "photo"),
        ("photo_stylization", "stylize", "content"),
        ("ganimation", "sliders", "photo"),
        ("taskonomy", "picture", "photo"),
    ],
)
def test_a_strip_is_refused_in_words_of_its_own_size(name: str, panel: str, experiment: str, control: str) -> None:
    width, height = name.removeprefix("strip-").removesuffix(".png").split("x")
    with pytest.raises(InputError, match=f"a strip of {width} x {height} pixels"):
        run(panel, experiment, **{control: case(name)})


def test_a_profile_is_converted_to_srgb() -> None:
    shown = run("photo_stylization", "stylize", content=case("icc-display-p3.jpg"), **FAST)["result"]["content"]
    truth = read_photo(case("icc-truth-srgb.png"))
    for top, left in ((20, 20), (180, 240), (106, 146)):  # in the red, the green and the blue patch
        patch, true = (np.median(picture[top : top + 28, left : left + 28], axis=(0, 1)) for picture in (shown, truth))
        assert np.abs(patch - true).max() <= 2


@pytest.mark.parametrize("name", ["picture.avif", "iphone.heic"])
def test_avif_and_heic_are_read(name: str) -> None:
    shown = run("photo_stylization", "stylize", content=case(name), **FAST)["result"]["content"]
    truth = read_photo(case("icc-truth-srgb.png"))
    assert shown.shape == truth.shape and np.abs(shown.astype(int) - truth).mean() < 4


def test_a_jpeg_without_its_end_is_taken() -> None:
    content = case("jpeg-without-eoi.jpg")
    assert run("group_normalization", "inside", photo=content)["answers"]
    assert np.array_equal(read_photo(content), read_photo(content + b"\xff\xd9"))
    with pytest.raises(InputError, match="cut short"):
        run("group_normalization", "inside", photo=content[: len(content) // 2])


def test_masks_of_numbers_mark_two_regions() -> None:
    masks = {f"{of}_regions": case(f"masks-{of}-index01.png") for of in ("content", "style")}
    pictures = {of: case(f"masks-{of}.png") for of in ("content", "style")}
    numbered = run("photo_stylization", "stylize", **{**FAST, **pictures, **masks})
    painted = run(
        "photo_stylization", "stylize", **{**FAST, **pictures, **{k: in_colours(v) for k, v in masks.items()}}
    )
    without = run("photo_stylization", "stylize", **{**FAST, **pictures})
    last = next(key for key in numbered["result"] if key != "content")
    assert np.array_equal(numbered["result"][last], painted["result"][last])
    assert not np.array_equal(numbered["result"][last], without["result"][last])


@pytest.mark.parametrize("size", [(2000, 100), (100, 2000), (1200, 300)])
def test_a_narrow_picture_gives_results_or_words_that_are_not_of_its_size(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1] // 25, size[0] // 25, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(file, "PNG")
    photo = file.getvalue()
    for longest in (128, 768):
        made = run("photo_stylization", "stylize", content=photo, **{**FAST, "longest": longest})["result"]
        assert all(picture.shape[:2] == size[::-1] for picture in made.values())
    assert run("photo_stylization", "stylize", style=photo, **{key: FAST[key] for key in FAST if key != "style"})
    assert run("time_limited_humans", "retina", photo=photo, longest=256)["parts"]
    assert run("group_normalization", "inside", photo=photo)["answers"]
    with pytest.raises(InputError, match="No face was found"):
        run("ganimation", "sliders", photo=photo)


def in_colours(mask: bytes) -> bytes:
    numbers = np.asarray(Image.open(io.BytesIO(mask)))
    file = io.BytesIO()
    Image.fromarray(np.array([(230, 159, 0), (86, 180, 233)], np.uint8)[numbers]).save(file, "PNG")
    return file.getvalue()
