"""How well the small world's taxonomies do in rooms on which nothing was computed, and what its tasks have in common
with the paper's (arXiv:1804.08328, section 4).

    python -m engines.taskonomy.quality

Taxonomies are solved from what was measured, and scored by what the same transfers are worth in other rooms: beside all
others at budgets 1 and 2, and beside 1,000 random feasible ones at every budget. The task networks are measured in
other rooms. --trained names a folder that the trainer wrote; without it, what is bundled is read.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple, get_args

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from torch import Tensor
from torch.nn import functional

from engines.runtime.checkpoints import BUNDLED, Quality
from engines.taskonomy.affinities import Floats, Objective, Transfer, first_order, leaves
from engines.taskonomy.bundled_figures import FIGURES, NAME, transfers
from engines.taskonomy.program import Program, Setting
from engines.taskonomy.rendered_rooms import FIRST, rendered
from engines.taskonomy.task_networks import SmallWorld
from engines.taskonomy.tasks import TASKS, Task, given, losses, wanted

ENUMERATED = (1, 2)
"""Budgets."""
RANDOM = 1000
KINDS = ("2D", "3D", "semantic")


class Standing(NamedTuple):
    """A taxonomy in rooms on which it was not computed: its `worth`, its `place` among `others` of which the best is
    worth `best`; random ones have less, in that share of cases."""

    supervised: tuple[str, ...]
    worth: float
    above_random: float
    place: int | None = None
    others: int | None = None
    best: float | None = None


def standing(figures: dict[str, Any], objective: Objective, budget: int) -> Standing:
    """How the program's taxonomy of that budget does."""
    measured = transfers(figures, "measured")
    tested = {(each.target, each.sources): each.worth(objective) for each in transfers(figures, "tested")}
    program = Program(measured, Setting(objective))
    solved = program.solve(budget)
    worth = _worth(solved.transfers, tested)
    above = float((_random(program, budget, tested) < worth).mean())
    if budget not in ENUMERATED:
        return Standing(solved.supervised, worth, above)
    others = [_worth(_served(program, some), tested) for some in combinations(program.sources, budget)]
    place = 1 + sum(other > worth + 1e-9 for other in others)
    return Standing(solved.supervised, worth, above, place, len(others), max(others))


Tested = dict[tuple[str, tuple[str, ...]], float]


def _worth(chosen: Sequence[Transfer], tested: Tested) -> float:
    return sum(tested[each.target, each.sources] for each in chosen)


def _served(program: Program, sources: Sequence[str]) -> list[Transfer]:
    """For each target, the transfer from some of these sources that measures best."""
    allowed = [edge for edge in program.edges if set(edge.sources) <= set(sources)]
    objective = program.setting.objective
    into = [[edge for edge in allowed if edge.target == target] for target in program.targets]
    return [max(edges, key=lambda edge: edge.worth(objective)) for edges in into]


def _random(program: Program, budget: int, tested: Tested) -> Floats:
    """What taxonomies drawn at random are worth: any sources, and into each target any transfer that these allow."""
    random = np.random.default_rng(budget)
    has = random.random((RANDOM, len(program.sources))).argsort(1) < budget
    needs = np.array([[source in edge.sources for source in program.sources] for edge in program.edges])
    allowed = ~(needs & ~has[:, None]).any(2)
    drawn = np.where(allowed, random.random(allowed.shape), -1.0)
    worth = np.zeros(RANDOM)
    for target in program.targets:
        into = [number for number, edge in enumerate(program.edges) if edge.target == target]
        worths = np.array([tested[target, program.edges[number].sources] for number in into])
        assert allowed[:, into].any(1).all(), "every task is a source of every other"
        worth += worths[drawn[:, into].argmax(1)]
    return worth


def blocks(figures: dict[str, Any], objective: Objective) -> Floats:
    """The mean worth of transfers from a task of one kind to another, `(targets' kind, sources' kind)`."""
    singles = [each for each in transfers(figures, "measured") if len(each.sources) == 1 and not each.own]
    return np.array(
        [
            [
                np.mean(
                    [
                        each.worth(objective)
                        for each in singles
                        if TASKS[each.target].kind == target and TASKS[each.sources[0]].kind == source
                    ]
                )
                for source in KINDS
            ]
            for target in KINDS
        ]
    )


def similarity_tree(affinities: Floats) -> Floats:
    """The agglomerative clustering of tasks by what they give to targets `(targets, sources)`, as scipy's linkage: how
    unlike two are is the mean difference of their affinities' logarithms, over the targets that are neither of them.

    The target's own network is left out, which would set every task apart from all others.
    """
    targets, sources = affinities.shape
    logarithms = np.log(affinities)
    logarithms[np.arange(targets), np.arange(targets)] = np.nan
    apart = np.nanmean(np.abs(logarithms[:, :, None] - logarithms[:, None]), 0)
    return hierarchy.linkage(squareform(apart, checks=False), "average", optimal_ordering=True)


def clusters(figures: dict[str, Any], count: int) -> list[list[str]]:
    """The tasks in so many clusters, in the order of the tree."""
    targets, sources, worth = first_order(transfers(figures, "measured"), "affinity")
    assert sources[: len(targets)] == targets
    tree = similarity_tree(worth)
    of = hierarchy.fcluster(tree, count, "maxclust")
    found: dict[int, list[str]] = {}
    for leaf in leaves(tree):
        found.setdefault(int(of[leaf]), []).append(sources[leaf])
    return list(found.values())


class Best(NamedTuple):
    gain: float
    quality: float


def best_of_order(figures: dict[str, Any], order: int) -> Best:
    """The largest gain, and the largest quality, of a target's transfers of that order, in the mean over targets."""
    into: dict[str, list[Transfer]] = {}
    for each in transfers(figures, "measured"):
        if len(each.sources) == order and not each.own:
            into.setdefault(each.target, []).append(each)
    gains, qualities = (
        [max(each.worth(objective) for each in some) for some in into.values()] for objective in ("gain", "quality")
    )
    return Best(float(np.mean(gains)), float(np.mean(qualities)))


@torch.no_grad()
def on_rooms(networks: SmallWorld, count: int = 256) -> dict[str, float]:
    """How well the task networks answer in rooms that nobody learned from: of each task the share of the loss that is
    left of what the best constant answer has (the mean or median of these rooms, or their classes' shares); and the
    shares of rooms and pixels whose class is right, and degrees by which normals are off."""
    first = FIRST["tested"]
    made = [rendered(first + number, networks.size) for number in range(count)]
    rooms = {name: np.stack([each[name] for each in made]) for name in made[0]}
    chosen = torch.arange(count)
    figures = {}
    for name, network in networks.items():
        task = TASKS[name]
        right = wanted(task, rooms, chosen)
        answers = network.eval()(given(task, rooms, chosen))
        constant = _constant(task, right).expand_as(answers)
        figures[name] = float(losses(task, answers, right).mean() / losses(task, constant, right).mean())
        if name in ("scene", "segmentation", "jigsaw"):
            figures[f"{name}, right"] = float((answers.argmax(1) == right).float().mean())
        if name == "normals":
            cosine = functional.cosine_similarity(answers, right).clamp(-1, 1)
            figures["normals, degrees off"] = float(cosine.acos().rad2deg().mean())
    return figures


def _constant(task: Task, right: Tensor) -> Tensor:
    """The answer that has the least loss if it is the same for all rooms and pixels."""
    if task.loss == "cross entropy":
        shares = functional.one_hot(right.flatten(), task.channels).float().mean(0).clamp_min(1e-6).log()
        return shares.view(1, -1, *[1] * (right.ndim - 1))
    flat = right.transpose(0, 1).flatten(1)
    best = flat.median(1).values if task.loss == "l1" else flat.mean(1)
    return best.view(1, -1, *[1] * (right.ndim - 2))


def measure(networks: SmallWorld, data: Path | None) -> Quality:
    """Measure what is left of the best constant answers' loss, in rooms rendered anew; one less its mean decides."""
    figures = on_rooms(networks)
    return Quality(figures, 1 - fmean(figures[name] for name in TASKS))


MEASURES = {NAME: measure}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trained", type=Path, help="the folder that the trainer wrote")
    arguments = parser.parse_args()
    file = arguments.trained / FIGURES.name if arguments.trained else FIGURES
    figures = json.loads(file.read_text())
    for objective in get_args(Objective):
        print(f"by {objective}, in rooms on which it was not computed:")
        for budget in range(1, len(figures["tasks"]) + 1):
            found = standing(figures, objective, budget)
            place = f", number {found.place} of {found.others} (best {found.best:.3f})" if found.place else ""
            print(
                f"  budget {budget:2}: {found.worth:.3f}, above {found.above_random:.1%} of random ones{place}: "
                f"{', '.join(found.supervised)}"
            )
        print("  mean of transfers from one task, by kinds (rows: targets):")
        print("  " + " ".join(f"{kind:>9}" for kind in ("", *KINDS)))
        for kind, row in zip(KINDS, blocks(figures, objective), strict=True):
            print(f"  {kind:>9} " + " ".join(f"{value:9.3f}" for value in row))
    for count in (2, 3, 4):
        print(f"{count} clusters: " + "; ".join(", ".join(group) for group in clusters(figures, count)))
    for order in (1, 2):
        best = best_of_order(figures, order)
        print(f"the best transfers of order {order}, in the mean: gain {best.gain:.3f}, quality {best.quality:.3f}")
    networks = SmallWorld(figures["scale"]["size"], figures["tasks"])
    folder = arguments.trained or BUNDLED
    networks.load_state_dict(load_file(folder / f"{NAME}.safetensors"))
    print("the share that is left of the best constant answer's loss:")
    for name, figure in on_rooms(networks.eval()).items():
        print(f"  {name:24} {figure:.3f}")


if __name__ == "__main__":
    main()
