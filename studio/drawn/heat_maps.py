"""Draws heat maps, with a tree over their columns, as SVG in the page's colours."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.drawn.template import rendered

CELL, LABEL, TREE, MARGIN = 28, 152, 84, 8
"""Pixels: a cell's side, and the room for labels, for a tree, and at the right and below."""
LARGE = 64
"""Pixels: a cell's side if its number stands in it."""
DARK = 55
"""The percentage of ink above which a cell's number is written in the paper's colour."""
FAINTEST = 3
"""The percentage of ink in the faintest cell."""


class Label(NamedTuple):
    """Labels a row or a column; `family` is the number of its colour, or None."""

    text: str
    family: int | None = None


def heat_map(
    title: str,
    rows: Sequence[Label],
    columns: Sequence[Label],
    values: NDArray[np.float64],
    levels: NDArray[np.float64],
    tree: Any = None,
    numbered: bool = False,
) -> str:
    """Draw numbers `(rows, columns)` as cells whose `levels`, from 0 to 1, say how dark they are.

    A place without a number is empty. `tree` is scipy's linkage of the columns, which stand in the order of its leaves;
    `numbered` cells are large and show their number.
    """
    side = LARGE if numbered else CELL
    top = LABEL + (TREE if tree is not None else 0)
    width, height = LABEL + side * len(columns) + MARGIN, top + side * len(rows) + MARGIN
    cells = [
        {
            "x": LABEL + side * across,
            "y": top + side * down,
            "value": value,
            "share": FAINTEST + (100 - FAINTEST) * float(np.clip(levels[down, across], 0, 1)),
            "words": f"{rows[down].text}, {columns[across].text}: {value:.3f}",
        }
        for (down, across), value in np.ndenumerate(values)
        if not np.isnan(value)
    ]
    return rendered(
        "heat_map.svg",
        title=title,
        width=width,
        height=height,
        side=side,
        numbered=numbered,
        dark=DARK,
        branches=[] if tree is None else _branches(tree, side),
        columns=[(LABEL + side * (n + 0.5), top - 6, _named(each, "start", 11)) for n, each in enumerate(columns)],
        rows=[(LABEL - 6, top + side * (n + 0.5), _named(each, "end", -11)) for n, each in enumerate(rows)],
        cells=cells,
    )


def _named(label: Label, anchor: str, beside: int) -> tuple[str, str, int, int | None]:
    """Return a label's text, its anchor, and its distance to the mark in its family's colour, if it has one."""
    return label.text, anchor, 0 if label.family is None else beside, label.family


def _branches(tree: Any, side: int) -> list[str]:
    """Draw the branches over the columns, as high as they are far apart."""
    from scipy.cluster import hierarchy

    drawn = hierarchy.dendrogram(tree, no_plot=True)
    highest = max(max(heights) for heights in drawn["dcoord"])
    return [
        " ".join(
            f"{LABEL + place / 10 * side:.1f},{TREE - 4 - height / highest * (TREE - 8):.1f}"
            for place, height in zip(places, heights, strict=True)
        )
        for places, heights in zip(drawn["icoord"], drawn["dcoord"], strict=True)
    ]
