"""Draw the two pictures of a whole sphere in this folder: a world seen from outside, and a valley seen from inside.

    python assets/examples/sphere.py

Everything is computed from the seed, so that the pictures are the project's own, whatever they are used for.
"""

import math
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

sys.path.insert(0, str(Path(__file__).parents[2]))

from engines.spherical_cnn.transform import synthesize

HEIGHT = 1024
DEGREES = 192
SEA, EASTWARDS = 0.62, 48
"""Of the world is water; and by so many degrees it is moved, so that land is in the middle."""
LAND = (
    (0.00, (206, 190, 140)),
    (0.05, (120, 142, 76)),
    (0.25, (84, 116, 62)),
    (0.50, (140, 118, 84)),
    (0.8, (196, 190, 180)),
)
WATER = ((-1.0, (12, 34, 66)), (-0.35, (24, 66, 110)), (-0.06, (58, 116, 150)), (0.0, (110, 164, 178)))
ICE, DESERT = (238, 242, 246), (208, 178, 120)
ZENITH, MIDDLE, HORIZON, SUNLIGHT = (58, 104, 168), (126, 170, 212), (226, 226, 214), (255, 246, 220)
SUN = (205.0, 68.0)
"""Degrees of longitude and colatitude."""
FAR, NEAR, MEADOW = (138, 156, 178), (44, 66, 46), (112, 132, 62)


def field(seed: int, fall: float, lowest: int = 1) -> np.ndarray:
    """A random signal on the sphere, `(HEIGHT, 2 HEIGHT)`, of unit deviation, whose power falls with the degree."""
    generator = torch.Generator().manual_seed(seed)
    degree = torch.arange(DEGREES)
    drawn = torch.view_as_complex(torch.randn(DEGREES, DEGREES, 2, generator=generator))
    drawn[:, 0] = drawn[:, 0].real * math.sqrt(2)
    scale = (degree >= lowest)[:, None] / (degree[:, None] + 1.0) ** fall * (degree[:, None] >= degree)
    values = synthesize((drawn * scale)[..., None].to(torch.complex64), DEGREES, on_group=False)[..., 0].numpy()
    image = Image.fromarray((values / values.std()).astype(np.float32))
    return np.array(image.resize((2 * HEIGHT, HEIGHT), Image.Resampling.BICUBIC))


def ramp(level: np.ndarray, stops: tuple[tuple[float, tuple[int, int, int]], ...]) -> np.ndarray:
    places, colours = zip(*stops, strict=True)
    return np.stack([np.interp(level, places, channel) for channel in zip(*colours, strict=True)], -1)


def blend(below: np.ndarray, above: tuple[int, int, int] | np.ndarray, weight: np.ndarray) -> np.ndarray:
    return below + np.clip(weight, 0, 1)[..., None] * (np.asarray(above) - below)


def angles() -> tuple[np.ndarray, np.ndarray]:
    """Longitude and colatitude of every pixel, in degrees."""
    across = (np.arange(2 * HEIGHT) + 0.5) * 180 / HEIGHT
    down = (np.arange(HEIGHT) + 0.5) * 180 / HEIGHT
    longitude, colatitude = np.meshgrid(across, down)
    return longitude, colatitude


def draw_world() -> np.ndarray:
    """Continents, seas, deserts and ice; `(HEIGHT, 2 HEIGHT, 3)`."""
    _, down = angles()
    height = field(1801, 2.15)
    height = height - np.quantile(height, SEA)
    height /= height.max()
    moisture = field(4, 2.1)
    latitude = np.abs(90 - down) / 90
    land = ramp(height, LAND)
    arid = np.exp(-(((latitude - 0.28) / 0.13) ** 2)) * 1.5 - 0.5 * moisture - 0.2
    land = blend(land, DESERT, arid * (1 - 1.4 * height))
    relief = np.gradient(gaussian_filter(height, 1.2, mode="wrap"), axis=1) * 30
    land = land * np.clip(1 - relief, 0.55, 1.35)[..., None]
    world = np.where((height > 0)[..., None], land, ramp(height / -height.min() * 1.0, WATER))
    cold = latitude + 0.10 * np.clip(height, 0, 1) + 0.035 * moisture
    world = blend(world, ICE, (cold - 0.85) / 0.035)
    return np.roll(world, round(EASTWARDS * HEIGHT / 180), axis=1)


def draw_valley() -> np.ndarray:
    """A meadow among mountains on a clear day, all round; `(HEIGHT, 2 HEIGHT, 3)`."""
    across, down = angles()
    random = np.random.default_rng(3)
    colours = zip(ZENITH, MIDDLE, HORIZON, strict=True)
    scene = np.stack([np.interp(down, (0, 55, 90), channel) for channel in colours], -1)
    cosine = np.cos(np.radians(down)) * math.cos(math.radians(SUN[1])) + np.sin(np.radians(down)) * math.sin(
        math.radians(SUN[1])
    ) * np.cos(np.radians(across - SUN[0]))
    from_sun = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    scene = blend(scene, SUNLIGHT, 0.8 * np.exp(-from_sun / 16))
    cloud = field(11, 1.9, 5)
    scene = blend(scene, (252, 251, 248), np.clip((cloud - 0.45) / 1.6, 0, 0.9) * np.clip((down - 18) / 30, 0, 1))
    scene = blend(scene, SUNLIGHT, (1.6 - from_sun) * 3)
    for depth in np.linspace(0, 1, 5):
        line = np.zeros(2 * HEIGHT)
        for octave in range(1, 9):
            frequency = 2**octave + random.integers(0, 2**octave)
            line += np.abs(np.sin(across[0] * math.pi / 360 * 2 * frequency + random.uniform(0, 7))) / 1.75**octave
        line = (line - line.min()) / np.ptp(line)
        top = 90 - (5 - 3.5 * depth) - (30 - 25 * depth) * line
        grain = field(20 + int(4 * depth), 1.5, 8)
        lit = 1 + (0.10 + 0.12 * depth) * np.clip(
            np.gradient(gaussian_filter(grain, 2, mode="wrap"), axis=1) * 9 + 0.3 * grain, -2, 2
        )
        colour = np.asarray(FAR) * (1 - depth) + np.asarray(NEAR) * depth
        snow = np.clip((90 - down - 17 + 2.5 * grain) / 2, 0, 1) * (1 - depth) * (depth < 0.6)
        ridge = blend(colour * lit[..., None], (244, 246, 250), snow)
        haze = np.clip(1 - (90 - down) / 22, 0, 1) * 0.55 * (1 - depth)
        scene = blend(scene, blend(ridge, HORIZON, haze), (down - top) * 5)
    near = np.clip((down - 88.5) / 1.2, 0, 1)
    blades = random.standard_normal(down.shape)
    fine = gaussian_filter(blades, (2.0, 0.8), mode="wrap") * 3 + 0.7 * field(31, 1.6, 10)
    closeness = np.clip((down - 90) / 40, 0, 1)
    meadow = np.asarray(MEADOW) * (1 + (0.06 + 0.10 * closeness) * np.clip(fine, -2, 2))[..., None]
    flowers = gaussian_filter((random.random(down.shape) > 0.9994).astype(float), 1.1, mode="wrap") * 7
    meadow = blend(meadow, (246, 240, 214), flowers * closeness * 1.5)
    path = np.exp(
        -(((across - 150 - 40 * np.sin((down - 90) / 13)) * np.sin(np.radians(down))) ** 2)
        / (0.15 + 50 * closeness**1.5)
    )
    meadow = blend(meadow, (196, 176, 136), 0.85 * path)
    return blend(scene, meadow * (0.8 + 0.2 * (1 - closeness))[..., None], near)


if __name__ == "__main__":
    for name, draw in (("world", draw_world), ("valley", draw_valley)):
        picture = np.clip(draw() + 0.5, 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(Path(__file__).parent / f"{name}.jpg", quality=86)
