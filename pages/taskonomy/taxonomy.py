"""Which tasks to learn from scratch, and which from others."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from engines.runtime.measured import command, figure
from engines.runtime.progress import Progress
from engines.taskonomy.published import CITATION, FAMILIES, MEASURED, RANDOM, SIZES, TASKS
from pages.taskonomy.arguments import with_arguments
from pages.taskonomy.graph import graph_of
from pages.taskonomy.tables import NUMBERS, OURS, SIZE
from studio.declared import Experiment, Figure
from studio.kinds import Choice, Control, Curves, Hypergraph, Number, Switch

if TYPE_CHECKING:
    from engines.taskonomy import engine, program
    from engines.taskonomy.affinities import Objective
    from engines.taskonomy.program import Setting
else:
    engine = lazy.load("engines.taskonomy.engine")
    program = lazy.load("engines.taskonomy.program")

MOST = 26
"""The largest budget: of the tables with the most tasks, all but the random projection."""
HIGHEST_ORDER = 24
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
IMPORTANCE = "importance_"


def run(
    size: str,
    budget: int,
    objective: "Objective",
    order: int,
    targets: str,
    scratch: str,
    random: bool,
    novel: str,
    without_doubtful: bool,
    **importance: float,
) -> Iterator[Any]:
    setting = _setting(objective, order, targets, scratch, random, novel, importance)
    size = engine.SURE if without_doubtful and size == SIZES[0] else size
    yield {"taxonomy": graph_of(size, setting, budget, priced=False)}
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
    yield {"taxonomy": graph_of(size, setting, budget, priced=True)}


def _setting(
    objective: "Objective",
    order: int,
    targets: str,
    scratch: str,
    random: bool,
    novel: str,
    importance: Mapping[str, float],
) -> "Setting":
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
    return program.Setting(
        objective,
        order,
        tuple((name, weight) for name, weight in weights.items() if weight != 1),
        frozenset(barred | (set() if random else {RANDOM})),
        frozenset({RANDOM}),
    )


def _importance() -> Mapping[str, Control]:
    return {
        IMPORTANCE + name: Number(task.title, 0, 5, 1, 0.5, group=f"Importance: {FAMILIES[task.family]}", advanced=True)
        for name, task in WANTED.items()
    }


def _best_transfers() -> Figure:
    """How good the best transfers are, as this project finds it in the published files."""
    tables = {"base": ("base", (1, 2)), "16k": ("16k pictures", (1, 2, 3, 4))}
    rows = {}
    for size, (title, orders) in tables.items():
        for order in orders:
            rows[f"{title}, order {order}"] = _means(f"{size} order {order}")
            if (size, order) == ("base", 2):
                rows[f"{title}, order {order}, the 19 targets without doubtful ones"] = _means(
                    f"{size} order {order} sure"
                )
    return Figure(
        caption="The best transfer of an order into a target, in the mean over the 22 targets",
        rows=rows,
        citation=f"Published files: {CITATION}. Means: {command(MEASURED)}.",
        heading="Computed by this project from the published files",
    )


def _means(transfers: str) -> dict[str, str]:
    return {name: f"{figure(MEASURED, f'{transfers} {name}'):.3f}".lstrip("0") for name in ("quality", "gain")}


EXPERIMENT = Experiment(
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
        "without_doubtful": Switch(
            "Without the doubtful transfers",
            True,
            group="Sources",
            help="22 of the base table, all of two sources, are published as winning in every picture over both.",
        ),
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
        "With the doubtful transfers": {"without_doubtful": False},
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
    figures=[_best_transfers()],
    run=with_arguments(run, [IMPORTANCE + name for name in WANTED]),
)
