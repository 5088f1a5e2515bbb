"""Taskonomy: which tasks to learn from scratch and which from others, by the published numbers; how tasks resemble each
other; how shares of wins become affinities; and the whole method in a small world of this project's own."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from engines.runtime.checkpoints import find
from engines.runtime.progress import Progress
from engines.taskonomy.published import CITATION, FAMILIES, RANDOM, SIZES, TASKS
from engines.taskonomy.small_world import NAME, NAMES, figures, tournament
from pages._examples import examples
from pages._hypergraphs import Edge, Graph, Node
from pages._panel import (
    Choice,
    Control,
    Curves,
    Experiment,
    Figure,
    Hypergraph,
    Notices,
    Number,
    Panel,
    Paper,
    Photo,
    Plate,
    Seed,
    Strip,
    Switch,
    Table,
)

if TYPE_CHECKING:
    import numpy as np

    from engines.taskonomy.affinities import Objective, Transfer
    from engines.taskonomy.program import Setting, Taxonomy

MOST = 26
"""The largest budget: of the tables with the most tasks, all but the random projection."""
HIGHEST_ORDER = 24
OURS = "ours"
TABLES = dict(
    zip(
        (*SIZES, OURS),
        (
            "Published, base: orders 1 and 2",
            "Published, 1k pictures: to order 4",
            "Published, 16k pictures: to order 24",
            "Ours, small world: orders 1 and 2",
        ),
        strict=True,
    )
)
OBJECTIVES = {
    "affinity": "Affinity, as in the paper",
    "quality": "Quality: wins over full supervision",
    "gain": "Gain: wins over as few pictures",
}
TARGETS = {"all": "All targets", **{family: f"{name} only" for family, name in FAMILIES.items()}}
SCRATCH = {
    "all": "Any task",
    **{family: f"{name} tasks only" for family, name in FAMILIES.items()},
    "supervised": "No self-supervised ones",
    "none": "None",
}
SELF_SUPERVISED = ("inpainting_whole", "colorization", "jigsaw")
"""Sources only, in the paper's dictionary, beside the random projection."""
NOBODY = "none"
WANTED = {name: task for name, task in TASKS.items() if name not in (*SELF_SUPERVISED, RANDOM)}
"""Those that are targets in one of the tables."""
SMALL_TARGETS = {name: TASKS[NAMES[name]].title for name in figures()["curves"]}
IMPORTANCE = "importance_"
DOUBTFUL = (
    "Doubtful: published as winning in every picture over both rivals, as 22 transfers of two sources in this table "
    "are and no others."
)


def taxonomy(
    size: str,
    budget: int,
    objective: "Objective",
    order: int,
    targets: str,
    scratch: str,
    random: bool,
    novel: str,
    **importance: float,
) -> Iterator[Any]:
    from engines.taskonomy import engine

    setting = _setting(objective, order, targets, scratch, random, novel, importance)
    yield {"taxonomy": _graph(size, setting, budget, priced=False)}
    best, bands = {}, {}
    for place, (each, solved, band) in enumerate(engine.sweep(size, setting)):
        best[each] = solved
        if band is not None:
            bands[each] = band
        yield Progress(place / MOST / 2, "Every budget")
    for name in ("quality", "gain"):
        values = [getattr(solved, name) for solved in best.values()]
        limits = [getattr(band, name) for band in bands.values()]
        every = [*values, *(limit for pair in limits for limit in pair)]
        above_axis = min(every) + (max(every) - min(every)) / 12
        yield {
            name: {
                "at random": (list(bands), [low for low, _ in limits], [high for _, high in limits]),
                "best": (list(best), values),
                f"budget {budget}": ([budget, budget], [max(every), above_axis]),
            }
        }
    transfers = engine.taxonomy(size, setting, budget).transfers
    for place, transfer in enumerate(transfers):
        engine.price(size, setting, budget, transfer)  # Which remembers it.
        yield Progress(0.5 + place / len(transfers) / 2, "What each transfer is worth")
    yield {"taxonomy": _graph(size, setting, budget, priced=True)}


def _setting(
    objective: "Objective",
    order: int,
    targets: str,
    scratch: str,
    random: bool,
    novel: str,
    importance: Mapping[str, float],
) -> "Setting":
    from engines.taskonomy.program import Setting

    weights = {name: importance[IMPORTANCE + name] for name in WANTED}
    if targets != "all":
        weights |= {name: 0.0 for name, task in WANTED.items() if task.family != targets}
    barred = {
        name
        for name, task in TASKS.items()
        if name == novel
        or (scratch in FAMILIES and task.family != scratch)
        or scratch == "none"
        or (scratch == "supervised" and name in SELF_SUPERVISED)
    } - {RANDOM}
    return Setting(
        objective,
        order,
        tuple((name, weight) for name, weight in weights.items() if weight != 1),
        frozenset(barred | (set() if random else {RANDOM})),
        frozenset({RANDOM}),
    )


def _graph(size: str, setting: "Setting", budget: int, priced: bool) -> Graph:
    """The best taxonomy; where it is `priced`, with what is lost without each transfer."""
    from engines.taskonomy import engine

    program, found = engine.program(size, setting), engine.taxonomy(size, setting, budget)
    known = {name for transfer in program.transfers for name in (transfer.target, *transfer.sources)}
    nodes = [
        Node(
            name,
            task.title,
            task.family,
            target=name in program.targets,
            learned=name in found.supervised,
            free=name in setting.free,
            barred=name in setting.barred,
        )
        for name, task in TASKS.items()
        if name in known
    ]
    edges = [_edge(size, setting, budget, transfer, priced) for transfer in found.transfers]
    return Graph(FAMILIES, nodes, edges, _summary(budget, found))


def _summary(budget: int, found: "Taxonomy") -> str:
    titles = _listed([TASKS[name].title for name in found.supervised])
    spent = f"{len(found.supervised)} of a budget of {budget} learned from scratch" + (
        f": {titles}." if titles else "."
    )
    transferred = sum(not transfer.own for transfer in found.transfers)
    return (
        f"{spent} {transferred} of {len(found.transfers)} targets are transferred. "
        f"Mean gain {found.gain:.3f}, mean quality {found.quality:.3f}; objective {found.objective:.3f}."
    )


def _edge(size: str, setting: "Setting", budget: int, transfer: "Transfer", priced: bool) -> Edge:
    """A transfer with its figures and the reasons for it."""
    from engines.taskonomy import engine

    figures = {
        "gain": f"{transfer.gain:.3f}",
        "quality": f"{transfer.quality:.3f}",
        "affinity": f"{transfer.affinity:.4f}",
    }
    second = engine.runner_up(size, setting, budget, transfer)
    if second is None:
        reasons = ["Nothing else that is learned from scratch here leads to it."]
    else:
        worth = f"gain {second.gain:.3f}, quality {second.quality:.3f}, affinity {second.affinity:.4f}"
        reasons = [f"Runner-up: {_from(second)} ({worth})."]
    if priced:
        whole = engine.taxonomy(size, setting, budget).objective
        reasons.append(_lost(engine.price(size, setting, budget, transfer), whole))
    if size in SIZES and transfer.gain == transfer.quality == 1:
        reasons.insert(0, DOUBTFUL)
    title = f"{TASKS[transfer.target].title}, {_from(transfer)}"
    return Edge(transfer.target, transfer.sources, title, figures, reasons, second.sources if second else ())


def _lost(price: float | None, whole: float) -> str:
    if price is None:
        return "Price of removal: all; there is no taxonomy of this budget without it."
    if price == 0:
        return "Price of removal: none; another is as good."
    return f"Price of removal: the best taxonomy of this budget without it loses {price:.4f} of {whole:.3f}."


def _from(transfer: "Transfer") -> str:
    if transfer.own:
        return "learned from scratch"
    return f"from {_listed([TASKS[source].title for source in transfer.sources])}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


PICTURES = examples("room", "coffee", "temple", "cat", "astronaut")
NETWORKS = {OURS: find(NAME).badge, "published": "Taskonomy's own, where they are imported"}
GUESSES = (
    "These networks have seen nothing but rendered rooms of 64 x 64 pixels. Of a real photograph expect edges and "
    "corners; its depth, normals, segments and scene are guesses."
)
HOW_TO_IMPORT = (
    "`python -m weights list` says where their files are published, `python -m weights import NAME FILE` brings one in."
)
IN_WORDS = ("scene",)
"""Answers that are no pictures."""
SHOWN_SIDE, SEAM = 192, 6
"""Pixels of an answer as it is shown, and between what is right and what was found."""
BEFORE = {"gain": "Gain", "quality": "Quality"}
SHADES = {
    "gain": "Gain: in which share of pictures the transfer beats a network that learned from as few",
    "quality": "Quality: in which share of pictures the transfer beats full supervision",
}


def affinities(size: str, before: "Objective", order: str) -> Iterator[Any]:
    import numpy as np

    from engines.taskonomy import engine
    from engines.taskonomy.affinities import first_order, leaves, similarity_tree
    from engines.taskonomy.hierarchy import shown
    from pages._plates import heat_map

    transfers = engine.TABLES[size]()
    targets, sources, preferred = first_order(transfers, "affinity")
    _, _, won = first_order(transfers, before)
    tree = similarity_tree(preferred)
    if order == "tree":
        columns = list(leaves(tree))
    else:
        columns = sorted(range(len(sources)), key=lambda column: list(TASKS).index(sources[column]))
    rows = sorted(range(len(targets)), key=lambda row: columns.index(sources.index(targets[row])))
    labels = [_label(targets[row]) for row in rows], [_label(sources[column]) for column in columns]
    shown_tree = tree if order == "tree" else None
    chosen = np.ix_(rows, columns)
    wins, after = won[chosen], shown(preferred)[chosen]
    yield {
        "before": heat_map(SHADES[before], *labels, wins, wins, shown_tree),
        "after": heat_map("After the hierarchy process: exp(-20 p)", *labels, after, 1 - after, shown_tree),
    }


def _label(name: str) -> Any:
    from pages._plates import Label

    return Label(TASKS[name].title, list(FAMILIES).index(TASKS[name].family))


RIVALS = {"autoencoding": "Autoencoding", "edges": "2D edges", "normals": "Surface normals", "reshading": "Reshading"}
MEASURED_RIVALS = {
    "autoencoding": "autoencoder",
    "edges": "edge2d",
    "normals": "rgb2sfnorm",
    "reshading": "reshade",
}
PAIRS = {f"{row}_over_{column}": (row, column) for row, column in combinations(RIVALS, 2)}


def by_hand(**wins: float) -> Iterator[Any]:
    import numpy as np

    from engines.taskonomy import hierarchy
    from pages._plates import Label, heat_map

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


def small_world(seed: int, target: str) -> Iterator[Any]:
    from engines.taskonomy import answers

    right, found = answers.in_room(seed)
    yield {
        "given": {
            words: _large(found[name].given)
            for name, words in {
                "normals": "most of them",
                "denoising": "denoising",
                "colorization": "colorization",
                "jigsaw": "jigsaw",
            }.items()
        },
        "tasks": {
            TASKS[NAMES[name]].title: _above(each.found, _answered(name, found[name].found))
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
            words: f"{words}: {_listed([TASKS[NAMES[source]].title for source in curve['sources']])}."
            for words, curve in zip(("One", "Two"), curves[1:], strict=True)
        },
        "wins": _tournament(target),
    }


def _tournament(target: str) -> str:
    """The shares of wins between all transfers from one task, the best first."""
    import numpy as np

    from engines.taskonomy.hierarchy import priorities
    from pages._plates import heat_map

    sources, shares = tournament(figures(), target)
    ranked = np.argsort(-priorities(shares))
    labels = [_label(NAMES[sources[place]]) for place in ranked]
    ordered = shares[np.ix_(ranked, ranked)]
    return heat_map(f"{SMALL_TARGETS[target]}: shares of wins", labels, labels, ordered, ordered)


def every_task(photo: "np.ndarray", networks: str, seed: int) -> Iterator[Any]:
    from engines.taskonomy import answers

    here = answers.imported() if networks == "published" else ()
    if here:
        picture = answers.square(photo, published=True)
        for place, name in enumerate(here):
            yield Progress(place / len(here), answers.PUBLISHED[name])
            yield {"answers": {answers.PUBLISHED[name]: answers.of_published(name, picture)}}
        lacking = [title for name, title in answers.PUBLISHED.items() if name not in here]
        if lacking:
            yield {"words": {"lacking": f"Not on this machine: {_listed(lacking)}. {HOW_TO_IMPORT}"}}
        return
    found = answers.of_small_world(answers.square(photo), seed)
    words = {
        "origin": GUESSES
        if networks == OURS
        else f"None of the published networks is on this machine, so these are ours. {HOW_TO_IMPORT}"
    }
    yield {
        "answers": {
            TASKS[NAMES[name]].title: _answered(name, each.found)
            for name, each in found.items()
            if name not in IN_WORDS
        },
        "given": {
            TASKS[NAMES[name]].title: _large(found[name].given) for name in ("denoising", "colorization", "jigsaw")
        },
        "words": words
        | {name: f"{TASKS[NAMES[name]].title}: {each.words}." for name, each in found.items() if each.words},
    }


def _answered(name: str, picture: "np.ndarray") -> "np.ndarray":
    """An answer as large as what is right; classes are not mixed."""
    return _large(picture, smoothly=name != "segmentation")


def _large(picture: "np.ndarray", smoothly: bool = True) -> "np.ndarray":
    import numpy as np
    from PIL import Image

    how = Image.Resampling.BICUBIC if smoothly else Image.Resampling.NEAREST
    return np.array(Image.fromarray(picture).resize((SHOWN_SIDE, SHOWN_SIDE), how))


def _above(one: "np.ndarray", other: "np.ndarray") -> "np.ndarray":
    import numpy as np

    gap = np.full((SEAM, SHOWN_SIDE, 3), 255, np.uint8)
    return np.concatenate([one, gap, other])


def _measured_wins(target: str) -> dict[str, float]:
    """The shares of wins of the hierarchy process's four sources in the small world, as its controls take them."""
    sources, shares = tournament(figures(), target)
    place = {NAMES[source]: number for number, source in enumerate(sources)}
    return {
        pair: round(float(shares[place[MEASURED_RIVALS[row]], place[MEASURED_RIVALS[column]]]), 2)
        for pair, (row, column) in PAIRS.items()
    }


def _named(run: Callable[..., Iterator[Any]], names: Sequence[str]) -> Callable[..., Iterator[Any]]:
    """The run with these arguments in the place of its `**`."""
    kept = [each for each in inspect.signature(run).parameters.values() if each.kind is not each.VAR_KEYWORD]
    added = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    run.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    return run


def _importance() -> Mapping[str, Control]:
    return {
        IMPORTANCE + name: Number(task.title, 0, 5, 1, 0.5, group=f"Importance: {FAMILIES[task.family]}", advanced=True)
        for name, task in WANTED.items()
    }


NUMBERS = f"Published figures: {CITATION}. Ours: measured in rooms that this project renders."
SIZE = Choice("Table", TABLES, SIZES[0], group="Numbers", help="How many pictures a transfer learns from.")
SEED = "Of the noise, and of the tiles' order."

PANEL = Panel(
    slug="taskonomy",
    title="Taskonomy",
    paper=Paper(
        number=5,
        title="Taskonomy: Disentangling Task Transfer Learning",
        authors="A. R. Zamir, A. Sax, W. Shen, L. Guibas, J. Malik, S. Savarese",
        venue="CVPR 2018",
        arxiv="1804.08328",
    ),
    story="Of two dozen visual tasks, which few should be learned from scratch, so that all others can be learned from "
    "them?",
    experiments=[
        Experiment(
            name="taxonomy",
            title="Taxonomy",
            live=True,
            controls={
                "budget": Number(
                    "Supervision budget",
                    0,
                    MOST,
                    6,
                    1,
                    unit="tasks",
                    group="Budget",
                    help="Learned from scratch, at most.",
                ),
                "order": Number(
                    "Order", 1, HIGHEST_ORDER, 2, 1, group="Budget", help="So many sources for one transfer, at most."
                ),
                "objective": Choice("To be as large as possible", OBJECTIVES, "affinity", group="Worth"),
                "targets": Choice("Targets", TARGETS, "all", group="Worth", help="All others are sources only."),
                "size": SIZE,
                "scratch": Choice("May be learned from scratch", SCRATCH, "all", group="Sources"),
                "novel": Choice(
                    "Without supervision of its own",
                    {NOBODY: "None", **{name: task.title for name, task in WANTED.items()}},
                    NOBODY,
                    group="Sources",
                    help="A new task, to be reached by transfers alone.",
                ),
                "random": Switch("Random projections, at no cost", True, group="Sources"),
                **_importance(),
            },
            outputs={
                "taxonomy": Hypergraph("What is learned from what", help=NUMBERS),
                "quality": Curves("Quality by budget", "tasks learned from scratch", "mean quality"),
                "gain": Curves("Gain by budget", "tasks learned from scratch", "mean gain"),
            },
            presets={
                "Six from scratch": {},
                "Two from scratch": {"budget": 2},
                "One source each": {"order": 1},
                "Few pictures": {"size": "16k", "order": 4, "objective": "quality", "budget": 8},
                "3D tasks first": {"targets": "3d", "budget": 3, "objective": "quality"},
                "Our small world": {"size": OURS, "budget": 2},
                "A new task: depth": {"novel": "rgb2depth", "objective": "quality", "budget": 5},
            },
            notes=(
                "Dots that have moved inwards are learned from scratch; lines lead to what is learned from them.",
                "Gain and quality are shares of test pictures won, over a network that learned from as few, and over "
                "full supervision. At random: the middle nine tenths of 1,000 taxonomies of any possible transfers.",
                "Try: pull the budget; quality, since affinity favours tasks whose own network wins by far.",
            ),
            run=_named(taxonomy, [IMPORTANCE + name for name in WANTED]),
        ),
        Experiment(
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
                    "Affinities after the hierarchy process, as exp(-20 p)",
                    help="The stronger its colour, the better. Where a task meets itself it is fully supervised. "
                    "Sources with like columns are neighbours in the tree.",
                ),
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
            run=affinities,
        ),
        Experiment(
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
                for (name, (better, worse)), default in zip(
                    PAIRS.items(), (0.4, 0.12, 0.06, 0.2, 0.1, 0.35), strict=True
                )
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
                "Shares are held between .001 and .999: a source that never loses would else be infinitely better.",
                "Try: one that never loses takes all; shares that go round in a circle make all alike.",
            ),
            run=_named(by_hand, list(PAIRS)),
        ),
        Experiment(
            name="picture",
            title="My picture",
            live=True,
            controls={
                "photo": Photo("Picture", examples=PICTURES, default="room", help="Its middle square is looked at."),
                "networks": Choice("Networks", NETWORKS, OURS, group="Networks"),
                "seed": Seed("Seed", group="Networks", help=SEED, advanced=True),
            },
            outputs={
                "answers": Strip("Through every task", help="What each task's own network answers."),
                "words": Notices("In words"),
                "given": Strip("What three of them are given"),
            },
            presets={
                "A rendered room": {},
                "A cup of coffee": {"photo": "coffee"},
                "A temple": {"photo": "temple"},
                "A cat": {"photo": "cat"},
            },
            notes=(
                "Depth: the darker, the nearer. Normals: right, up and towards you as red, green and blue.",
                "The red line is the horizon that the camera's pose has, with marks where walls vanish in it.",
                "Try a photograph of your own room: edges go over to it, what must be known of rooms does not.",
            ),
            run=every_task,
        ),
        Experiment(
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
            run=small_world,
        ),
    ],
    figures=[
        Figure(
            caption="The best transfer of an order into each of the 22 targets, in the mean over them",
            rows={
                "base, order 1": {"quality": ".285", "gain": ".687"},
                "base, order 2": {"quality": ".394", "gain": ".857"},
                "16k pictures, order 1": {"quality": ".243", "gain": ".685"},
                "16k pictures, order 2": {"quality": ".285", "gain": ".822"},
                "16k pictures, order 3": {"quality": ".294", "gain": ".839"},
                "16k pictures, order 4": {"quality": ".299", "gain": ".838"},
            },
            citation=CITATION,
        ),
    ],
)
