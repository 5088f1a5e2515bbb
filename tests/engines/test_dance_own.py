"""A visitor's own subject: what recordings are refused for, the training that goes on, and its file."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engines.everybody_dance_now import own
from engines.everybody_dance_now.engine import portrait
from engines.everybody_dance_now.subject import Subject
from engines.runtime.errors import InputError
from engines.runtime.progress import Saved, finish
from engines.runtime.video import Clip, Recording, read_clip
from pages import everybody_dance_now as page
from pages.everybody_dance_now import train as train_page
from tests.support import ROOT

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "assets/examples"
SIDE = 64


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """Fifty frames of the dancer, small."""
    clip = read_clip((EXAMPLES / "dancer.mp4").read_bytes())
    return [frame for _, frame in zip(range(50), clip.frames(192), strict=False)]


def clip_of(frames: Iterator[np.ndarray] | list[np.ndarray]) -> Clip:
    with Recording(Fraction(24)) as recording:
        for frame in frames:
            recording.add(frame)
    return read_clip(recording.content)


@pytest.fixture(scope="module")
def recorded(frames: list[np.ndarray]) -> own.Recorded:
    return finish(own.look_through(clip_of(frames), SIDE))


@given(st.integers(1, 30_000))
def test_of_a_long_recording_runs_of_neighbours_are_looked_at(count: int) -> None:
    chosen = own.chosen_frames(count)
    assert len(chosen) <= own.MOST_FRAMES and max(chosen) < count
    assert chosen == set(range(count)) or all({place - 1, place + 1} & chosen for place in chosen)
    assert 0 in chosen and count - 1 in chosen


def test_a_recording_gives_square_frames_of_one_who_is_seen_whole(recorded: own.Recorded) -> None:
    assert recorded.counts[own.READ] >= 45 and recorded.others == 0
    assert recorded.film.frames.shape == (50, SIDE, SIDE, 3)
    first = next(skeleton for skeleton in recorded.film.skeletons if skeleton is not None)
    assert (first.points[first.is_seen] > 0).all() and (first.points[first.is_seen] < SIDE).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: np.zeros_like(frame), "nearly black"),
        (lambda frame: np.full_like(frame, 180), "nobody is found"),
        (lambda frame: cv2.resize(frame[:110], (192, 192)), "Step back"),
    ],
    ids=["black", "an empty wall", "no feet"],
)
def test_a_recording_that_shows_no_whole_body_is_refused_with_what_to_do(
    frames: list[np.ndarray], change: Callable[[np.ndarray], np.ndarray], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        finish(own.look_through(clip_of([change(frame) for frame in frames]), SIDE))


def test_too_short_a_recording_is_refused(frames: list[np.ndarray]) -> None:
    with pytest.raises(InputError, match="Record for longer"):
        finish(own.look_through(clip_of(frames[:10]), SIDE))


def test_a_training_tells_saves_goes_on_and_ends_in_a_subject_that_loads(
    recorded: own.Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "TOLD_EVERY", 0.2)
    monkeypatch.setattr(own, "SAVED_EVERY", 0.3)
    torch.manual_seed(0)
    made = list(own.learn(recorded.film, SIDE, 0.02, 0, {"trained_on": "the dancer"}, None))
    saved = [each for each in made if isinstance(each, Saved)]
    told = [each for each in made if isinstance(each, own.Learnt)]
    assert saved and len(told) >= 2
    minutes, similarity = told[-1].curves[own.SIMILARITY]
    assert len(minutes) == len(similarity) == len(told) and minutes[-1] >= 0.02
    subject = Subject.load(told[-1].file)
    assert subject.side == SIDE and subject.about["trained_on"] == "the dancer"
    assert portrait(subject).shape == (SIDE, SIDE, 3)
    onward = list(own.learn(recorded.film, SIDE, 0.02, 0, {}, saved[-1].state))
    *_, ended = (each for each in onward if isinstance(each, own.Learnt))
    before, _ = saved[-1].state["curves"][own.SIMILARITY]
    assert len(onward) < len(made) and ended.curves[own.SIMILARITY][0][: len(before)] == before


def test_two_trainings_at_once_both_end(recorded: own.Recorded) -> None:
    trainings = [own.learn(recorded.film, SIDE, 0.01, seed, {}, None) for seed in (0, 1)]
    ended: list[own.Learnt] = []
    for together in zip(*trainings, strict=False):
        ended = [each for each in together if isinstance(each, own.Learnt)] or ended
    for training in trainings:
        ended += [each for each in training if isinstance(each, own.Learnt)]
    assert ended and all(Subject.load(each.file).side == SIDE for each in ended)


def test_nobody_is_learnt_without_consent(frames: list[np.ndarray]) -> None:
    with pytest.raises(InputError, match="agreed"):
        next(train_page.run(None, clip_of(frames), False, "128", 1, 0))


def test_the_page_shows_pairs_curves_frames_the_file_and_what_to_do_better(frames: list[np.ndarray]) -> None:
    made: dict[str, Any] = {}
    for each in train_page.run(None, clip_of(frames), True, "128", 0.01, 0):
        made |= each if isinstance(each, dict) else {}
    assert set(made) == set(page.PANEL.experiment("train").outputs)
    assert made["pairs"]["frame 1"].shape == (128, 256, 3) and made["pairs"]["frame 1"][:, 128:].max() > 240
    assert "seconds to 5 minutes" in made["words"]["short"] and "others" not in made["words"]
    assert sum(row["%"] for row in made["frames"].values()) == 100
    assert Subject.load(made["subject"]).about["trained_on"] == "a visitor's recording"
