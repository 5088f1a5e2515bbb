"""The characters that Everybody Dance Now learns from: how they move, and that they are seen as people."""

from itertools import pairwise

import numpy as np
import pytest

from engines.everybody_dance_now.character.body import CHARACTERS, Character
from engines.everybody_dance_now.character.film import frames, joints, picture
from engines.everybody_dance_now.character.motion import Pose
from engines.runtime.video import read_clip
from engines.shared.landmarks.detection import find_pose
from tests.support import ROOT

EXAMPLES = ROOT / "assets/examples"
RATE = 12
SECONDS = 8
SIDES = ("left", "right")
FOUND = {
    11: "left shoulder",
    12: "right shoulder",
    15: "left wrist",
    16: "right wrist",
    23: "left hip",
    24: "right hip",
}
"""Some of mediapipe's landmarks."""


@pytest.fixture(scope="module", params=CHARACTERS)
def danced(request: pytest.FixtureRequest) -> tuple[Character, list[Pose]]:
    character = CHARACTERS[request.param]
    dance = character.dance(SECONDS)
    return character, [dance.at(place / RATE, character.build) for place in range(SECONDS * RATE)]


def test_feet_that_bear_weight_stay_where_they_are(danced: tuple[Character, list[Pose]]) -> None:
    planted = 0
    for before, after in pairwise(danced[1]):
        for side in SIDES:
            if before.planted[side] and after.planted[side]:
                planted += 1
                for joint in ("ankle", "toe", "heel"):
                    assert np.allclose(before.points[f"{side} {joint}"], after.points[f"{side} {joint}"], atol=1e-9)
    assert planted > SECONDS * RATE / 2


def test_no_foot_sinks_into_the_floor(danced: tuple[Character, list[Pose]]) -> None:
    character, poses = danced
    assert min(pose.points[f"{side} ankle"][1] for pose in poses for side in SIDES) >= character.build.ankle - 1e-9


def test_bones_keep_their_lengths(danced: tuple[Character, list[Pose]]) -> None:
    character, poses = danced
    build = character.build
    for start, end, length in (
        ("hip", "knee", build.thigh),
        ("knee", "ankle", build.shin),
        ("shoulder", "elbow", build.upper_arm),
        ("elbow", "wrist", build.forearm),
    ):
        for pose in poses:
            for side in SIDES:
                bone = pose.points[f"{side} {end}"] - pose.points[f"{side} {start}"]
                assert np.linalg.norm(bone) == pytest.approx(length, abs=1e-9)


def test_joints_move_without_jumps_and_stay_in_the_picture(danced: tuple[Character, list[Pose]]) -> None:
    character, poses = danced
    for before, after in pairwise(poses):
        for name, point in after.points.items():
            assert np.linalg.norm(point - before.points[name]) * RATE < 8, (name, "metres a second")
        places = np.stack(list(joints(character, after, 100).values()))
        assert places.min() > 5 and places.max() < 99


@pytest.mark.proof
def test_a_dance_is_the_same_every_time() -> None:
    child = CHARACTERS["child"]
    first, second = (next(frames(child, 1, 10, 48)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, picture(child, child.dance(1).at(0.6, child.build), 48))


@pytest.mark.parametrize("name", ["yara", "child"])
def test_the_pose_estimator_finds_the_joints(name: str) -> None:
    character = CHARACTERS[name]
    pose = character.dance(10).at(3.5, character.build)
    found = find_pose(picture(character, pose, 160))
    assert found is not None
    true = joints(character, pose, 160)
    tall = character.build.height / character.camera.field * 80
    distances = [np.linalg.norm(found.landmarks[index] - true[joint]) / tall for index, joint in FOUND.items()]
    assert np.median(distances) < 0.04


@pytest.mark.parametrize(("name", "seconds"), [("dancer", 7), ("child", 6)])
def test_a_bundled_clip_shows_its_character(name: str, seconds: int) -> None:
    clip = read_clip(EXAMPLES / f"{name}.mp4")
    assert clip.count / clip.rate == seconds
    frame = next(clip.frames(96))
    drawn = next(frames(CHARACTERS[name], 1, 1, 96))
    assert np.abs(frame.astype(int) - drawn).mean() < 6
