"""A taxonomy as a graph, with the reasons for each transfer."""

from typing import TYPE_CHECKING

from engines.runtime import lazy
from engines.taskonomy.published import FAMILIES, SIZES, TASKS, is_doubtful
from pages.taskonomy.words import listed
from studio.drawn.hypergraphs import Edge, Graph, Node

if TYPE_CHECKING:
    from engines.taskonomy import engine
    from engines.taskonomy.affinities import Transfer
    from engines.taskonomy.program import Setting, Taxonomy
else:
    engine = lazy.load("engines.taskonomy.engine")

DOUBTFUL = (
    "Doubtful: published as winning in every picture over both rivals, as 22 transfers of two sources in this table "
    "are and no others."
)

LEFT_OUT = "The 22 doubtful transfers are left out."


def graph_of(size: str, setting: "Setting", budget: int, priced: bool) -> Graph:
    """The best taxonomy; where it is `priced`, with what is lost without each transfer."""
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
    left_out = f" {LEFT_OUT}" if size == engine.SURE else ""
    return Graph(FAMILIES, nodes, edges, _summary(budget, found) + left_out)


def _summary(budget: int, found: "Taxonomy") -> str:
    titles = listed([TASKS[name].title for name in found.supervised])
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
    if size in SIZES and is_doubtful(transfer):
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
    return f"from {listed([TASKS[source].title for source in transfer.sources])}"
