"""The checkpoints a visitor chooses among: what each is, whether it is on this machine, its download; and what of them
is in memory."""

from typing import Any, Literal

import fastapi
from fastapi.responses import HTMLResponse, JSONResponse

from engines.runtime.checkpoints import find, present
from engines.runtime.errors import StudioError
from engines.runtime.hub import download, latest, partly_here
from engines.runtime.scheduler import State
from pages import _typeset

Action = Literal["Download", "Cancel", "Try again"]


def facts(name: str) -> str:
    """Its size, licence, and what it was trained on."""
    checkpoint = find(name)
    return f"{checkpoint.megabytes}, {checkpoint.licence}. Trained on: {checkpoint.trained_on}"


def state(name: str) -> dict[str, Any]:
    """Where the checkpoint is, for a visitor: `words`; `fraction` of a download under way, else None; and the `action`
    that is offered, if any."""
    checkpoint = find(name)
    found, made = present(checkpoint), latest(checkpoint)
    action: Action | None
    if made is not None and not made.ended:
        return {"words": str(made), "fraction": made.done / made.total, "action": "Cancel"}
    if found is not None:
        words, action = "Comes with the studio." if found[0] == "bundled" else "On this machine.", None
    elif checkpoint.repo is None:
        words, action = checkpoint.remedy, None
    elif made is not None and made.state in (State.FAILED, State.CANCELLED):
        words, action = str(made), "Try again"
    else:
        partial = partly_here(checkpoint)
        here = (
            f"{partial / 1e6:.1f} of {checkpoint.megabytes} are on this machine" if partial else "Not on this machine"
        )
        words, action = f"{here}; a run asks for it, and does without it until it is here.", "Download"
    return {"words": words, "fraction": None, "action": action}


def act(name: str, action: Action) -> None:
    """Start the checkpoint's download, again after one that failed, or stop the one under way."""
    checkpoint = find(name)
    if action != "Cancel":
        download(checkpoint)
    elif (made := latest(checkpoint)) is not None:
        made.cancel()


def memory() -> tuple[str, dict[str, dict[str, Any]]]:
    """The device with the bound on memory, in a sentence, and a table of the networks that are loaded."""
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
    """`GET checkpoints/<name>`: its state; `POST checkpoints/<name>` with `{"action": ...}`: the state after it;
    `GET memory`: what is loaded, as HTML."""

    def answer(name: str, action: Action | None) -> JSONResponse:
        try:
            if action is not None:
                act(name, action)
            return JSONResponse(state(name), headers={"Cache-Control": "no-store"})
        except StudioError as error:
            return JSONResponse({"words": str(error), "fraction": None, "action": None}, 404)

    def tell(name: str) -> JSONResponse:
        return answer(name, None)

    def do(name: str, action: Action = fastapi.Body(embed=True)) -> JSONResponse:  # noqa: B008
        return answer(name, action)

    def show() -> HTMLResponse:
        words, rows = memory()
        return HTMLResponse(_typeset.sentence(words) + (_typeset.table(rows) if rows else ""))

    app.add_api_route("/memory", show, methods=["GET"])
    app.add_api_route("/checkpoints/{name}", tell, methods=["GET"])
    app.add_api_route("/checkpoints/{name}", do, methods=["POST"])
