"""The whole method in a small world of this project's own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.checkpoints import find
from engines.taskonomy.bundled_figures import NAME, NAMES, figures, tournament
from engines.taskonomy.hierarchy import priorities
from engines.taskonomy.published import TASKS
from pages.taskonomy.answers import IN_WORDS, SEAM, SHOWN_SIDE, answered, large
from pages.taskonomy.words import label_of, listed
from studio.declared import Experiment
from studio.drawn.heat_maps import heat_map
from studio.kinds import Choice, Curves, Notices, Plate, Seed, Strip

if TYPE_CHECKING:
    from engines.taskonomy import answers
else:
    answers = lazy.load("engines.taskonomy.answers")

SMALL_TARGETS = {name: TASKS[NAMES[name]].title for name in figures()["curves"]}


def run(seed: int, target: str) -> Iterator[Any]:
    right, found = answers.in_room(seed)
    yield {
        "given": {
            words: large(found[name].given)
            for name, words in {
                "normals": "most of them",
                "denoising": "denoising",
                "colorization": "colorization",
                "jigsaw": "jigsaw",
            }.items()
        },
        "tasks": {
            TASKS[NAMES[name]].title: _above(each.found, answered(name, found[name].found))
            for name, each in right.items()
            if name not in IN_WORDS
        },
        "words": {
            name: f"{TASKS[NAMES[name]].title}: {found[name].words}; right: {each.words}."
            for name, each in right.items()
            if each.words
        },
    }
    curves = figures()["curves"][target]
    yield {
        "curves": {
            words: (curve["rooms"], curve["losses"])
            for words, curve in zip(("no source", "one", "two"), curves, strict=True)
        },
        "sources": {
            words: f"{words}: {listed([TASKS[NAMES[source]].title for source in curve['sources']])}."
            for words, curve in zip(("One", "Two"), curves[1:], strict=True)
        },
        "wins": _tournament(target),
    }


def _tournament(target: str) -> str:
    """The shares of wins between all transfers from one task, the best first."""
    sources, shares = tournament(figures(), target)
    ranked = np.argsort(-priorities(shares))
    labels = [label_of(NAMES[sources[place]]) for place in ranked]
    ordered = shares[np.ix_(ranked, ranked)]
    return heat_map(f"{SMALL_TARGETS[target]}: shares of wins", labels, labels, ordered, ordered)


def _above(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    gap = np.full((SEAM, SHOWN_SIDE, 3), 255, np.uint8)
    return np.concatenate([one, gap, other])


EXPERIMENT = Experiment(
    name="small_world",
    title="Small world",
    live=True,
    controls={
        "seed": Seed("Room", group="Room", default=15, help="None from which anything was learned."),
        "target": Choice("Transfers into", SMALL_TARGETS, "depth", group="Transfers"),
    },
    outputs={
        "tasks": Strip(
            "Above what is right, below what its network answers",
            help=f"{find(NAME).badge.capitalize()}; right answers are computed from the room's geometry.",
        ),
        "words": Notices("In words"),
        "given": Strip("What the networks are given"),
        "curves": Curves(
            "The best transfers, by the rooms they learn from",
            "rooms learned from",
            "mean loss in other rooms",
        ),
        "sources": Notices("The sources of these"),
        "wins": Plate(
            "In which share of rooms a row's source beats a column's",
            help="The best is first. Where the task meets itself it is fully supervised, by 12,288 rooms.",
        ),
    },
    presets={
        "A kitchen": {},
        "A playroom": {"seed": 3, "target": "normals"},
        "A corridor": {"seed": 2, "target": "segmentation"},
        "A bedroom": {"seed": 13, "target": "scene"},
    },
    notes=(
        "The whole method at small scale: rooms, fifteen networks, transfers of one and of two sources, their "
        "tournaments, affinities, the program.",
        "Its taxonomies are under Taxonomy, table Ours; its affinities under Affinities.",
        "Try: colorization, whose answers are poor, and depth from normals.",
    ),
    run=run,
)
