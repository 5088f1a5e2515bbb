"""Furniture of the small rooms, drawn by a random generator, and what everything in a room is called.

A piece of furniture is built as it stands with its back to a wall: x runs along the wall, y out of it, z up, in metres.
"""

import numpy as np

from engines.taskonomy.rays import (
    BOOKS,
    BOX,
    CARPET,
    CHECKS,
    CYLINDER,
    PAINTING,
    PANEL,
    SPHERE,
    STRIPES,
    VIEW,
    Material,
    Solid,
)

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


def pick(random: Random, some: tuple[Colour, ...]) -> Colour:
    red, green, blue = np.array(some[random.integers(len(some))]) * random.uniform(0.88, 1.08)
    return (min(1.0, red), min(1.0, green), min(1.0, blue))


def dark(colour: Colour, share: float = 0.6) -> Colour:
    return (colour[0] * share, colour[1] * share, colour[2] * share)


def box(
    x: float, y: float, z: float, width: float, depth: float, height: float, label: int, material: Material
) -> Solid:
    """By its middle along x, its back, its bottom, and its sides."""
    return Solid(BOX, (x, y + depth / 2, z + height / 2), (width / 2, depth / 2, height / 2), label, material)


def ball(x: float, y: float, z: float, radius: float, label: int, material: Material) -> Solid:
    """By its middle, and what it rests on."""
    return Solid(SPHERE, (x, y, z + radius), (radius, radius, radius), label, material)


def pole(x: float, y: float, z: float, radius: float, height: float, label: int, material: Material) -> Solid:
    """An upright cylinder by its middle and bottom."""
    return Solid(CYLINDER, (x, y, z + height / 2), (radius, radius, height / 2), label, material)


def legs(width: float, depth: float, height: float, label: int, material: Material, thick: float = 0.05) -> Piece:
    places = [(side * (width / 2 - thick), y) for side in (-1, 1) for y in (0.02, depth - thick - 0.02)]
    return [box(x, y, 0, thick, thick, height, label, material) for x, y in places]


def desk(random: Random) -> Piece:
    width, wood = random.uniform(1.2, 1.7), Material(pick(random, WOODS))
    black = Material(DARK)
    screen = Material(pick(random, SCREENS), PAINTING, size=0.12, glow=0.7)
    front = Material(dark(wood.colour, 0.8), PANEL, DARK, 0.2)
    at = random.uniform(-0.25, 0.25)
    return [
        box(0, 0, 0.7, width, 0.7, 0.05, TABLE, wood),
        *legs(width, 0.7, 0.7, TABLE, Material(METAL)),
        box(width / 2 - 0.25, 0.08, 0.05, 0.38, 0.55, 0.6, STORAGE, front),
        box(at, 0.16, 0.86, 0.56, 0.03, 0.34, APPLIANCE, black),
        box(at, 0.19, 0.88, 0.52, 0.01, 0.3, APPLIANCE, screen),
        pole(at, 0.17, 0.75, 0.09, 0.02, APPLIANCE, black),
        box(at, 0.16, 0.76, 0.05, 0.03, 0.12, APPLIANCE, black),
        box(at, 0.4, 0.75, 0.42, 0.15, 0.02, APPLIANCE, Material((0.3, 0.3, 0.32))),
    ]


def office_chair(random: Random) -> Piece:
    cloth = Material(pick(random, CLOTHS))
    return [
        pole(0, 0.3, 0, 0.27, 0.05, SEAT, Material(DARK)),
        pole(0, 0.3, 0.05, 0.03, 0.38, SEAT, Material(METAL)),
        pole(0, 0.3, 0.43, 0.25, 0.08, SEAT, cloth),
        box(0, 0.02, 0.58, 0.44, 0.07, 0.45, SEAT, cloth),
    ]


def chair(random: Random) -> Piece:
    wood = Material(pick(random, WOODS))
    return [
        box(0, 0, 0.42, 0.42, 0.42, 0.05, SEAT, wood),
        *legs(0.42, 0.42, 0.42, SEAT, wood, 0.04),
        box(0, 0, 0.47, 0.42, 0.04, 0.42, SEAT, Material(wood.colour, STRIPES, dark(wood.colour), 0.07)),
    ]


def stool(random: Random) -> Piece:
    return [
        pole(0, 0.2, 0, 0.04, 0.44, SEAT, Material(METAL)),
        pole(0, 0.2, 0.44, 0.19, 0.07, SEAT, Material(pick(random, CLOTHS))),
    ]


def bookshelf(random: Random) -> Piece:
    width, height, wood = random.uniform(0.7, 1.3), random.uniform(1.3, 2.1), pick(random, WOODS)
    books = Material(dark(wood, 0.8), BOOKS, dark(wood, 0.35), 0.055)
    return [
        box(0, 0, 0, width, 0.3, height, STORAGE, books),
        box(-width / 2, 0, 0, 0.05, 0.33, height + 0.04, STORAGE, Material(wood)),
        box(width / 2, 0, 0, 0.05, 0.33, height + 0.04, STORAGE, Material(wood)),
        box(0, 0, height, width, 0.33, 0.04, STORAGE, Material(wood)),
    ]


def wardrobe(random: Random) -> Piece:
    wood, width = pick(random, (*WOODS, WHITE)), random.uniform(1.0, 1.7)
    doors = Material(wood, PANEL, dark(wood, 0.45), width / 2)
    return [box(0, 0, 0.06, width, 0.58, random.uniform(1.9, 2.2), STORAGE, doors)]


def drawers(random: Random) -> Piece:
    wood = pick(random, (*WOODS, WHITE))
    width, height = random.uniform(0.7, 1.1), random.uniform(0.7, 0.95)
    top = [vase, table_lamp, small_plant][random.integers(3)](random, random.uniform(-0.2, 0.2), 0.22, height)
    return [box(0, 0, 0, width, 0.44, height, STORAGE, Material(wood, PANEL, dark(wood, 0.4), height / 3)), *top]


def vase(random: Random, x: float, y: float, z: float) -> Piece:
    clay = Material(pick(random, CLOTHS))
    return [ball(x, y, z, 0.11, PLANT, clay), pole(x, y, z + 0.18, 0.05, 0.12, PLANT, clay)]


def table_lamp(random: Random, x: float, y: float, z: float) -> Piece:
    shade = Material((1.0, 0.9, 0.68), glow=0.75)
    return [
        pole(x, y, z, 0.07, 0.03, LAMP, Material(METAL)),
        pole(x, y, z, 0.02, 0.25, LAMP, Material(METAL)),
        pole(x, y, z + 0.22, 0.13, 0.2, LAMP, shade),
    ]


def small_plant(random: Random, x: float, y: float, z: float) -> Piece:
    leaf = Material(pick(random, (GREEN,)), CARPET)
    return [
        pole(x, y, z, 0.08, 0.14, PLANT, Material((0.7, 0.4, 0.28))),
        ball(x, y, z + 0.12, 0.14, PLANT, leaf),
    ]


def plant(random: Random) -> Piece:
    leaf = Material(pick(random, (GREEN, (0.3, 0.5, 0.25))), CARPET)
    height = random.uniform(0.5, 0.95)
    return [
        pole(0, 0.3, 0, 0.17, 0.32, PLANT, Material(pick(random, (WHITE, (0.7, 0.4, 0.28), (0.3, 0.3, 0.33))))),
        pole(0, 0.3, 0.3, 0.03, height - 0.2, PLANT, Material(WOODS[1])),
        ball(0, 0.3, height - 0.05, 0.26, PLANT, leaf),
        ball(0.15, 0.36, height + 0.22, 0.18, PLANT, leaf),
        ball(-0.14, 0.26, height + 0.28, 0.17, PLANT, leaf),
    ]


def floor_lamp(random: Random) -> Piece:
    shade = Material((1.0, 0.91, 0.7), glow=0.75)
    return [
        pole(0, 0.2, 0, 0.15, 0.03, LAMP, Material(DARK)),
        pole(0, 0.2, 0, 0.02, 1.45, LAMP, Material(DARK)),
        pole(0, 0.2, 1.4, random.uniform(0.17, 0.24), 0.28, LAMP, shade),
    ]


def bin(random: Random) -> Piece:
    return [pole(0, 0.17, 0, 0.15, 0.36, APPLIANCE, Material(pick(random, (METAL, DARK, (0.25, 0.4, 0.5)))))]


def bed(random: Random) -> Piece:
    width, wood = random.uniform(1.0, 1.7), Material(pick(random, WOODS))
    cover = pick(random, CLOTHS)
    spread = [Material(cover), Material(cover, STRIPES, WHITE, 0.16), Material(cover, CHECKS, dark(cover), 0.18)]
    pillows = (0.0,) if width < 1.25 else (-width / 4, width / 4)
    return [
        box(0, 0, 0, width + 0.1, 0.07, random.uniform(0.85, 1.15), BED, wood),
        box(0, 0.07, 0.1, width + 0.04, 1.98, 0.2, BED, wood),
        box(0, 0.07, 0.3, width, 1.95, 0.18, BED, Material(WHITE)),
        box(0, 0.6, 0.3, width + 0.03, 1.44, 0.22, BED, spread[random.integers(3)]),
        *(box(x, 0.14, 0.48, 0.5, 0.34, 0.12, BED, Material(WHITE)) for x in pillows),
    ]


def nightstand(random: Random) -> Piece:
    wood = pick(random, WOODS)
    stand = box(0, 0, 0, 0.42, 0.38, 0.5, STORAGE, Material(wood, PANEL, dark(wood, 0.4), 0.25))
    return [stand, *table_lamp(random, 0, 0.19, 0.5)]


def sofa(random: Random) -> Piece:
    width, cloth = random.uniform(1.5, 2.2), pick(random, CLOTHS)
    body, pillow = Material(cloth), Material(pick(random, CLOTHS))
    return [
        box(0, 0, 0.08, width, 0.85, 0.32, SEAT, body),
        box(0, 0, 0.4, width, 0.24, 0.42, SEAT, body),
        *(box(side * (width / 2 - 0.09), 0, 0.4, 0.18, 0.85, 0.2, SEAT, body) for side in (-1, 1)),
        *(ball(side * width * 0.25, 0.36, 0.38, 0.17, SEAT, pillow) for side in (-1, 1) if random.random() < 0.7),
    ]


def armchair(random: Random) -> Piece:
    body = Material(pick(random, CLOTHS))
    return [
        pole(0, 0.4, 0.08, 0.38, 0.34, SEAT, body),
        box(0, 0, 0.3, 0.7, 0.18, 0.5, SEAT, body),
        *(box(side * 0.34, 0.05, 0.3, 0.13, 0.6, 0.28, SEAT, body) for side in (-1, 1)),
    ]


def coffee_table(random: Random) -> Piece:
    wood = Material(pick(random, WOODS))
    if random.random() < 0.5:
        top = [pole(0, 0.42, 0.36, 0.42, 0.05, TABLE, wood), pole(0, 0.42, 0, 0.08, 0.36, TABLE, wood)]
    else:
        top = [box(0, 0, 0.36, 0.95, 0.55, 0.05, TABLE, wood), *legs(0.95, 0.55, 0.36, TABLE, wood)]
    return [*top, *(vase if random.random() < 0.5 else small_plant)(random, 0.05, 0.3, 0.41)]


def dining_table(random: Random) -> Piece:
    wood = Material(pick(random, (*WOODS, WHITE)))
    bowl = ball(0, 0.5, 0.72, 0.12, TOY, Material(pick(random, CLOTHS)))
    if random.random() < 0.6:
        return [pole(0, 0.5, 0.7, 0.5, 0.05, TABLE, wood), pole(0, 0.5, 0, 0.07, 0.7, TABLE, wood), bowl]
    return [box(0, 0, 0.7, 1.3, 0.8, 0.05, TABLE, wood), *legs(1.3, 0.8, 0.7, TABLE, wood), bowl]


def television(random: Random) -> Piece:
    wood, width = pick(random, (*WOODS, WHITE, DARK)), random.uniform(0.8, 1.25)
    height = width * 0.58
    picture = Material(pick(random, PROGRAMMES), PAINTING, size=0.2, glow=0.6)
    return [
        box(0, 0, 0, width + 0.3, 0.42, 0.48, STORAGE, Material(wood, PANEL, dark(wood, 0.4), 0.42)),
        box(0, 0.16, 0.53, width, 0.05, height, APPLIANCE, Material(DARK)),
        box(0, 0.21, 0.56, width - 0.06, 0.01, height - 0.06, APPLIANCE, picture),
        box(0, 0.12, 0.48, 0.3, 0.18, 0.05, APPLIANCE, Material(DARK)),
    ]


def counter(random: Random) -> Piece:
    wood, width = pick(random, (*WOODS, WHITE, (0.35, 0.45, 0.5))), random.uniform(1.5, 2.4)
    front = Material(wood, PANEL, dark(wood, 0.5), 0.5)
    at = width * random.uniform(-0.25, 0.25)
    return [
        box(0, 0, 0.08, width, 0.58, 0.78, STORAGE, front),
        box(0, 0, 0.86, width + 0.02, 0.62, 0.05, TABLE, Material(pick(random, (DARK, WHITE, METAL)))),
        box(0, 0, 1.45, width, 0.34, 0.6, STORAGE, front),
        box(at, 0.12, 0.91, 0.5, 0.4, 0.015, APPLIANCE, Material(METAL)),
        pole(at, 0.09, 0.91, 0.02, 0.26, APPLIANCE, Material(METAL)),
        pole(-at + 0.1, 0.3, 0.91, 0.11, 0.17, APPLIANCE, Material(pick(random, TOYS))),
    ]


def fridge(random: Random) -> Piece:
    height, front = random.uniform(1.55, 1.95), Material(pick(random, (WHITE, METAL)), PANEL, DARK, 0.62)
    return [box(0, 0, 0.03, 0.62, 0.62, height, APPLIANCE, front)]


def stove(random: Random) -> Piece:
    iron = Material((0.25, 0.1, 0.08))
    plates = [pole(x, y, 0.9, 0.09, 0.012, APPLIANCE, iron) for x in (-0.14, 0.14) for y in (0.17, 0.42)]
    pot = pole(-0.14, 0.42, 0.91, 0.1, 0.15, APPLIANCE, Material(METAL))
    window = box(0, 0.6, 0.25, 0.42, 0.01, 0.35, APPLIANCE, Material(DARK))
    return [box(0, 0, 0, 0.6, 0.6, 0.9, APPLIANCE, Material(WHITE)), *plates, pot, window]


def bath(random: Random) -> Piece:
    white, width = Material(WHITE), 1.6
    return [
        box(0, 0, 0, width, 0.72, 0.12, APPLIANCE, white),
        *(box(side * (width / 2 - 0.04), 0, 0, 0.08, 0.72, 0.55, APPLIANCE, white) for side in (-1, 1)),
        box(0, 0, 0, width, 0.08, 0.55, APPLIANCE, white),
        box(0, 0.64, 0, width, 0.08, 0.55, APPLIANCE, white),
        box(0, 0.08, 0.3, width - 0.16, 0.56, 0.02, APPLIANCE, Material((0.6, 0.82, 0.88))),
    ]


def toilet(random: Random) -> Piece:
    white = Material(WHITE)
    return [
        box(0, 0, 0.35, 0.4, 0.18, 0.42, SEAT, white),
        pole(0, 0.38, 0, 0.12, 0.38, SEAT, white),
        pole(0, 0.4, 0.36, 0.21, 0.05, SEAT, Material(pick(random, (WHITE, WOODS[0], DARK)))),
    ]


def basin(random: Random) -> Piece:
    frame = Material(pick(random, WOODS))
    return [
        pole(0, 0.25, 0, 0.09, 0.72, APPLIANCE, Material(WHITE)),
        pole(0, 0.25, 0.72, 0.26, 0.13, APPLIANCE, Material(WHITE)),
        pole(0, 0.06, 0.85, 0.02, 0.2, APPLIANCE, Material(METAL)),
        box(0, 0, 1.2, 0.56, 0.03, 0.74, PICTURE, frame),
        box(0, 0.03, 1.24, 0.48, 0.01, 0.66, PICTURE, Material((0.72, 0.8, 0.84), glow=0.35)),
    ]


def toys(random: Random) -> Piece:
    pieces: Piece = []
    for step in range(int(random.integers(2, 5))):
        colour, x, y = Material(pick(random, TOYS)), random.uniform(-0.35, 0.35), 0.1 + 0.22 * step
        size = random.uniform(0.08, 0.19)
        pieces.append(
            [
                ball(x, y, 0, size, TOY, colour),
                box(x, y - size, 0, 2 * size, 2 * size, 2 * size, TOY, colour),
                pole(x, y, 0, size, 2 * size, TOY, colour),
            ][random.integers(3)]
        )
    return pieces


def big_ball(random: Random) -> Piece:
    radius = random.uniform(0.22, 0.4)
    return [ball(0, radius, 0, radius, TOY, Material(pick(random, TOYS)))]


def blocks(random: Random) -> Piece:
    pieces, height = [], 0.0
    for size in (0.36, 0.28, 0.2):
        x, colour = random.uniform(-0.03, 0.03), Material(pick(random, TOYS))
        pieces.append(box(x, 0.2 - size / 2, height, size, size, size, TOY, colour))
        height += size
    if random.random() < 0.5:
        return pieces
    return [*pieces, ball(0, 0.2, height, 0.1, TOY, Material(pick(random, TOYS)))]


def small_table(random: Random) -> Piece:
    colour = Material(pick(random, TOYS))
    stools = [pole(side * 0.5, 0.35, 0, 0.15, 0.28, SEAT, Material(pick(random, TOYS))) for side in (-1, 1)]
    return [pole(0, 0.35, 0.44, 0.34, 0.04, TABLE, colour), pole(0, 0.35, 0, 0.05, 0.44, TABLE, colour), *stools]


def toy_shelf(random: Random) -> Piece:
    wood, width = pick(random, (*WOODS, WHITE)), random.uniform(0.9, 1.4)
    shelf = box(0, 0, 0, width, 0.36, 0.6, STORAGE, Material(wood, PANEL, dark(wood, 0.4), 0.3))
    toys = [
        ball(place * width, 0.18, 0.6, random.uniform(0.07, 0.13), TOY, Material(pick(random, TOYS)))
        for place in (-0.3, 0.0, 0.3)
        if random.random() < 0.7
    ]
    return [shelf, *toys]


def window(random: Random) -> Piece:
    width, low = random.uniform(0.9, 1.6), random.uniform(0.85, 1.0)
    pane = Material(pick(random, OUTSIDE), VIEW, size=width / 2, glow=0.85)
    curtain = Material(pick(random, CLOTHS), STRIPES, pick(random, CLOTHS), 0.09)
    curtains = [box(side * (width / 2 + 0.12), 0, low - 0.2, 0.26, 0.08, 1.35, WINDOW, curtain) for side in (-1, 1)]
    sill = box(0, 0, low - 0.05, width + 0.06, 0.1, 0.04, WINDOW, Material(WHITE))
    return [box(0, 0, low, width, 0.03, 1.1, WINDOW, pane), sill, *(curtains if random.random() < 0.5 else [])]


def door(random: Random) -> Piece:
    wood = pick(random, (*WOODS, WHITE))
    return [
        box(0, 0, 0, 0.96, 0.03, 2.06, DOOR, Material(dark(wood, 0.75))),
        box(0, 0.03, 0, 0.84, 0.02, 2.0, DOOR, Material(wood, PANEL, dark(wood, 0.7), 1.0)),
        ball(0.34, 0.08, 0.98, 0.035, DOOR, Material(METAL)),
    ]


def painting(random: Random) -> Piece:
    width, height = random.uniform(0.45, 0.95), random.uniform(0.4, 0.7)
    canvas = Material(pick(random, CANVASES), PAINTING, size=random.uniform(0.1, 0.22))
    low = random.uniform(1.25, 1.45)
    return [
        box(0, 0, low, width + 0.08, 0.03, height + 0.08, PICTURE, Material(pick(random, WOODS))),
        box(0, 0.03, low + 0.04, width, 0.01, height, PICTURE, canvas),
    ]


def wall_lamp(random: Random) -> Piece:
    return [ball(0, 0.13, 1.7, 0.12, LAMP, Material((1.0, 0.93, 0.75), glow=0.8))]


def cabinet_low(random: Random) -> Piece:
    wood = pick(random, (*WOODS, METAL))
    width, height = random.uniform(0.45, 0.9), random.uniform(0.65, 1.3)
    return [box(0, 0, 0, width, 0.45, height, STORAGE, Material(wood, PANEL, dark(wood, 0.5), 0.33))]
