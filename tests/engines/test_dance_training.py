"""Training a subject for Everybody Dance Now: what it learns, how it goes on, its file, and what is measured."""

import json
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from engines.everybody_dance_now import training as training_module
from engines.everybody_dance_now.network import FIELD_LIMBS, SubjectNetwork, face_corners, face_size, limb_fields
from engines.everybody_dance_now.normalization import PoseStatistics
from engines.everybody_dance_now.quality import dance, figures, nearest, rivals
from engines.everybody_dance_now.skeleton import LEFT_ANKLE, LEFT_HIP, LEFT_KNEE, NOSE, POINTS, Skeleton, draw_figure
from engines.everybody_dance_now.subject import Subject, poses_of
from engines.everybody_dance_now.train import read_film
from engines.everybody_dance_now.training import Film, SubjectTraining, body_mask, framed, plate_of
from engines.runtime import nested
from engines.runtime.errors import CheckpointError, InputError
from engines.runtime.video import Recording

pytestmark = pytest.mark.slow

SIDE = 64
WIDTHS = (8, 8, 16, 16)
"""Of networks in these tests."""
BODY = {
    0: (0, 4), 1: (0, 10), 2: (-5, 10), 3: (-7, 18), 4: (-8, 26), 5: (5, 10), 6: (7, 18), 7: (8, 26), 8: (0, 28),
    9: (-3, 28), 10: (-3, 38), 11: (-3, 48), 12: (3, 28), 13: (3, 38), 14: (3, 48), 15: (-1, 3), 16: (1, 3),
    17: (-2, 4), 18: (2, 4), 19: (5, 50), 20: (5, 50), 21: (3, 50), 22: (-5, 50), 23: (-5, 50), 24: (-3, 50),
    25: (9, 27), 26: (9, 28), 27: (8, 28), 28: (-9, 27), 29: (-9, 28), 30: (-8, 28),
}  # fmt: skip
"""Places of the 31 points from the middle of the head's top, in pixels."""


def skeleton(x: float, lifted: float = 0.0) -> Skeleton:
    """A body standing at `x`, its hands lifted by a share of the arms."""
    points = np.array([BODY[point] for point in range(POINTS)], dtype=np.float32)
    hands = [3, 4, 6, 7, 25, 26, 27, 28, 29, 30]
    points[hands, 1] -= lifted * 2 * (points[hands, 1] - 10)
    return Skeleton((points + (x, 8)).astype(np.float32), np.ones(POINTS, np.float32))


def film(count: int = 60) -> tuple[np.ndarray, list[Skeleton]]:
    """Somebody drawn in red over a background with stripes, moving from side to side."""
    places = 32 + 14 * np.sin(np.arange(count) / 5)
    skeletons = [skeleton(x, lifted=float(x > 32)) for x in places]
    stripes = np.repeat(np.arange(SIDE) // 8 % 2 * 60 + 100, SIDE).reshape(SIDE, SIDE)
    frames = []
    for each in skeletons:
        frame = np.repeat(stripes[..., None], 3, axis=2).astype(np.uint8)
        frame[draw_figure(each, SIDE, SIDE).any(axis=2)] = (200, 20, 20)
        frames.append(frame)
    return np.stack(frames), skeletons


class Trained(NamedTuple):
    training: SubjectTraining
    losses: list[dict[str, float]]


@pytest.fixture(scope="module")
def done() -> Trained:
    """A training of a few steps, and their losses."""
    frames, skeletons = film()
    torch.manual_seed(0)
    start = Subject(SubjectNetwork(SIDE, WIDTHS, 1, 8), PoseStatistics.of(skeletons))
    training = SubjectTraining(frames, skeletons, SIDE, minutes=60, start=start)
    training.step = training_module.WARM_UP
    return Trained(training, [training.advance() for _ in range(12)])


@pytest.fixture
def trained(done: Trained) -> SubjectTraining:
    return done.training


def test_a_plate_is_what_stands_behind_the_dancer() -> None:
    frames, skeletons = film()
    plate = plate_of(frames, dict(enumerate(skeletons)))
    covered = np.all([body_mask(each, SIDE) for each in skeletons], axis=0)
    truth = np.repeat(np.arange(SIDE) // 8 % 2 * 60 + 100, SIDE).reshape(SIDE, SIDE)
    assert np.abs(plate[..., 0].astype(int) - truth)[~covered].max() == 0
    assert np.abs(plate[..., 1].astype(int) - truth).mean() < 3


def test_frames_are_cut_to_the_square_of_the_dance_with_their_skeletons() -> None:
    frame = np.zeros((100, 300, 3), np.uint8)
    standing = skeleton(200)
    x, y = standing.points[LEFT_ANKLE].astype(int)
    frame[y - 1 : y + 1, x - 1 : x + 1] = 255
    frames, (first, second, _) = framed([frame] * 3, [standing, None, standing], SIDE)
    assert frames.shape == (3, SIDE, SIDE, 3)
    assert first is not None and second is None
    rows, columns = frames[0][..., 0].nonzero()
    assert np.abs(first.points[LEFT_ANKLE] - (columns.mean() + 0.5, rows.mean() + 0.5)).max() < 0.5
    assert (first.points > 0).all() and (first.points < SIDE).all()


def test_a_body_taller_than_a_narrow_frame_is_wide_is_kept_whole() -> None:
    frames, (first, _) = framed([np.full((90, 30, 3), 7, np.uint8)] * 2, [skeleton(15)] * 2, SIDE)
    assert first is not None and (first.points > 0).all() and (first.points < SIDE).all()
    assert (frames == 7).all()


def test_a_film_keeps_its_colours_and_what_is_no_film_is_refused(tmp_path: Path) -> None:
    frame = np.full((SIDE, SIDE, 3), (226, 40, 48), np.uint8)
    with Recording(Fraction(15)) as recording:
        for _ in range(3):
            recording.add(frame)
    (tmp_path / "film.mp4").write_bytes(recording.content)
    frames, skeletons = read_film(tmp_path / "film.mp4", SIDE)
    assert np.abs(frames.astype(int) - frame).max() <= 4
    assert skeletons == [None, None, None]
    (tmp_path / "film.mp4").write_text("no film")
    with pytest.raises(InputError, match="film.mp4 cannot be read as a clip"):
        read_film(tmp_path / "film.mp4", SIDE)


def test_a_clip_in_which_too_few_frames_show_a_person_is_refused() -> None:
    frames, skeletons = film()
    with pytest.raises(InputError, match="A person is seen in 30 frames; at least 40"):
        SubjectTraining(frames, [*skeletons[:30], *[None] * 30], SIDE)
    with pytest.raises(InputError, match="Nobody is seen"):
        framed([np.zeros((90, 120, 3), np.uint8)], [None], SIDE)


def test_limb_fields_tell_how_near_a_limb_is_and_on_which_side() -> None:
    poses = poses_of([skeleton(32)], SIDE)
    fields = limb_fields(poses.points, poses.seen, SIDE, 1 / SIDE).unflatten(1, (3, -1))[0]
    nearness, along, beside = fields[:, FIELD_LIMBS.index((LEFT_HIP, LEFT_KNEE))]
    row, column = np.unravel_index(nearness.argmax(), nearness.shape)
    assert abs(column + 0.5 - 35) <= 1 and 36 <= row + 0.5 <= 46
    assert along[37, 35] < 0 < along[45, 35]
    assert beside[41, 32] * beside[41, 38] < 0
    unseen = limb_fields(poses.points, torch.zeros_like(poses.seen), SIDE, 1 / SIDE)
    assert not unseen.any()


def test_a_box_round_a_nose_outside_the_frame_stays_within_it() -> None:
    points = torch.zeros(1, POINTS, 2)
    points[0, NOSE] = torch.tensor([1.4, -0.3])
    assert face_corners(points, SIDE) == [(SIDE - face_size(SIDE), 0)]


def test_a_training_learns(done: Trained) -> None:
    losses = done.losses
    assert losses[-1]["colour"] < losses[0]["colour"] and losses[-1]["similarity"] < losses[0]["similarity"]
    assert 0 < done.training.share < 1


def test_a_training_goes_on_from_its_file_as_if_it_had_not_been_stopped(
    trained: SubjectTraining, tmp_path: Path
) -> None:
    nested.write(tmp_path / "state", trained.state())
    other = SubjectTraining(*film(), SIDE, minutes=60, start=trained.subject())
    other.restore(nested.read(tmp_path / "state"))
    assert other.step == trained.step
    trained.seconds = other.seconds = 100.0
    assert trained.advance() == pytest.approx(other.advance(), rel=1e-4)


def test_previews_are_of_frames_that_are_not_trained_on(trained: SubjectTraining) -> None:
    previews = trained.preview()
    assert len(previews) == training_module.MOST_PREVIEWS
    assert not set(trained.places) & set(trained.held_out)
    assert all(real.shape == made.shape == (SIDE, SIDE, 3) and made.dtype == np.uint8 for real, made in previews)


def test_a_subject_comes_back_from_its_file_with_its_pictures(trained: SubjectTraining, tmp_path: Path) -> None:
    subject = trained.subject({"trained_on": "a test"})
    subject.save(tmp_path / "subject.safetensors")
    again = Subject.load(tmp_path / "subject.safetensors")
    assert again.statistics == subject.statistics
    assert again.about["trained_on"] == "a test" and again.about["steps"] == str(trained.step)
    pose, before = skeleton(30), np.full((SIDE, SIDE, 3), 90, np.uint8)
    one, other = (each.picture(pose, before).astype(int) for each in (subject, again))
    assert np.abs(one - other).mean() < 1


def test_the_picture_before_and_the_face_can_be_left_out(trained: SubjectTraining) -> None:
    subject = trained.subject()
    pose = skeleton(30)
    picture = subject.picture(pose)
    left, top = face_corners(poses_of([pose], SIDE).points, SIDE)[0]
    outside = np.ones((SIDE, SIDE), bool)
    outside[top : top + face_size(SIDE), left : left + face_size(SIDE)] = False
    faceless = subject.picture(pose, face=False)
    assert (picture != faceless).any()
    assert (picture == faceless)[outside].all()
    assert (subject.picture(pose, 255 - picture) != picture).any()


def test_hostile_foreign_and_damaged_files_are_refused_with_a_sentence(trained: SubjectTraining) -> None:
    content = trained.subject().content()
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    tensors = load(content)

    def with_metadata(**changes: str) -> bytes:
        return save(tensors, {**metadata, **changes})

    huge = json.dumps({**json.loads(metadata["config"]), "side": 2**20})
    nan = {**tensors, "generator.enter.weight": tensors["generator.enter.weight"] * np.nan}
    refused = {
        "damaged or cut short": [content[:-100], content[:50], b"", b"a text", bytes(200), b"\xff" * 200],
        "no subject of this panel": [save(tensors), with_metadata(architecture="biggan")],
        "not one that the studio makes": [with_metadata(config=huge), with_metadata(config="[]")],
        "does not say its config": [with_metadata(config="{")],
        "statistics": [with_metadata(statistics="{}"), with_metadata(statistics="7")],
        "does not fit its network": [save({"plate": tensors["plate"]}, metadata)],
        "no numbers": [save(nan, metadata)],
        "8 at most": [bytes(9_000_000)],
    }
    for words, files in refused.items():
        for file in files:
            with pytest.raises(CheckpointError, match=words):
                Subject.load(file)
    with pytest.raises(CheckpointError, match="cannot be read"):
        Subject.load(Path("nowhere.safetensors"))


def test_the_measurement_tells_a_subject_from_what_needs_no_network(trained: SubjectTraining) -> None:
    frames, skeletons = film()
    tested, before = Film(frames[50:], list(skeletons[50:])), Film(frames[:40], list(skeletons[:40]))
    measured = figures(trained.subject(), tested) | rivals(tested, before)
    assert set(measured) >= {"similarity, made", "similarity, mean frame", "similarity, nearest pose", "flicker, made"}
    assert measured["similarity, nearest pose"] > measured["similarity, mean frame"]
    assert nearest(skeletons[20], skeletons) == 20
    assert len(dance(trained.subject(), skeletons[:2], previous=True)) == 2
