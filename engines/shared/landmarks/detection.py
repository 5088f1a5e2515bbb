"""Finds faces, poses and people in pictures, with the models inside mediapipe's wheel: nothing is downloaded.

Pictures are `(H, W, 3)` uint8, RGB; places are in their pixels, x before y. mediapipe loads at the first call, and
serves one caller at a time.
"""

import os
import time
from collections.abc import Hashable, Iterator
from contextlib import suppress
from threading import Lock
from typing import Any, NamedTuple

import cv2
import numpy as np

from engines.runtime.errors import InputError
from engines.runtime.scheduler import is_lent

FACE_LANDMARKS = 478
MOST_FACES = 40
MARGIN = 0.5
"""The margin, as a share of a detected box's side, that is added all around before landmarks are searched."""
MESH_SIDE = 256
"""Pixels; the landmark models take 192 of a face that fills most of them."""
NARROWEST = 16
"""Pixels of a picture's shorter side below which nobody is searched."""
TILE_SIDE = 480
"""Pixels; in larger pictures small faces are searched in tiles too."""
TILES = 3
"""The number of tiles along a side; they overlap by half."""
SAME = 0.35
"""The overlap, as a share of the smaller box, above which two boxes count as one face."""
CONFIDENCE = 0.6
FOLLOWED_SECONDS = 1.0
"""After this time without a frame of the person that is followed, another one may be followed instead."""
TRUNK = [0, 11, 12, 23, 24]
"""The indices of a pose's landmarks of the nose, the shoulders and the hips."""
SURELY_SEEN = 0.9
"""The least mean visibility of the trunk of a second person."""
AROUND = 0.15
"""The margin, as a share of a pose's longer side, that is added all around to cover hair, clothes and shadow."""

_lock = Lock()
_models: dict[tuple[str, int], Any] = {}
"""The models by kind and process, because a model's threads stay behind when a process is forked."""
_followed: tuple[Hashable, float] = (None, 0.0)
"""The visitor whose frames `follow_pose` follows, and the time of the last one, by the monotonic clock."""


class Face(NamedTuple):
    """Holds `landmarks` `(478, 3)`: x, y, and depth, in pixels, 468 of the face's mesh and 10 of the irises."""

    landmarks: np.ndarray

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom."""
        left, top = self.landmarks[:, :2].min(axis=0)
        right, bottom = self.landmarks[:, :2].max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    @property
    def width(self) -> float:
        """Return the width of the box."""
        left, _, right, _ = self.box
        return right - left


class Pose(NamedTuple):
    """Holds `landmarks` `(33, 2)` in pixels, and how surely each is seen, `visibility` `(33,)` in [0, 1]."""

    landmarks: np.ndarray
    visibility: np.ndarray


def warm(*kinds: str) -> None:
    """Make these models now, unless runs are lent a GPU in a forked process, which then needs its own models."""
    if not is_lent():
        with _lock:
            for kind in kinds:
                _answer(kind, np.zeros((MESH_SIDE, MESH_SIDE, 3), np.uint8))


def find_faces(picture: np.ndarray) -> list[Face]:
    """Find every face, the largest first, including small ones in large pictures.

    A face is looked at twice: landmarks are found on cups and towers as well, but around these landmarks none again.
    """
    with _lock:
        found = (_mesh(picture, box) for box in _distinct(list(_face_boxes(picture)))[:MOST_FACES])
        faces = [face for face in found if face is not None and _mesh(picture, _square(face.box)) is not None]
    boxes = np.array([face.box for face in faces]).reshape(-1, 4)
    return sorted((faces[index] for index in _kept(boxes)), key=lambda face: -face.width)


def follow_face(picture: np.ndarray) -> Face | None:
    """Find the most prominent face, faster than `find_faces`, in a picture that shows little else."""
    with _lock:
        return _mesh_of(picture, np.zeros(2), 1.0)


def find_face_near(picture: np.ndarray, box: tuple[float, float, float, float]) -> Face | None:
    """Find a face that moved a little from `box`: left, top, right and bottom."""
    with _lock:
        return _mesh(picture, _square(box))


def find_pose(picture: np.ndarray) -> Pose | None:
    """Find the body of the most prominent person, if there is one."""
    with _lock:
        return _pose_of("pose", picture)


def follow_pose(picture: np.ndarray, visitor: Hashable) -> Pose | None:
    """Find a pose as `find_pose` does, a third faster for the `visitor` that is followed, whose frames are a sequence.

    One visitor is followed at a time; the frames of others are searched anew.
    """
    global _followed
    now = time.monotonic()
    with _lock:
        followed, last = _followed
        if followed != visitor:
            if now - last < FOLLOWED_SECONDS:
                return _pose_of("pose", picture)
            _forget("followed pose")
        _followed = None, 0.0  # If this frame fails, nobody is followed any more.
        found = _pose_of("followed pose", picture)
        _followed = visitor, now
        return found


def find_other_pose(picture: np.ndarray, landmarks: np.ndarray) -> Pose | None:
    """Find the body of a second person beside the one with these landmarks, `(N, 2)`, if one is surely seen."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    around = AROUND * (high - low).max()
    left, top = np.floor(low - around).astype(int).clip(0)
    right, bottom = np.ceil(high + around).astype(int).clip(0)
    rest = picture.copy()
    rest[top:bottom, left:right] = 0
    other = find_pose(rest)
    if other is None or other.visibility[TRUNK].mean() < SURELY_SEEN:
        return None
    x, y = other.landmarks[TRUNK].mean(axis=0)
    return None if left <= x < right and top <= y < bottom else other


def segment_people(picture: np.ndarray) -> np.ndarray:
    """Compute how surely each pixel shows a person, `(H, W)` float32 in [0, 1]."""
    with _lock:
        return _answer("segmentation", picture).segmentation_mask.clip(0, 1)


def _answer(kind: str, picture: np.ndarray) -> Any:
    """Apply a model of the wheel to a picture.

    A model that fails is closed, and made anew for the next picture, because mediapipe's graphs stay broken once they
    have failed.

    Raises:
        InputError: the picture is too narrow.
    """
    if min(picture.shape[:2]) < NARROWEST:
        raise InputError(
            "The picture is too narrow: nobody can be seen in it. Choose one whose sides differ less, or a larger one."
        )
    key = kind, os.getpid()
    if any(process != os.getpid() for _, process in _models):
        raise RuntimeError("mediapipe ends a process that was forked after it had been used: use it there alone")
    if key not in _models:
        _models[key] = _made(kind)
    try:
        return _models[key].process(picture)
    except BaseException:
        _forget(kind)
        raise


def _forget(kind: str) -> None:
    """Close a model, if there is one, so that the next picture begins with a new one."""
    model = _models.pop((kind, os.getpid()), None)
    if model is not None:
        with suppress(Exception):  # A model that has failed raises the same again.
            model.close()


def _forked() -> None:
    """Begin anew in a forked process, in which the thread that held the lock does not exist."""
    global _lock, _followed
    _lock, _followed = Lock(), (None, 0.0)


if hasattr(os, "register_at_fork"):  # Windows has no forks.
    os.register_at_fork(after_in_child=_forked)


def _made(kind: str) -> Any:
    os.environ.setdefault("GLOG_minloglevel", "2")
    from mediapipe.python.solutions import face_detection, face_mesh, pose, selfie_segmentation

    if kind == "pose":
        # Complexities other than 1 would be downloaded.
        return pose.Pose(static_image_mode=True, model_complexity=1)
    if kind == "followed pose":
        return pose.Pose(static_image_mode=False, model_complexity=1, smooth_landmarks=False)
    if kind == "segmentation":
        return selfie_segmentation.SelfieSegmentation(model_selection=0)
    if kind == "mesh":
        return face_mesh.FaceMesh(
            static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.3
        )
    return face_detection.FaceDetection(min_detection_confidence=CONFIDENCE, model_selection=int(kind == "far"))


def _pose_of(kind: str, picture: np.ndarray) -> Pose | None:
    height, width = picture.shape[:2]
    found = _answer(kind, picture).pose_landmarks
    if found is None:
        return None
    points = np.array([(point.x * width, point.y * height, point.visibility) for point in found.landmark])
    return Pose(points[:, :2].astype(np.float32), points[:, 2].astype(np.float32))


def _face_boxes(picture: np.ndarray) -> Iterator[tuple[float, float, float, float, float]]:
    """Yield squares around faces, detected in the whole picture and in tiles: confidence, left, top, side, side."""
    height, width = picture.shape[:2]
    for left, top, right, bottom in _windows(width, height):
        window = np.ascontiguousarray(picture[top:bottom, left:right])
        for kind in ("near", "far"):
            for found in _answer(kind, window).detections or ():
                box = found.location_data.relative_bounding_box
                size = max(box.width * (right - left), box.height * (bottom - top))
                x = left + (box.xmin + box.width / 2) * (right - left) - size / 2
                y = top + (box.ymin + box.height / 2) * (bottom - top) - size / 2
                yield found.score[0], x, y, size, size


def _windows(width: int, height: int) -> list[tuple[int, int, int, int]]:
    whole = [(0, 0, width, height)]
    if max(width, height) <= TILE_SIDE:
        return whole
    steps = TILES - 1
    tile_width, tile_height = 2 * width // (TILES + 1), 2 * height // (TILES + 1)
    if min(tile_width, tile_height) < NARROWEST:
        return whole
    corners = [
        ((width - tile_width) * column // steps, (height - tile_height) * row // steps)
        for row in range(TILES)
        for column in range(TILES)
    ]
    return whole + [(x, y, x + tile_width, y + tile_height) for x, y in corners]


def _distinct(boxes: list[tuple[float, float, float, float, float]]) -> list[tuple[float, float, float]]:
    """Choose the surest of the boxes that are one face; return left, top and side."""
    boxes.sort(reverse=True)
    corners = np.array([(x, y, x + width, y + height) for _, x, y, width, height in boxes]).reshape(-1, 4)
    return [(corners[i, 0], corners[i, 1], corners[i, 2] - corners[i, 0]) for i in _kept(corners)]


def _kept(boxes: np.ndarray) -> list[int]:
    """Choose the indices of the boxes `(N, 4)` that no earlier one overlaps."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        if all(_overlap(box, boxes[other]) < SAME for other in kept):
            kept.append(index)
    return kept


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    smaller = min(np.prod(one[2:] - one[:2]), np.prod(other[2:] - other[:2]))
    return float(np.prod(sides.clip(0)) / max(smaller, 1e-6))


def _square(box: tuple[float, float, float, float]) -> tuple[float, float, float]:
    """Return the left, top and side of the square around the middle of a box: left, top, right and bottom."""
    left, top, right, bottom = box
    side = max(right - left, bottom - top)
    return (left + right - side) / 2, (top + bottom - side) / 2, side


def _mesh(picture: np.ndarray, box: tuple[float, float, float]) -> Face | None:
    left, top, side = box
    corner = np.array([left, top]) - MARGIN * side
    scale = MESH_SIDE / ((1 + 2 * MARGIN) * side)
    shift = -scale * corner
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return _mesh_of(cv2.warpAffine(picture, matrix, (MESH_SIDE, MESH_SIDE), flags=flags), corner, scale)


def _mesh_of(window: np.ndarray, corner: np.ndarray, scale: float) -> Face | None:
    """Find landmarks in a window, in pixels of the picture that it was cut from at `corner` and enlarged by `scale`."""
    found = _answer("mesh", window).multi_face_landmarks
    if not found:
        return None
    height, width = window.shape[:2]
    points = np.array([(point.x * width, point.y * height, point.z * width) for point in found[0].landmark]) / scale
    points[:, :2] += corner
    return Face(points.astype(np.float32))
