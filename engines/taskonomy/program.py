"""Which tasks to learn from scratch, and which from others: the boolean integer program of Taskonomy (Zamir et al.,
CVPR 2018, arXiv:1804.08328, section 3.4), and taxonomies drawn at random to compare with (section 4).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack

from engines.runtime.errors import InputError
from engines.taskonomy.affinities import Objective, Transfer

Floats = NDArray[np.float64]
CLOSE = 1e-9
"""Worths closer than this are equal."""


@dataclass(frozen=True)
class Setting:
    """What a taxonomy has to serve, but for the budget.

    `importance` of tasks that do not count 1, from 0 up; one of importance 0 is no target, though a source. A task that
    is `barred` is no source, not even its own; one that is `free` costs nothing. No transfer has more sources than
    `order`.
    """

    objective: Objective = "affinity"
    order: int = 2
    importance: tuple[tuple[str, float], ...] = ()
    barred: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset({"random"})


class Taxonomy(NamedTuple):
    """One transfer into each target; the tasks learned from scratch that they take, of no more than the budget; and the
    sum that was to be as large as possible."""

    transfers: tuple[Transfer, ...]
    supervised: tuple[str, ...]
    objective: float

    @property
    def gain(self) -> float:
        """The mean over the targets."""
        return sum(transfer.gain for transfer in self.transfers) / len(self.transfers)

    @property
    def quality(self) -> float:
        """The mean over the targets."""
        return sum(transfer.quality for transfer in self.transfers) / len(self.transfers)


class Scores(NamedTuple):
    """Mean gain and quality of taxonomies, `(taxonomies,)` each."""

    gain: Floats
    quality: Floats


class Entries(NamedTuple):
    """What is not zero in a matrix: rows, columns and values, equally many."""

    rows: Sequence[int]
    columns: Sequence[int]
    values: Sequence[float]

    def matrix(self, height: int, width: int) -> Any:
        return csr_array((np.array(self.values, float), (self.rows, self.columns)), (height, width))


def _ones(rows: Sequence[int], columns: Sequence[int]) -> Entries:
    return Entries(rows, columns, [1.0] * len(rows))


@dataclass(frozen=True)
class Program:
    """The program of some transfers and a setting, for any budget; `titles` are what an error calls the tasks.

    Raises:
        InputError: an importance is negative or no number, no target is left, or one that no transfer reaches.
    """

    transfers: Sequence[Transfer]
    setting: Setting = Setting()
    titles: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for task, weight in self.setting.importance:
            if not (math.isfinite(weight) and weight >= 0):
                raise InputError(f"Importance of {self._title(task)}: {weight} cannot be used; give a number from 0.")
        if not self.targets:
            raise InputError("No task has any importance, so there is no target; give at least one more than 0.")
        lacking = [target for target in self.targets if not any(edge.target == target for edge in self.edges)]
        if lacking:
            raise InputError(self._lacking(lacking))

    def solve(self, budget: int, without: Transfer | None = None) -> Taxonomy:
        """The best taxonomy with that many tasks learned from scratch at most, and `without` one transfer.

        Raises:
            InputError: there is none; the message says with which budget there is.
        """
        found = self._best(budget, without)
        if found is None:
            raise InputError(self._too_small(budget))
        return found

    def solve_as_printed(self, budget: int) -> Taxonomy:
        """As `solve`, in the paper's own form: every variable is boolean, and one constraint for each transfer has it
        take all of its sources.

        Raises:
            InputError: as `solve`.
        """
        takes = [(place, source) for place, edge in enumerate(self.edges) for source in self._needs(edge)]
        counts = [len(self._needs(edge)) for edge in self.edges]
        taking = Entries(list(range(len(counts))), list(range(len(counts))), counts)
        having = _ones([place for place, _ in takes], [self.sources.index(source) for _, source in takes])
        found = self._optimum(self.edges, taking, having, budget, integral=True)
        if found is None:
            raise InputError(self._too_small(budget))
        return self._served(found, self.edges)

    def runner_up(self, taxonomy: Taxonomy, transfer: Transfer) -> Transfer | None:
        """The next best transfer into the same target from what the taxonomy learned from scratch."""
        has = self.setting.free | set(taxonomy.supervised)
        others = [edge for edge in self.edges if edge.target == transfer.target and edge != transfer]
        return max((edge for edge in others if has.issuperset(edge.sources)), key=self._worth, default=None)

    def price(self, budget: int, taxonomy: Taxonomy, transfer: Transfer) -> float | None:
        """How much the best taxonomy of that budget loses without the transfer; None if there is none without it."""
        second = self.runner_up(taxonomy, transfer)
        if second is not None and self._worth(transfer) - self._worth(second) < CLOSE:
            return 0.0
        rest = self._best(budget, transfer)
        return None if rest is None else max(0.0, taxonomy.objective - rest.objective)

    def sample(self, budget: int, count: int, seed: int) -> Scores:
        """Feasible taxonomies drawn at random: so many sources, and for each target any of the transfers that these
        allow. Those in which a target has none are left out."""
        generator = np.random.default_rng(seed)
        needs = np.array([[source in edge.sources for source in self.sources] for edge in self.edges], np.float32)
        has = np.zeros((count, len(self.sources)), np.float32)
        order = generator.random(has.shape).argsort(1)
        np.put_along_axis(has, order[:, :budget], 1, axis=1)
        allowed = has @ needs.T > needs.sum(1) - 0.5
        drawn = np.where(allowed, generator.random(allowed.shape, np.float32), -1)
        names = np.array([edge.target for edge in self.edges])
        into = [np.flatnonzero(names == target) for target in self.targets]
        feasible = np.stack([allowed[:, places].any(1) for places in into], 1).all(1)
        chosen = np.stack([places[drawn[feasible][:, places].argmax(1)] for places in into], 1)
        gain, quality = (np.array([getattr(edge, name) for edge in self.edges]) for name in Scores._fields)
        return Scores(gain[chosen].mean(1), quality[chosen].mean(1))

    def least_budget(self) -> int:
        """The smallest budget with which there is a taxonomy."""
        return next(budget for budget in range(len(self.sources) + 1) if self._best(budget) is not None)

    @cached_property
    def importance(self) -> Mapping[str, float]:
        return dict(self.setting.importance)

    @cached_property
    def targets(self) -> list[str]:
        """In the order of the transfers."""
        every = dict.fromkeys(transfer.target for transfer in self.transfers)
        return [target for target in every if self.importance.get(target, 1) > 0]

    @cached_property
    def edges(self) -> list[Transfer]:
        """The transfers that the setting allows."""
        targets = set(self.targets)
        return [
            transfer
            for transfer in self.transfers
            if transfer.target in targets
            and len(transfer.sources) <= self.setting.order
            and self.setting.barred.isdisjoint(transfer.sources)
        ]

    @cached_property
    def sources(self) -> list[str]:
        """What has a price, of the sources of the transfers that the setting allows."""
        every = dict.fromkeys(source for edge in self.edges for source in edge.sources)
        return [source for source in every if source not in self.setting.free]

    def _title(self, task: str) -> str:
        return self.titles.get(task, task)

    def _worth(self, edge: Transfer) -> float:
        return self.importance.get(edge.target, 1) * edge.worth(self.setting.objective)

    def _needs(self, edge: Transfer) -> list[str]:
        """What it takes of the sources that have a price."""
        return [source for source in edge.sources if source not in self.setting.free]

    @cached_property
    def _preferred(self) -> Mapping[str, list[Transfer]]:
        """Into each target, the transfers but those to which another is preferred whenever they are possible."""
        return {
            target: self._undominated(edge for edge in self.edges if edge.target == target) for target in self.targets
        }

    def _undominated(self, edges: Iterable[Transfer]) -> list[Transfer]:
        kept: list[tuple[Transfer, set[str]]] = []
        for edge in sorted(edges, key=lambda edge: (-edge.worth(self.setting.objective), len(edge.sources))):
            needs = set(self._needs(edge))
            if not any(fewer <= needs for _, fewer in kept):
                kept.append((edge, needs))
        return [edge for edge, _ in kept]

    def _best(self, budget: int, without: Transfer | None = None) -> Taxonomy | None:
        """What `solve` finds, in a tighter form than the paper's: of what a target's transfers take of a source, which
        is one at most, the sum is bounded; that they are whole numbers need not be asked then."""
        groups = dict(self._preferred)
        if without is not None:
            others = (edge for edge in self.edges if edge.target == without.target and edge != without)
            groups[without.target] = self._undominated(others)
        edges = [edge for group in groups.values() for edge in group]
        takes = [(edge.target, source, place) for place, edge in enumerate(edges) for source in self._needs(edge)]
        rows = {pair: row for row, pair in enumerate(dict.fromkeys((target, source) for target, source, _ in takes))}
        taking = _ones([rows[target, source] for target, source, _ in takes], [place for *_, place in takes])
        having = _ones(list(rows.values()), [self.sources.index(source) for _, source in rows])
        found = self._optimum(edges, taking, having, budget, integral=False)
        return None if found is None else self._served(found, edges)

    def _optimum(
        self, edges: Sequence[Transfer], taking: Entries, having: Entries, budget: int, integral: bool
    ) -> set[str] | None:
        """The sources of the best solution under `taking` transfers <= `having` sources; None if there is none."""
        rows, sources = max(taking.rows, default=-1) + 1, len(self.sources)
        constraints = [
            LinearConstraint(
                hstack([-having.matrix(rows, sources), taking.matrix(rows, len(edges))]).tocsr(),
                -np.inf,
                np.zeros(rows),
            )
        ]
        into = _ones(
            [self.targets.index(edge.target) for edge in edges], [sources + place for place in range(len(edges))]
        )
        constraints.append(LinearConstraint(into.matrix(len(self.targets), sources + len(edges)), 1, 1))
        price = np.concatenate([np.ones(sources), np.zeros(len(edges))])
        constraints.append(LinearConstraint(price[None], 0, budget))
        solution = milp(
            np.concatenate([np.zeros(sources), [-self._worth(edge) for edge in edges]]),
            integrality=np.maximum(price, integral),
            bounds=Bounds(0, 1),
            constraints=constraints,
            options={"mip_rel_gap": 0},
        )
        if solution.x is None:
            return None
        return {source for source, value in zip(self.sources, solution.x, strict=False) if value > 0.5}

    def _served(self, found: set[str], edges: Sequence[Transfer]) -> Taxonomy:
        """The taxonomy of the best of the transfers from those sources, of equal ones the first."""
        has = self.setting.free | found
        best: dict[str, Transfer] = {}
        for edge in edges:
            known = best.get(edge.target)
            if has.issuperset(edge.sources) and (known is None or self._worth(edge) > self._worth(known)):
                best[edge.target] = edge
        chosen = tuple(best[target] for target in self.targets)
        used = {source for edge in chosen for source in edge.sources}
        supervised = tuple(source for source in self.sources if source in used)
        return Taxonomy(chosen, supervised, sum(self._worth(edge) for edge in chosen))

    def _too_small(self, budget: int) -> str:
        least = self.least_budget()
        return (
            f"A budget of {budget} is too small: the targets need at least {least} "
            f"{'task' if least == 1 else 'tasks'} learned from scratch. Set the budget to {least}, or allow a source "
            "that costs nothing."
        )

    def _lacking(self, targets: Sequence[str]) -> str:
        """Why some targets cannot be had, and the one change after which they can."""
        if not self.edges:
            free = next(iter(_of(self.transfers, self.setting.free)), None)
            offer = f" {self._title(free)}, which costs nothing," if free else f" {self._title(targets[0])} as a source"
            return f"No source is allowed, so there is nothing to learn the targets from. Allow{offer} to go on."
        names = ", ".join(self._title(target) for target in targets)
        helping = [source for source in _of(self.transfers, self.setting.barred) if self._helps(source, targets)]
        offer = f"Allow {self._title(helping[0])} as a source" if helping else "Allow more sources"
        return f"No allowed source leads to {names}. {offer}, or leave out what cannot be had: give it no importance."

    def _helps(self, source: str, targets: Sequence[str]) -> bool:
        """Whether all of these targets could be had if that source were allowed."""
        barred = self.setting.barred - {source}
        return all(
            any(edge.target == target and barred.isdisjoint(edge.sources) for edge in self.transfers)
            for target in targets
        )


def _of(transfers: Sequence[Transfer], tasks: frozenset[str]) -> Iterator[str]:
    """Those of the tasks that are sources, in the order of the transfers."""
    return iter(dict.fromkeys(source for edge in transfers for source in edge.sources if source in tasks))
