"""Pictures of characters: their bodies are signed distance fields, whose surface rays find by sphere tracing.

Every shape is a cone with round ends, flattened or stretched, in a space of its own; the shapes of a part of the body
flow into one another, and parts meet in sharp edges. Light is one lamp that casts soft shadows, a sky and the floor's
reflection, dimmed where the neighbourhood is occluded. Lengths are metres, with the world axes of `motion`.

Sphere tracing: Hart, The Visual Computer 12 (1996).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.runtime.kept import kept
from engines.runtime.kernels import kernel

Array = NDArray[Any]
Paint = Callable[[np.ndarray], np.ndarray]
"""Colours `(N, 3)`, linear and in [0, 1], of points `(N, 3)` in the axes of a part."""

SAMPLES = 2
"""A side of a pixel: four rays go through each."""
TILE = 16
"""Rays on a side that share one list of shapes."""
BLOCKS, BLOCK = 4, TILE // 4
"""Of a tile's side, blocks of rays that share the way through empty space, and the rays of one."""
WALL = -1.5
"""Where the floor ends."""
LAMP = np.array([-0.50, 0.74, 0.56]) / np.linalg.norm([-0.50, 0.74, 0.56])
LAMP_COLOUR = np.array([1.28, 1.19, 1.05])
SKY = np.array([0.50, 0.55, 0.63])
GROUND = np.array([0.34, 0.30, 0.27])
RIM = np.array([0.75, 0.25, -0.62])
OCCLUDED_WITHIN = 0.16
SHADOW_SHARPNESS = 11.0
"""Larger is a smaller lamp."""

# Columns of a shape: a matrix and an offset into its own space (12), stretch along its axes y and z, length, radii at
# both ends, whether its far end is cut flat, how softly it joins its part, the part, and a ball around it.
STRETCH_Y, STRETCH_Z, LENGTH, RADIUS, END_RADIUS, FLAT, BLEND, PART, BALL = 12, 13, 14, 15, 16, 17, 18, 19, 20
COLUMNS = 24


class Part(NamedTuple):
    """What is painted alike: the place and axes that its paint moves with, and how it shines, 0 is matt."""

    paint: Paint
    origin: np.ndarray
    axes: np.ndarray
    gloss: float = 0.0
    folds: float = 0.0
    """Depth of the creases of cloth, in metres."""


class Model(NamedTuple):
    """A body to be drawn: shapes `(S, 24)`, ordered by the part they belong to."""

    shapes: np.ndarray
    parts: list[Part]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along -z from `(across, height, distance)`.

    Its picture is twice `field` high where the dancer stands, with the height `aim` in its middle.
    """

    across: float
    height: float
    distance: float
    field: float
    aim: float

    def project(self, points: np.ndarray, side: int) -> np.ndarray:
        """Where points `(N, 3)` are in a picture of `side` pixels: `(N, 2)`, x before y."""
        depth = self.distance - points[:, 2]
        scale = self.distance / self.field * side / 2 / depth
        down = (self.aim - self.height) * side / 2 / self.field
        x = side / 2 + (points[:, 0] - self.across) * scale
        return np.stack([x, side / 2 + down - (points[:, 1] - self.height) * scale], axis=1)

    def rays(self, side: int) -> np.ndarray:
        """Directions `(side, side, 3)` of length 1 through the middles of pixels."""
        grid = (np.arange(side) + 0.5) * 2 / side - 1
        rise = self.aim - self.height - grid * self.field
        x, y = np.meshgrid(grid * self.field, rise)
        rays = np.stack([x, y, np.full_like(x, -self.distance)], axis=-1)
        return rays / np.linalg.norm(rays, axis=-1, keepdims=True)

    @property
    def eye(self) -> np.ndarray:
        return np.array([self.across, self.height, self.distance])


@dataclass(frozen=True)
class Stage:
    """A wall and a floor, in sRGB colours of 0 to 255; `disc` is painted on the wall."""

    wall: tuple[int, int, int]
    floor: tuple[int, int, int]
    disc: tuple[int, int, int]
    board: tuple[int, int, int] = (244, 240, 232)
    boards: bool = False
    """Whether the floor is of wood."""


def linear(colour: tuple[int, int, int]) -> np.ndarray:
    """Light of an sRGB colour, `(3,)` in [0, 1]."""
    return (np.array(colour) / 255) ** 2.2


def render(model: Model, stage: Stage, camera: Camera, side: int) -> np.ndarray:
    """The model on its stage: `(side, side, 3)` uint8, RGB."""
    plate, ground, rays = _plate(stage, camera, side)
    picture = plate.copy()
    dimmed = _ground_light(model.shapes, ground, camera, side)
    picture *= cv2.resize(dimmed, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None]

    found = np.zeros((*rays.shape[:2], 9))
    found[..., 6] = -1
    size = side * SAMPLES
    _trace(model.shapes, camera.eye, rays, LAMP, 3 * camera.field / size * TILE / 2 / camera.distance, found)
    rows, columns = np.nonzero(found[..., 6] >= 0)
    hit = found[rows, columns]
    picture[rows, columns] = _lit(model, hit, camera)
    picture = picture.reshape(side, SAMPLES, side, SAMPLES, 3).mean((1, 3))
    return (_developed(picture) * 255 + 0.5).astype(np.uint8)


def _developed(light: np.ndarray) -> np.ndarray:
    """Linear light as sRGB in [0, 1], its highlights rolled off."""
    soft = np.where(light > 0.7, 0.7 + 0.3 * np.tanh((light - 0.7) / 0.3), light)
    return soft.clip(0, 1) ** (1 / 2.2)


def _lit(model: Model, hit: np.ndarray, camera: Camera) -> np.ndarray:
    """Light from surfaces `(N, 9)`: place, normal, part, openness, share of the lamp that is seen."""
    place, normal, part = hit[:, :3], hit[:, 3:6].copy(), hit[:, 6].astype(int)
    open_sky, lamp = hit[:, 7:8], hit[:, 8:9]
    colour, gloss = np.empty_like(place), np.empty((len(hit), 1))
    for index, kind in enumerate(model.parts):
        chosen = part == index
        if not chosen.any():
            continue
        local = (place[chosen] - kind.origin) @ kind.axes.T
        colour[chosen] = kind.paint(local)
        gloss[chosen] = kind.gloss
        if kind.folds:
            normal[chosen] -= kind.folds * _creases(local) @ kind.axes
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    view = camera.eye - place
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    facing = (normal @ LAMP)[:, None]
    soft = np.clip((facing + 0.18) / 1.18, 0, None)
    sky = SKY * (0.5 + 0.5 * normal[:, 1:2]) + GROUND * (0.5 - 0.5 * normal[:, 1:2])
    rim = np.clip(normal @ (RIM / np.linalg.norm(RIM)), 0, None)[:, None]
    edge = (1 - np.clip((normal * view).sum(1, keepdims=True), 0, 1)) ** 3
    half = LAMP + view
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    shine = gloss * np.clip((normal * half).sum(1, keepdims=True), 0, 1) ** 28
    bounce = 0.25 * colour.mean(1, keepdims=True)
    light = colour * (LAMP_COLOUR * soft * lamp * 0.80 + sky * open_sky * (1 + bounce) + 0.35 * rim * open_sky)
    return light + (0.10 * edge * open_sky + shine * (0.3 + 0.7 * lamp)) * np.array([1, 0.98, 0.95])


def _creases(local: np.ndarray) -> np.ndarray:
    """Slope `(N, 3)` of gentle folds of cloth, across which normals are bent."""
    x, y, z = local.T
    one = np.cos(34 * x + 21 * y + 9 * z + 1.4 * np.sin(9 * y + 4 * x))
    two = np.cos(-27 * x + 33 * y + 14 * z + 1.2 * np.sin(11 * x - 5 * y) + 2)
    return np.stack([34 * one - 27 * two, 21 * one + 33 * two, 9 * one + 14 * two], axis=1)


@kept()
def _plate(stage: Stage, camera: Camera, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The empty stage's light, one value a ray; where rays meet the floor, one a pixel (NaN for none); the rays."""
    rays = camera.rays(side * SAMPLES)
    reach = np.where(rays[..., 1] < -1e-6, -camera.height / np.minimum(rays[..., 1], -1e-6), np.inf)
    wall_reach = (WALL - camera.distance) / rays[..., 2]
    on_floor = reach < wall_reach
    place = camera.eye + rays * np.where(on_floor, reach, wall_reach)[..., None]
    x, y, z = np.moveaxis(place, -1, 0)

    lamp_spot = np.exp(-(((x + 0.5) / 2.6) ** 2) - ((y - 1.6) / 2.2) ** 2)
    wall = linear(stage.wall) * (0.70 + 0.36 * lamp_spot)[..., None]
    disc = linear(stage.disc) * (0.78 + 0.30 * lamp_spot)[..., None]
    wall = _blended(wall, disc, (0.98 - np.hypot(x - 0.0, y - 1.28)) / 0.004)
    board = linear(stage.board) * (0.80 + 0.12 * lamp_spot)[..., None]
    wall = _blended(wall, board, (0.11 - y) / 0.003)
    wall *= (1 - 0.30 * np.exp(-y / 0.16))[..., None]

    floor_spot = np.exp(-((x / 2.4) ** 2) - ((z - 0.2) / 2.0) ** 2)
    floor = linear(stage.floor) * (0.72 + 0.34 * floor_spot)[..., None]
    if stage.boards:
        floor *= _planks(x, z)[..., None]
    floor *= (1 - 0.32 * np.exp(-(z - WALL) / 0.12))[..., None]
    plate = np.where(on_floor[..., None], floor, wall)

    rays_of_pixels = camera.rays(side)
    reach = -camera.height / np.minimum(rays_of_pixels[..., 1], -1e-6)
    ground = camera.eye + rays_of_pixels * reach[..., None]
    ground[ground[..., 2] < WALL] = np.nan
    return plate, ground, rays


def _planks(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    width = 0.22
    plank = np.floor(x / width)
    tone = 1 + 0.07 * np.sin(plank * 12.9898 + 4) + 0.03 * np.sin(plank * 7.1 + 5 * z + 3 * np.sin(40 * x + z))
    gap = np.abs(x / width - np.round(x / width)) * width
    return tone * (1 - 0.28 * np.exp(-((gap / 0.004) ** 2)))


def _blended(below: np.ndarray, above: np.ndarray, inside: np.ndarray) -> np.ndarray:
    share = np.clip(inside + 0.5, 0, 1)[..., None]
    return below + (above - below) * share


def _ground_light(shapes: np.ndarray, ground: np.ndarray, camera: Camera, side: int) -> np.ndarray:
    """How much light falls on the floor, `(side, side)` in [0, 1]: the body's shadow and its closeness."""
    light = np.ones((side, side), np.float32)
    centres, radii = shapes[:, BALL : BALL + 3], shapes[:, BALL + 3] + 0.25
    lows = np.minimum(centres, centres - LAMP * (centres[:, 1:2] / LAMP[1])) - radii[:, None]
    highs = np.maximum(centres, centres - LAMP * (centres[:, 1:2] / LAMP[1])) + radii[:, None]
    low, high = lows.min(0), highs.max(0)
    inside = (
        (ground[..., 0] > low[0]) & (ground[..., 0] < high[0]) & (ground[..., 2] > low[2]) & (ground[..., 2] < high[2])
    )
    rows, columns = np.nonzero(inside)
    if len(rows):
        light[rows, columns] = _floor_shade(shapes, ground[rows, columns], LAMP)
    return cv2.GaussianBlur(light, (0, 0), side / 512)


@kernel(nogil=True, fastmath=True)
def _distance(x: float, y: float, z: float, shapes: Array, chosen: Array, count: int) -> tuple[float, int]:
    """Signed distance of a point to the nearest of `count` chosen shapes, and the part that it belongs to."""
    nearest, nearest_part = 1e9, -1
    part, joined = -1, 1e9
    for place in range(count):
        s = shapes[chosen[place]]
        if int(s[PART]) != part:
            if joined < nearest:
                nearest, nearest_part = joined, part
            part, joined = int(s[PART]), 1e9
        away_x, away_y, away_z = x - s[BALL], y - s[BALL + 1], z - s[BALL + 2]
        within = min(joined, nearest) + s[BLEND] + s[BALL + 3]
        away = away_x * away_x + away_y * away_y + away_z * away_z
        if within > 0 and away > within * within:
            continue
        px = s[0] * x + s[1] * y + s[2] * z + s[9]
        py = s[3] * x + s[4] * y + s[5] * z + s[10]
        pz = s[6] * x + s[7] * y + s[8] * z + s[11]
        share = 0.0
        along = py
        if s[LENGTH] > 0:
            share = min(max(py / s[LENGTH], 0.0), 1.0)
            along = py - share * s[LENGTH]
        squared = px * px + along * along + pz * pz + 1e-12
        length = np.sqrt(squared)
        slope_y, slope_z = along * s[STRETCH_Y], pz * s[STRETCH_Z]
        slope = np.sqrt((px * px + slope_y * slope_y + slope_z * slope_z + 1e-12) / squared)
        d = (length - s[RADIUS] - share * (s[END_RADIUS] - s[RADIUS])) / slope
        if away > s[BALL + 3] * s[BALL + 3]:  # the slope of a flattened shape misleads far from it
            d = max(d, np.sqrt(away) - s[BALL + 3])
        if s[FLAT] > 0:
            over = py - s[LENGTH]
            d = 0.5 * (d + over + np.sqrt((d - over) * (d - over) + 0.00006))
        gap = max(s[BLEND] - abs(d - joined), 0.0)
        joined = min(d, joined)
        if gap > 0:
            joined -= gap * gap / (4 * s[BLEND])
    if joined < nearest:
        nearest, nearest_part = joined, part
    return nearest, nearest_part


@kernel(nogil=True, fastmath=True)
def _near_line(shapes: Array, origin: Array, direction: Array, spread: float, width: float, chosen: Array) -> Any:
    """Fill `chosen` with the shapes in a beam, `width` wide at its begin: their count, nearest and farthest reach."""
    count, first, last = 0, 1e9, 0.0
    for index in range(len(shapes)):
        s = shapes[index]
        x, y, z = s[BALL] - origin[0], s[BALL + 1] - origin[1], s[BALL + 2] - origin[2]
        along = x * direction[0] + y * direction[1] + z * direction[2]
        radius = s[BALL + 3] + width + s[BLEND]
        if along < -radius:
            continue
        off = x * x + y * y + z * z - along * along
        limit = radius + spread * max(along, 0.0)
        if off < limit * limit:
            chosen[count] = index
            count += 1
            first, last = min(first, along - limit), max(last, along + limit)
    return count, max(first, 0.0), last


@kernel(nogil=True, fastmath=True)
def _lamp_seen(
    x: float, y: float, z: float, lamp: Array, shapes: Array, chosen: Array, count: int, last: float
) -> float:
    """The share of a lamp that a point sees past shapes, as the narrowest gap that its ray passes suggests."""
    seen, t = 1.0, 0.012
    for _ in range(40):
        d, _ = _distance(x + lamp[0] * t, y + lamp[1] * t, z + lamp[2] * t, shapes, chosen, count)
        seen = min(seen, 0.5 + 0.5 * SHADOW_SHARPNESS * d / t)
        t += min(max(d, 0.012), 0.15)
        if seen <= 0 or t > last:
            break
    seen = max(seen, 0.0)
    return seen * seen * (3 - 2 * seen)


@kernel(nogil=True, fastmath=True)
def _floor_shade(shapes: Array, places: Array, lamp: Array) -> Array:
    """Light on points `(N, 3)` of the floor, `(N,)`."""
    light = np.empty(len(places), np.float32)
    chosen = np.empty(len(shapes), np.int64)
    every = np.arange(len(shapes))
    for index in range(len(places)):
        p = places[index]
        count, first, last = _near_line(shapes, p, lamp, 1 / SHADOW_SHARPNESS, 0.03, chosen)
        seen = 1.0
        if count:
            seen = _lamp_seen(p[0], p[1], p[2], lamp, shapes, chosen, count, last)
        near, _ = _distance(p[0], p[1] + 0.02, p[2], shapes, every, len(shapes))
        far, _ = _distance(p[0], p[1] + 0.12, p[2], shapes, every, len(shapes))
        opened = min(max(0.35 + 5.0 * near, 0.0), 1.0) * min(max(0.62 + 1.6 * far, 0.0), 1.0)
        light[index] = (0.36 + 0.64 * seen) * (0.30 + 0.70 * opened)
    return light


@kernel(nogil=True, fastmath=True)
def _clear(
    eye: Array, ray: Array, spread: float, first: float, last: float, shapes: Array, chosen: Array, count: int
) -> float:
    """How far a cone of rays can go before one of them may meet a shape."""
    t = first
    for _ in range(40):
        d, _ = _distance(eye[0] + ray[0] * t, eye[1] + ray[1] * t, eye[2] + ray[2] * t, shapes, chosen, count)
        free = d - 1.5 * spread * t
        if free < 0.002 or t > last:
            break
        t += 0.85 * free
    return t


@kernel(nogil=True, fastmath=True)
def _open_sky(at: Array, facing: Array, shapes: Array, chosen: Array, count: int) -> float:
    """How much of the sky a surface sees, as the free room along its normal suggests."""
    hidden, weight = 0.0, 1.0
    for step in range(1, 5):
        away = OCCLUDED_WITHIN * step * step / 16 + 0.004
        height = at[1] + facing[1] * away
        d, _ = _distance(at[0] + facing[0] * away, height, at[2] + facing[2] * away, shapes, chosen, count)
        hidden += weight * max(away - min(d, height), 0.0) / away
        weight *= 0.75
    return max(1 - 0.36 * hidden, 0.0)


@kernel(nogil=True, fastmath=True)
def _trace(shapes: Array, eye: Array, rays: Array, lamp: Array, spread: float, found: Array) -> None:
    """Fill `found` `(H, W, 9)` where rays meet shapes: place, normal, part, openness, share of the lamp seen.

    Rays of a pixel that meet the same part share the light of the first.
    """
    chosen, around = np.empty(len(shapes), np.int64), np.empty(len(shapes), np.int64)
    lit_by = np.empty(len(shapes), np.int64)
    height, width = rays.shape[0], rays.shape[1]
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            bottom, right = min(top + TILE, height), min(left + TILE, width)
            axis = rays[(top + bottom) // 2, (left + right) // 2]
            count, first, last = _near_line(shapes, eye, axis, spread, 0.0, chosen)
            if not count:
                continue
            near, _, _ = _near_line(shapes, eye, axis, spread, OCCLUDED_WITHIN, around)
            for place in range(BLOCKS * BLOCKS):
                block_top, block_left = top + place // BLOCKS * BLOCK, left + place % BLOCKS * BLOCK
                if block_top >= bottom or block_left >= right:
                    continue
                block_bottom, block_right = min(block_top + BLOCK, bottom), min(block_left + BLOCK, right)
                ray = rays[(block_top + block_bottom) // 2, (block_left + block_right) // 2]
                start = _clear(eye, ray, spread / BLOCKS, first, last, shapes, chosen, count)
                if start > last:
                    continue
                for at in range((block_bottom - block_top) * (block_right - block_left)):
                    row = block_top + at // (block_right - block_left)
                    column = block_left + at % (block_right - block_left)
                    ray, out = rays[row, column], found[row, column]
                    t, part = start, -1
                    for _ in range(70):
                        x, y, z = eye[0] + ray[0] * t, eye[1] + ray[1] * t, eye[2] + ray[2] * t
                        d, nearest = _distance(x, y, z, shapes, chosen, count)
                        if d < 0.0006:
                            part = nearest
                            break
                        t += 0.85 * d
                        if t > last:
                            break
                    if part < 0:
                        continue
                    out[0], out[1], out[2], out[6] = x, y, z, part
                    e = 0.0012
                    a, _ = _distance(x + e, y - e, z - e, shapes, chosen, count)
                    b, _ = _distance(x - e, y - e, z + e, shapes, chosen, count)
                    c, _ = _distance(x - e, y + e, z - e, shapes, chosen, count)
                    d, _ = _distance(x + e, y + e, z + e, shapes, chosen, count)
                    out[3], out[4], out[5] = a - b - c + d, -a - b + c + d, -a + b - c + d
                    out[3:6] /= np.sqrt(out[3] * out[3] + out[4] * out[4] + out[5] * out[5]) + 1e-12

                    known = False
                    for other_row in range(row - row % SAMPLES, row + 1):
                        for other_column in range(column - column % SAMPLES, column - column % SAMPLES + SAMPLES):
                            other = found[other_row, other_column]
                            before = other_row < row or other_column < column
                            if before and not known and other[6] == part and abs(other[2] - z) < 0.02:
                                out[7], out[8] = other[7], other[8]
                                known = True
                    if known:
                        continue
                    out[7] = _open_sky(out[:3], out[3:6], shapes, around, near)
                    out[8] = 0.0
                    if out[3] * lamp[0] + out[4] * lamp[1] + out[5] * lamp[2] > -0.2:
                        lifted = out[:3] + 0.006 * out[3:6]
                        lights, _, end = _near_line(shapes, lifted, lamp, 1 / SHADOW_SHARPNESS, 0.03, lit_by)
                        out[8] = _lamp_seen(lifted[0], lifted[1], lifted[2], lamp, shapes, lit_by, lights, end)
