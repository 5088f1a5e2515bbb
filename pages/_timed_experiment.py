"""The timed experiment of the panel on time-limited humans, and a class's pooled results: two pages of ours, and what
their answers come to."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engines.runtime.errors import InputError
from pages._panel import Choice, Curves, File, Notices, Table, View, Word

if TYPE_CHECKING:
    from engines.time_limited_humans.answers import Given
    from engines.time_limited_humans.results import Result

BIN = 4.0
"""Milliseconds of an exposure that are counted together."""
END = 150.0
"""Milliseconds up to which exposures are drawn at least."""
ROOM_LENGTH = 6


def _serve(request: Mapping[str, Any]) -> Mapping[str, Any]:
    from engines.time_limited_humans.service import serve

    return serve(request)


def take_part(answer: Mapping[str, Any], trials: str, room: str) -> Iterator[dict[str, Any]]:
    from engines.time_limited_humans.service import answers

    yield _outcome(answers().given(participant=_code(answer, "participant")))


def pool(answer: Mapping[str, Any], room: str) -> Iterator[dict[str, Any]]:
    from engines.time_limited_humans.results import COLUMNS, rows
    from engines.time_limited_humans.service import answers

    given = answers().given(room=_code(answer, "room"))
    lines = [",".join(row) for row in [COLUMNS, *rows(given)]]
    yield {**_outcome(given), "answers": "\n".join([*lines, ""]).encode()}


def _code(answer: Mapping[str, Any], name: str) -> str:
    code = answer.get(name)
    if not isinstance(code, str):
        raise InputError("The page's answer: a code was expected; reload the page and try again.")
    return code


def _outcome(given: "Sequence[Given]") -> dict[str, Any]:
    from engines.time_limited_humans.results import by_condition, pull

    people = len({one.participant for one in given})
    towards = pull(given)
    words = {"people": f"{people} {'person' if people == 1 else 'people'}, {len(given)} trials."}
    if towards is None:
        words["pull"] = "Nobody has answered both adv and flip yet; d' compares the two."
    elif towards.low > 0:
        words["pull"] = "Its interval lies above 0: the perturbation pulls people to its target more than upside down."
    elif towards.high < 0:
        words["pull"] = "Its interval lies below 0: upside down the perturbation pulls people more."
    else:
        words["pull"] = "Its interval holds 0: so few answers cannot tell whether the perturbation pulls people."
    sensitivity = (
        {}
        if towards is None
        else {"adv against flip": dict(zip(("d'", "from", "to"), (round(one, 2) for one in towards), strict=True))}
    )
    return {
        "conditions": {name: _row(result) for name, result in by_condition(given).items()},
        "sensitivity": sensitivity,
        "exposures": _histogram(given),
        "words": words,
    }


def _row(result: "Result") -> dict[str, Any]:
    right = result.as_shown
    return {
        "counted": result.answers,
        "right, %": "" if right is None else round(100 * right.value),
        "from": "" if right is None else round(100 * right.low),
        "to": "" if right is None else round(100 * right.high),
        "median, ms": "" if result.milliseconds is None else round(result.milliseconds),
        "no answer": result.none,
        "left out": result.missed,
    }


def _histogram(given: "Sequence[Given]") -> dict[str, tuple[list[float], list[float]]]:
    """How many pictures were there for how long, as the outline of its bars from 0 on."""
    lines: dict[str, tuple[list[float], list[float]]] = {}
    for name, missed in (("in time", False), ("left out", True)):
        counts = Counter(int(one.answer.exposure // BIN) for one in given if one.answer.missed is missed)
        if not counts:
            continue
        xs, ys = [0.0], [0.0]
        for place in range(min(counts), max(counts) + 2):
            xs += [place * BIN] * 2
            ys += [ys[-1], float(counts[place])]
        lines[name] = [*xs, max(xs[-1], END)], [*ys, 0.0]
    return lines


OUTPUTS = {
    "conditions": Table(
        "By condition",
        help="Right: the group that is shown; for false, which shows neither, its target; with 95 % intervals. "
        "Left out: a frame of the screen was late, or the trial disturbed.",
    ),
    "sensitivity": Table(
        "Pull of the perturbation: d'",
        help="Choosing the target in adv (hits) against flip (false alarms), with its 95 % interval.",
    ),
    "words": Notices("Seen"),
    "exposures": Curves("How long the pictures were there", "ms", "trials", span=(0,)),
}

EXPERIMENT = View(
    name="experiment",
    title="Experiment",
    page="experiment.html",
    service=_serve,
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
    run=take_part,
)

RESULTS = View(
    name="results",
    title="Results",
    page="results.html",
    service=_serve,
    controls={"room": Word("Room", ROOM_LENGTH, help="The code of the room to look into.")},
    outputs={**OUTPUTS, "answers": File("Every answer", "answers.csv", help="People are numbered; no code is in it.")},
    presets={"A class": {}},
    notes=(
        "A room pools what a class answers; its numbers say more than those of one person.",
        "Answers carry no names, and are gone after 30 days, or when the room ends.",
        "Try: open a room, put its code on the board, and take part from a phone.",
    ),
    run=pool,
)
