"""Meshes that this project generates: a dozen families of shapes, each random within itself."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from engines.spherical_cnn.meshes import Mesh

SIDES = 24
"""Of what is round."""
BALL_RINGS, ROD_RINGS = 13, 6
OFF_THE_AXIS = (1e-6, 0.0, 0.0)
"""A tube along the z axis would have no sides."""
STRETCH = 1.4
WAVES_ACROSS, SWING = 0.4, 0.1
"""As many waves across a shape, and as much of its size do they move its vertices, at most."""
Random = np.random.Generator


def shape(family: str, random: Random) -> Mesh:
    """One of that family, upright, not centred, its axes stretched and its vertices moved along random waves."""
    mesh = FAMILIES[family](random)
    stretched = mesh.vertices * random.uniform(1 / STRETCH, STRETCH, 3)
    size = np.ptp(stretched, axis=0).max()
    waves = random.normal(0, WAVES_ACROSS, (3, 3)) * 2 * math.pi / size
    swing = np.sin(stretched @ waves + random.uniform(0, 2 * math.pi, 3))
    return mesh._replace(vertices=stretched + size * random.uniform(0, SWING) * swing)


def revolved(profile: np.ndarray) -> Mesh:
    """What a profile of radii and heights, `(K, 2)`, sweeps about the z axis."""
    turn = 2 * math.pi * np.arange(SIDES) / SIDES
    rings = np.stack(
        [
            np.outer(profile[:, 0], np.cos(turn)),
            np.outer(profile[:, 0], np.sin(turn)),
            np.repeat(profile[:, 1:], SIDES, axis=1),
        ],
        axis=2,
    )
    return _skin(rings)


def tube(path: np.ndarray, radii: np.ndarray) -> Mesh:
    """A round tube along a path `(K, 3)` with a radius at each of its points; a radius of 0 closes it."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, [0.0, 0.0, 1.0])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    upward = np.cross(across, along)
    turn = 2 * math.pi * np.arange(SIDES)[:, None] / SIDES
    circle = across[:, None] * np.cos(turn) + upward[:, None] * np.sin(turn)
    return _skin(path[:, None] + radii[:, None, None] * circle)


def ball(centre: np.ndarray, radius: float) -> Mesh:
    tilt = np.linspace(0, math.pi, BALL_RINGS)
    mesh = revolved(radius * np.column_stack([np.sin(tilt), -np.cos(tilt)]))
    return mesh._replace(vertices=mesh.vertices + centre)


def rod(start: np.ndarray, end: np.ndarray, radius: float) -> Mesh:
    """A round rod without ends."""
    return tube(np.linspace(start, end + OFF_THE_AXIS, ROD_RINGS), np.full(ROD_RINGS, radius))


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> Mesh:
    """Between two opposite corners."""
    corners = np.array([[(low, high)[bit >> axis & 1][axis] for axis in range(3)] for bit in range(8)])
    quads = np.array([[0, 1, 3, 2], [4, 5, 7, 6], [0, 1, 5, 4], [2, 3, 7, 6], [0, 2, 6, 4], [1, 3, 7, 5]])
    return Mesh(corners, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]))


def extruded(outline: np.ndarray, height: float) -> Mesh:
    """A prism over an outline `(K, 2)` whose every point the origin sees."""
    ends = [np.column_stack([outline, np.full(len(outline), level)]) for level in (-height / 2, height / 2)]
    return _skin(np.stack([ends[0] * (0, 0, 1), *ends, ends[1] * (0, 0, 1)]))


def joined(*meshes: Mesh) -> Mesh:
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]),
    )


def _skin(rings: np.ndarray) -> Mesh:
    """Between rings of equally many points, `(R, S, 3)`."""
    count, sides = rings.shape[:2]
    ring, side = np.mgrid[: count - 1, :sides]
    here, beside = ring * sides + side, ring * sides + (side + 1) % sides
    quads = np.stack([here, beside, beside + sides, here + sides], axis=2).reshape(-1, 4)
    return Mesh(rings.reshape(-1, 3), np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]))


def _ellipsoid(random: Random) -> Mesh:
    tilt = np.linspace(0, math.pi, 17)
    mesh = revolved(np.column_stack([np.sin(tilt), -np.cos(tilt)]))
    return mesh._replace(vertices=mesh.vertices * random.uniform(0.5, 1, 3))


def _box(random: Random) -> Mesh:
    x, y, z = random.uniform(0.4, 1, 3)
    return box((-x, -y, -z), (x, y, z))


def _cylinder(random: Random) -> Mesh:
    height = random.uniform(0.5, 2)
    return revolved(np.array([(0, -height), (1, -height), (1, height), (0, height)]))


def _cone(random: Random) -> Mesh:
    height, tip = random.uniform(1.2, 3), random.uniform(0, 0.2)
    return revolved(np.array([(0, 0), (1, 0), (tip, height), (0, height)]))


def _torus(random: Random) -> Mesh:
    turn = np.linspace(0, 2 * math.pi, 33)
    circle = np.column_stack([np.cos(turn), np.sin(turn), 0 * turn])
    return tube(circle, np.full(33, random.uniform(0.15, 0.45)))


def _vase(random: Random) -> Mesh:
    heights = np.linspace(0, random.uniform(1.6, 2.6), 5)
    low, high = (0.3, 0.7, 0.5, 0.15, 0.3), (0.6, 1.0, 0.8, 0.3, 0.6)
    fine = np.linspace(heights[0], heights[-1], 25)
    wall = np.column_stack([np.interp(fine, heights, random.uniform(low, high)), fine])
    return revolved(np.concatenate([[(0, 0)], wall]))


def _helix(random: Random) -> Mesh:
    turns, rise = random.uniform(1.5, 3.5), random.uniform(0.5, 0.9)
    turn = np.linspace(0, 2 * math.pi * turns, round(24 * turns))
    path = np.column_stack([np.cos(turn), np.sin(turn), rise * turn / (2 * math.pi)])
    radii = np.full(len(turn), random.uniform(0.1, 0.2))
    radii[[0, -1]] = 0
    return tube(path, radii)


def _star(random: Random) -> Mesh:
    points = int(random.integers(4, 8))
    turn = math.pi * np.arange(2 * points) / points
    radius = np.where(np.arange(2 * points) % 2, random.uniform(0.3, 0.55), 1)
    return extruded(np.column_stack([radius * np.cos(turn), radius * np.sin(turn)]), random.uniform(0.3, 0.7))


def _legs(x: float, y: float, thick: float, height: float) -> list[Mesh]:
    """Four, below height 0, within `x` and `y`."""
    inner_x, inner_y = x - thick, y - thick
    places = [(low_x, low_y) for low_x in (-x, inner_x) for low_y in (-y, inner_y)]
    return [box((left, front, -height), (left + thick, front + thick, 0)) for left, front in places]


def _table(random: Random) -> Mesh:
    x, y, thick = *random.uniform(0.6, 1.2, 2), random.uniform(0.08, 0.18)
    return joined(box((-x, -y, 0), (x, y, thick)), *_legs(x, y, thick, random.uniform(0.7, 1.3)))


def _chair(random: Random) -> Mesh:
    x, y, thick = *random.uniform(0.5, 0.7, 2), random.uniform(0.08, 0.15)
    back = box((-x, y - thick, thick), (x, y, random.uniform(0.9, 1.5)))
    return joined(box((-x, -y, 0), (x, y, thick)), back, *_legs(x, y, thick, random.uniform(0.6, 1.0)))


def _cross(random: Random) -> Mesh:
    thick = random.uniform(0.12, 0.25)
    bars = []
    for axis, length in enumerate(random.uniform(0.7, 1.2, 3)):
        x, y, z = (length if axis == each else thick for each in range(3))
        bars.append(box((-x, -y, -z), (x, y, z)))
    return joined(*bars)


def _dumbbell(random: Random) -> Mesh:
    bar, half = random.uniform(0.12, 0.3), random.uniform(1.0, 1.6)
    tilt = np.linspace(0, math.pi, 13)
    ball = np.column_stack([np.maximum(np.sin(tilt), bar * (np.arange(13) > 6)), -np.cos(tilt)])
    lower = ball * random.uniform(0.6, 0.9) - (0, half)
    upper = ball[::-1] * (1, -1) * random.uniform(0.6, 0.9) + (0, half)
    return revolved(np.concatenate([lower, upper]))


FAMILIES: Mapping[str, Callable[[Random], Mesh]] = {
    "ellipsoid": _ellipsoid,
    "box": _box,
    "cylinder": _cylinder,
    "cone": _cone,
    "torus": _torus,
    "vase": _vase,
    "helix": _helix,
    "star": _star,
    "table": _table,
    "chair": _chair,
    "cross": _cross,
    "dumbbell": _dumbbell,
}
