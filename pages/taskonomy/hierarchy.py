"""How shares of wins become affinities."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from engines.taskonomy import hierarchy
from engines.taskonomy.bundled_figures import NAMES, figures, tournament
from pages.taskonomy.arguments import with_arguments
from studio.declared import Experiment
from studio.drawn.heat_maps import Label, heat_map
from studio.kinds import Notices, Number, Plate, Table

RIVALS = {"autoencoding": "Autoencoding", "edges": "2D edges", "normals": "Surface normals", "reshading": "Reshading"}
MEASURED_RIVALS = {
    "autoencoding": "autoencoder",
    "edges": "edge2d",
    "normals": "rgb2sfnorm",
    "reshading": "reshade",
}
LEAST, MOST = hierarchy.CLIPPED
PAIRS = {f"{row}_over_{column}": (row, column) for row, column in combinations(RIVALS, 2)}


def run(**wins: float) -> Iterator[Any]:
    shares = np.full((len(RIVALS), len(RIVALS)), 0.5)
    for name, pair in PAIRS.items():
        row, column = map(list(RIVALS).index, pair)
        shares[row, column], shares[column, row] = wins[name], 1 - wins[name]
    ratios = hierarchy.ratios(shares)
    priorities = hierarchy.priorities(shares)
    apart = hierarchy.inconsistency(shares)
    titles = list(RIVALS.values())
    labels = [Label(title) for title in titles]
    ranked = np.argsort(-priorities)
    yield {
        "priorities": {
            titles[place]: {
                "affinity p": float(priorities[place]),
                "exp(-20 p)": float(hierarchy.shown(priorities)[place]),
                "mean share of wins": float((shares[place].sum() - 0.5) / (len(RIVALS) - 1)),
            }
            for place in ranked
        },
        "words": {
            "seen": f"Inconsistency {apart:.3f}: "
            + ("these shares agree with one another." if apart < 0.1 else "no ranking explains all of these shares.")
        },
        "shares": heat_map(
            "Share of pictures in which the row's source beats the column's",
            labels,
            labels,
            shares,
            shares,
            numbered=True,
        ),
        "ratios": heat_map(
            "How many times more often it wins than it loses",
            labels,
            labels,
            ratios,
            shares,
            numbered=True,
        ),
    }


def _measured_wins(target: str) -> dict[str, float]:
    """The shares of wins of the hierarchy process's four sources in the small world, as its controls take them."""
    sources, shares = tournament(figures(), target)
    place = {NAMES[source]: number for number, source in enumerate(sources)}
    return {
        pair: round(float(shares[place[MEASURED_RIVALS[row]], place[MEASURED_RIVALS[column]]]), 2)
        for pair, (row, column) in PAIRS.items()
    }


EXPERIMENT = Experiment(
    name="hierarchy",
    title="The hierarchy process",
    live=True,
    controls={
        name: Number(
            f"than {RIVALS[worse]}",
            0,
            1,
            default,
            0.01,
            group=f"{RIVALS[better]}: better in this share of pictures",
        )
        for (name, (better, worse)), default in zip(PAIRS.items(), (0.4, 0.12, 0.06, 0.2, 0.1, 0.35), strict=True)
    },
    outputs={
        "priorities": Table("Affinities to depth"),
        "words": Notices("Seen"),
        "shares": Plate("W: in which share of pictures a row's source wins"),
        "ratios": Plate("W' = W / Wᵀ: how many times as often as it loses"),
    },
    presets={
        "Four sources for depth": {},
        "One never loses": dict(zip(PAIRS, (0.4, 0.3, 0.0, 0.4, 0.0, 0.0), strict=True)),
        "Measured in our small world": _measured_wins("depth"),
        "Round in a circle": dict(zip(PAIRS, (0.9, 0.5, 0.1, 0.9, 0.5, 0.9), strict=True)),
        "All alike": dict.fromkeys(PAIRS, 0.5),
    },
    notes=(
        "Shares are invented unless measured; affinities are the principal eigenvector of W', and sum to 1.",
        f"Shares are held between {LEAST:g} and {MOST:g}: a source that never loses would else be infinitely better.",
        "Try: one that never loses takes all; shares that go round in a circle make all alike.",
    ),
    run=with_arguments(run, list(PAIRS)),
)
