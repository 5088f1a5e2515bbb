"""What a class has answered in the timed experiment, pooled."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from pages.time_limited_humans.trials import OUTPUTS, ROOM_LENGTH, code_in, outcome, serve
from studio.declared import View
from studio.kinds import File, Word

if TYPE_CHECKING:
    from engines.time_limited_humans import results, service
else:
    results = lazy.load("engines.time_limited_humans.results")
    service = lazy.load("engines.time_limited_humans.service")


def run(answer: Mapping[str, Any], room: str) -> Iterator[dict[str, Any]]:
    given = service.answers().given(room=code_in(answer, "room"))
    lines = [",".join(row) for row in [results.COLUMNS, *results.rows(given)]]
    yield {**outcome(given), "answers": "\n".join([*lines, ""]).encode()}


EXPERIMENT = View(
    name="results",
    title="Results",
    page="results.html",
    service=serve,
    controls={"room": Word("Room", ROOM_LENGTH, help="The code of the room to look into.")},
    outputs={**OUTPUTS, "answers": File("Every answer", "answers.csv", help="People are numbered; no code is in it.")},
    presets={"A class": {}},
    notes=(
        "A room pools what a class answers; its numbers say more than those of one person.",
        "Answers carry no names, and are gone after 30 days, or when the room ends. A room that nobody enters is gone "
        "after a day.",
        "Try: open a room, put its code on the board, and take part from a phone.",
    ),
    run=run,
)
