"""Small rooms drawn by a seed: seven kinds, each with its furniture, its floor, and its proportions.

A piece of furniture is built as it stands with its back to a wall: x runs along the wall, y out of it, z up, in metres.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from engines.taskonomy.rays import (
    BOOKS,
    BOX,
    CARPET,
    CHECKS,
    CYLINDER,
    PAINTING,
    PANEL,
    PLANKS,
    SPHERE,
    STRIPES,
    SURFACES,
    TILES,
    VIEW,
    Camera,
    Material,
    Room,
    Seen,
    Solid,
    look,
)

KINDS = ("office", "corridor", "bedroom", "kitchen", "living room", "bathroom", "playroom")
LABELS = (
    "wall", "floor", "ceiling", "window", "door", "picture", "table", "seat", "bed", "storage", "lamp", "plant",
    "appliance", "rug", "toy",
)  # fmt: skip
WALL, FLOOR, CEILING, WINDOW, DOOR, PICTURE, TABLE, SEAT, BED, STORAGE, LAMP, PLANT, APPLIANCE, RUG, TOY = range(15)
COLOURS = (
    (214, 205, 190), (150, 110, 74), (240, 240, 236), (135, 190, 230), (120, 70, 40), (200, 90, 160), (205, 150, 60),
    (70, 120, 190), (180, 60, 70), (110, 90, 150), (245, 215, 80), (70, 150, 70), (90, 100, 110), (190, 120, 120),
    (235, 120, 40),
)  # fmt: skip
"""Of the labels, where they are shown."""
SIZE = 64
"""Pixels of a picture's sides."""
FIELD = 1.25
"""Radians that every camera sees from left to right."""
TRIES = 30
DAYLIGHTS = ((0.55, 0.25, -0.8), (-0.55, 0.25, -0.8), (0.2, -0.57, -0.8), (0.2, 0.57, -0.8))
"""Where light falls to from a window in each wall."""
GAP = 0.08
"""Metres left free between pieces."""

Random = np.random.Generator
Colour = tuple[float, float, float]
Piece = list[Solid]

WOODS: tuple[Colour, ...] = (
    (0.62, 0.44, 0.28), (0.45, 0.3, 0.18), (0.75, 0.6, 0.42), (0.34, 0.22, 0.15), (0.82, 0.72, 0.56),
)  # fmt: skip
PAINTS: tuple[Colour, ...] = (
    (0.86, 0.83, 0.76), (0.78, 0.84, 0.86), (0.82, 0.86, 0.76), (0.9, 0.86, 0.72), (0.86, 0.78, 0.76),
    (0.88, 0.88, 0.88), (0.7, 0.76, 0.84), (0.8, 0.74, 0.66),
)  # fmt: skip
CLOTHS: tuple[Colour, ...] = (
    (0.65, 0.2, 0.2), (0.2, 0.32, 0.55), (0.25, 0.45, 0.32), (0.75, 0.6, 0.25), (0.42, 0.4, 0.42), (0.55, 0.35, 0.5),
    (0.85, 0.82, 0.76), (0.2, 0.45, 0.5),
)  # fmt: skip
WHITE: Colour = (0.9, 0.9, 0.88)
DARK: Colour = (0.13, 0.13, 0.15)
METAL: Colour = (0.62, 0.64, 0.67)
GREEN: Colour = (0.2, 0.42, 0.18)
SCREENS: tuple[Colour, ...] = ((0.3, 0.5, 0.8), (0.25, 0.3, 0.4), (0.5, 0.75, 0.7))
PROGRAMMES: tuple[Colour, ...] = ((0.25, 0.35, 0.6), (0.5, 0.6, 0.4), (0.6, 0.4, 0.3))
OUTSIDE: tuple[Colour, ...] = ((0.5, 0.7, 0.45), (0.62, 0.66, 0.6), (0.45, 0.6, 0.75))
CANVASES: tuple[Colour, ...] = ((1.0, 0.85, 0.7), (0.7, 0.85, 1.0), (0.95, 0.95, 0.95))
TOYS: tuple[Colour, ...] = ((0.9, 0.2, 0.15), (0.15, 0.4, 0.85), (0.95, 0.8, 0.15), (0.2, 0.7, 0.3), (0.9, 0.5, 0.15))


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


def _pick(random: Random, some: tuple[Colour, ...]) -> Colour:
    red, green, blue = np.array(some[random.integers(len(some))]) * random.uniform(0.88, 1.08)
    return (min(1.0, red), min(1.0, green), min(1.0, blue))


def _dark(colour: Colour, share: float = 0.6) -> Colour:
    return (colour[0] * share, colour[1] * share, colour[2] * share)


def _box(
    x: float, y: float, z: float, width: float, depth: float, height: float, label: int, material: Material
) -> Solid:
    """By its middle along x, its back, its bottom, and its sides."""
    return Solid(BOX, (x, y + depth / 2, z + height / 2), (width / 2, depth / 2, height / 2), label, material)


def _ball(x: float, y: float, z: float, radius: float, label: int, material: Material) -> Solid:
    """By its middle, and what it rests on."""
    return Solid(SPHERE, (x, y, z + radius), (radius, radius, radius), label, material)


def _pole(x: float, y: float, z: float, radius: float, height: float, label: int, material: Material) -> Solid:
    """An upright cylinder by its middle and bottom."""
    return Solid(CYLINDER, (x, y, z + height / 2), (radius, radius, height / 2), label, material)


def _legs(width: float, depth: float, height: float, label: int, material: Material, thick: float = 0.05) -> Piece:
    places = [(side * (width / 2 - thick), y) for side in (-1, 1) for y in (0.02, depth - thick - 0.02)]
    return [_box(x, y, 0, thick, thick, height, label, material) for x, y in places]


def _desk(random: Random) -> Piece:
    width, wood = random.uniform(1.2, 1.7), Material(_pick(random, WOODS))
    black = Material(DARK)
    screen = Material(_pick(random, SCREENS), PAINTING, size=0.12, glow=0.7)
    front = Material(_dark(wood.colour, 0.8), PANEL, DARK, 0.2)
    at = random.uniform(-0.25, 0.25)
    return [
        _box(0, 0, 0.7, width, 0.7, 0.05, TABLE, wood),
        *_legs(width, 0.7, 0.7, TABLE, Material(METAL)),
        _box(width / 2 - 0.25, 0.08, 0.05, 0.38, 0.55, 0.6, STORAGE, front),
        _box(at, 0.16, 0.86, 0.56, 0.03, 0.34, APPLIANCE, black),
        _box(at, 0.19, 0.88, 0.52, 0.01, 0.3, APPLIANCE, screen),
        _pole(at, 0.17, 0.75, 0.09, 0.02, APPLIANCE, black),
        _box(at, 0.16, 0.76, 0.05, 0.03, 0.12, APPLIANCE, black),
        _box(at, 0.4, 0.75, 0.42, 0.15, 0.02, APPLIANCE, Material((0.3, 0.3, 0.32))),
    ]


def _office_chair(random: Random) -> Piece:
    cloth = Material(_pick(random, CLOTHS))
    return [
        _pole(0, 0.3, 0, 0.27, 0.05, SEAT, Material(DARK)),
        _pole(0, 0.3, 0.05, 0.03, 0.38, SEAT, Material(METAL)),
        _pole(0, 0.3, 0.43, 0.25, 0.08, SEAT, cloth),
        _box(0, 0.02, 0.58, 0.44, 0.07, 0.45, SEAT, cloth),
    ]


def _chair(random: Random) -> Piece:
    wood = Material(_pick(random, WOODS))
    return [
        _box(0, 0, 0.42, 0.42, 0.42, 0.05, SEAT, wood),
        *_legs(0.42, 0.42, 0.42, SEAT, wood, 0.04),
        _box(0, 0, 0.47, 0.42, 0.04, 0.42, SEAT, Material(wood.colour, STRIPES, _dark(wood.colour), 0.07)),
    ]


def _stool(random: Random) -> Piece:
    return [
        _pole(0, 0.2, 0, 0.04, 0.44, SEAT, Material(METAL)),
        _pole(0, 0.2, 0.44, 0.19, 0.07, SEAT, Material(_pick(random, CLOTHS))),
    ]


def _bookshelf(random: Random) -> Piece:
    width, height, wood = random.uniform(0.7, 1.3), random.uniform(1.3, 2.1), _pick(random, WOODS)
    books = Material(_dark(wood, 0.8), BOOKS, _dark(wood, 0.35), 0.055)
    return [
        _box(0, 0, 0, width, 0.3, height, STORAGE, books),
        _box(-width / 2, 0, 0, 0.05, 0.33, height + 0.04, STORAGE, Material(wood)),
        _box(width / 2, 0, 0, 0.05, 0.33, height + 0.04, STORAGE, Material(wood)),
        _box(0, 0, height, width, 0.33, 0.04, STORAGE, Material(wood)),
    ]


def _wardrobe(random: Random) -> Piece:
    wood, width = _pick(random, (*WOODS, WHITE)), random.uniform(1.0, 1.7)
    doors = Material(wood, PANEL, _dark(wood, 0.45), width / 2)
    return [_box(0, 0, 0.06, width, 0.58, random.uniform(1.9, 2.2), STORAGE, doors)]


def _drawers(random: Random) -> Piece:
    wood = _pick(random, (*WOODS, WHITE))
    width, height = random.uniform(0.7, 1.1), random.uniform(0.7, 0.95)
    top = [_vase, _table_lamp, _small_plant][random.integers(3)](random, random.uniform(-0.2, 0.2), 0.22, height)
    return [_box(0, 0, 0, width, 0.44, height, STORAGE, Material(wood, PANEL, _dark(wood, 0.4), height / 3)), *top]


def _vase(random: Random, x: float, y: float, z: float) -> Piece:
    clay = Material(_pick(random, CLOTHS))
    return [_ball(x, y, z, 0.11, PLANT, clay), _pole(x, y, z + 0.18, 0.05, 0.12, PLANT, clay)]


def _table_lamp(random: Random, x: float, y: float, z: float) -> Piece:
    shade = Material((1.0, 0.9, 0.68), glow=0.75)
    return [
        _pole(x, y, z, 0.07, 0.03, LAMP, Material(METAL)),
        _pole(x, y, z, 0.02, 0.25, LAMP, Material(METAL)),
        _pole(x, y, z + 0.22, 0.13, 0.2, LAMP, shade),
    ]


def _small_plant(random: Random, x: float, y: float, z: float) -> Piece:
    leaf = Material(_pick(random, (GREEN,)), CARPET)
    return [
        _pole(x, y, z, 0.08, 0.14, PLANT, Material((0.7, 0.4, 0.28))),
        _ball(x, y, z + 0.12, 0.14, PLANT, leaf),
    ]


def _plant(random: Random) -> Piece:
    leaf = Material(_pick(random, (GREEN, (0.3, 0.5, 0.25))), CARPET)
    height = random.uniform(0.5, 0.95)
    return [
        _pole(0, 0.3, 0, 0.17, 0.32, PLANT, Material(_pick(random, (WHITE, (0.7, 0.4, 0.28), (0.3, 0.3, 0.33))))),
        _pole(0, 0.3, 0.3, 0.03, height - 0.2, PLANT, Material(WOODS[1])),
        _ball(0, 0.3, height - 0.05, 0.26, PLANT, leaf),
        _ball(0.15, 0.36, height + 0.22, 0.18, PLANT, leaf),
        _ball(-0.14, 0.26, height + 0.28, 0.17, PLANT, leaf),
    ]


def _floor_lamp(random: Random) -> Piece:
    shade = Material((1.0, 0.91, 0.7), glow=0.75)
    return [
        _pole(0, 0.2, 0, 0.15, 0.03, LAMP, Material(DARK)),
        _pole(0, 0.2, 0, 0.02, 1.45, LAMP, Material(DARK)),
        _pole(0, 0.2, 1.4, random.uniform(0.17, 0.24), 0.28, LAMP, shade),
    ]


def _bin(random: Random) -> Piece:
    return [_pole(0, 0.17, 0, 0.15, 0.36, APPLIANCE, Material(_pick(random, (METAL, DARK, (0.25, 0.4, 0.5)))))]


def _bed(random: Random) -> Piece:
    width, wood = random.uniform(1.0, 1.7), Material(_pick(random, WOODS))
    cover = _pick(random, CLOTHS)
    spread = [Material(cover), Material(cover, STRIPES, WHITE, 0.16), Material(cover, CHECKS, _dark(cover), 0.18)]
    pillows = (0.0,) if width < 1.25 else (-width / 4, width / 4)
    return [
        _box(0, 0, 0, width + 0.1, 0.07, random.uniform(0.85, 1.15), BED, wood),
        _box(0, 0.07, 0.1, width + 0.04, 1.98, 0.2, BED, wood),
        _box(0, 0.07, 0.3, width, 1.95, 0.18, BED, Material(WHITE)),
        _box(0, 0.6, 0.3, width + 0.03, 1.44, 0.22, BED, spread[random.integers(3)]),
        *(_box(x, 0.14, 0.48, 0.5, 0.34, 0.12, BED, Material(WHITE)) for x in pillows),
    ]


def _nightstand(random: Random) -> Piece:
    wood = _pick(random, WOODS)
    stand = _box(0, 0, 0, 0.42, 0.38, 0.5, STORAGE, Material(wood, PANEL, _dark(wood, 0.4), 0.25))
    return [stand, *_table_lamp(random, 0, 0.19, 0.5)]


def _sofa(random: Random) -> Piece:
    width, cloth = random.uniform(1.5, 2.2), _pick(random, CLOTHS)
    body, pillow = Material(cloth), Material(_pick(random, CLOTHS))
    return [
        _box(0, 0, 0.08, width, 0.85, 0.32, SEAT, body),
        _box(0, 0, 0.4, width, 0.24, 0.42, SEAT, body),
        *(_box(side * (width / 2 - 0.09), 0, 0.4, 0.18, 0.85, 0.2, SEAT, body) for side in (-1, 1)),
        *(_ball(side * width * 0.25, 0.36, 0.38, 0.17, SEAT, pillow) for side in (-1, 1) if random.random() < 0.7),
    ]


def _armchair(random: Random) -> Piece:
    body = Material(_pick(random, CLOTHS))
    return [
        _pole(0, 0.4, 0.08, 0.38, 0.34, SEAT, body),
        _box(0, 0, 0.3, 0.7, 0.18, 0.5, SEAT, body),
        *(_box(side * 0.34, 0.05, 0.3, 0.13, 0.6, 0.28, SEAT, body) for side in (-1, 1)),
    ]


def _coffee_table(random: Random) -> Piece:
    wood = Material(_pick(random, WOODS))
    if random.random() < 0.5:
        top = [_pole(0, 0.42, 0.36, 0.42, 0.05, TABLE, wood), _pole(0, 0.42, 0, 0.08, 0.36, TABLE, wood)]
    else:
        top = [_box(0, 0, 0.36, 0.95, 0.55, 0.05, TABLE, wood), *_legs(0.95, 0.55, 0.36, TABLE, wood)]
    return [*top, *(_vase if random.random() < 0.5 else _small_plant)(random, 0.05, 0.3, 0.41)]


def _dining_table(random: Random) -> Piece:
    wood = Material(_pick(random, (*WOODS, WHITE)))
    bowl = _ball(0, 0.5, 0.72, 0.12, TOY, Material(_pick(random, CLOTHS)))
    if random.random() < 0.6:
        return [_pole(0, 0.5, 0.7, 0.5, 0.05, TABLE, wood), _pole(0, 0.5, 0, 0.07, 0.7, TABLE, wood), bowl]
    return [_box(0, 0, 0.7, 1.3, 0.8, 0.05, TABLE, wood), *_legs(1.3, 0.8, 0.7, TABLE, wood), bowl]


def _television(random: Random) -> Piece:
    wood, width = _pick(random, (*WOODS, WHITE, DARK)), random.uniform(0.8, 1.25)
    height = width * 0.58
    picture = Material(_pick(random, PROGRAMMES), PAINTING, size=0.2, glow=0.6)
    return [
        _box(0, 0, 0, width + 0.3, 0.42, 0.48, STORAGE, Material(wood, PANEL, _dark(wood, 0.4), 0.42)),
        _box(0, 0.16, 0.53, width, 0.05, height, APPLIANCE, Material(DARK)),
        _box(0, 0.21, 0.56, width - 0.06, 0.01, height - 0.06, APPLIANCE, picture),
        _box(0, 0.12, 0.48, 0.3, 0.18, 0.05, APPLIANCE, Material(DARK)),
    ]


def _counter(random: Random) -> Piece:
    wood, width = _pick(random, (*WOODS, WHITE, (0.35, 0.45, 0.5))), random.uniform(1.5, 2.4)
    front = Material(wood, PANEL, _dark(wood, 0.5), 0.5)
    at = width * random.uniform(-0.25, 0.25)
    return [
        _box(0, 0, 0.08, width, 0.58, 0.78, STORAGE, front),
        _box(0, 0, 0.86, width + 0.02, 0.62, 0.05, TABLE, Material(_pick(random, (DARK, WHITE, METAL)))),
        _box(0, 0, 1.45, width, 0.34, 0.6, STORAGE, front),
        _box(at, 0.12, 0.91, 0.5, 0.4, 0.015, APPLIANCE, Material(METAL)),
        _pole(at, 0.09, 0.91, 0.02, 0.26, APPLIANCE, Material(METAL)),
        _pole(-at + 0.1, 0.3, 0.91, 0.11, 0.17, APPLIANCE, Material(_pick(random, TOYS))),
    ]


def _fridge(random: Random) -> Piece:
    height, front = random.uniform(1.55, 1.95), Material(_pick(random, (WHITE, METAL)), PANEL, DARK, 0.62)
    return [_box(0, 0, 0.03, 0.62, 0.62, height, APPLIANCE, front)]


def _stove(random: Random) -> Piece:
    iron = Material((0.25, 0.1, 0.08))
    plates = [_pole(x, y, 0.9, 0.09, 0.012, APPLIANCE, iron) for x in (-0.14, 0.14) for y in (0.17, 0.42)]
    pot = _pole(-0.14, 0.42, 0.91, 0.1, 0.15, APPLIANCE, Material(METAL))
    window = _box(0, 0.6, 0.25, 0.42, 0.01, 0.35, APPLIANCE, Material(DARK))
    return [_box(0, 0, 0, 0.6, 0.6, 0.9, APPLIANCE, Material(WHITE)), *plates, pot, window]


def _bath(random: Random) -> Piece:
    white, width = Material(WHITE), 1.6
    return [
        _box(0, 0, 0, width, 0.72, 0.12, APPLIANCE, white),
        *(_box(side * (width / 2 - 0.04), 0, 0, 0.08, 0.72, 0.55, APPLIANCE, white) for side in (-1, 1)),
        _box(0, 0, 0, width, 0.08, 0.55, APPLIANCE, white),
        _box(0, 0.64, 0, width, 0.08, 0.55, APPLIANCE, white),
        _box(0, 0.08, 0.3, width - 0.16, 0.56, 0.02, APPLIANCE, Material((0.6, 0.82, 0.88))),
    ]


def _toilet(random: Random) -> Piece:
    white = Material(WHITE)
    return [
        _box(0, 0, 0.35, 0.4, 0.18, 0.42, SEAT, white),
        _pole(0, 0.38, 0, 0.12, 0.38, SEAT, white),
        _pole(0, 0.4, 0.36, 0.21, 0.05, SEAT, Material(_pick(random, (WHITE, WOODS[0], DARK)))),
    ]


def _basin(random: Random) -> Piece:
    frame = Material(_pick(random, WOODS))
    return [
        _pole(0, 0.25, 0, 0.09, 0.72, APPLIANCE, Material(WHITE)),
        _pole(0, 0.25, 0.72, 0.26, 0.13, APPLIANCE, Material(WHITE)),
        _pole(0, 0.06, 0.85, 0.02, 0.2, APPLIANCE, Material(METAL)),
        _box(0, 0, 1.2, 0.56, 0.03, 0.74, PICTURE, frame),
        _box(0, 0.03, 1.24, 0.48, 0.01, 0.66, PICTURE, Material((0.72, 0.8, 0.84), glow=0.35)),
    ]


def _toys(random: Random) -> Piece:
    pieces: Piece = []
    for step in range(int(random.integers(2, 5))):
        colour, x, y = Material(_pick(random, TOYS)), random.uniform(-0.35, 0.35), 0.1 + 0.22 * step
        size = random.uniform(0.08, 0.19)
        pieces.append(
            [
                _ball(x, y, 0, size, TOY, colour),
                _box(x, y - size, 0, 2 * size, 2 * size, 2 * size, TOY, colour),
                _pole(x, y, 0, size, 2 * size, TOY, colour),
            ][random.integers(3)]
        )
    return pieces


def _big_ball(random: Random) -> Piece:
    radius = random.uniform(0.22, 0.4)
    return [_ball(0, radius, 0, radius, TOY, Material(_pick(random, TOYS)))]


def _blocks(random: Random) -> Piece:
    pieces, height = [], 0.0
    for size in (0.36, 0.28, 0.2):
        x, colour = random.uniform(-0.03, 0.03), Material(_pick(random, TOYS))
        pieces.append(_box(x, 0.2 - size / 2, height, size, size, size, TOY, colour))
        height += size
    if random.random() < 0.5:
        return pieces
    return [*pieces, _ball(0, 0.2, height, 0.1, TOY, Material(_pick(random, TOYS)))]


def _small_table(random: Random) -> Piece:
    colour = Material(_pick(random, TOYS))
    stools = [_pole(side * 0.5, 0.35, 0, 0.15, 0.28, SEAT, Material(_pick(random, TOYS))) for side in (-1, 1)]
    return [_pole(0, 0.35, 0.44, 0.34, 0.04, TABLE, colour), _pole(0, 0.35, 0, 0.05, 0.44, TABLE, colour), *stools]


def _toy_shelf(random: Random) -> Piece:
    wood, width = _pick(random, (*WOODS, WHITE)), random.uniform(0.9, 1.4)
    shelf = _box(0, 0, 0, width, 0.36, 0.6, STORAGE, Material(wood, PANEL, _dark(wood, 0.4), 0.3))
    toys = [
        _ball(place * width, 0.18, 0.6, random.uniform(0.07, 0.13), TOY, Material(_pick(random, TOYS)))
        for place in (-0.3, 0.0, 0.3)
        if random.random() < 0.7
    ]
    return [shelf, *toys]


def _window(random: Random) -> Piece:
    width, low = random.uniform(0.9, 1.6), random.uniform(0.85, 1.0)
    pane = Material(_pick(random, OUTSIDE), VIEW, size=width / 2, glow=0.85)
    curtain = Material(_pick(random, CLOTHS), STRIPES, _pick(random, CLOTHS), 0.09)
    curtains = [_box(side * (width / 2 + 0.12), 0, low - 0.2, 0.26, 0.08, 1.35, WINDOW, curtain) for side in (-1, 1)]
    sill = _box(0, 0, low - 0.05, width + 0.06, 0.1, 0.04, WINDOW, Material(WHITE))
    return [_box(0, 0, low, width, 0.03, 1.1, WINDOW, pane), sill, *(curtains if random.random() < 0.5 else [])]


def _door(random: Random) -> Piece:
    wood = _pick(random, (*WOODS, WHITE))
    return [
        _box(0, 0, 0, 0.96, 0.03, 2.06, DOOR, Material(_dark(wood, 0.75))),
        _box(0, 0.03, 0, 0.84, 0.02, 2.0, DOOR, Material(wood, PANEL, _dark(wood, 0.7), 1.0)),
        _ball(0.34, 0.08, 0.98, 0.035, DOOR, Material(METAL)),
    ]


def _painting(random: Random) -> Piece:
    width, height = random.uniform(0.45, 0.95), random.uniform(0.4, 0.7)
    canvas = Material(_pick(random, CANVASES), PAINTING, size=random.uniform(0.1, 0.22))
    low = random.uniform(1.25, 1.45)
    return [
        _box(0, 0, low, width + 0.08, 0.03, height + 0.08, PICTURE, Material(_pick(random, WOODS))),
        _box(0, 0.03, low + 0.04, width, 0.01, height, PICTURE, canvas),
    ]


def _wall_lamp(random: Random) -> Piece:
    return [_ball(0, 0.13, 1.7, 0.12, LAMP, Material((1.0, 0.93, 0.75), glow=0.8))]


def _cabinet_low(random: Random) -> Piece:
    wood = _pick(random, (*WOODS, METAL))
    width, height = random.uniform(0.45, 0.9), random.uniform(0.65, 1.3)
    return [_box(0, 0, 0, width, 0.45, height, STORAGE, Material(wood, PANEL, _dark(wood, 0.5), 0.33))]


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
                if builder is _window:
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
        cloth, edge = _pick(self.random, CLOTHS), _pick(self.random, CLOTHS)
        pattern = (CARPET, STRIPES, CHECKS)[self.random.integers(3)]
        x, y = self.size[0] * self.random.uniform(0.4, 0.6), self.size[1] * self.random.uniform(0.45, 0.6)
        if self.random.random() < 0.35:
            self.solids.append(_pole(x, y, 0, min(width, depth) / 2 + 0.2, 0.015, RUG, Material(cloth, CARPET)))
        else:
            woven = Material(cloth, pattern, edge, 0.22)
            self.solids.append(_box(x, y - depth / 2, 0, width, depth, 0.015, RUG, woven))

    def ceiling_lamp(self, chance: float = 0.8) -> None:
        glow = Material((1.0, 0.97, 0.88), glow=0.9)
        x, y, height = self.size[0] / 2, self.size[1] * 0.55, self.size[2]
        if self.random.random() > chance:
            return
        kind = self.random.integers(3)
        if kind == 0:
            self.solids.append(_box(x, y - 0.3, height - 0.05, 0.6, 0.6, 0.05, LAMP, glow))
        elif kind == 1:
            self.solids.append(_pole(x, y, height - 0.1, 0.22, 0.1, LAMP, glow))
        else:
            cord = Material(DARK, glow=0.05)
            self.solids += [
                _ball(x, y, height - 0.6, 0.15, LAMP, glow),
                _pole(x, y, height - 0.35, 0.01, 0.35, LAMP, cord),
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
        walls = tuple(wall._replace(colour=_dark(wall.colour, shade)) for shade in (1.0, 1.0, 0.97, 1.03))
        lamp = (self.size[0] / 2, self.size[1] * 0.55, self.size[2] - 0.5)
        unit = np.array(self.daylight) / np.linalg.norm(self.daylight)
        room = Room(
            self.size,
            (WALL,) * 4 + (FLOOR, CEILING),
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
    wood = _pick(random, WOODS)
    return Material(wood, PLANKS, _dark(wood, 0.55), random.uniform(0.14, 0.22))


def _tiles(random: Random, size: tuple[float, float] = (0.25, 0.45)) -> Material:
    stone = _pick(random, ((0.82, 0.8, 0.76), (0.6, 0.66, 0.68), (0.7, 0.56, 0.45), (0.55, 0.62, 0.58)))
    if random.random() < 0.4:
        return Material(stone, CHECKS, _dark(stone, random.uniform(0.45, 0.75)), random.uniform(*size))
    return Material(stone, TILES, _dark(stone, 0.6), random.uniform(*size))


def _carpet(random: Random) -> Material:
    return Material(_pick(random, ((0.5, 0.5, 0.52), (0.45, 0.38, 0.33), (0.33, 0.4, 0.46), (0.6, 0.52, 0.44))), CARPET)


def _painted(random: Random) -> Material:
    paint = _pick(random, PAINTS)
    if random.random() < 0.25:
        return Material(paint, STRIPES, _dark(paint, 0.9), random.uniform(0.12, 0.3))
    return Material(paint)


def _office(random: Random) -> View:
    plan = _Plan(random, (3.0, 4.4), (3.2, 5.0), (2.5, 3.0))
    plan.along_wall(_desk)
    plan.along_wall(_desk, 0.6)
    plan.along_wall(_bookshelf)
    plan.along_wall(_window, 0.8)
    plan.along_wall(_cabinet_low, 0.6)
    plan.along_wall(_door, 0.35)
    plan.free(_office_chair)
    plan.free(_office_chair, 0.5)
    plan.along_wall(_bin, 0.7)
    plan.along_wall(_plant, 0.35)
    plan.along_wall(_painting, 0.4)
    plan.ceiling_lamp()
    return plan.view(_carpet(random) if random.random() < 0.65 else _planks(random), _painted(random))


def _corridor(random: Random) -> View:
    plan = _Plan(random, (1.6, 2.3), (5.5, 9.0), (2.4, 2.9))
    for _ in range(4):
        plan.along_wall(_door, 0.85)
    plan.along_wall(_painting, 0.7)
    plan.along_wall(_painting, 0.5)
    plan.along_wall(_plant, 0.5)
    plan.along_wall(_wall_lamp, 0.5)
    plan.along_wall(_wall_lamp, 0.5)
    plan.along_wall(_window, 0.3)
    plan.along_wall(_cabinet_low, 0.3)
    plan.along_wall(_chair, 0.3)
    plan.rug(0.35)
    plan.ceiling_lamp(0.9)
    return plan.view((_carpet, _planks, _tiles)[random.integers(3)](random), _painted(random))


def _bedroom(random: Random) -> View:
    plan = _Plan(random, (2.9, 4.2), (3.2, 4.8), (2.4, 2.8))
    plan.along_wall(_bed)
    plan.along_wall(_nightstand)
    plan.along_wall(_nightstand, 0.5)
    plan.along_wall(_wardrobe, 0.8)
    plan.along_wall(_window, 0.8)
    plan.along_wall(_drawers, 0.5)
    plan.along_wall(_painting, 0.5)
    plan.along_wall(_plant, 0.3)
    plan.free(_chair, 0.25)
    plan.rug(0.6)
    plan.ceiling_lamp(0.6)
    return plan.view(_planks(random) if random.random() < 0.6 else _carpet(random), _painted(random))


def _kitchen(random: Random) -> View:
    plan = _Plan(random, (2.8, 4.2), (3.0, 4.6), (2.4, 2.8))
    plan.along_wall(_counter)
    plan.along_wall(_fridge)
    plan.along_wall(_stove)
    plan.along_wall(_counter, 0.5)
    plan.free(_dining_table, 0.85)
    for _ in range(3):
        plan.free(_stool if random.random() < 0.5 else _chair, 0.7)
    plan.along_wall(_window, 0.6)
    plan.along_wall(_bin, 0.4)
    plan.along_wall(_door, 0.25)
    plan.ceiling_lamp()
    return plan.view(_tiles(random) if random.random() < 0.75 else _planks(random), _painted(random))


def _living_room(random: Random) -> View:
    plan = _Plan(random, (3.4, 5.0), (3.6, 5.5), (2.5, 3.1))
    plan.along_wall(_sofa)
    plan.along_wall(_television, 0.8)
    plan.free(_coffee_table)
    plan.free(_armchair, 0.7)
    plan.along_wall(_bookshelf, 0.5)
    plan.along_wall(_window, 0.8)
    plan.along_wall(_floor_lamp, 0.7)
    plan.along_wall(_plant, 0.7)
    plan.along_wall(_painting, 0.7)
    plan.along_wall(_drawers, 0.3)
    plan.rug(0.75)
    plan.ceiling_lamp(0.6)
    return plan.view(_planks(random) if random.random() < 0.75 else _carpet(random), _painted(random))


def _bathroom(random: Random) -> View:
    plan = _Plan(random, (2.2, 3.2), (2.4, 3.6), (2.3, 2.7))
    plan.along_wall(_bath, 0.9)
    plan.along_wall(_basin)
    plan.along_wall(_toilet)
    plan.along_wall(_window, 0.4)
    plan.along_wall(_bin, 0.4)
    plan.along_wall(_cabinet_low, 0.4)
    plan.along_wall(_door, 0.2)
    plan.rug(0.3)
    plan.ceiling_lamp()
    wall = _tiles(random, (0.15, 0.3)) if random.random() < 0.8 else _painted(random)
    return plan.view(_tiles(random), wall._replace(pattern=TILES if wall.pattern == CHECKS else wall.pattern))


def _playroom(random: Random) -> View:
    plan = _Plan(random, (3.0, 4.5), (3.0, 4.8), (2.4, 2.9))
    plan.along_wall(_toy_shelf)
    plan.free(_small_table, 0.8)
    plan.free(_big_ball, 0.9)
    plan.free(_toys)
    plan.free(_toys, 0.7)
    plan.free(_blocks, 0.8)
    plan.along_wall(_bookshelf, 0.3)
    plan.along_wall(_window, 0.8)
    plan.along_wall(_painting, 0.6)
    plan.along_wall(_toy_shelf, 0.4)
    plan.along_wall(_door, 0.2)
    plan.rug(0.75)
    plan.ceiling_lamp()
    return plan.view(_carpet(random) if random.random() < 0.5 else _planks(random), _painted(random))


BUILDERS = (_office, _corridor, _bedroom, _kitchen, _living_room, _bathroom, _playroom)
"""By the kinds' numbers."""
