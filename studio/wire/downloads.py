"""Shows the checkpoints a visitor chooses among: what each is, whether it is here, its download, and its memory."""

from collections.abc import Sequence
from typing import Any, Literal
from weakref import WeakKeyDictionary

import fastapi
from fastapi.responses import HTMLResponse, JSONResponse

from engines.runtime.checkpoints import Checkpoint, Group, choice_of, megabytes, present
from engines.runtime.downloads import Fetch, download, download_all, expected_seconds, latest
from engines.runtime.errors import InputError, StudioError
from engines.runtime.fetching import offline, partly_here, refusal
from engines.runtime.scheduler import State
from studio.drawn.tables import paragraph, table
from studio.runs import visitors

Action = Literal["Download", "Cancel", "Try again"]


def members(wanted: Checkpoint | Group) -> tuple[Checkpoint, ...]:
    """Return the checkpoints of a group, or the one."""
    return wanted.members if isinstance(wanted, Group) else (wanted,)


def facts(name: str) -> str:
    """Describe its size, its licence, and what it was trained on."""
    wanted = choice_of(name)
    first, *others = members(wanted)
    files = f" in {len(others) + 1} files" if others else ""
    return f"{megabytes(wanted.size)}{files}, {licence(name)}. Trained on: {first.trained_on}"


def licence(name: str) -> str:
    """Return the licence of the checkpoint or the group of that name, or say that it is not stated."""
    wanted = choice_of(name)
    return wanted.licence if all(each.licensed for each in members(wanted)) else "licence not stated"


def state(name: str) -> dict[str, Any]:
    """Describe where the checkpoint or the group of that name is, for a visitor.

    `words` are the description, `here` tells whether all of it is on this machine, `fraction` is how much of a running
    download is done, or None, and `action` is what is offered, if anything, of which `label` says more; `brings` is how
    much a download brings, and how long it takes here if an earlier one has shown it.
    """
    wanted = choice_of(name)
    missing = [each for each in members(wanted) if present(each) is None]
    told, brings = _state(wanted, missing), _brings(missing)
    unlicensed = "" if all(each.licensed for each in missing) else " (licence not stated)"
    label = f"Download {brings}{unlicensed}" if told["action"] == "Download" else told["action"]
    return {**told, "here": not missing, "label": label, "brings": brings}


def _brings(missing: Sequence[Checkpoint]) -> str:
    size = sum(each.size - partly_here(each) for each in missing)
    seconds = expected_seconds(size)
    return megabytes(size) + ("" if seconds is None else f", about {seconds:.0f} s here")


def _state(wanted: Checkpoint | Group, missing: Sequence[Checkpoint]) -> dict[str, Any]:
    made, parts = latest(wanted), members(wanted)
    action: Action | None
    if made is not None and not made.ended:
        return {"words": str(made), "fraction": made.done / made.total, "action": "Cancel"}
    if not missing:
        bundled = all(each.bundled for each in parts)
        words, action = "Comes with the studio." if bundled else "On this machine.", None
    elif not all(each.fetchable for each in missing):
        words, action = missing[0].remedy, None
    elif made is not None and made.state in (State.FAILED, State.CANCELLED):
        words, action = str(made), "Try again"
    else:
        here = sum(each.size for each in parts if each not in missing) + sum(map(partly_here, missing))
        there = f"{here / 1e6:,.1f} of {megabytes(wanted.size)} are on this machine" if here else "Not on this machine"
        told = "runs do" if isinstance(wanted, Group) else "a run asks for it, and does"
        words, action = f"{there}; {told} without it until it is here.", "Download"
    refused = refusal(wanted) or offline()
    if action is not None and refused is not None:
        words, action = f"Not on this machine. {refused}", None
    return {"words": words, "fraction": None, "action": action}


STARTERS: WeakKeyDictionary[Fetch, str] = WeakKeyDictionary()
"""Which visitor started a download; one that a run asked for has none."""


def act(name: str, action: Action, visitor: str = "") -> None:
    """Start the checkpoint's download, also again after a failure, or stop the one that runs."""
    wanted = choice_of(name)
    made = latest(wanted)
    if action != "Cancel":
        begun = download_all(wanted) if isinstance(wanted, Group) else download(wanted)
        if begun is not made:
            STARTERS[begun] = visitor
    elif made is not None and not made.ended:
        if STARTERS.get(made, visitor) != visitor:
            raise InputError("Another visitor started this download, and waits for it; only they can stop it.")
        made.cancel()


def memory() -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the device with the bound on memory, in a sentence, and a table of the networks that are loaded."""
    from engines.runtime.device import describe
    from engines.runtime.resident import RESIDENT

    rows = {
        " on ".join(map(str, loaded.key)) if isinstance(loaded.key, tuple) else str(loaded.key): {
            "MB": round(loaded.bytes / 1e6, 1),
            "seconds to load": round(loaded.seconds, 2),
            "seconds since used": round(loaded.idle),
        }
        for loaded in reversed(RESIDENT.loaded())
    }
    words = f"{describe()}. Networks may take {RESIDENT.limit / 1e9:g} GB; the one used longest ago leaves first."
    return words if rows else f"{words} None is loaded yet.", rows


def add_routes(app: fastapi.FastAPI) -> None:
    """Add the routes of checkpoints and memory.

    `GET checkpoints/<name>` answers its state; `POST checkpoints/<name>` with `{"action": ...}` the state after it;
    `GET memory` what is loaded, as HTML.
    """

    def answer(name: str, action: Action | None, visitor: str = "") -> JSONResponse:
        try:
            if action is not None:
                act(name, action, visitor)
            return JSONResponse(state(name), headers={"Cache-Control": "no-store"})
        except StudioError as error:
            return JSONResponse({"words": str(error), "here": False, "fraction": None, "action": None}, 404)

    def tell(name: str) -> JSONResponse:
        return answer(name, None)

    def do(request: fastapi.Request, name: str, action: Action = fastapi.Body(embed=True)) -> JSONResponse:  # noqa: B008
        return answer(name, action, visitors.asking(request))

    def show() -> HTMLResponse:
        words, rows = memory()
        return HTMLResponse(paragraph(words) + (table(rows) if rows else ""))

    app.add_api_route("/memory", show, methods=["GET"])
    app.add_api_route("/checkpoints/{name}", tell, methods=["GET"])
    app.add_api_route("/checkpoints/{name}", do, methods=["POST"])
