"""A clip keeps one look: still where it stands still, moving with what moves, new at a cut, whole when broken off."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage import data

from engines.photo_stylization.clip import EVERY, LONGEST, ClipStylizer
from engines.photo_stylization.flicker import compare
from engines.runtime import nested
from engines.runtime.images import fit, read_photo
from engines.runtime.progress import Saved, finish
from engines.runtime.video import read_clip
from engines.shared.flow import FlickerMeter, carried, follow
from pages.photo_stylization import PANEL
from pages.photo_stylization import clip as clip_page
from tests.support import ROOT, SHARED

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "assets/examples"
DANCE = SHARED / "data/video/dance-65f.mp4"
STRENGTHS = {1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0}
CAT, COFFEE = fit(data.chelsea(), 120)[:72], fit(data.coffee(), 120)[:72]
STYLE = fit(read_photo(EXAMPLES / "dusk.jpg"), 120)


def stylized(frames: list[np.ndarray], steady: bool = True, style: np.ndarray = STYLE) -> list[np.ndarray]:
    stylizer = ClipStylizer(style, count=len(frames), strengths=STRENGTHS, steady=steady)
    return [finish(stylizer.stylize(frame)) for frame in frames]


def pan(picture: np.ndarray, count: int, step: int = 1, width: int = 96) -> list[np.ndarray]:
    return [np.ascontiguousarray(picture[:, place * step : place * step + width]) for place in range(count)]


def test_a_clip_that_stands_still_stays_exactly_still():
    first, *others = stylized([CAT] * (EVERY + 3))
    assert np.abs(first.astype(int) - CAT).mean() > 10
    assert all((frame == first).all() for frame in others)


def test_there_are_as_many_frames_as_before_of_the_same_size():
    frames = pan(CAT, 5)
    assert [frame.shape for frame in stylized(frames)] == [frame.shape for frame in frames]


def test_frame_by_frame_each_frame_is_stylized_as_if_alone():
    frames = pan(CAT, 3, step=3)
    for frame, made in zip(frames, stylized(frames, steady=False), strict=True):
        assert (made == stylized([frame])[0]).all()


def test_after_a_cut_nothing_is_left_of_the_scene_before():
    cat, coffee = pan(CAT, 4), pan(COFFEE, 4)
    assert np.array_equal(stylized(cat + coffee)[4:], stylized(coffee))


def test_a_change_of_light_is_followed_and_not_taken_for_a_cut():
    frames = [(picture * (1 - 0.02 * place)).astype(np.uint8) for place, picture in enumerate(pan(CAT, 12))]
    made = stylized(frames)
    steps = [np.abs(after.astype(int) - before).mean() for before, after in zip(made, made[1:], strict=False)]
    assert max(steps) < 3 * np.median(steps)


@pytest.mark.parametrize("shape", [(16, 16), (16, 200), (200, 16)])
def test_the_smallest_and_the_narrowest_clips_are_stylized(shape):
    frames = [np.random.default_rng(place).integers(0, 255, (*shape, 3), dtype=np.uint8) for place in range(2)]
    assert len(stylized(frames)) == 2


def test_the_look_moves_with_what_it_is_of():
    values = np.random.default_rng(0).random((3, 20, 30, 4), np.float32)
    flow = np.zeros((20, 30, 2), np.float32)
    flow[..., 0] = 2
    assert (carried(values, flow)[:, :, :-2] == values[:, :, 2:]).all()
    frames = pan(CAT, 2, step=2)
    found = follow(frames[1], frames[0])
    assert found is not None and np.median(found[..., 0]) == pytest.approx(2, abs=0.05)


def test_flicker_is_what_changes_beyond_motion():
    meter, frames = FlickerMeter(), pan(CAT, 4, step=2)
    brightened = [(frame // 2 + 6 * (place % 2)).astype(np.uint8) for place, frame in enumerate(frames)]
    measured = [
        meter.measure(content, {"content": content, "brightened": other})
        for content, other in zip(frames, brightened, strict=True)
    ]
    assert measured[0] == {}
    assert all(row["content"] < 2 and row["brightened"] == pytest.approx(6, abs=1) for row in measured[1:])
    assert meter.measure(np.zeros_like(frames[-1]), {}) == {}


def test_progress_goes_from_nothing_to_all_and_names_the_frame():
    stylizer = ClipStylizer(STYLE, count=3, strengths=STRENGTHS, steady=True)
    told = [step for frame in pan(CAT, 3) for step in stylizer.stylize(frame)]
    assert [step.fraction for step in told] == sorted(step.fraction for step in told)
    assert 0 <= told[0].fraction < told[-1].fraction <= 1
    assert told[-1].words == "Frame 3 of 3"


def test_broken_off_midway_the_frames_that_are_finished_make_a_movie():
    clip = read_clip(EXAMPLES / "lake.mp4")
    values = PANEL.experiment("clip").check({"clip": "lake", "style": "dusk", "longest": 128})
    made: dict[str, Any] = {}
    with closing(clip_page.run(None, **values)) as steps:
        for step in steps:
            made = {**made, **step} if isinstance(step, dict) else made
            if "movie" in made and made["movie"].count == 5:
                break
    part = read_clip(made["movie"].content)
    assert (part.count, part.rate, len(list(part.frames(96)))) == (5, clip.rate, 5)


@pytest.mark.parametrize("steady", [True, False])
def test_a_clip_that_goes_on_from_where_it_was_saved_ends_bit_for_bit_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, steady: bool
) -> None:
    monkeypatch.setattr(clip_page, "FRAMES_A_PART", 4)
    values = PANEL.experiment("clip").check({"clip": "lake", "style": "dusk", "longest": 128, "steady": steady})
    values["clip"] = replace(values["clip"], count=11)
    whole = list(clip_page.run(None, **values))
    second = [step for step in whole if isinstance(step, Saved)][1]
    nested.write(tmp_path / "saved", second.state)
    *_, resumed = clip_page.run(nested.read(tmp_path / "saved"), **values)
    expected = whole[-1]
    assert isinstance(expected, dict) and isinstance(resumed, dict)
    assert resumed["movie"].content == expected["movie"].content and resumed["flicker"] == expected["flicker"]
    film = read_clip(resumed["movie"].content)
    assert (film.count, film.rate, film.notices, len(list(film.frames(128)))) == (11, values["clip"].rate, {}, 11)


@pytest.mark.parametrize(
    "path", [pytest.param(EXAMPLES / "lake.mp4", marks=pytest.mark.proof), DANCE], ids=["lake", "dance"]
)
def test_steady_flickers_less_by_two_fifths_without_losing_detail_or_colour(path):
    if not path.exists():
        pytest.skip("needs ../shared/data/video")
    rows = compare(replace(read_clip(path), count=EVERY + 4), read_photo(EXAMPLES / "dusk.jpg"), LONGEST)
    assert rows["flicker"]["steady"] < 0.6 * rows["flicker"]["frame by frame"]
    for measure in ("detail", "distance to content"):
        assert rows[measure]["steady"] > 0.9 * rows[measure]["frame by frame"]
