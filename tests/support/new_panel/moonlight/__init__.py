"""A toy paper with a control and an output of kinds of its own, each of which brings its JavaScript."""

from collections.abc import Iterator
from typing import Any

from studio.declared import Experiment, Panel, Paper
from tests.support.new_panel.moonlight.bars import Bars
from tests.support.new_panel.moonlight.span import Span

HOURS = {"evening": 0.2, "midnight": 0.5, "morning": 0.8}


def watch(hours: tuple[float, float]) -> Iterator[dict[str, Any]]:
    """How much of each hour lies between two times of the night."""
    low, high = hours
    yield {"light": {name: round(max(0.0, min(high, at + 0.2) - max(low, at - 0.2)), 3) for name, at in HOURS.items()}}


PANEL = Panel(
    slug="moonlight",
    title="Moonlight",
    paper=Paper(number=99, title="On Moonlight", authors="A. Toy", venue="Tests 2018", arxiv="0000.00002"),
    story="A part of the night is chosen, and the light of its hours is shown.",
    experiments=[
        Experiment(
            name="watch",
            title="Watch",
            action="Watch",
            controls={"hours": Span("Hours", (0.1, 0.9), help="The part of the night that is watched.")},
            outputs={"light": Bars("Light", "Moonlight by the hour")},
            presets={"all night": {}},
            run=watch,
        )
    ],
)
