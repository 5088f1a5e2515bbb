"""Draw the example pictures of this folder: one lake among mountains, in four lights.

    python assets/examples/landscape.py

Everything is computed from the seed, so that the pictures are the project's own, whatever they are used for.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

HEIGHT, WIDTH = 432, 648
HORIZON = 0.62
SUPERSAMPLING = 2

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """Colours in [0, 1] of sky, cloud, land and sun; `sun` is (x, y, radius) as fractions of the picture."""

    zenith: Colour
    middle: Colour
    horizon: Colour
    cloud: Colour
    clouds: float
    far: Colour
    near: Colour
    grass: Colour
    sun: tuple[float, float, float]
    sunlight: Colour
    stars: float = 0.0


LIGHTS = {
    "noon": Light(
        (0.20, 0.42, 0.74), (0.42, 0.64, 0.87), (0.78, 0.88, 0.94), (0.98, 0.98, 0.99), 0.55,
        (0.55, 0.66, 0.76), (0.20, 0.33, 0.20), (0.38, 0.50, 0.20), (0.20, 0.10, 0.03), (1.0, 0.98, 0.90),
    ),
    "dusk": Light(
        (0.16, 0.14, 0.36), (0.72, 0.32, 0.38), (1.00, 0.66, 0.30), (0.98, 0.50, 0.34), 0.65,
        (0.62, 0.36, 0.42), (0.14, 0.08, 0.15), (0.22, 0.12, 0.10), (0.66, 0.57, 0.035), (1.0, 0.78, 0.42),
    ),
    "night": Light(
        (0.02, 0.04, 0.12), (0.05, 0.10, 0.24), (0.16, 0.26, 0.42), (0.20, 0.28, 0.44), 0.40,
        (0.13, 0.21, 0.34), (0.02, 0.04, 0.08), (0.03, 0.07, 0.09), (0.74, 0.17, 0.030), (0.80, 0.88, 1.0), 1.0,
    ),
    "autumn": Light(
        (0.46, 0.58, 0.66), (0.70, 0.75, 0.74), (0.93, 0.88, 0.76), (0.96, 0.94, 0.89), 0.75,
        (0.62, 0.58, 0.55), (0.50, 0.22, 0.08), (0.72, 0.48, 0.12), (0.80, 0.20, 0.04), (1.0, 0.93, 0.76),
    ),
}  # fmt: skip


def fractal_noise(draw: np.random.Generator, shape: tuple[int, ...], scale: float, stretch: float = 1.0) -> np.ndarray:
    """Smooth noise of six octaves from `scale` pixels down, about 0, of unit spread; `stretch` widens it sideways."""
    total = np.zeros(shape)
    for octave in range(6):
        sigma = max(scale / 2**octave, 0.6)
        layer = gaussian_filter(draw.standard_normal(shape), (sigma, sigma * stretch), mode="wrap")
        total += layer / layer.std() / 1.9**octave
    return total / total.std()


def blend(below: np.ndarray, above: np.ndarray | Colour, weight: np.ndarray) -> np.ndarray:
    return below + weight[..., None] * (np.asarray(above) - below)


def draw_sky(draw: np.random.Generator, light: Light, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    height = np.clip(y / HORIZON, 0, 1)
    channels = zip(light.zenith, light.middle, light.horizon, strict=True)
    sky = np.stack([np.interp(height, [0, 0.6, 1], channel) for channel in channels], -1)
    if light.stars:
        # A generator of their own: drawing stars must not move the mountains.
        brightness = np.random.default_rng(1).random((2, *y.shape))
        star = (brightness[0] > 0.9988) * brightness[1]
        sky = sky + light.stars * gaussian_filter(star, 0.8)[..., None] * 5
    sun_x, sun_y, radius = light.sun
    distance = np.hypot((x - sun_x) * WIDTH / HEIGHT, y - sun_y)
    sky = blend(sky, light.sunlight, 0.75 * np.exp(-distance / 0.16))
    noise = fractal_noise(draw, y.shape, 0.10 * y.shape[0], 2.6)
    cover = np.clip((noise - 1.1 + 1.6 * light.clouds) / 1.5, 0, 1) ** 1.3 * np.clip(1.25 - height, 0, 1)
    shade = 0.82 + 0.18 * np.clip(gaussian_filter(noise, 6) + 0.5, 0, 1)
    sky = blend(sky, np.asarray(light.cloud) * shade[..., None], 0.8 * cover)
    return blend(sky, light.sunlight, np.clip((radius - distance) * y.shape[0] / 3, 0, 1) * (1 - 0.6 * cover))


def draw_ridges(draw: np.random.Generator, light: Light, scene: np.ndarray, y: np.ndarray) -> np.ndarray:
    rows, columns = y.shape
    for depth in np.linspace(0, 1, 6):
        line = fractal_noise(draw, (1, columns), (0.30 - 0.16 * depth) * columns / 3)[0]
        top = HORIZON - (0.25 - 0.20 * depth) - (0.075 - 0.045 * depth) * line
        if depth > 0.55:
            # Conifers: a saw of narrow cones of random height along the near ridges.
            cones = (
                np.abs((np.arange(columns) / columns * (150 - 60 * depth) + draw.random() + 0.2 * line) % 1 - 0.5) * 2
            )
            heights = np.repeat(draw.random(columns // 5 + 1), 5)[:columns]
            top = top - (0.012 + 0.022 * depth) * gaussian_filter(heights, 2) * (1 - cones)
        land = np.clip((y - top) * rows / 1.5, 0, 1) * (y < HORIZON)
        relief = fractal_noise(draw, y.shape, 0.05 * rows, 0.7)
        lit = np.gradient(gaussian_filter(relief, 1.5), axis=1) * rows * 0.010
        colour = (1 - depth) * np.asarray(light.far) + depth * np.asarray(light.near)
        shading = 1 + (0.10 + 0.22 * depth) * np.clip(lit + 0.4 * relief, -1.6, 1.6)
        haze = np.clip((HORIZON - y) / 0.2, 0, 1)[..., None] * 0.25 + 0.75
        ridge = colour * shading[..., None] * haze + np.asarray(light.horizon) * (1 - haze) * (1 - 0.7 * depth)
        scene = blend(scene, ridge, land)
    return scene


def draw_lake(draw: np.random.Generator, light: Light, scene: np.ndarray, y: np.ndarray) -> np.ndarray:
    rows, columns = y.shape
    depth = np.clip((y - HORIZON) / (1 - HORIZON), 0, 1)
    ripple = fractal_noise(draw, y.shape, 0.012 * rows, 7) * (0.2 + depth) * 0.012
    mirror = np.clip(HORIZON - (y - HORIZON) * 0.9 + ripple, 0, HORIZON) * (rows - 1)
    sideways = np.broadcast_to(np.arange(columns), y.shape) + ripple * 120
    water = np.stack(
        [map_coordinates(scene[..., c], [mirror, sideways], order=1, mode="nearest") for c in range(3)], -1
    )
    water = water * (0.80 - 0.25 * depth[..., None]) + 0.06 * np.asarray(light.middle)
    scene = np.where((y >= HORIZON)[..., None], water, scene)
    shore = 1.02 - 0.16 * np.exp(-((np.linspace(0, 1, columns) - 0.05) ** 2) / 0.05)
    shore = shore - 0.02 * fractal_noise(draw, (1, columns), 0.03 * columns)[0]
    grass = fractal_noise(draw, y.shape, 0.020 * rows, 0.35)
    tufts = np.clip((y - shore + 0.012 * np.maximum(grass, 0)) * rows / 2, 0, 1)
    return blend(scene, np.asarray(light.grass) * (0.75 + 0.28 * np.clip(grass, -1.5, 1.5))[..., None], tufts)


def draw_landscape(light: Light, seed: int = 1802) -> Image.Image:
    """The scene in one light; (HEIGHT, WIDTH), the same mountains for every light."""
    draw = np.random.default_rng(seed)
    rows, columns = HEIGHT * SUPERSAMPLING, WIDTH * SUPERSAMPLING
    y, x = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    scene = draw_sky(draw, light, y, x)
    scene = draw_ridges(draw, light, scene, y)
    scene = draw_lake(draw, light, scene, y)
    grain = 0.006 * draw.standard_normal(scene.shape)
    picture = Image.fromarray((np.clip(scene + grain, 0, 1) * 255 + 0.5).astype(np.uint8))
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    for name, light in LIGHTS.items():
        draw_landscape(light).save(Path(__file__).parent / f"{name}.jpg", quality=92)
