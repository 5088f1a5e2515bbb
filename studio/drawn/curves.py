"""Draws lines and bands over a common axis, as one drawing in the page's own ink."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

MOST_POINTS = 400
"""Points of a line; more cannot be seen."""
FIGURES = 6
"""Significant figures of a number that is sent to a browser."""


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
