"""What is painted on the characters: faces, strands of hair, prints and seams, as functions of the place on a part.

Places are metres along a part's own axes, to the dancer's left, up and to the front; a face's in shares of its height.
"""

from dataclasses import dataclass

import numpy as np

from engines.everybody_dance_now.character.motion import Build
from engines.everybody_dance_now.character.render import Paint, linear

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Look:
    """Colours in sRGB; `top` is "jumper", "shirt" or "dress", `legs` "trousers", "leggings" or "shorts"."""

    skin: Colour
    hair: Colour
    iris: Colour
    lips: Colour
    top: str
    top_colour: Colour
    legs: str
    legs_colour: Colour
    shoes: Colour
    print_colour: Colour
    cut: str
    """Of the hair: "short", "long", "bun" or "bunches"."""
    stripes: bool = False
    girth: float = 1.0


def plain(colour: Colour) -> Paint:
    light = linear(colour)
    return lambda local: np.broadcast_to(light, local.shape)


def _over(colours: np.ndarray, colour: np.ndarray, inside: np.ndarray, soft: float) -> np.ndarray:
    """Paint over where `inside` is above 0, with an edge that is `soft` wide."""
    return colours + (colour - colours) * np.clip(inside / soft + 0.5, 0, 1)[:, None]


def strands(colour: Colour, head: float) -> Paint:
    light = linear(colour)

    def paint(local: np.ndarray) -> np.ndarray:
        x, y, z = local.T / head
        strands = np.sin(46 * np.arctan2(x, np.hypot(y - 0.6, z) + 0.2) + 6 * np.sin(5 * y + 3 * z))
        return light * (1 + 0.16 * strands)[:, None]

    return paint


def face(look: Look, head: float) -> Paint:
    skin, hair, lips = linear(look.skin), linear(look.hair), linear(look.lips)
    blush = skin * np.array([1.12, 0.72, 0.70])
    white, dark = np.array([0.86, 0.86, 0.84]), np.array([0.012, 0.010, 0.010])

    def paint(local: np.ndarray) -> np.ndarray:
        x, y, z = local.T / head
        front = z > 0.12
        side = np.abs(x)
        colours = np.tile(skin, (len(x), 1))
        warmth = np.exp(-(((side - 0.20) / 0.09) ** 2) - ((y + 0.13) / 0.07) ** 2) * front
        colours += (blush - colours) * 0.55 * warmth[:, None]
        nose = np.exp(-((x / 0.06) ** 2) - ((y + 0.115) / 0.05) ** 2) * front
        colours += (blush - colours) * 0.30 * nose[:, None]

        def drawn(colour: np.ndarray, inside: np.ndarray, soft: float = 0.010) -> None:
            colours[:] = _over(colours, colour, np.where(front, inside, -1), soft)

        drawn(skin * 0.80, 0.085 * (1 - np.hypot((side - 0.150) / 0.115, (y - 0.022) / 0.088)), 0.03)
        eye = 1 - np.hypot((side - 0.150) / 0.094, (y - 0.002 - 0.08 * (side - 0.15)) / 0.056)
        drawn(dark, 0.06 * (1 - np.hypot((side - 0.153) / 0.108, (y - 0.019 - 0.13 * (side - 0.15)) / 0.058)))
        drawn(white, 0.07 * eye)
        iris = np.hypot(x - np.sign(x) * 0.148, y - 0.008)
        within = np.minimum(0.07 * eye, 1)
        drawn(linear(look.iris), np.minimum(0.056 - iris, within))
        drawn(dark, np.minimum(0.030 - iris, within))
        drawn(np.ones(3), np.minimum(0.015 - np.hypot(x - np.sign(x) * 0.148 + 0.018, y - 0.028), within))
        brow = 0.018 - np.abs(y - 0.128 - 0.030 * np.cos((side - 0.165) * 11)) - 0.10 * np.clip(side - 0.19, 0, 1)
        drawn(0.7 * hair, np.minimum(brow, 0.105 - np.abs(side - 0.158)))
        drawn(skin * 0.42, 0.016 - np.hypot(side - 0.036, (y + 0.150) * 1.3))
        smile = y + 0.268 - 1.9 * x**2
        drawn(lips, np.minimum(0.036 * (1 - (side / 0.125) ** 2) - np.abs(smile + 0.004), 0.125 - side))
        drawn(lips * 0.30, np.minimum(0.0075 - np.abs(smile), 0.130 - side), 0.006)
        return colours

    return paint


def seamed(colour: Colour) -> Paint:
    light = linear(colour)

    def paint(local: np.ndarray) -> np.ndarray:
        x, y, z = local.T
        return light * (1 + 0.05 * np.sin(120 * y + 90 * x) * np.sin(110 * z - 60 * x))[:, None]

    return paint


def socks(look: Look, build: Build) -> Paint:
    skin, sock = linear(look.skin), linear((240, 238, 232))

    def paint(local: np.ndarray) -> np.ndarray:
        return _over(np.tile(skin, (len(local), 1)), sock, 0.085 * build.height - np.linalg.norm(local, axis=1), 0.004)

    return paint


def laced(look: Look, build: Build) -> Paint:
    light, lace = linear(look.shoes), linear((246, 244, 238))

    def paint(local: np.ndarray) -> np.ndarray:
        x, y, z = local.T
        colours = np.tile(light, (len(x), 1))
        along = z / build.foot
        rows = 0.007 - np.abs((along - 0.24) % 0.075 - 0.0375) * build.foot
        tongue = np.minimum(0.020 * build.height / 1.75 - np.abs(x), (0.10 - np.abs(along - 0.30)) * build.foot)
        return _over(colours, lace, np.minimum(rows, tongue) * (y > -0.6 * build.ankle), 0.003)

    return paint


def pocketed(look: Look, build: Build) -> Paint:
    light = linear(look.top_colour)

    def paint(local: np.ndarray) -> np.ndarray:
        size = build.height / 1.75 * look.girth
        x, y, z = local.T / size
        colours = np.tile(light, (len(x), 1))
        trunk = build.trunk / size
        low = -0.80 * trunk
        slanted = 0.115 - np.clip(y - low - 0.02, 0, 1) * 0.55
        pocket = np.minimum(slanted - np.abs(x), 0.085 - np.abs(y - low))
        edge = 0.0055 - np.abs(pocket)
        colours = _over(colours, 0.45 * light, np.where(z > 0, edge, -1), 0.004)
        above = y + 0.43 * trunk
        fold = np.abs((np.arctan2(x, above) + np.pi / 5) % (2 * np.pi / 5) - np.pi / 5)
        radius = np.hypot(x, above)
        star = (0.058 - radius * np.cos(fold)) * 0.526 - radius * np.sin(fold) * 0.851
        return _over(colours, linear(look.print_colour), np.where(z > 0.03, star, -1), 0.004)

    return paint


def printed(look: Look, build: Build) -> Paint:
    light, ink = linear(look.top_colour), linear(look.print_colour)

    def paint(local: np.ndarray) -> np.ndarray:
        size = build.height / 1.75 * look.girth
        x, y, z = local.T / size
        trunk = build.trunk / size
        colours = np.tile(light, (len(x), 1))
        if look.stripes:
            stripe = 0.24 - np.abs((y / 0.075) % 1 - 0.5)
            colours = _over(colours, ink, np.where(np.hypot(x, z) < 1, stripe * 0.075, -1), 0.004)
        else:
            down = y + 0.42 * trunk
            sun = 0.095 - np.hypot(x, down)
            wave = np.abs((down - 0.016 * np.sin(46 * x)) / 0.040 % 1 - 0.5) * 0.040 - 0.0055
            disc = np.where(down < 0.005, np.minimum(sun, wave), sun)
            colours = _over(colours, ink, np.where(z > 0.02, disc, -1), 0.004)
        around = np.sqrt(x**2 + (z - 0.03) ** 2 + (y + 0.01) ** 2)
        return _over(colours, 0.6 * light, 0.088 - around, 0.004)

    return paint


def belted(look: Look, build: Build) -> Paint:
    light, belt = linear(look.top_colour), linear(look.print_colour)

    def paint(local: np.ndarray) -> np.ndarray:
        size = build.height / 1.75 * look.girth
        x, y, z = local.T / size
        colours = np.tile(light, (len(x), 1))
        pleats = np.sin(13 * np.arctan2(x, z + 0.02))
        colours *= (1 - 0.10 * (0.5 + 0.5 * pleats) * np.clip(-y / 0.12, 0, 1))[:, None]
        row = y / 0.056
        around = np.arctan2(x, z + 0.02) * 8 / np.pi + 0.5 * (np.floor(row) % 2)
        radius = np.hypot(x, z + 0.02)
        dots = 0.012 - np.hypot((around % 1 - 0.5) * radius * np.pi / 8, (row % 1 - 0.5) * 0.056)
        colours = _over(colours, linear((255, 248, 226)), np.where(y < 0, dots, -1), 0.004)
        return _over(colours, belt, 0.020 - np.abs(y - 0.005), 0.004)

    return paint
