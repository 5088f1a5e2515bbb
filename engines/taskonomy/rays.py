"""An own ray caster: what a camera sees in a room of boxes, spheres and cylinders, with exact geometry at every pixel.

Metres; x and y lie in the floor, z points up. A room is the inside of a box from (0, 0, 0) to its size, with solids
in it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.runtime.kernels import kernel

Floats = NDArray[np.float64]

BOX, SPHERE, CYLINDER = range(3)
SURFACES = 6
"""Of the room itself: the walls at x 0, at its width, at y 0, at its depth, the floor, the ceiling; solids count on."""
FLOOR, CEILING = 4, 5
PLAIN, PLANKS, TILES, STRIPES, CHECKS, BOOKS, VIEW, PAINTING, CARPET, PANEL = range(10)
EPSILON = 1e-4
SUBPIXELS = ((0.0, 0.0), (-0.3, -0.2), (0.32, -0.16), (0.0, 0.34))
"""Pixels; the first is where the geometry is measured, and the colour is the mean of all."""
AMBIENT, LAMP, WINDOW = 0.34, 0.95, 0.24
FALLOFF = 3.0
"""Metres from the lamp at which its light has halved."""
SOFT = 0.12
"""Radius of the lamp, in metres: what softens shadows."""
CORNER = 0.55
"""Metres from another wall within which a wall is darker."""
GAMMA = 1 / 1.35


class Material(NamedTuple):
    """`colour` and `accent` in [0, 1]; `size` of the pattern in metres; `glow` is its own share of light."""

    colour: tuple[float, float, float]
    pattern: int = PLAIN
    accent: tuple[float, float, float] = (0.0, 0.0, 0.0)
    size: float = 0.3
    glow: float = 0.0


class Solid(NamedTuple):
    """`half` is half of a box's sides, a sphere's radius thrice, or a cylinder's radius twice and half of its height;
    `turn` is radians about the vertical; `label` is a class of segmentation."""

    shape: int
    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    label: int
    material: Material
    turn: float = 0.0


class Room(NamedTuple):
    """`size` in metres; `labels` and `materials` of its six surfaces; the lamp hangs at `lamp`, and light falls in
    along `daylight` (a unit vector)."""

    size: tuple[float, float, float]
    labels: tuple[int, ...]
    materials: tuple[Material, ...]
    solids: tuple[Solid, ...]
    lamp: tuple[float, float, float]
    daylight: tuple[float, float, float]


class Camera(NamedTuple):
    """Radians: `yaw` from the x axis to the y axis, `pitch` up, `roll` with the right side up; `field` is what is seen
    from the left edge to the right one."""

    place: tuple[float, float, float]
    yaw: float
    pitch: float = 0.0
    roll: float = 0.0
    field: float = 1.2

    def axes(self) -> Floats:
        """Unit vectors to the right, up, and ahead, `(3, 3)`."""
        cosine, sine = np.cos(self.yaw), np.sin(self.yaw)
        ahead = np.array([cosine * np.cos(self.pitch), sine * np.cos(self.pitch), np.sin(self.pitch)])
        right = np.array([sine, -cosine, 0.0])
        up = np.cross(right, ahead)
        cosine, sine = np.cos(self.roll), np.sin(self.roll)
        return np.stack([cosine * right + sine * up, cosine * up - sine * right, ahead])


class Seen(NamedTuple):
    """Of each pixel `(height, width)`: the colour `(.., 3)` in [0, 1]; depth along the camera's axis in metres; the
    normal `(.., 3)` to the right, up, and towards the camera; both principal curvatures `(.., 2)` by metre; which
    surface it is; and its label. `rays` `(.., 3)` are in the normals' axes and go one metre ahead, `pixel` metres apart
    there."""

    colour: Floats
    depth: Floats
    normal: Floats
    curvature: Floats
    surface: NDArray[np.int64]
    label: NDArray[np.int64]
    rays: Floats
    pixel: float


def look(room: Room, camera: Camera, size: int, seed: int = 0) -> Seen:
    """What the camera sees in a picture of `size` x `size`; `seed` decides what patterns look like."""
    axes = camera.axes()
    shapes = np.array([solid.shape for solid in room.solids], np.int64)
    numbers = np.array(
        [[*solid.centre, *solid.half, np.cos(solid.turn), np.sin(solid.turn)] for solid in room.solids], np.float64
    ).reshape(-1, 8)
    labels = np.array([*room.labels, *(solid.label for solid in room.solids)])
    materials = [*room.materials, *(solid.material for solid in room.solids)]
    shades = np.zeros((size, size, 3))
    random = np.random.default_rng([seed, 1])
    for number, offset in enumerate(SUBPIXELS):
        rays = _directions(axes, camera.field, size, offset)
        depth, surface = _cast(np.array(camera.place), rays, np.array(room.size), shapes, numbers)
        points = np.array(camera.place) + depth[:, None] * rays
        normal, local, curvature = _facts(points, surface, np.array(room.size), shapes, numbers)
        facing = np.where((normal * rays).sum(1, keepdims=True) > 0, -normal, normal)
        colour = _colour(room, points, facing, local, surface, materials, shapes, numbers, random, seed)
        shades += colour.reshape(size, size, 3)
        if number == 0:
            own_axes = (axes * [[1], [1], [-1]]).T
            exact = depth, facing @ own_axes, curvature, surface, rays @ own_axes
    depth, normal, curvature, surface, rays = exact
    grid = (size, size)
    return Seen(
        (shades / len(SUBPIXELS)).clip(0, 1) ** GAMMA,
        depth.reshape(grid),
        normal.reshape(*grid, 3),
        curvature.reshape(*grid, 2),
        surface.reshape(grid),
        labels[surface].reshape(grid),
        rays.reshape(*grid, 3),
        2 * np.tan(camera.field / 2) / size,
    )


def _directions(axes: Floats, field: float, size: int, offset: tuple[float, float]) -> Floats:
    """One for each pixel `(size x size, 3)`, one metre long along the camera's axis."""
    places = (np.arange(size) + 0.5 - size / 2) * 2 * np.tan(field / 2) / size
    pixel = 2 * np.tan(field / 2) / size
    down, across = np.meshgrid(places + offset[1] * pixel, places + offset[0] * pixel, indexing="ij")
    return (across[..., None] * axes[0] - down[..., None] * axes[1] + axes[2]).reshape(-1, 3)


@kernel()
def _interval(shape, solid, ox, oy, oz, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Where along the ray it is inside of the solid; nowhere where the first is not below the second."""
    px, py, pz = ox - solid[0], oy - solid[1], oz - solid[2]
    x, y = solid[6] * px + solid[7] * py, solid[6] * py - solid[7] * px
    u, v = solid[6] * dx + solid[7] * dy, solid[6] * dy - solid[7] * dx
    first, last = -1e9, 1e9
    if shape != SPHERE:
        one, other = (-solid[5] - pz) / dz, (solid[5] - pz) / dz
        first, last = min(one, other), max(one, other)
    if shape == BOX:
        one, other = (-solid[3] - x) / u, (solid[3] - x) / u
        first, last = max(first, min(one, other)), min(last, max(one, other))
        one, other = (-solid[4] - y) / v, (solid[4] - y) / v
        return max(first, min(one, other)), min(last, max(one, other))
    square, half, rest = u * u + v * v, x * u + y * v, x * x + y * y - solid[3] * solid[3]
    if shape == SPHERE:
        square, half, rest = square + dz * dz, half + pz * dz, rest + pz * pz
    root = half * half - square * rest
    if root <= 0:
        return 1.0, 0.0
    root = np.sqrt(root)
    return max(first, (-half - root) / square), min(last, (-half + root) / square)


@kernel()
def _cast(origin, rays, size, shapes, solids):  # type: ignore[no-untyped-def]
    """How far along each ray the first surface is, and which."""
    depth, surface = np.empty(len(rays)), np.empty(len(rays), np.int64)
    for ray in range(len(rays)):
        # A ray that runs along an axis would divide by zero.
        dx, dy, dz = rays[ray, 0] + 1e-12, rays[ray, 1] + 1e-12, rays[ray, 2] + 1e-12
        nearest, found = 1e9, -1
        for axis in range(3):
            step = dx if axis == 0 else dy if axis == 1 else dz
            wall = ((size[axis] if step > 0 else 0.0) - origin[axis]) / step
            if wall < nearest:
                nearest, found = wall, 2 * axis + (1 if step > 0 else 0)
        for number in range(len(shapes)):
            first, last = _interval(shapes[number], solids[number], origin[0], origin[1], origin[2], dx, dy, dz)
            if EPSILON < first < nearest and first < last:
                nearest, found = first, number + SURFACES
        depth[ray], surface[ray] = nearest, found
    return depth, surface


@kernel()
def _shaded(points, goals, glowing, shapes, solids):  # type: ignore[no-untyped-def]
    """Whether a solid stands between each point and its goal; those that glow let light through."""
    hidden = np.zeros(len(points), np.bool_)
    for ray in range(len(points)):
        dx, dy, dz = goals[ray, 0] - points[ray, 0], goals[ray, 1] - points[ray, 1], goals[ray, 2] - points[ray, 2]
        for number in range(len(shapes)):
            if not glowing[number]:
                first, last = _interval(
                    shapes[number],
                    solids[number],
                    points[ray, 0],
                    points[ray, 1],
                    points[ray, 2],
                    dx + 1e-12,
                    dy + 1e-12,
                    dz + 1e-12,
                )
                if first < last and last > EPSILON and first < 1 - EPSILON:
                    hidden[ray] = True
                    break
    return hidden


def _facts(
    points: Floats, surface: NDArray[np.int64], size: Floats, shapes: NDArray[np.int64], solids: Floats
) -> tuple[Floats, Floats, Floats]:
    """Normals `(N, 3)`; where each point is on its surface `(N, 3)`: across, along and out of it in metres; curvatures
    `(N, 2)` by metre."""
    count = len(points)
    normal, local, curvature = np.zeros((count, 3)), points.copy(), np.zeros((count, 2))
    axis = np.minimum(surface // 2, 2)
    solid = surface >= SURFACES
    normal[np.arange(count), axis] = 1
    number = surface[solid] - SURFACES
    if len(number):
        own, shape = solids[number], shapes[number]
        away, cosine, sine = points[solid] - own[:, :3], own[:, 6], own[:, 7]
        place = np.stack(
            [cosine * away[:, 0] + sine * away[:, 1], cosine * away[:, 1] - sine * away[:, 0], away[:, 2]], 1
        )
        share = np.abs(place) / own[:, 3:6]
        round_ = shape == CYLINDER
        share[round_, 0] = np.hypot(place[round_, 0], place[round_, 1]) / own[round_, 3]
        share[round_, 1] = 0
        face = share.argmax(1)
        direction = np.zeros_like(place)
        rows = np.arange(len(face))
        direction[rows, face] = np.sign(place[rows, face])
        side = round_ & (face == 0)
        direction[side] = place[side] * [1, 1, 0] / own[side, 3:4]
        ball = shape == SPHERE
        direction[ball] = place[ball] / own[ball, 3:4]
        curvature[solid] = np.where(ball[:, None], 1 / own[:, 3:4], np.where(side[:, None], [1, 0], 0) / own[:, 3:4])
        normal[solid] = np.stack(
            [
                cosine * direction[:, 0] - sine * direction[:, 1],
                sine * direction[:, 0] + cosine * direction[:, 1],
                direction[:, 2],
            ],
            1,
        )
        local[solid] = place + own[:, 3:6] * (shape == BOX)[:, None]
        axis[solid] = np.where(ball, 2, face)
    across = np.where(axis == 0, local[:, 1], local[:, 0])
    along = np.where(axis == 2, local[:, 1], local[:, 2])
    return normal, np.stack([across, along, axis], 1), curvature


def _colour(
    room: Room,
    points: Floats,
    normal: Floats,
    local: Floats,
    surface: NDArray[np.int64],
    materials: list[Material],
    shapes: NDArray[np.int64],
    solids: Floats,
    random: np.random.Generator,
    seed: int,
) -> Floats:
    """Light that comes from each point, `(N, 3)`."""
    base = np.array([material.colour for material in materials])[surface]
    glow = np.array([material.glow for material in materials])
    for number in np.unique(surface):
        if materials[number].pattern != PLAIN:
            here = surface == number
            base[here] = _patterned(materials[number], local[here], int(number) + 1000 * seed)
    goals = np.array(room.lamp) + SOFT * random.uniform(-1, 1, points.shape) * [1, 1, 0]
    start = points + 0.01 * normal
    to_lamp = np.array(room.lamp) - start
    far = np.linalg.norm(to_lamp, axis=1, keepdims=True)
    lamp = (normal * to_lamp / far).sum(1).clip(0) / (1 + (far[:, 0] / FALLOFF) ** 2)
    lamp[_shaded(start, goals, glow[SURFACES:] > 0, shapes, solids)] = 0
    day = (normal @ -np.array(room.daylight)).clip(0)
    to_walls = np.concatenate([points, np.array(room.size) - points], 1)
    own_wall = to_walls < EPSILON * 10
    corner = np.where(own_wall, np.inf, to_walls).min(1)
    ambient = AMBIENT * (0.62 + 0.38 * (corner / CORNER).clip(0, 1)) * (1 + 0.25 * np.abs(normal[:, 2]))
    light = ambient + LAMP * lamp + WINDOW * day
    share = glow[surface][:, None]
    warm = np.stack([light * 1.03, light, light * 0.95], 1)
    return base * (share + (1 - share) * warm)


def _patterned(material: Material, local: Floats, seed: int) -> Floats:
    """Colours `(N, 3)` of places on a surface of that material."""
    first, second = np.array(material.colour), np.array(material.accent)
    across, along, axis = local[:, 0] / material.size, local[:, 1] / material.size, local[:, 2]
    column, row = np.floor(across).astype(np.int64), np.floor(along).astype(np.int64)
    if material.pattern == PLANKS:
        shift = _noise(column, 0 * row, seed)
        board = np.floor(along / 5 + shift * 3).astype(np.int64)
        tone = _noise(column, board, seed + 1)[:, None]
        gap = (across - column < 0.07)[:, None]
        return np.where(gap, second, first * (0.8 + 0.35 * tone))
    if material.pattern == TILES:
        grout = ((across - column < 0.08) | (along - row < 0.08))[:, None]
        return np.where(grout, second, first * (0.94 + 0.1 * _noise(column, row, seed)[:, None]))
    if material.pattern == STRIPES:
        return np.where((column % 2 == 0)[:, None], first, second)
    if material.pattern == CHECKS:
        return np.where(((column + row) % 2 == 0)[:, None], first, second)
    if material.pattern == BOOKS:
        shelf = np.floor(along / 6).astype(np.int64)
        height = 3.6 + 1.8 * _noise(column, shelf, seed + 5)
        hues = np.stack([_noise(column, shelf, seed + step) for step in range(3)], 1)
        book = 0.18 + 0.62 * hues
        free = (along - 6 * shelf > height) | (along - 6 * shelf < 0.4) | (_noise(column, shelf, seed + 6) < 0.12)
        return np.where((axis == 2)[:, None], first, np.where(free[:, None], second, book))
    if material.pattern == VIEW:
        frame = (np.abs(across - np.round(across)) < 0.06) | (np.abs(along - np.round(along)) < 0.06)
        sky = np.array([0.72, 0.86, 1.0]) + (first - [0.72, 0.86, 1.0]) * (1 - along / 2.4).clip(0, 1)[:, None]
        return np.where(frame[:, None], [0.95, 0.95, 0.93], sky)
    if material.pattern == PAINTING:
        patch = np.stack([_noise(column, row, seed + step) for step in range(3)], 1)
        return first * (0.35 + 0.65 * patch)
    if material.pattern == PANEL:
        edge = (np.abs(across - np.round(across)) < 0.05) | (np.abs(along - np.round(along)) < 0.05)
        return np.where(edge[:, None] & (axis != 2)[:, None], second, first)
    fine = np.floor(local[:, :2] / 0.035).astype(np.int64)
    return first * (0.86 + 0.28 * _noise(fine[:, 0], fine[:, 1], seed)[:, None])


def _noise(column: NDArray[np.int64], row: NDArray[np.int64], seed: int) -> Floats:
    """In [0, 1), the same for the same three numbers."""
    mixed = (column * 73_856_093) ^ (row * 19_349_663) ^ (seed * 83_492_791)
    mixed = (mixed ^ (mixed >> 13)) * 1_274_126_177
    return ((mixed ^ (mixed >> 16)) & 0xFFFF) / 65_536
