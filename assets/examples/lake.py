"""Make the example clip of this folder: a slow pan over the lake at noon, whose water moves.

python -m assets.examples.lake
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.ndimage import map_coordinates

from assets.examples.landscape import HEIGHT, HORIZON, LIGHTS, WIDTH, draw_landscape
from engines.runtime.video import Recording

FRAMES = 72
RATE = Fraction(24)
SIZE = (320, 480)
ZOOM = 0.75
"""Share of the scene's height that is seen."""


def draw_frame(scene: np.ndarray, time: float) -> np.ndarray:
    """(320, 480, 3) uint8; `time` goes from 0 to 1 and the view from the left of the scene to its right."""
    rows, columns = np.meshgrid(*(np.linspace(0, 1, size) for size in SIZE), indexing="ij")
    aspect = SIZE[1] / SIZE[0] * HEIGHT / WIDTH
    pan = (1 - np.cos(np.pi * time)) / 2
    y = (0.2 + ZOOM * rows) * (HEIGHT - 1)
    x = (pan * (1 - ZOOM * aspect) + ZOOM * aspect * columns) * (WIDTH - 1)
    depth = np.clip(y / HEIGHT - HORIZON, 0, None)
    for length, speed, slant in ((0.016, 5, 1.0), (0.027, -4, -2.0), (0.041, 3, 4.0)):
        phase = 2 * np.pi * (np.sqrt(depth) * 0.4 / length + slant * x / WIDTH * 4 - speed * time)
        y = y + 6 * depth * np.sin(phase)
    frame = np.stack([map_coordinates(scene[..., colour], [y, x], order=3, mode="nearest") for colour in range(3)], -1)
    return (frame.clip(0, 255) + 0.5).astype(np.uint8)


if __name__ == "__main__":
    scene = np.asarray(draw_landscape(LIGHTS["noon"]), np.float32)
    with Recording(RATE) as recording:
        for place in range(FRAMES):
            recording.add(draw_frame(scene, place / (FRAMES - 1)))
    (Path(__file__).parent / "lake.mp4").write_bytes(recording.content)
