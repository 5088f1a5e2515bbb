"""Small rooms drawn by a seed: seven kinds, each with its furniture, its floor, and its proportions."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from engines.taskonomy import furniture
from engines.taskonomy.furniture import Piece, Random
from engines.taskonomy.rays import (
    BOX,
    CARPET,
    CHECKS,
    PLANKS,
    STRIPES,
    SURFACES,
    TILES,
    Camera,
    Material,
    Room,
    Seen,
    Solid,
    look,
)

KINDS = ("office", "corridor", "bedroom", "kitchen", "living room", "bathroom", "playroom")
SIZE = 64
"""Pixels of a picture's sides."""
FIELD = 1.25
"""Radians that every camera sees from left to right."""
TRIES = 30
DAYLIGHTS = ((0.55, 0.25, -0.8), (-0.55, 0.25, -0.8), (0.2, -0.57, -0.8), (0.2, 0.57, -0.8))
"""Where light falls to from a window in each wall."""
GAP = 0.08
"""Metres left free between pieces."""


class View(NamedTuple):
    """A room, who looks at it, and its kind's number."""

    room: Room
    camera: Camera
    kind: int


def view(seed: int) -> View:
    """A room and a camera in it, of that seed."""
    random = np.random.default_rng([seed, 7])
    kind = int(random.integers(len(KINDS)))
    return BUILDERS[kind](random)._replace(kind=kind)


def see(seed: int, size: int = SIZE) -> tuple[View, Seen]:
    """A view, and what is seen in a picture of `size` x `size`."""
    own = view(seed)
    return own, look(own.room, own.camera, size, seed)


Builder = Callable[[Random], Piece]
Range = tuple[float, float]


class _Plan:
    """A room being furnished: what is taken of its floor and walls."""

    def __init__(self, random: Random, width: Range, depth: Range, height: Range) -> None:
        self.random = random
        self.size = (random.uniform(*width), random.uniform(*depth), random.uniform(*height))
        self.pieces: list[Piece] = []
        self.taken: list[tuple[float, ...]] = []
        self.solids: list[Solid] = []
        self.camera = self._stand()
        self.daylight: tuple[float, float, float] = (0.35, 0.5, -0.79)

    def _stand(self) -> Camera:
        """In one of the corners or against a short wall, looking across the room."""
        width, depth, height = self.size
        x, y = self.random.uniform(0.3, width - 0.3), self.random.uniform(0.3, 0.6)
        goal = (self.random.uniform(0.2, 0.8) * width, depth * self.random.uniform(0.75, 1.0))
        yaw = np.arctan2(goal[1] - y, goal[0] - x)
        place = (x, y, min(self.random.uniform(1.15, 1.85), height - 0.3))
        self.taken.append((x - 0.3, y - 0.3, x + 0.3, y + 1.1, 0.0, 3.0))
        return Camera(place, yaw, self.random.uniform(-0.32, 0.06), self.random.normal(0, 0.04), FIELD)

    def along_wall(self, builder: Builder, chance: float = 1.0) -> None:
        """With its back to a wall: mostly one that is seen."""
        if self.random.random() > chance:
            return
        piece = builder(self.random)
        for _ in range(TRIES):
            wall = int(self.random.choice(4, p=[0.28, 0.28, 0.4, 0.04]))
            length = self.size[1] if wall < 2 else self.size[0]
            margin = max(abs(solid.centre[0]) + solid.half[0] for solid in piece)
            if 2 * margin < length and self._put(piece, wall, self.random.uniform(margin, length - margin)):
                if builder is furniture.window:
                    self.daylight = DAYLIGHTS[wall]
                return

    def free(self, builder: Builder, chance: float = 1.0) -> None:
        """Anywhere on the floor, turned by any angle."""
        if self.random.random() > chance:
            return
        piece = builder(self.random)
        for _ in range(TRIES):
            x, y = (self.random.uniform(0.5, side - 0.5) for side in self.size[:2])
            if self._place(piece, (x, y), self.random.uniform(0, 2 * np.pi)):
                return

    def rug(self, chance: float = 0.6) -> None:
        if self.random.random() > chance:
            return
        width, depth = self.random.uniform(0.35, 0.6, 2) * self.size[:2]
        cloth, edge = furniture.pick(self.random, furniture.CLOTHS), furniture.pick(self.random, furniture.CLOTHS)
        pattern = (CARPET, STRIPES, CHECKS)[self.random.integers(3)]
        x, y = self.size[0] * self.random.uniform(0.4, 0.6), self.size[1] * self.random.uniform(0.45, 0.6)
        if self.random.random() < 0.35:
            self.solids.append(
                furniture.pole(x, y, 0, min(width, depth) / 2 + 0.2, 0.015, furniture.RUG, Material(cloth, CARPET))
            )
        else:
            woven = Material(cloth, pattern, edge, 0.22)
            self.solids.append(furniture.box(x, y - depth / 2, 0, width, depth, 0.015, furniture.RUG, woven))

    def ceiling_lamp(self, chance: float = 0.8) -> None:
        glow = Material((1.0, 0.97, 0.88), glow=0.9)
        x, y, height = self.size[0] / 2, self.size[1] * 0.55, self.size[2]
        if self.random.random() > chance:
            return
        kind = self.random.integers(3)
        if kind == 0:
            self.solids.append(furniture.box(x, y - 0.3, height - 0.05, 0.6, 0.6, 0.05, furniture.LAMP, glow))
        elif kind == 1:
            self.solids.append(furniture.pole(x, y, height - 0.1, 0.22, 0.1, furniture.LAMP, glow))
        else:
            cord = Material(furniture.DARK, glow=0.05)
            self.solids += [
                furniture.ball(x, y, height - 0.6, 0.15, furniture.LAMP, glow),
                furniture.pole(x, y, height - 0.35, 0.01, 0.35, furniture.LAMP, cord),
            ]

    def _put(self, piece: Piece, wall: int, along: float) -> bool:
        width, depth, _ = self.size
        place = ((0.0, along), (width, along), (along, depth), (along, 0.0))[wall]
        return self._place(piece, place, (-np.pi / 2, np.pi / 2, np.pi, 0.0)[wall])

    def _place(self, piece: Piece, place: tuple[float, float], turn: float) -> bool:
        cosine, sine = np.cos(turn), np.sin(turn)
        turned: Piece = []
        for solid in piece:
            x, y, z = solid.centre
            centre = (place[0] + cosine * x - sine * y, place[1] + sine * x + cosine * y, z)
            turned.append(solid._replace(centre=centre, turn=turn))
        bounds = np.array([_bounds(solid) for solid in turned])
        low, high = bounds[:, :3].min(0), bounds[:, 3:].max(0)
        if (low[:2] < -0.02).any() or (high[:2] > np.array(self.size[:2]) + 0.02).any() or high[2] > self.size[2]:
            return False
        box = (low[0], low[1], high[0], high[1], low[2], high[2])
        if any(_overlap(box, other) for other in self.taken):
            return False
        self.taken.append(box)
        self.solids += turned
        return True

    def view(self, floor: Material, wall: Material, ceiling: Material | None = None) -> View:
        walls = tuple(wall._replace(colour=furniture.dark(wall.colour, shade)) for shade in (1.0, 1.0, 0.97, 1.03))
        lamp = (self.size[0] / 2, self.size[1] * 0.55, self.size[2] - 0.5)
        unit = np.array(self.daylight) / np.linalg.norm(self.daylight)
        room = Room(
            self.size,
            (furniture.WALL,) * 4 + (furniture.FLOOR, furniture.CEILING),
            (*walls, floor, ceiling or Material((0.93, 0.93, 0.91))),
            tuple(self.solids),
            lamp,
            (float(unit[0]), float(unit[1]), float(unit[2])),
        )
        assert len(room.materials) == SURFACES
        return View(room, self.camera, 0)


def _bounds(solid: Solid) -> tuple[float, ...]:
    cosine, sine = abs(np.cos(solid.turn)), abs(np.sin(solid.turn))
    half = np.array(solid.half)
    if solid.shape == BOX:
        half[:2] = cosine * half[0] + sine * half[1], sine * half[0] + cosine * half[1]
    return (*(np.array(solid.centre) - half), *(np.array(solid.centre) + half))


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    flat = all(one[axis] < other[axis + 2] + GAP and other[axis] < one[axis + 2] + GAP for axis in (0, 1))
    return flat and one[4] < other[5] and other[4] < one[5]


def _planks(random: Random) -> Material:
    wood = furniture.pick(random, furniture.WOODS)
    return Material(wood, PLANKS, furniture.dark(wood, 0.55), random.uniform(0.14, 0.22))


def _tiles(random: Random, size: tuple[float, float] = (0.25, 0.45)) -> Material:
    stone = furniture.pick(random, ((0.82, 0.8, 0.76), (0.6, 0.66, 0.68), (0.7, 0.56, 0.45), (0.55, 0.62, 0.58)))
    if random.random() < 0.4:
        return Material(stone, CHECKS, furniture.dark(stone, random.uniform(0.45, 0.75)), random.uniform(*size))
    return Material(stone, TILES, furniture.dark(stone, 0.6), random.uniform(*size))


def _carpet(random: Random) -> Material:
    return Material(
        furniture.pick(random, ((0.5, 0.5, 0.52), (0.45, 0.38, 0.33), (0.33, 0.4, 0.46), (0.6, 0.52, 0.44))), CARPET
    )


def _painted(random: Random) -> Material:
    paint = furniture.pick(random, furniture.PAINTS)
    if random.random() < 0.25:
        return Material(paint, STRIPES, furniture.dark(paint, 0.9), random.uniform(0.12, 0.3))
    return Material(paint)


def _office(random: Random) -> View:
    plan = _Plan(random, (3.0, 4.4), (3.2, 5.0), (2.5, 3.0))
    plan.along_wall(furniture.desk)
    plan.along_wall(furniture.desk, 0.6)
    plan.along_wall(furniture.bookshelf)
    plan.along_wall(furniture.window, 0.8)
    plan.along_wall(furniture.cabinet_low, 0.6)
    plan.along_wall(furniture.door, 0.35)
    plan.free(furniture.office_chair)
    plan.free(furniture.office_chair, 0.5)
    plan.along_wall(furniture.bin, 0.7)
    plan.along_wall(furniture.plant, 0.35)
    plan.along_wall(furniture.painting, 0.4)
    plan.ceiling_lamp()
    return plan.view(_carpet(random) if random.random() < 0.65 else _planks(random), _painted(random))


def _corridor(random: Random) -> View:
    plan = _Plan(random, (1.6, 2.3), (5.5, 9.0), (2.4, 2.9))
    for _ in range(4):
        plan.along_wall(furniture.door, 0.85)
    plan.along_wall(furniture.painting, 0.7)
    plan.along_wall(furniture.painting, 0.5)
    plan.along_wall(furniture.plant, 0.5)
    plan.along_wall(furniture.wall_lamp, 0.5)
    plan.along_wall(furniture.wall_lamp, 0.5)
    plan.along_wall(furniture.window, 0.3)
    plan.along_wall(furniture.cabinet_low, 0.3)
    plan.along_wall(furniture.chair, 0.3)
    plan.rug(0.35)
    plan.ceiling_lamp(0.9)
    return plan.view((_carpet, _planks, _tiles)[random.integers(3)](random), _painted(random))


def _bedroom(random: Random) -> View:
    plan = _Plan(random, (2.9, 4.2), (3.2, 4.8), (2.4, 2.8))
    plan.along_wall(furniture.bed)
    plan.along_wall(furniture.nightstand)
    plan.along_wall(furniture.nightstand, 0.5)
    plan.along_wall(furniture.wardrobe, 0.8)
    plan.along_wall(furniture.window, 0.8)
    plan.along_wall(furniture.drawers, 0.5)
    plan.along_wall(furniture.painting, 0.5)
    plan.along_wall(furniture.plant, 0.3)
    plan.free(furniture.chair, 0.25)
    plan.rug(0.6)
    plan.ceiling_lamp(0.6)
    return plan.view(_planks(random) if random.random() < 0.6 else _carpet(random), _painted(random))


def _kitchen(random: Random) -> View:
    plan = _Plan(random, (2.8, 4.2), (3.0, 4.6), (2.4, 2.8))
    plan.along_wall(furniture.counter)
    plan.along_wall(furniture.fridge)
    plan.along_wall(furniture.stove)
    plan.along_wall(furniture.counter, 0.5)
    plan.free(furniture.dining_table, 0.85)
    for _ in range(3):
        plan.free(furniture.stool if random.random() < 0.5 else furniture.chair, 0.7)
    plan.along_wall(furniture.window, 0.6)
    plan.along_wall(furniture.bin, 0.4)
    plan.along_wall(furniture.door, 0.25)
    plan.ceiling_lamp()
    return plan.view(_tiles(random) if random.random() < 0.75 else _planks(random), _painted(random))


def _living_room(random: Random) -> View:
    plan = _Plan(random, (3.4, 5.0), (3.6, 5.5), (2.5, 3.1))
    plan.along_wall(furniture.sofa)
    plan.along_wall(furniture.television, 0.8)
    plan.free(furniture.coffee_table)
    plan.free(furniture.armchair, 0.7)
    plan.along_wall(furniture.bookshelf, 0.5)
    plan.along_wall(furniture.window, 0.8)
    plan.along_wall(furniture.floor_lamp, 0.7)
    plan.along_wall(furniture.plant, 0.7)
    plan.along_wall(furniture.painting, 0.7)
    plan.along_wall(furniture.drawers, 0.3)
    plan.rug(0.75)
    plan.ceiling_lamp(0.6)
    return plan.view(_planks(random) if random.random() < 0.75 else _carpet(random), _painted(random))


def _bathroom(random: Random) -> View:
    plan = _Plan(random, (2.2, 3.2), (2.4, 3.6), (2.3, 2.7))
    plan.along_wall(furniture.bath, 0.9)
    plan.along_wall(furniture.basin)
    plan.along_wall(furniture.toilet)
    plan.along_wall(furniture.window, 0.4)
    plan.along_wall(furniture.bin, 0.4)
    plan.along_wall(furniture.cabinet_low, 0.4)
    plan.along_wall(furniture.door, 0.2)
    plan.rug(0.3)
    plan.ceiling_lamp()
    wall = _tiles(random, (0.15, 0.3)) if random.random() < 0.8 else _painted(random)
    return plan.view(_tiles(random), wall._replace(pattern=TILES if wall.pattern == CHECKS else wall.pattern))


def _playroom(random: Random) -> View:
    plan = _Plan(random, (3.0, 4.5), (3.0, 4.8), (2.4, 2.9))
    plan.along_wall(furniture.toy_shelf)
    plan.free(furniture.small_table, 0.8)
    plan.free(furniture.big_ball, 0.9)
    plan.free(furniture.toys)
    plan.free(furniture.toys, 0.7)
    plan.free(furniture.blocks, 0.8)
    plan.along_wall(furniture.bookshelf, 0.3)
    plan.along_wall(furniture.window, 0.8)
    plan.along_wall(furniture.painting, 0.6)
    plan.along_wall(furniture.toy_shelf, 0.4)
    plan.along_wall(furniture.door, 0.2)
    plan.rug(0.75)
    plan.ceiling_lamp()
    return plan.view(_carpet(random) if random.random() < 0.5 else _planks(random), _painted(random))


BUILDERS = (_office, _corridor, _bedroom, _kitchen, _living_room, _bathroom, _playroom)
"""By the kinds' numbers."""
