"""The page on Everybody Dance Now: dancing before a camera and transferring a clip, and what is no usable dancer."""

import io
import subprocess
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
import skimage
from PIL import Image

from engines.everybody_dance_now import engine
from engines.everybody_dance_now.normalization import PoseStatistics, normalized, supporting_foot
from engines.everybody_dance_now.skeleton import find_skeleton
from engines.ganimation.mark import mark
from engines.runtime import nested
from engines.runtime.errors import InputError
from engines.runtime.images import fit
from engines.runtime.progress import Saved
from engines.runtime.video import Recording, read_clip
from pages import everybody_dance_now as page
from pages.everybody_dance_now import transfer as transfer_page
from pages.everybody_dance_now.controls import BUNDLED, CLIPS, CONSENT, SUBJECTS
from pages.everybody_dance_now.dance import NOBODY
from pages.everybody_dance_now.seen import NO_FEET, SECOND_PERSON
from tests.support.runs import runner

PANEL = page.PANEL
run = runner(PANEL)
TARGET = engine.load_subject(BUNDLED)
BLACK = np.zeros((256, 256, 3), np.uint8)


def first_frames(name: str, count: int, step: int = 1) -> list[np.ndarray]:
    with closing(read_clip(CLIPS[name]()).frames(256)) as frames:
        return [frame for _, frame in zip(range(count * step), frames, strict=False)][::step]


DANCER = first_frames("dancer", 12, 2)


def film(frames: list[np.ndarray], rate: int = 12) -> bytes:
    with Recording(Fraction(rate)) as recording:
        for frame in frames:
            recording.add(frame)
    return recording.content


def photo(frame: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG")
    return file.getvalue()


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def test_the_panel_stands_where_the_survey_has_the_paper_and_quotes_no_score() -> None:
    assert (
        PANEL.paper.number == 9
        and PANEL.paper.arxiv == "1808.07371"
        and not any(each.figures for each in PANEL.experiments)
    )
    assert PANEL.shows_people and all(CONSENT in experiment.notes for experiment in PANEL.experiments)
    assert len(SUBJECTS) >= 2 and all(engine.load_subject(name).side == 256 for name in SUBJECTS)


def test_a_dance_goes_from_frame_to_skeleton_to_a_marked_picture_of_the_target() -> None:
    memory: dict[str, Any] = {}
    for frame in DANCER[:3]:
        made = run("dance", memory, frame=photo(frame))
    assert {made[name].shape for name in ("source", "skeleton", "normalized", "target")} == {(256, 256, 3)}
    assert made["skeleton"].any() and made["normalized"].any() and "words" not in made
    assert made["target"][mark(BLACK) > 240].min() > 200, "the word is on it"
    assert apart(made["target"], engine.stage(TARGET)) > 2


def test_a_subject_from_a_file_dances_in_place_of_the_characters() -> None:
    other = list(SUBJECTS)[-1]
    file = engine.load_subject(other).content()
    chosen = run("dance", {}, frame=photo(DANCER[0]), subject=file)
    np.testing.assert_array_equal(
        chosen["target"], run("dance", {}, frame=photo(DANCER[0]), checkpoint=other)["target"]
    )


@pytest.mark.parametrize("switch", ["normalization", "previous", "face"])
def test_each_switch_changes_the_target(switch: str) -> None:
    pictures = []
    for setting in (True, False):
        memory: dict[str, Any] = {}
        for frame in DANCER[:2]:
            made = run("dance", memory, frame=photo(frame), **{switch: setting})
        pictures.append(made["target"])
    assert apart(*pictures) > 0.005


def test_without_smoothing_every_skeleton_is_as_it_was_found() -> None:
    shaky = [np.roll(DANCER[0], shift, axis=1) for shift in (0, 3, -3, 3, -3)]
    travelled = []
    for smoothing in (True, False):
        memory: dict[str, Any] = {}
        figures = [run("dance", memory, frame=photo(frame), smoothing=smoothing)["skeleton"] for frame in shaky]
        middles = [np.nonzero(figure.any(axis=2))[1].mean() for figure in figures]
        travelled.append(np.ptp(middles))
    assert travelled[0] < travelled[1]


def test_who_leaves_the_picture_is_told_so_and_the_target_waits() -> None:
    memory: dict[str, Any] = {}
    here = run("dance", memory, frame=photo(DANCER[0]))
    gone = run("dance", memory, frame=photo(BLACK))
    still = run("dance", memory, frame=photo(BLACK))
    back = run("dance", memory, frame=photo(DANCER[1]))
    assert "target" in here and gone["words"] == {"person": NOBODY} and "target" not in gone
    assert "words" not in still and back["words"] == {} and "target" in back


def test_before_a_desk_the_upper_body_dances_on_the_target_s_own_legs() -> None:
    made = run("dance", {}, frame=photo(skimage.data.astronaut()))
    assert made["words"] == {"feet": NO_FEET}
    foot = round(TARGET.statistics.close)
    assert made["normalized"][foot - 8 : foot].any() and made["normalized"][: foot // 2].any()


def test_two_people_are_told_from_one() -> None:
    both = np.concatenate([DANCER[0], DANCER[5]], axis=1)
    assert run("dance", {}, frame=photo(both))["words"] == {"second": SECOND_PERSON}
    assert "second" in run("transfer", clip=film([both] * 3))["notices"]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (BLACK, "The clip is black"),
        (fit(skimage.data.chelsea(), 256), "Nobody was found in any of the clip's 3 frames"),
    ],
    ids=["black", "a cat"],
)
def test_a_clip_without_anybody_is_refused_in_a_sentence(frame: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        run("transfer", clip=film([frame] * 3))


def test_a_clip_of_half_a_body_is_transferred_and_says_so() -> None:
    made = run("transfer", clip=film([fit(skimage.data.astronaut(), 256)] * 3))
    assert made["notices"] == {"feet": NO_FEET} and made["poses"]["from head to foot"] == {"frames": 0}
    assert read_clip(made["movie"].content).count == 3


@pytest.mark.parametrize(("view", "shape"), [("target", (256, 256)), ("row", (256, 1024))])
def test_a_transfer_has_every_frame_at_its_rate_in_the_view_that_is_asked_for(
    view: str, shape: tuple[int, int]
) -> None:
    made = run("transfer", clip=film(DANCER[:5]), view=view)
    movie = read_clip(made["movie"].content)
    assert (movie.count, movie.rate) == (5, 12)
    assert {frame.shape[:2] for frame in movie.frames(2000)} == {shape}
    assert next(iter(made["frames"].values())).shape == (256, 512, 3)


def test_sound_is_kept_and_a_portrait_filmed_sideways_comes_upright(tmp_path: Path) -> None:
    portrait = [np.ascontiguousarray(frame[:, 48:208]) for frame in DANCER[:4]]
    (tmp_path / "lying.mp4").write_bytes(film([np.ascontiguousarray(np.rot90(frame)) for frame in portrait]))
    sound = ["-f", "lavfi", "-t", "1", "-i", "sine", "-c:v", "copy", "-c:a", "aac"]
    turned = ["-display_rotation", "-90", "-i", str(tmp_path / "lying.mp4"), *sound, str(tmp_path / "upright.mp4")]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *turned], check=True)
    made = run("transfer", clip=(tmp_path / "upright.mp4").read_bytes())
    assert read_clip(made["movie"].content).sound
    assert next(iter(made["frames"].values())).shape == (256, 160 + 256, 3)
    assert made["poses"]["with somebody"] == {"frames": 4}


def test_a_transfer_that_goes_on_from_where_it_was_saved_ends_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(transfer_page, "FRAMES_A_PART", 3)
    values = PANEL.experiment("transfer").check({"clip": film(DANCER[:7]), "view": "target"})
    whole = list(transfer_page.run(None, **values))
    saved = [step for step in whole if isinstance(step, Saved)]
    assert len(saved) == 3
    for state in saved[:2]:
        nested.write(tmp_path / "saved", state.state)
        *_, resumed = transfer_page.run(nested.read(tmp_path / "saved"), **values)
        assert isinstance(resumed, dict) and isinstance(whole[-1], dict)
        assert resumed["movie"].content == whole[-1]["movie"].content


def test_broken_off_midway_the_frames_that_are_finished_make_a_movie() -> None:
    values = PANEL.experiment("transfer").check({"clip": film(DANCER[:8]), "view": "target"})
    made: dict[str, Any] = {}
    with closing(transfer_page.run(None, **values)) as steps:
        for step in steps:
            made = {**made, **step} if isinstance(step, dict) else made
            if "movie" in made and made["movie"].count == 4:
                break
    assert read_clip(made["movie"].content).count == 4


@pytest.mark.parametrize("name", list(SUBJECTS))
def test_a_child_stands_on_an_adult_target_s_floor_at_its_height(name: str) -> None:
    target = engine.load_subject(name).statistics
    child = [skeleton for skeleton in map(find_skeleton, first_frames("child", 12, 6)) if skeleton is not None]
    source = PoseStatistics.of(child)
    assert len(child) >= 10
    placed = [normalized(skeleton, source, target) for skeleton in child]
    feet = np.array([supporting_foot(pose) for pose in placed])
    assert (feet <= target.close + 1).all() and np.median(feet) >= target.far - 1
    tallest = max(supporting_foot(pose) - pose.points[0, 1] for pose in placed)
    assert tallest == pytest.approx(max(target.close_height, target.far_height), rel=0.1)
