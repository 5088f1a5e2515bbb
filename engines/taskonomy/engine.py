"""Taxonomies of the published tables and of the small world (Taskonomy, Zamir et al., CVPR 2018, arXiv:1804.08328),
remembered once found."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache, partial
from typing import NamedTuple

import numpy as np

from engines.taskonomy import bundled_figures, published
from engines.taskonomy.affinities import Transfer
from engines.taskonomy.program import Program, Setting, Taxonomy
from engines.taskonomy.published import SIZES, TASKS

SLUG = "taskonomy"
CHECKPOINTS = (bundled_figures.NAME,)
RANDOM_TAXONOMIES, BAND = 1000, (5, 95)
"""How many are drawn for each budget, and the percentiles between which most of them are."""
SEED = 0
TITLES = {name: task.title for name, task in TASKS.items()}
SMALL_WORLD = "ours"
SURE = "base without doubtful"
TABLES: Mapping[str, Callable[[], tuple[Transfer, ...]]] = {
    **{size: partial(published.transfers, size) for size in SIZES},
    SURE: partial(published.sure, "base"),
    SMALL_WORLD: cache(bundled_figures.renamed),
}
"""What gives the transfers of each table; its tasks are among TASKS."""


class Band(NamedTuple):
    """Between which two values the mean gain and quality of most random taxonomies of a budget are."""

    gain: tuple[float, float]
    quality: tuple[float, float]


@lru_cache(maxsize=64)
def program(table: str, setting: Setting) -> Program:
    """
    Raises:
        InputError: as Program.
    """
    return Program(TABLES[table](), setting, TITLES)


@lru_cache(maxsize=4096)
def taxonomy(table: str, setting: Setting, budget: int) -> Taxonomy:
    """
    Raises:
        InputError: as Program.solve.
    """
    return program(table, setting).solve(budget)


@lru_cache(maxsize=4096)
def band(table: str, setting: Setting, budget: int) -> Band | None:
    """Of random feasible taxonomies; None where none was drawn."""
    scores = program(table, setting).sample(budget, RANDOM_TAXONOMIES, SEED)
    if not scores.gain.size:
        return None
    low, high = np.percentile(np.stack(scores), BAND, axis=1)
    return Band((float(low[0]), float(high[0])), (float(low[1]), float(high[1])))


@lru_cache(maxsize=4096)
def runner_up(table: str, setting: Setting, budget: int, transfer: Transfer) -> Transfer | None:
    """The next best transfer into the same target from what the best taxonomy learned from scratch."""
    return program(table, setting).runner_up(taxonomy(table, setting, budget), transfer)


@lru_cache(maxsize=4096)
def price(table: str, setting: Setting, budget: int, transfer: Transfer) -> float | None:
    """What the best taxonomy of the budget loses without the transfer, of its objective; None if there is none then."""
    return program(table, setting).price(budget, taxonomy(table, setting, budget), transfer)


def sweep(table: str, setting: Setting) -> Iterator[tuple[int, Taxonomy, Band | None]]:
    """Every budget for which there is a taxonomy, from the smallest on, with its best one and the random ones' band."""
    solved = program(table, setting)
    for budget in range(solved.least_budget(), len(solved.sources) + 1):
        yield budget, taxonomy(table, setting, budget), band(table, setting, budget)


def warm() -> None:
    """Load the solver, and remember what a visitor finds first."""
    for _ in sweep(SURE, Setting()):
        pass
