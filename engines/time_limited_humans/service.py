"""What the experiment's pages ask of the server: to begin, to resume, to keep answers, rooms, and what came of it.

A request is a JSON object whose "ask" says which; so is a reply. Times are in milliseconds.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from engines.runtime.disk import state_folder
from engines.runtime.errors import InputError
from engines.time_limited_humans.answers import Answer, Answers, Participant
from engines.time_limited_humans.trials import Stimulus

STIMULI = Path(__file__).parents[2] / "assets" / "web" / "trials.json"
COUNTS = (24, 48)
"""Of trials; of the 96 stimuli each comes to a participant once at most."""
MOST_TRIALS = 1_000


@cache
def answers() -> Answers:
    """This studio's; the variable STUDIO_ANSWERS says in which file they are kept."""
    path = Path(os.environ.get("STUDIO_ANSWERS") or state_folder() / "answers.sqlite3")
    return Answers(path, [Stimulus(**one) for one in json.loads(STIMULI.read_text())["stimuli"]])


def serve(request: Mapping[str, Any]) -> dict[str, Any]:
    """The reply to a request.

    Raises:
        InputError: it is none of those known, or cannot be followed.
    """
    ask = request.get("ask")
    if not isinstance(ask, str) or ask not in REPLIES:
        raise InputError(f"The page asked for {str(ask)[:20]!r}, which is unknown here; reload it.")
    return REPLIES[ask](request)


def _begin(request: Mapping[str, Any]) -> dict[str, Any]:
    count = request.get("trials")
    if count not in COUNTS:
        raise InputError(f"There can be {' or '.join(map(str, COUNTS))} trials, not {str(count)[:20]}.")
    return _described(answers().begin(count, _text(request, "room") or None))


def _resume(request: Mapping[str, Any]) -> dict[str, Any]:
    participant, given = answers().resume(_text(request, "participant"))
    return {**_described(participant), "answers": [one._asdict() for one in given]}


def _described(participant: Participant) -> dict[str, Any]:
    trials = [{"stimulus": one.stimulus.number, "left": one.left, "right": one.right} for one in participant.trials]
    return {"participant": participant.code, "room": participant.room, "trials": trials, "answers": []}


def _give(request: Mapping[str, Any]) -> dict[str, Any]:
    given = request.get("answers")
    if not isinstance(given, list) or len(given) > MOST_TRIALS:
        raise InputError("Answers were expected as a list; reload the page.")
    answers().give(_text(request, "participant"), [_answer(one) for one in given])
    return {"kept": len(given)}


def _answer(given: Any) -> Answer:
    match given:
        case {
            "trial": int(trial),
            "chosen": str() | None as chosen,
            "milliseconds": int() | float() | None as milliseconds,
            "exposure": int() | float() as exposure,
            "missed": bool(missed),
        } if 0 <= trial < MOST_TRIALS:
            with suppress(OverflowError):  # JSON's whole numbers have any length.
                time = None if milliseconds is None else float(milliseconds)
                return Answer(int(trial), chosen, time, float(exposure), missed)
    raise InputError("An answer could not be read; reload the page.")


def _delete(request: Mapping[str, Any]) -> dict[str, Any]:
    answers().delete(_text(request, "participant"))
    return {}


def _open_room(request: Mapping[str, Any]) -> dict[str, Any]:
    room, key = answers().open_room()
    return {"room": room, "key": key}


def _end_room(request: Mapping[str, Any]) -> dict[str, Any]:
    answers().end_room(_text(request, "room"), _text(request, "key"))
    return {}


def _count(request: Mapping[str, Any]) -> dict[str, Any]:
    people, given = answers().count(_text(request, "room"))
    return {"participants": people, "answers": given}


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str):
        raise InputError(f"The page's request lacks its {name}; reload it.")
    return value


REPLIES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "begin": _begin,
    "resume": _resume,
    "give": _give,
    "delete": _delete,
    "open room": _open_room,
    "end room": _end_room,
    "count": _count,
}
