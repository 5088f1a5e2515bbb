"""The timed experiment: pictures that are seen for a moment only."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from pages.time_limited_humans.trials import OUTPUTS, ROOM_LENGTH, code_in, outcome, serve
from studio.declared import Figure, View
from studio.kinds import Choice, Word

if TYPE_CHECKING:
    from engines.time_limited_humans import service
else:
    service = lazy.load("engines.time_limited_humans.service")


def run(answer: Mapping[str, Any], trials: str, room: str) -> Iterator[dict[str, Any]]:
    yield outcome(service.answers().given(participant=code_in(answer, "participant")))


EXPERIMENT = View(
    name="experiment",
    title="Experiment",
    page="experiment.html",
    service=serve,
    controls={
        "trials": Choice("Trials", {"24": "24, two minutes", "48": "48, four minutes"}, "24"),
        "room": Word("Room", ROOM_LENGTH, help="The code that a class was given, or none."),
    },
    outputs=OUTPUTS,
    presets={"Two minutes": {}, "Four minutes": {"trials": "48"}},
    notes=(
        "A picture shows a group as it is, changed towards the other, that change upside down, or neither group.",
        "Times, masks and sizes are chosen after the paper's description; groups are three of CIFAR-10's.",
        "Try: answer as fast as you can; then open a room under Results, and let a class take part.",
    ),
    figures=[
        Figure(
            caption="The paper's experiment",
            rows={
                "observers": {"": "38"},
                "classifiers in the ensemble": {"": "10"},
                "groups of classes": {"": "3"},
                "conditions": {"": "image, adv, flip, false"},
                "time to answer": {"": "2.2 to 2.5 s"},
            },
            citation="arXiv:1802.08195.",
        )
    ],
    run=run,
)
