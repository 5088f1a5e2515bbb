"""The last step of FastPhotoStyle's published code (ECCV 2018, arXiv:1802.06474): locally affine colours, smoothed.

Every pixel gets the affine function of the content's colours that fits the picture best in the 3x3 pixels around it
(ridge 1e-3); the twelve coefficients are averaged over a window, weighed by distance and by likeness in the content,
and applied to the content: what remains of the picture is how colours change.
"""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.photo_stylization.multigrid import Workers
from engines.runtime.errors import InputError
from engines.runtime.kernels import kernel
from engines.runtime.progress import Progress

Array = NDArray[Any]

RIDGE = 1e-3  # as published
RADIUS = 15  # pixels, as published
EDGE = 0.1  # sigma of the root mean square colour difference, as published; the spatial sigma is a third of the radius
STRIP = 8  # rows a thread filters between two reports of progress


@kernel(nogil=True)
def _fit(content: Array, picture: Array, coefficients: Array, first: int, last: int) -> None:
    """coefficients (12, height, width): four for each colour of picture, fitted over 3x3 pixels of content."""
    height, width = content.shape[:2]
    functions = np.ones(4)
    for y in range(first, last):
        for x in range(width):
            normal = np.eye(4) * RIDGE
            right = np.zeros((4, 3))
            for near_y in range(max(y - 1, 0), min(y + 2, height)):
                for near_x in range(max(x - 1, 0), min(x + 2, width)):
                    functions[:3] = content[near_y, near_x]
                    for i in range(4):
                        for j in range(4):
                            normal[i, j] += functions[i] * functions[j]
                        for j in range(3):
                            right[i, j] += functions[i] * picture[near_y, near_x, j]
            # Gaussian elimination without pivots: the ridge keeps the matrix positive definite.
            for i in range(4):
                for below in range(i + 1, 4):
                    factor = normal[below, i] / normal[i, i]
                    for j in range(i, 4):
                        normal[below, j] -= factor * normal[i, j]
                    for j in range(3):
                        right[below, j] -= factor * right[i, j]
            for j in range(3):
                for i in range(3, -1, -1):
                    value = right[i, j]
                    for above in range(i + 1, 4):
                        value -= normal[i, above] * right[above, j]
                    right[i, j] = value / normal[i, i]
                    coefficients[4 * j + i, y, x] = right[i, j]


@kernel(nogil=True)
def _filter(guide: Array, coefficients: Array, radius: int, edge: float, out: Array, first: int, last: int) -> None:
    """out = guide (3, height, width) under its bilaterally averaged coefficients, on rows [first, last)."""
    height, width = guide.shape[1:]
    total = np.empty((13, width), np.float32)
    weight = np.empty(width, np.float32)
    scale = np.float32(1 / (3 * 2 * edge * edge * 1024))
    for y in range(first, last):
        total[:] = 0
        for near_y in range(max(y - radius, 0), min(y + radius + 1, height)):
            for dx in range(-radius, radius + 1):
                start, count = max(-dx, 0), width - abs(dx)
                if count <= 0:
                    continue
                spatial = np.float32(np.exp(-((near_y - y) ** 2 + dx * dx) / (2 * (radius / 3) ** 2)))
                red, near_red = guide[0, y, start:], guide[0, near_y, start + dx :]
                green, near_green = guide[1, y, start:], guide[1, near_y, start + dx :]
                blue, near_blue = guide[2, y, start:], guide[2, near_y, start + dx :]
                for x in range(count):
                    a, b, c = red[x] - near_red[x], green[x] - near_green[x], blue[x] - near_blue[x]
                    # exp(-t) as (1 - t / 1024)^1024: ten products, which the processor does for many pixels at once.
                    value = max(np.float32(1) - (a * a + b * b + c * c) * scale, np.float32(0))
                    for _ in range(10):
                        value *= value
                    weight[x] = value * spatial
                for i in range(12):
                    sums, values = total[i, start:], coefficients[i, near_y, start + dx :]
                    for x in range(count):
                        sums[x] += weight[x] * values[x]
                sums = total[12, start:]
                for x in range(count):
                    sums[x] += weight[x]
        for j in range(3):
            for x in range(width):
                value = total[4 * j + 3, x]
                for i in range(3):
                    value += total[4 * j + i, x] * guide[i, y, x]
                out[y, x, j] = value / total[12, x]


def post_filter(
    picture: Array, content: Array, radius: int = RADIUS, edge: float = EDGE
) -> Generator[Progress, None, Array]:
    """Filters a stylized picture along its content; returns float32 that may leave [0, 1] by a little.

    Both (height, width, 3) in [0, 1]; radius in pixels; edge in colour units.

    Raises InputError where sizes differ.
    """
    if picture.shape != content.shape or content.ndim != 3 or content.shape[2] != 3:
        raise InputError(
            f"The two pictures have shapes {picture.shape} and {content.shape}: give two RGB pictures of one size."
        )
    height = content.shape[0]
    colours = np.ascontiguousarray(content, np.float32)
    guide = np.ascontiguousarray(colours.transpose(2, 0, 1))
    coefficients = np.empty((12, *content.shape[:2]), np.float32)
    result = np.empty_like(colours)
    with Workers() as workers:
        workers.run(_fit, height, colours, np.ascontiguousarray(picture, np.float32), coefficients)
        for part in workers.scatter(_filter, height, STRIP, guide, coefficients, radius, edge, result):
            yield Progress(part, "smoothing colour changes")
    return result
