"""Faces, poses and people in pictures, found by the models inside mediapipe's wheel: nothing is downloaded.

Pictures are `(H, W, 3)` uint8, RGB; places are in their pixels, x before y. mediapipe loads at the first call, and
serves one caller at a time.
"""

import os
import time
from collections.abc import Hashable, Iterator
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import cv2
import numpy as np

FACE_LANDMARKS, POSE_LANDMARKS = 478, 33
MOST_FACES = 40
MARGIN = 0.5
"""Of a detected box's side, added all around before landmarks are looked for."""
MESH_SIDE = 256
"""Pixels; the landmark models take 192 of a face that fills most of them."""
TILE_SIDE = 480
"""Pixels; in larger pictures small faces are looked for in tiles too."""
TILES = 3
"""A side, overlapping by half."""
SAME = 0.35
"""Overlap, as a share of the smaller box, beyond which two boxes are one face."""
CONFIDENCE = 0.6
FOLLOWED_SECONDS = 1.0
"""After so long without a frame of the person that is followed, another one may be followed instead."""
TRUNK = [0, 11, 12, 23, 24]
"""Of a pose's landmarks: nose, shoulders, hips."""
SURELY_SEEN = 0.9
"""Of the trunk, on average, what a second person has at least."""
AROUND = 0.15
"""Of a pose's longer side, added all around it to cover hair, clothes and shadow as well."""

_lock = Lock()
_followed: tuple[Hashable, float] = (None, 0.0)
"""Whose frames `follow_pose` follows, and when the last one came, by the monotonic clock."""


class Face(NamedTuple):
    """`landmarks` `(478, 3)`: x, y, and depth, in pixels, 468 of the face's mesh and 10 of the irises."""

    landmarks: np.ndarray

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        left, top = self.landmarks[:, :2].min(axis=0)
        right, bottom = self.landmarks[:, :2].max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    @property
    def width(self) -> float:
        left, _, right, _ = self.box
        return right - left


class Pose(NamedTuple):
    """`landmarks` `(33, 2)` in pixels, and how surely each is seen, `visibility` `(33,)` in [0, 1]."""

    landmarks: np.ndarray
    visibility: np.ndarray


def find_faces(picture: np.ndarray) -> list[Face]:
    """Every face, the largest first; small ones in large pictures included."""
    with _lock:
        found = (_mesh(picture, box) for box in _distinct(list(_face_boxes(picture)))[:MOST_FACES])
        faces = [face for face in found if face is not None]
    boxes = np.array([face.box for face in faces]).reshape(-1, 4)
    return sorted((faces[index] for index in _kept(boxes)), key=lambda face: -face.width)


def follow_face(picture: np.ndarray) -> Face | None:
    """The most prominent face, for pictures that show little else, such as a camera's: sooner than `find_faces`."""
    with _lock:
        return _mesh_of(picture, np.zeros(2), 1.0)


def find_face_near(picture: np.ndarray, box: tuple[float, float, float, float]) -> Face | None:
    """The face where one was, left, top, right and bottom, before it moved a little."""
    left, top, right, bottom = box
    side = max(right - left, bottom - top)
    with _lock:
        return _mesh(picture, ((left + right - side) / 2, (top + bottom - side) / 2, side))


def find_pose(picture: np.ndarray) -> Pose | None:
    """The body of the most prominent person, if there is one."""
    with _lock:
        return _pose_of("pose", picture)


def follow_pose(picture: np.ndarray, visitor: Hashable) -> Pose | None:
    """As `find_pose`, in a third less time where it follows one `visitor`: whose frames come one after the other.

    One visitor is followed at a time; the frames of others are searched anew.
    """
    global _followed
    now = time.monotonic()
    with _lock:
        followed, last = _followed
        if followed != visitor:
            if now - last < FOLLOWED_SECONDS:
                return _pose_of("pose", picture)
            _model("followed pose", os.getpid()).reset()
        _followed = visitor, now
        return _pose_of("followed pose", picture)


def find_other_pose(picture: np.ndarray, landmarks: np.ndarray) -> Pose | None:
    """The body of a second person beside the one with these landmarks, `(N, 2)`, if one is surely seen."""
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
    """How surely each pixel shows a person, `(H, W)` float32 in [0, 1]."""
    with _lock:
        return _model("segmentation", os.getpid()).process(picture).segmentation_mask.clip(0, 1)


@cache
def _model(kind: str, process: int) -> Any:
    """A model of the wheel. A forked process needs its own: the threads of the other one's stay behind."""
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
    found = _model(kind, os.getpid()).process(picture).pose_landmarks
    if found is None:
        return None
    points = np.array([(point.x * width, point.y * height, point.visibility) for point in found.landmark])
    return Pose(points[:, :2].astype(np.float32), points[:, 2].astype(np.float32))


def _face_boxes(picture: np.ndarray) -> Iterator[tuple[float, float, float, float, float]]:
    """Squares around detected faces: confidence, left, top, side, side, in the picture as a whole and in tiles."""
    height, width = picture.shape[:2]
    for left, top, right, bottom in _windows(width, height):
        window = np.ascontiguousarray(picture[top:bottom, left:right])
        for kind in ("near", "far"):
            for found in _model(kind, os.getpid()).process(window).detections or ():
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
    corners = [
        ((width - tile_width) * column // steps, (height - tile_height) * row // steps)
        for row in range(TILES)
        for column in range(TILES)
    ]
    return whole + [(x, y, x + tile_width, y + tile_height) for x, y in corners]


def _distinct(boxes: list[tuple[float, float, float, float, float]]) -> list[tuple[float, float, float]]:
    """Left, top and side of the surest of the boxes that are one face."""
    boxes.sort(reverse=True)
    corners = np.array([(x, y, x + width, y + height) for _, x, y, width, height in boxes]).reshape(-1, 4)
    return [(corners[i, 0], corners[i, 1], corners[i, 2] - corners[i, 0]) for i in _kept(corners)]


def _kept(boxes: np.ndarray) -> list[int]:
    """Of boxes `(N, 4)`, the indices of those that no earlier one overlaps."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        if all(_overlap(box, boxes[other]) < SAME for other in kept):
            kept.append(index)
    return kept


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    smaller = min(np.prod(one[2:] - one[:2]), np.prod(other[2:] - other[:2]))
    return float(np.prod(sides.clip(0)) / max(smaller, 1e-6))


def _mesh(picture: np.ndarray, box: tuple[float, float, float]) -> Face | None:
    left, top, side = box
    corner = np.array([left, top]) - MARGIN * side
    scale = MESH_SIDE / ((1 + 2 * MARGIN) * side)
    shift = -scale * corner
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return _mesh_of(cv2.warpAffine(picture, matrix, (MESH_SIDE, MESH_SIDE), flags=flags), corner, scale)


def _mesh_of(window: np.ndarray, corner: np.ndarray, scale: float) -> Face | None:
    """Landmarks in a window, in pixels of the picture that it was cut from at `corner` and enlarged by `scale`."""
    found = _model("mesh", os.getpid()).process(window).multi_face_landmarks
    if not found:
        return None
    height, width = window.shape[:2]
    points = np.array([(point.x * width, point.y * height, point.z * width) for point in found[0].landmark]) / scale
    points[:, :2] += corner
    return Face(points.astype(np.float32))
