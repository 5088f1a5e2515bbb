"""Draws lines and bands over a common axis, as one drawing in the page's own ink."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from studio.drawn.theme import INK, LIVE, PAPER, QUIET, RULE

MOST_POINTS = 400
"""Points of a line; more cannot be seen."""
FIGURES = 6
"""Significant figures of a number that is sent to a browser."""
WIDTH, HEIGHT, MARGIN, FINER = 360, 240, 18, 2
"""Pixels of a picture of lines, and how many times finer it is drawn."""
COLOURS = LIVE, INK, QUIET, RULE
STEPS, REST = 28, 10
"""The number of pictures in which lines grow, and for which they rest."""
Span = tuple[float, float]


def curves(lines: Mapping[str, Sequence[Sequence[float]]], logarithmic: bool) -> list[dict[str, Any]]:
    """Draw lines and bands over a common axis, each with its name at its end."""
    drawn = []
    for name, rows in lines.items():
        points = [[float(number) for number in point] for point in zip(*rows, strict=True)]
        points = _thinned([point for point in points if _is_drawable(point, logarithmic)])
        if points:
            xs, *ys = ([float(f"{number:.{FIGURES}g}") for number in row] for row in zip(*points, strict=True))
            drawn.append({"name": name, "xs": xs, **dict(zip(("ys", "highs"), ys, strict=False))})
    return drawn


def _is_drawable(point: Sequence[float], logarithmic: bool) -> bool:
    return all(map(math.isfinite, point)) and (min(point[1:]) > 0 or not logarithmic)


def _thinned(points: list[list[float]]) -> list[list[float]]:
    stride = max(1, len(points) // MOST_POINTS)
    return points[::stride] + (points[-1:] if (len(points) - 1) % stride else [])


def growing(lines: Sequence[Mapping[str, Any]], logarithmic: bool) -> Iterator[NDArray[np.uint8]]:
    """Draw lines that race to their ends, (HEIGHT, WIDTH, 3) uint8, and rest there."""
    scaled = [(np.array(line["xs"]), (np.log if logarithmic else np.array)(line["ys"])) for line in lines]
    xs, ys = (np.concatenate(values) for values in zip(*scaled, strict=True))
    for step in range(1, STEPS + REST):
        reached = xs.min() + (xs.max() - xs.min()) * min(1, step / STEPS)
        yield _grown(scaled, reached, (xs.min(), xs.max()), (ys.min(), ys.max()))


def _grown(
    lines: Sequence[tuple[NDArray[Any], NDArray[Any]]], reached: float, across: Span, down: Span
) -> NDArray[np.uint8]:
    picture = Image.new("RGB", (FINER * WIDTH, FINER * HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    corner, edge = (FINER * MARGIN, FINER * MARGIN), (FINER * (WIDTH - MARGIN), FINER * (HEIGHT - MARGIN))
    pen.line([corner, (corner[0], edge[1]), edge], QUIET, FINER)
    for (xs, ys), colour in zip(lines, cycle(COLOURS)):
        shown = np.append(xs[xs < reached], reached)
        right = np.interp(shown, across, (corner[0], edge[0]))
        up = np.interp(np.interp(shown, xs, ys), down, (edge[1], corner[1]))
        points = list(zip(right.tolist(), up.tolist(), strict=True))
        pen.line(points, colour, 3 * FINER, "curve")
        x, y = points[-1]
        pen.circle((x, y), 5 * FINER, colour)
    return np.asarray(picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
