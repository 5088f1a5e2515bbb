"""Photo stylization from the panel's controls to its results, with the bundled checkpoint."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import pages
from engines.photo_stylization import engine
from engines.runtime.errors import InputError
from engines.runtime.images import fit
from engines.runtime.progress import Progress
from engines.runtime.scheduler import State
from engines.shared.tensors import to_tensor
from studio.runs.run import finished, start
from studio.runs.store import rendered

PANEL = pages.panel("photo_stylization")
STYLIZE = PANEL.experiment("stylize")
STAGES = ["level 4", "level 3", "level 2", "level 1", "smoothed", "filtered"]


def encoded(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def photograph(height: int, width: int, seed: int) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 255, (5, 7, 3), dtype=np.uint8)
    return np.array(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def run(**values: Any) -> dict[str, Any]:
    opening = {"content": encoded(photograph(72, 96, 1)), "style": encoded(photograph(60, 60, 2))}
    return finished(start(STYLIZE, {**STYLIZE.opening(), **opening, **values}))


@pytest.mark.parametrize("preset", list(STYLIZE.presets))
def test_every_preset_runs(preset: str) -> None:
    result = finished(start(STYLIZE, {**STYLIZE.opening(preset), "longest": 192}))
    assert set(result) == set(STYLIZE.outputs) - {"notices"}
    assert list(result["stages"]) == STAGES
    content = result["result"]["content"]
    assert all(picture.dtype == np.uint8 for picture in result["result"].values())
    assert result["result"]["filtered"].shape == content.shape
    changed = np.abs(result["result"]["filtered"].astype(int) - content).mean()
    assert changed > 5, "the style must be seen"


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 301), (97, 64)])
def test_the_result_has_exactly_the_content_s_size(height: int, width: int) -> None:
    result = run(content=encoded(photograph(height, width, 3)))["result"]
    assert {picture.shape for picture in result.values()} == {(height, width, 3)}


def test_a_large_photograph_gets_its_full_size_back() -> None:
    content = photograph(300, 400, 4)
    result = run(content=encoded(content), longest=128)
    assert result["result"]["filtered"].shape == (300, 400, 3)
    assert result["stages"]["filtered"].shape == (96, 128, 3)
    carried = fit(result["result"]["filtered"], 128).astype(int)
    assert np.abs(carried - result["stages"]["filtered"]).mean() < 4


@pytest.mark.parametrize(
    ("values", "last"),
    [
        ({"smoother": "none", "post_filter": False}, "none"),
        ({"smoother": "guided", "post_filter": False}, "guided"),
        ({"smoother": "exact", "post_filter": False}, "exact"),
        ({"smoother": "none", "post_filter": True}, "filtered"),
    ],
)
def test_what_is_switched_off_is_left_out(values: dict[str, Any], last: str) -> None:
    assert list(run(**values)["result"])[-1] == last


def test_the_same_controls_give_the_same_pictures() -> None:
    first, second = run(), run()
    for name, picture in first["result"].items():
        assert (picture == second["result"][name]).all()


def test_without_strength_the_network_only_reconstructs() -> None:
    pair = {"content": "cat", "style": "dusk", "longest": 192, "smoother": "none", "post_filter": False}
    none = {f"strength_{level}": 0 for level in (1, 2, 3, 4)}
    kept, styled = (run(**pair, **strengths)["stages"]["level 1"].astype(int) for strengths in (none, {}))
    content = fit(STYLIZE.controls["content"].check("cat"), 192)
    assert np.abs(kept - content).mean() < 0.5 * np.abs(styled - content).mean()


def test_a_style_of_one_flat_colour_gives_that_colour_and_no_noise() -> None:
    flat = np.full((64, 64, 3), (200, 40, 90), dtype=np.uint8)
    picture = run(style=encoded(flat))["result"]["filtered"]
    assert np.abs(np.median(picture, (0, 1)) - (200, 40, 90)).max() < 40


def masks(columns: int, labels: list[tuple[int, int, int]]) -> bytes:
    parts = np.array(labels, dtype=np.uint8)[np.arange(columns) * len(labels) // columns]
    return encoded(np.broadcast_to(parts, (60, columns, 3)).copy())


RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)


def test_regions_take_the_look_of_their_own_region() -> None:
    content = encoded(photograph(60, 120, 5))
    style = np.concatenate([photograph(60, 60, 6) // 4, 255 - photograph(60, 60, 7) // 4], axis=1)
    result = run(
        content=content,
        style=encoded(style),
        content_regions=masks(120, [RED, BLUE]),
        style_regions=masks(120, [BLUE, RED]),
        smoother="none",
        post_filter=False,
    )
    picture = result["result"]["none"]
    assert picture[:, :50].mean() > picture[:, 70:].mean() + 60, "the left takes the style's bright right half"
    assert "notices" not in result


def test_a_region_on_one_side_only_follows_the_whole_picture_and_says_so() -> None:
    result = run(
        content=encoded(photograph(60, 120, 5)),
        style=encoded(photograph(60, 120, 6)),
        content_regions=masks(120, [RED, GREEN]),
        style_regions=masks(120, [RED]),
    )
    assert any("follows the whole picture" in notice for notice in result["notices"].values())
    assert result["result"]["filtered"].shape == (60, 120, 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"content": b"text"}, "Content: this is text, not a picture"),
        ({"style": encoded(np.zeros((1, 1, 3), np.uint8))}, "Style: the picture is 1 x 1 pixels"),
        ({"content_regions": masks(96, [RED])}, "give both, or neither"),
        ({"smoothing_weight": "much"}, "Weight of smoothness: 'much' is not a number"),
        ({"checkpoint": "vgg"}, "Checkpoint: 'vgg' is not among"),
        (
            {"content_regions": masks(120, [RED]), "style_regions": masks(60, [RED])},
            "the mask is 120 x 60 pixels but its photograph 96 x 72",
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        run(**values)
    assert "\n" not in str(raised.value)


def test_a_cancel_stops_and_keeps_the_stages() -> None:
    task = start(STYLIZE, STYLIZE.opening())
    version = -1
    while "stages" not in task.result and not task.ended:
        version = task.wait(version)
    task.cancel()
    while not task.ended:
        version = task.wait(version)
    assert task.state is State.CANCELLED
    assert list(task.result["stages"])[0] == "level 4"


def test_progress_rises_to_the_end() -> None:
    content, style = (to_tensor(photograph(96, 128, seed)) for seed in (8, 9))
    steps = engine.stylize(
        content,
        style,
        strengths={1: 1, 2: 1, 3: 1, 4: 1},
        smoother="exact",
        smoothing_weight=0.9999,
        post_filter=True,
    )
    fractions = [step.fraction for step in steps if isinstance(step, Progress)]
    assert len(fractions) > 20 and fractions == sorted(fractions) and fractions[-1] > 0.9


def test_views_are_blank_where_nothing_changed() -> None:
    picture = to_tensor(photograph(40, 50, 10))
    assert (engine.difference(picture, picture) == -1).all()
    edges = engine.edges(picture, picture)
    assert torch.equal(edges[0], edges[1]) and torch.equal(edges[1], edges[2]), "kept edges have no colour"
    assert (engine.edges(torch.zeros(3, 20, 20), torch.zeros(3, 20, 20)) == 1).all()


@pytest.mark.proof
def test_the_opening_picture_is_what_the_panel_computes() -> None:
    opening = rendered(PANEL, STYLIZE)
    assert opening is not None
    paths, document = opening
    fresh = finished(start(STYLIZE, STYLIZE.opening()))
    for caption, path in paths["result"].items():
        shown = np.array(Image.open(path).convert("RGB")).astype(int)
        assert np.abs(shown - fresh["result"][caption]).mean() < 4, caption
    assert document["controls"]["checkpoint"] == STYLIZE.opening()["checkpoint"]
