"""Draws the same controls by two models, side by side: the bundled one, and the published one that a page offers."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from studio.declared import Experiment, Panel
from studio.wire import downloads
from studio.wire.visit import Told, Visit, merged

Offer = dict[str, Any]
SHOWN = ("badge", "status", "alert", "outputs")
"""What a side shows of all that its run tells."""


def offer(panel: Panel, experiment: Experiment) -> Offer:
    """Describe the published model that an experiment offers, as studio.js draws it."""
    offered = experiment.offered
    assert offered, "an experiment is asked that offers one"
    return {
        "experiment": experiment.name,
        "outputs": list(experiment.outputs),
        "files": offered.files,
        "whose": offered.published.whose,
        "licence": downloads.licence(offered.files),
        "shows": list(offered.published.shows.items()),
        "paper": f"https://arxiv.org/pdf/{panel.paper.arxiv}",
    }


async def beside(
    panel: Panel, experiment: Experiment, visitor: str, values: Mapping[str, Any]
) -> AsyncGenerator[dict[str, Any], None]:
    """Compute with control values as a page has them by either model, and tell all so far of both sides."""
    offered = experiment.offered
    assert offered, "an experiment is asked that offers one"
    sides: list[Told] = [{}, {}]
    options = offered.choice.default, offered.published.option
    given = [_fitted(experiment, {**values, offered.name: option}) for option in options]
    words = _differing(experiment, offered.name, *given)
    for side, own in enumerate(given):
        async for told in Visit(panel, experiment).run(visitor, own):
            shown = {part: told[part] for part in SHOWN if part in told}
            sides[side] = merged(sides[side], shown)
            yield {"sides": list(sides), "words": words}


def _fitted(experiment: Experiment, values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace each value that the chosen checkpoint does not know by one that it knows."""
    return {name: experiment.controls[name].fitted(value, values) for name, value in values.items()}


def _differing(experiment: Experiment, checkpoint: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """Say which values the sides do not share, because a model does not know them."""
    names = [name for name in left if name != checkpoint and left[name] != right[name]]
    pairs = (
        f"{experiment.controls[name].label}: {experiment.controls[name].words(left[name])} on the left and "
        f"{experiment.controls[name].words(right[name])} on the right, as each model knows only its own."
        for name in names
    )
    return " ".join(pairs)
