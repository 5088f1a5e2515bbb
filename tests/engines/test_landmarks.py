"""Faces, poses and people, found by the models inside mediapipe's wheel."""

import numpy as np
import pytest
import skimage
from PIL import Image

from engines.shared.landmarks.detection import (
    FACE_LANDMARKS,
    find_face_near,
    find_faces,
    find_other_pose,
    find_pose,
    follow_face,
    follow_pose,
    segment_people,
)

LEFT_EYE, RIGHT_EYE = 33, 263
"""Outer corners, as the picture shows them."""


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()


def head(astronaut: np.ndarray, side: int) -> np.ndarray:
    return np.array(Image.fromarray(astronaut[20:220, 120:320]).resize((side, side), Image.Resampling.LANCZOS))


def test_a_cup_of_coffee_is_no_face() -> None:
    """In its handle landmarks are found at a first look, and none at a second."""
    assert find_faces(skimage.data.coffee()) == []


def test_a_face_is_found_once_with_its_eyes_where_they_are(astronaut: np.ndarray) -> None:
    (face,) = find_faces(astronaut)
    assert face.landmarks.shape == (FACE_LANDMARKS, 3)
    left, top, right, bottom = face.box
    assert 160 < left < 200 < 250 < right < 290 and 50 < top < bottom < 190
    assert 190 < face.landmarks[LEFT_EYE, 0] < face.landmarks[RIGHT_EYE, 0] < 265


def test_twenty_faces_are_all_found_the_largest_first(astronaut: np.ndarray) -> None:
    crowd = np.concatenate([np.concatenate([head(astronaut, 100)] * 5, axis=1)] * 4)
    crowd[200:400, 300:500] = head(astronaut, 200)
    faces = find_faces(crowd)
    assert len(faces) == 17
    assert faces[0].width > 1.7 * faces[1].width
    assert 300 < faces[0].box[0] < faces[0].box[2] < 500


def test_a_face_that_has_moved_a_little_is_found_from_where_it_was(astronaut: np.ndarray) -> None:
    (face,) = find_faces(astronaut)
    moved = find_face_near(np.roll(astronaut, 6, axis=1), face.box)
    assert moved is not None
    np.testing.assert_allclose((moved.landmarks - face.landmarks)[:, :2].mean(axis=0), (6, 0), atol=1)


def test_a_camera_frame_gives_its_face_and_a_black_one_none(astronaut: np.ndarray) -> None:
    assert follow_face(head(astronaut, 256)) is not None
    black = np.zeros((240, 320, 3), dtype=np.uint8)
    assert follow_face(black) is None and find_pose(black) is None and find_faces(black) == []


def test_a_body_and_its_outline_are_found(astronaut: np.ndarray) -> None:
    pose = find_pose(astronaut)
    assert pose is not None and pose.visibility[0] > 0.9
    x, y = pose.landmarks[0]
    assert 200 < x < 250 and 100 < y < 150
    people = segment_people(astronaut)
    assert people.shape == astronaut.shape[:2] and people[int(y), int(x)] > 0.9 and people[5, 5] < 0.1


@pytest.mark.slow
def test_a_body_that_is_followed_is_where_it_would_be_found_whoever_else_is_there(astronaut: np.ndarray) -> None:
    for place in range(6):
        moved = np.roll(astronaut, 8 * place, axis=1)
        found = find_pose(moved)
        assert found is not None
        for picture, visitor in ((moved, "one"), (np.ascontiguousarray(moved[:, ::-1]), "other")):
            followed = follow_pose(picture, visitor)
            assert followed is not None
            nose = followed.landmarks[0, 0] if visitor == "one" else picture.shape[1] - followed.landmarks[0, 0]
            assert nose == pytest.approx(found.landmarks[0, 0], abs=8)


def test_a_second_person_is_found_beside_the_first(astronaut: np.ndarray) -> None:
    alone = find_pose(astronaut)
    assert alone is not None and find_other_pose(astronaut, alone.landmarks) is None
    pair = np.concatenate([astronaut, astronaut], axis=1)
    first = find_pose(pair)
    assert first is not None
    second = find_other_pose(pair, first.landmarks)
    assert second is not None
    assert abs(second.landmarks[0, 0] - first.landmarks[0, 0]) == pytest.approx(astronaut.shape[1], abs=20)
