"""Label maps to start with: drives through three streets, and what may be painted on the first frame."""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import numpy as np
from PIL import Image, ImageDraw

from pages.examples import png
from pages.vid2vid.course import HEIGHT, WIDTH, Course

PALETTE = {
    "sky": (128, 128, 128),
    "building": (128, 0, 0),
    "pole": (192, 192, 128),
    "road": (128, 64, 128),
    "pavement": (60, 40, 222),
    "tree": (128, 128, 0),
    "sign": (192, 128, 128),
    "fence": (64, 64, 128),
    "car": (64, 0, 128),
    "pedestrian": (64, 64, 0),
    "cyclist": (0, 128, 192),
}
"""As in engines/vid2vid/labels.py, whose import would bring OpenCV; void, black, is not painted."""
EXAMPLE_FRAMES = 30
GIF_MILLISECONDS = 70
"""Of a frame; the format counts hundredths of a second."""


@cache
def _street(seed: int, begin: float) -> bytes:
    """A GIF of labels, whose colours stay what they are."""
    course = Course(seed, "forward", begin, None)
    palette = np.concatenate([np.array(list(PALETTE.values()), np.uint8), np.zeros((245, 3), np.uint8)])
    frames = []
    for place in range(EXAMPLE_FRAMES):
        frames.append(Image.fromarray(course.labels(place), "P"))
        frames[-1].putpalette(palette.tobytes())
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=GIF_MILLISECONDS, disposal=1)
    return file.getvalue()


def _mark(shapes: Sequence[tuple[str, tuple[float, float, float, float]]]) -> bytes:
    """Ellipses painted with labels: the middle's x and y, half the width and height, as shares of the picture's."""
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    for label, (x, y, across, down) in shapes:
        corners = [(x - across) * WIDTH, (y - down) * HEIGHT, (x + across) * WIDTH, (y + down) * HEIGHT]
        ImageDraw.Draw(picture).ellipse(corners, fill=PALETTE[label])
    return png(np.array(picture))


CLIPS: Mapping[str, Callable[[], bytes]] = {
    "street": partial(_street, 0, 0),
    "park": partial(_street, 5, 6),
    "bend": partial(_street, 11, 10),
}
MARKS: Mapping[str, Callable[[], bytes]] = {
    "a tree on the right": partial(
        _mark,
        [
            ("tree", (0.75, 0.36, 0.09, 0.14)),
            ("tree", (0.69, 0.43, 0.07, 0.11)),
            ("tree", (0.81, 0.44, 0.06, 0.1)),
            ("tree", (0.75, 0.6, 0.015, 0.12)),
        ],
    ),
    "a car ahead": partial(_mark, [("car", (0.52, 0.62, 0.1, 0.07)), ("car", (0.52, 0.56, 0.07, 0.06))]),
}
