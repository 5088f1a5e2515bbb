"""Heat maps, with a tree over their columns, as SVG in the page's colours."""

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from pages._hypergraphs import COLOURS

CELL, LABEL, TREE, MARGIN = 28, 152, 84, 8
"""Pixels: a cell's side; the room for labels, for a tree, and at the right and below."""
LARGE = 64
"""A cell's side where its number stands in it."""
LEAST_WIDTH = 600
"""Pixels under which a plate is scrolled rather than made smaller."""
FAINTEST = 3
"""Per cent of ink in the faintest cell."""


class Label(NamedTuple):
    """`family` is the number of its colour, or none."""

    text: str
    family: int | None = None


def heat_map(
    title: str,
    rows: Sequence[Label],
    columns: Sequence[Label],
    values: np.ndarray,
    levels: np.ndarray,
    tree: Any = None,
    numbered: bool = False,
) -> str:
    """Numbers `(rows, columns)` as cells whose `levels`, from 0 to 1, are how dark they are; a place without a number
    is empty. `tree` is scipy's linkage of the columns, which stand in the order of its leaves; `numbered` cells are
    large and show their number."""
    side = LARGE if numbered else CELL
    top = LABEL + (TREE if tree is not None else 0)
    width, height = LABEL + side * len(columns) + MARGIN, top + side * len(rows) + MARGIN
    parts = [] if tree is None else [_tree(tree, side)]
    for number, column in enumerate(columns):
        x = LABEL + side * (number + 0.5)
        parts.append(f'<g transform="translate({x} {top - 6}) rotate(-90)">{_label(column, "start")}</g>')
    for number, row in enumerate(rows):
        y = top + side * (number + 0.5)
        parts.append(f'<g transform="translate({LABEL - 6} {y})">{_label(row, "end")}</g>')
    for (down, across), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        x, y = LABEL + side * across, top + side * down
        share = FAINTEST + (100 - FAINTEST) * float(np.clip(levels[down, across], 0, 1))
        words = f"{rows[down].text}, {columns[across].text}: {value:.3f}"
        size = f'width="{side - 1}" height="{side - 1}"'
        parts.append(
            f'<rect x="{x}" y="{y}" {size} style="--share: {share:.0f}%"><title>{escape(words)}</title></rect>'
        )
        if numbered:
            ink = "var(--paper)" if share > 55 else "var(--ink)"
            place = f'x="{x + side / 2}" y="{y + side / 2 + 4}"'
            parts.append(f'<text {place} text-anchor="middle" style="fill: {ink}">{value:.3g}</text>')
    size = f"width: {width}px; min-width: {min(width, LEAST_WIDTH)}px"
    label = f'aria-label="{escape(title)}"'
    return (
        f'<div class="studio-plate" tabindex="0" role="region" {label}>'
        f'<svg viewBox="0 0 {width} {height}" style="{size}" role="img" {label}>{"".join(parts)}</svg></div>'
    )


def _label(label: Label, anchor: str) -> str:
    beside = 0 if label.family is None else 11 if anchor == "start" else -11
    light, dark = COLOURS[label.family or 0]
    mark = f'<circle cx="{beside / 2}" r="3.5" style="fill: light-dark({light}, {dark})"/>' if beside else ""
    return f'{mark}<text x="{beside}" y="4.5" text-anchor="{anchor}">{escape(label.text)}</text>'


def _tree(tree: Any, side: int) -> str:
    """The branches over the columns, as high as they are far apart."""
    from scipy.cluster import hierarchy

    drawn = hierarchy.dendrogram(tree, no_plot=True)
    highest = max(max(heights) for heights in drawn["dcoord"])
    branches = []
    for places, heights in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        points = (
            f"{LABEL + place / 10 * side:.1f},{TREE - 4 - height / highest * (TREE - 8):.1f}"
            for place, height in zip(places, heights, strict=True)
        )
        branches.append(f'<polyline points="{" ".join(points)}"/>')
    return "".join(branches)
