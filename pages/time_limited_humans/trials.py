"""The trials of the timed experiment: the room that they are taken in, and what their answers come to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from engines.runtime.errors import InputError
from studio.kinds import Curves, Notices, Table
from studio.wire import limits

if TYPE_CHECKING:
    from engines.time_limited_humans import results, service
    from engines.time_limited_humans.answers import Given
    from engines.time_limited_humans.results import Result
else:
    results = lazy.load("engines.time_limited_humans.results")
    service = lazy.load("engines.time_limited_humans.service")

BIN = 4.0
"""Milliseconds of an exposure that are counted together."""
END = 150.0
"""Milliseconds up to which exposures are drawn at least."""
ROOM_LENGTH = 6
COUNTED = {"open room": "rooms", "begin": "participants"}
"""What a visitor may ask for so many times, and the limit that says how many."""
CONFIDENCE = 0.95
"""Of the intervals that are shown."""
OUTPUTS = {
    "conditions": Table(
        "By condition",
        help="Right: the group that is shown; for false, which shows neither, its target; with intervals of "
        f"{CONFIDENCE:.0%}. "
        "Left out: a frame of the screen was late, or the trial disturbed.",
    ),
    "sensitivity": Table(
        "Pull of the perturbation: d'",
        help=f"Choosing the target in adv (hits) against flip (false alarms), with its interval of {CONFIDENCE:.0%}.",
    ),
    "words": Notices("Seen"),
    "exposures": Curves("How long the pictures were there", "ms", "trials", span=(0,)),
}


def serve(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer what a page of the experiment asks."""
    asked = request.get("ask")
    if isinstance(asked, str) and asked in COUNTED:
        limits.take(COUNTED[asked])
    return service.serve(request)


def code_in(answer: Mapping[str, Any], name: str) -> str:
    """Read a code from what a page posted.

    Raises:
        InputError: it is none.
    """
    code = answer.get(name)
    if not isinstance(code, str):
        raise InputError("The page's answer: a code was expected; reload the page and try again.")
    return code


def outcome(given: "Sequence[Given]") -> dict[str, Any]:
    """Show what answers come to."""
    people = len({one.participant for one in given})
    towards = results.pull(given)
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
        "conditions": {name: _row(result) for name, result in results.by_condition(given).items()},
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
