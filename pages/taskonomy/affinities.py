"""How tasks resemble each other."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.taskonomy.affinities import first_order, leaves, similarity_tree
from engines.taskonomy.hierarchy import shown
from engines.taskonomy.published import TASKS
from pages.taskonomy.tables import NUMBERS, OURS, SIZE
from pages.taskonomy.words import label_of, listed
from studio.declared import Experiment
from studio.drawn.heat_maps import heat_map
from studio.kinds import Choice, Notices, Plate

if TYPE_CHECKING:
    from engines.taskonomy import engine
    from engines.taskonomy.affinities import Objective
else:
    engine = lazy.load("engines.taskonomy.engine")

BEFORE = {"gain": "Gain", "quality": "Quality"}
SHADES = {
    "gain": "Gain: in which share of pictures the transfer beats a network that learned from as few",
    "quality": "Quality: in which share of pictures the transfer beats full supervision",
}

AFTER = "After the hierarchy process: 1 - exp(-20 p)"
LEAST_WINS = 0.05
"""A row whose best share of wins is below looks blank."""


def run(size: str, before: "Objective", order: str) -> Iterator[Any]:
    transfers = engine.TABLES[size]()
    targets, sources, preferred = first_order(transfers, "affinity")
    _, _, won = first_order(transfers, before)
    tree = similarity_tree(preferred)
    if order == "tree":
        columns = list(leaves(tree))
    else:
        columns = sorted(range(len(sources)), key=lambda column: list(TASKS).index(sources[column]))
    rows = sorted(range(len(targets)), key=lambda row: columns.index(sources.index(targets[row])))
    labels = [label_of(targets[row]) for row in rows], [label_of(sources[column]) for column in columns]
    shown_tree = tree if order == "tree" else None
    chosen = np.ix_(rows, columns)
    wins, after = won[chosen], 1 - shown(preferred)[chosen]
    yield {
        "before": heat_map(SHADES[before], *labels, wins, wins, shown_tree),
        "after": heat_map(AFTER, *labels, after, after, shown_tree),
        "words": _blank([targets[row] for row in rows], [sources[column] for column in columns], wins, before),
    }


def _blank(targets: Sequence[str], sources: Sequence[str], wins: np.ndarray, before: "Objective") -> dict[str, str]:
    """Name the rows that look blank before the hierarchy process."""
    others = np.where(np.array(targets)[:, None] == np.array(sources)[None], np.nan, wins)
    blank = [TASKS[target].title for target, row in zip(targets, others, strict=True) if np.nanmax(row) < LEAST_WINS]
    if not blank:
        return {}
    rival = {"gain": "a network that learned from as few", "quality": "full supervision"}[before]
    return {
        "blank": f"Rows that look blank: {listed(blank)}. They are no gaps: no other task's network beats {rival} "
        f"there in {LEAST_WINS:.0%} of pictures."
    }


EXPERIMENT = Experiment(
    name="affinities",
    title="Affinities",
    live=True,
    controls={
        "size": SIZE,
        "before": Choice("Before", BEFORE, "gain", group="Shown", help="Over which of two rivals."),
        "order": Choice("Sorted", {"tree": "By similarity", "family": "By family"}, "tree", group="Shown"),
    },
    outputs={
        "before": Plate(
            "Shares of wins: each row a target, each column its source",
            help=f"The stronger its colour, the better. {NUMBERS}",
        ),
        "after": Plate(
            "Affinities after the hierarchy process, as 1 - exp(-20 p)",
            help="The stronger its colour and the larger its number, the better; the paper prints exp(-20 p). Where a "
            "task meets itself it is fully supervised. "
            "Sources with like columns are neighbours in the tree.",
        ),
        "words": Notices("Seen"),
    },
    presets={
        "Base": {},
        "1,000 pictures": {"size": "1k"},
        "16,000 pictures": {"size": "16k"},
        "Over full supervision": {"before": "quality"},
        "Our small world": {"size": OURS},
    },
    notes=(
        "Losses of different tasks cannot be compared; shares of pictures won can, and sources ranked by them.",
        "Before: wins over either of two rivals. The tournaments between all sources, of which the affinities "
        "are made, are not published; ours are, under Small world.",
        "Try: by family, and look for the squares of 3D and of 2D tasks.",
    ),
    run=run,
)
