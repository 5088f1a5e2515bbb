"""Animates the faces of a photograph by action units (GANimation, Pumarola et al., 2018, arXiv:1807.09251).

A photograph is `(H, W, 3)` uint8; units are intensities 0 to 5, `(17,)`, in the order of `action_units.UNITS`. A
network sees a face upright and 128 pixels wide; what it makes goes back to where the face was, at full resolution.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import nn

from engines.ganimation import mouth
from engines.ganimation.action_units import MOUTH_UNITS, STRONGEST, TRAINED, UNITS
from engines.ganimation.alignment import SIDE, Exposure, crop, transform, upright
from engines.ganimation.architecture import ARCHITECTURES
from engines.ganimation.network import CompactGenerator
from engines.ganimation.reader import READER, UnitReader, read_units
from engines.runtime import networks
from engines.runtime.errors import InputError
from engines.runtime.resident import HOST
from engines.shared.landmarks import detection
from engines.shared.landmarks.detection import Face, find_face_near, find_faces, follow_face
from engines.shared.tensors import from_levels

SLUG = "ganimation"
BUNDLED = "ganimation-compact"
CHECKPOINTS = (BUNDLED, READER)
SMALLEST_FACE = 32
"""Pixels across; below, an aligned face has hardly anything to show."""
LARGEST_TURN = 65.0
"""Degrees of a head away from the camera; beyond, half of the landmarks are guessed."""
DARK = 12.0
"""Levels of 255: a picture whose brightest pixels stay below is called black."""
EYES = (46, 56)
"""Rows of the aligned square, of 128: the first is the pupils', and lower lids end above the second."""
NOTICED = 0.1
"""Of a unit's whole range: by so much units must change to be given their whole part of the face."""
FEATHER = 12
"""Pixels of the aligned square over which a change fades out towards its edge."""
SHARPEST = 384
"""Pixels of the aligned square shown where a face alone is asked for."""
REMEMBERED = 16
"""Photographs whose faces are kept, for sliders that ask again and again."""

_faces: OrderedDict[bytes, list[Face]] = OrderedDict()
_lock = Lock()


class Animated(NamedTuple):
    """`picture` is the whole photograph, `(H, W, 3)` uint8. Of the last face's surroundings, whose left, top, right and
    bottom are `region`: `colour`, `(h, w, 3)` uint8, and `attention`, `(h, w)` in [0, 1], 1 where the photograph
    stays."""

    picture: np.ndarray
    colour: np.ndarray
    attention: np.ndarray
    region: tuple[int, int, int, int]


class Cycled(NamedTuple):
    """A photograph animated, and back to the units it had; `difference` is the mean over the face's surroundings, in
    levels of 255."""

    animated: Animated
    back: Animated
    difference: float


def faces_of(photo: np.ndarray) -> list[Face]:
    """Every face that can be animated, the largest first.

    Raises:
        InputError: there is none; all are too small, or turned away.
    """
    key = hashlib.blake2b(photo.tobytes(), salt=str(photo.shape).encode()[:16]).digest()
    with _lock:
        found = _faces.get(key)
    if found is None:
        found = find_faces(photo)
        with _lock:
            _faces[key] = found
            while len(_faces) > REMEMBERED:
                _faces.popitem(last=False)
    if not found:
        if np.percentile(photo, 99) < DARK:
            raise InputError("The picture is black; check the camera or its light, or choose another photograph.")
        raise InputError(
            "No face was found in the picture. Choose one where a face is well lit, uncovered and seen from the front."
        )
    usable = [face for face in found if problem(face) is None]
    if not usable:
        raise InputError(problem(found[0]))
    return usable


def problem(face: Face) -> str | None:
    """Why the face cannot be animated, and what to do; None if it can."""
    if face.width < SMALLEST_FACE:
        return (
            f"The face is {face.width:.0f} pixels wide; choose a photograph where it has at least {SMALLEST_FACE}, or "
            "cut a larger one."
        )
    if abs(turn(face)) > LARGEST_TURN:
        return (
            f"The face is turned away by about {abs(turn(face)):.0f} degrees; choose one that is turned by less than "
            f"{LARGEST_TURN:.0f}."
        )
    return None


def turn(face: Face) -> float:
    """By how many degrees the head is turned from the camera, by the depth of its temples."""
    across = face.landmarks[454] - face.landmarks[234]
    return math.degrees(math.atan2(across[2], math.hypot(across[0], across[1])))


def face_at(faces: Sequence[Face], x: float, y: float) -> Face:
    """The face whose middle is nearest to a click, in pixels."""
    return min(faces, key=lambda face: math.hypot(*(face.landmarks[:, :2].mean(axis=0) - (x, y))))


def units_of(face: Face) -> np.ndarray:
    """The units that a face shows, 0 to 5; those that cannot be read are 0."""
    return STRONGEST * read_units(load_reader(), face)


def seen_in(frame: np.ndarray) -> Face | None:
    """The most prominent face in a camera's frame; None without a face."""
    return follow_face(frame)


def obtained(animated: np.ndarray, face: Face) -> np.ndarray | None:
    """The units read off an animated photograph where the face was; None if no face is found there any more."""
    found = find_face_near(animated, face.box)
    return None if found is None else units_of(found)


def animate(
    photo: np.ndarray,
    faces: Sequence[Face],
    units: np.ndarray,
    *,
    attention: float | None = None,
    checkpoint: str = BUNDLED,
) -> Animated:
    """The photograph with these faces showing the units; `attention` in [0, 1] stands in for the network's.

    Raises:
        InputError: no face, or one that is too small or turned away; units or attention out of range.
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    if units.shape != (len(UNITS),) or not ((units >= 0) & (units <= STRONGEST)).all():
        raise InputError(f"Action units are {len(UNITS)} intensities from 0 to {STRONGEST:.0f}.")
    if attention is not None and not 0 <= attention <= 1:
        raise InputError(f"The attention is {attention}; choose a number from 0 to 1.")
    if not faces:
        raise InputError("No face is chosen; click on one.")
    for face in faces:
        if (reason := problem(face)) is not None:
            raise InputError(reason)
    network = _network(checkpoint)
    picture = photo.copy()
    for face in faces:
        made = animate_face(network, picture, face, units / STRONGEST, attention)
        picture = made.picture
    return made


def cycle(photo: np.ndarray, face: Face, units: np.ndarray, *, checkpoint: str = BUNDLED) -> Cycled:
    """The photograph animated, then back to the units its face has; section 5's cycle.

    Raises:
        InputError, CheckpointError: as `animate`; no face is left to go back from.
    """
    animated = animate(photo, [face], units, checkpoint=checkpoint)
    found = find_face_near(animated.picture, face.box)
    if found is None:
        raise InputError("The animated face is no longer seen as one; choose weaker units.")
    back = animate(animated.picture, [found], units_of(face), checkpoint=checkpoint)
    left, top, right, bottom = animated.region
    before, after = (picture[top:bottom, left:right].astype(np.float32) for picture in (photo, back.picture))
    return Cycled(animated, back, float(np.abs(before - after).mean()))


def portrait(photo: np.ndarray, face: Face) -> np.ndarray:
    """The face alone, upright, `(S, S, 3)` uint8, S up to 384."""
    matrix = upright(face.landmarks[:, :2].astype(np.float64))
    side = int(np.clip(SIDE / np.linalg.norm(matrix[:, 0]), SIDE, SHARPEST))
    return crop(photo, matrix * (side / SIDE), side)


def load_reader() -> UnitReader:
    """The bundled reader of units."""
    return networks.ready(READER, ARCHITECTURES, where=HOST)


def warm() -> None:
    """Load what the first visitor would wait for."""
    detection.warm("near", "far", "mesh")
    load_reader()
    _network(BUNDLED)


def _network(checkpoint: str) -> nn.Module:
    return networks.ready(checkpoint, ARCHITECTURES, networks.channels_last)


@torch.inference_mode()
def animate_face(
    network: nn.Module, photo: np.ndarray, face: Face, units: np.ndarray, override: float | None = None
) -> Animated:
    """As `animate`, with a network at hand, units in [0, 1], and nothing checked."""
    matrix = upright(face.landmarks[:, :2].astype(np.float64))
    region = _region(matrix, photo.shape)
    left, top, right, bottom = region
    inside = photo[top:bottom, left:right].astype(np.float32)
    to_square = matrix.copy()
    to_square[:, 2] += matrix[:, :2] @ (left, top)
    aligned = crop(photo, matrix)
    make = _moved if isinstance(network, CompactGenerator) else _coloured
    colour, attention = make(network, aligned, face, units, inside, to_square)
    if override is not None:
        attention = np.full_like(attention, override)
    share = (1 - attention) * _to_region(_feather(), to_square, inside.shape)
    mixed = inside + share[..., None] * (colour - inside)
    picture = photo.copy()
    picture[top:bottom, left:right] = _levels(mixed)
    return Animated(picture, _levels(colour), attention, region)


def _moved(
    network: CompactGenerator,
    aligned: np.ndarray,
    face: Face,
    units: np.ndarray,
    inside: np.ndarray,
    to_square: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Colour and attention in the region by the compact generator: the photograph's own pixels moved, and luminance
    painted over them."""
    luminance = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY)
    exposure = Exposure.of(luminance)
    # What its training never varied would move pixels by weights that nothing was learnt for.
    wanted = np.zeros(len(UNITS))
    wanted[list(TRAINED)] = units[list(TRAINED)]
    own = read_units(load_reader(), face)
    given = (exposure.remove(luminance)[None, None], wanted[None], own[None])
    place = next(network.parameters()).device
    moved = network(*(torch.from_numpy(array.astype(np.float32)).to(place) for array in given))
    flow, cover, paint, attention = (part[0].permute(1, 2, 0).cpu().numpy() for part in moved)
    attention = 1 - (1 - attention) * _reach(wanted - own)[..., None]
    back = np.linalg.inv(to_square[:, :2]) * (SIDE / 2)
    offsets = _to_region(flow, to_square, inside.shape) @ back.T.astype(np.float32)
    rows, columns = np.indices(inside.shape[:2], dtype=np.float32)
    colour = cv2.remap(
        inside, columns + offsets[..., 0], rows + offsets[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    kept = 1 - _to_region(cover, to_square, inside.shape)[..., None]
    colour = exposure.mean + kept * (colour - exposure.mean)
    colour += _to_region(paint, to_square, inside.shape)[..., None] * exposure.levels
    attention = _to_region(attention, to_square, inside.shape, outside=1)
    landmarks = face.landmarks[:, :2].astype(np.float64)
    places = transform(landmarks, upright(landmarks))
    opening = mouth.inside(places, flow * np.float32(SIDE / 2))
    if opening is not None:
        mask, fall, shown, shade = (_to_region(part, to_square, inside.shape)[..., None] for part in opening)
        fetched = np.stack([columns, rows], axis=2) + fall * back[:, 1].astype(np.float32) * (2 / SIDE)
        teeth = cv2.remap(inside, fetched, None, cv2.INTER_LINEAR)
        cavity = shade * mouth.inner_colour(places, aligned)
        colour += mask * (cavity + shown * (teeth - cavity) - colour)
        attention = attention * (1 - mask[..., 0])
    return colour, attention


def _reach(change: np.ndarray) -> np.ndarray:
    """How far into each part of the square a change of units `(17,)` goes, `(128, 1)` in [0, 1]: faces smile with their
    brows, and the network learnt that, but a mouth's muscles end below the eyes."""
    elsewhere = [index for index in TRAINED if UNITS[index].number not in MOUTH_UNITS]
    above = min(float(np.abs(change[elsewhere]).sum()) / NOTICED, 1)
    first, last = EYES
    below = np.clip((np.arange(SIDE) - first) / (last - first), 0, 1)[:, None]
    return (below + (1 - below) * above).astype(np.float32)


def _coloured(
    network: nn.Module, aligned: np.ndarray, face: Face, units: np.ndarray, inside: np.ndarray, to_square: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Colour and attention in the region by the published generator."""
    place = next(network.parameters()).device
    picture = from_levels(torch.from_numpy(aligned).to(place).permute(2, 0, 1)[None])
    made = network(picture, torch.from_numpy(units.astype(np.float32))[None].to(place))
    colour, attention = (part[0].permute(1, 2, 0).cpu().numpy() for part in made)
    enlarged = _to_region((colour + 1) * 127.5, to_square, inside.shape)
    return enlarged, _to_region(attention, to_square, inside.shape, outside=1)


def _region(matrix: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the photograph's part that the aligned square covers."""
    corners = np.array([(0, 0), (SIDE, 0), (0, SIDE), (SIDE, SIDE)]) - matrix[:, 2]
    corners = corners @ np.linalg.inv(matrix[:, :2]).T
    left, top = np.floor(corners.min(axis=0)).astype(int).clip(0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int), (shape[1], shape[0]))
    return int(left), int(top), int(right), int(bottom)


def _to_region(square: np.ndarray, to_square: np.ndarray, shape: tuple[int, ...], outside: float = 0) -> np.ndarray:
    """Values of the aligned square `(128, 128[, C])` at the region's pixels, float32."""
    return cv2.warpAffine(
        square,
        to_square,
        (shape[1], shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(outside,) * 4,
    )


def _feather() -> np.ndarray:
    """1 within the square, falling smoothly to 0 at its edge, `(128, 128)`."""
    distance = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1]) / FEATHER
    ramp = np.clip(distance, 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return np.minimum(ramp[:, None], ramp).astype(np.float32)


def _levels(picture: np.ndarray) -> np.ndarray:
    return (picture + 0.5).clip(0, 255).astype(np.uint8)
