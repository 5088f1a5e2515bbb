"""Transfers between tasks and what they are worth (Taskonomy, Zamir et al., CVPR 2018, arXiv:1804.08328, section 3):
which to try, and how tasks resemble each other by them."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.taskonomy.hierarchy import shown

Objective = Literal["affinity", "gain", "quality"]
Floats = NDArray[np.float64]
BEAM, FULL_ORDERS = 5, 4
"""The best sources of which all combinations are tried, and up to which order; beyond, only the best sources together
(section 3.2; the published orders above 4 have one transfer for a target)."""


class Transfer(NamedTuple):
    """A target learned from the codes of its sources, in few pictures; or, where it is its only source, by itself, in
    all of them.

    `affinity` is its share of the target's preferences (section 3.3). `gain` and `quality` are in how many of the test
    pictures it beats a network that learned the target from as few pictures, and one that was fully supervised.
    """

    target: str
    sources: tuple[str, ...]
    affinity: float
    gain: float
    quality: float

    @property
    def own(self) -> bool:
        """Whether it is the target's full supervision."""
        return self.sources == (self.target,)

    def worth(self, objective: Objective) -> float:
        return {"affinity": self.affinity, "gain": self.gain, "quality": self.quality}[objective]


def to_try(first_order: Mapping[str, float], order: int) -> list[tuple[str, ...]]:
    """The sources of the transfers of that order, 2 or more, that are worth training, best first, given what a single
    target's first-order transfers are worth by their source: the paper's beam search (section 3.2)."""
    ranked = sorted(first_order, key=lambda source: (-first_order[source], source))
    if order > FULL_ORDERS:
        return [tuple(ranked[:order])] if order <= len(ranked) else []
    return list(combinations(ranked[:BEAM], order))


def first_order(transfers: Collection[Transfer], objective: Objective) -> tuple[list[str], list[str], Floats]:
    """Targets, sources, and what the transfer from each source to each target is worth, `(targets, sources)`; not a
    number where there is none. A target's own place has its full supervision."""
    single = [transfer for transfer in transfers if len(transfer.sources) == 1]
    targets = list(dict.fromkeys(transfer.target for transfer in single))
    sources = list(dict.fromkeys(transfer.sources[0] for transfer in single))
    worth = np.full((len(targets), len(sources)), np.nan)
    for transfer in single:
        worth[targets.index(transfer.target), sources.index(transfer.sources[0])] = transfer.worth(objective)
    return targets, sources, worth


def similarity_tree(affinities: Floats) -> Floats:
    """The agglomerative clustering of sources by what they give to targets `(targets, sources)`, as scipy's linkage;
    an affinity p counts as exp(-20 p) (the paper's task similarity tree)."""
    from scipy.cluster import hierarchy

    return hierarchy.linkage(shown(affinities).T, "average", optimal_ordering=True)


def leaves(tree: Floats) -> Sequence[int]:
    """The order in which no branches of a tree cross."""
    from scipy.cluster import hierarchy

    return [int(leaf) for leaf in hierarchy.leaves_list(tree)]
