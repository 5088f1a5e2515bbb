"""Serves what only a browser can do: results for camera frames, and pages of ours that post an answer.

Frames come by the page's socket (studio/wire/socket.py). One live result is one binary message: the length of its
header (4 bytes, little endian), the header, then the pictures as JPEG. The header is JSON: `experiment`; `frame`, which
frame since the stream began was computed, from 1; `outputs` that are not pictures; `pictures` as [output, caption,
bytes]. What is wrong is told as {"error": sentence}, with `frame` if a frame was the reason, and with `ended` if the
stream is over. Frames are never stored. To a stream without a camera, a frame that is sent is one byte: it asks for the
next result.
"""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Request
from PIL import Image
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from engines.runtime.errors import InputError, StudioError
from studio import WEB
from studio.declared import Panel, Stream, View
from studio.drawn.template import rendered
from studio.kinds import Upload
from studio.kinds.kind import modules
from studio.runs.run import sentence, start
from studio.runs.store import pictures
from studio.wire.files import aside, received
from studio.wire.web import Web

ANSWER_BYTES = 256 * 1024
JPEG_QUALITY = 85
IDLE_SECONDS = 60.0
"""How long a stream keeps its place while no frame comes."""
MISTAKE, BUSY, IDLE = 1011, 1013, 4000
"""Why a stream is over, in the numbers by which sockets say so."""


def add_routes(app: FastAPI, panels: Sequence[Panel], web: Path = WEB) -> None:
    """Add the routes of streams, of pages of ours, and of the files that browsers load.

    They are the clips that can replace a Stream's camera, `/live/<slug>/<experiment>/<clip>`, `POST
    /services/<slug>/<experiment>` of every View that has one, and the files of `web` under `/web/`.
    """
    streams = {
        (panel.slug, experiment.name): experiment
        for panel in panels
        for experiment in panel.experiments
        if isinstance(experiment, Stream)
    }
    views = {
        (panel.slug, experiment.name): experiment
        for panel in panels
        for experiment in panel.experiments
        if isinstance(experiment, View) and experiment.service
    }

    @app.get("/live/{slug}/{name}/{clip}")
    def example(slug: str, name: str, clip: str) -> Response:
        camera = streams[slug, name].camera if (slug, name) in streams else None
        clips = camera[1].clips if camera else {}
        if clip not in clips:
            return Response("There is no such clip.", 404, media_type="text/plain")
        return Response(clips[clip](), media_type="video/mp4")

    @app.post("/services/{slug}/{name}")
    async def serve(slug: str, name: str, request: Request) -> JSONResponse:
        if not is_from_here(request) or (slug, name) not in views:
            return JSONResponse({"error": "There is no such service."}, 404)
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > ANSWER_BYTES:
                break
        status, replied = await asyncio.to_thread(reply, views[slug, name], content.decode(errors="replace"))
        return JSONResponse(replied, status)

    @app.get("/kinds/{name}")
    def module(name: str) -> Response:
        path = modules().get(f"kinds/{name}")
        if path is None:
            return Response("There is no such kind.", 404, media_type="text/plain")
        return Response(path.read_text(), media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    app.mount("/web", Web(web), name="web")


def is_from_here(connection: HTTPConnection) -> bool:
    """Tell whether a page of this host asks."""
    return urlsplit(connection.headers.get("origin", "")).netloc == connection.headers.get("host")


class Streaming:
    """Is one stream of one page: the newest frame, the controls as they stand, and the run's memory.

    Args:
        tell: sends what is wrong.
        send: sends a result.
    """

    def __init__(
        self,
        experiment: Stream,
        visitor: str,
        tell: Callable[[dict[str, Any]], Awaitable[Any]],
        send: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._experiment = experiment
        self._visitor = visitor
        self._tell = tell
        self._send = send
        self._values = experiment.opening()
        self._memory: dict[str, Any] = {}
        self._newest = b""
        self._frames = 0
        self._arrived = asyncio.Event()

    def take(self, frame: bytes) -> None:
        """Take a frame, which replaces the one not yet computed."""
        self._newest = frame
        self._frames += 1
        self._arrived.set()

    async def move(self, values: Any) -> None:
        """Take control values; what cannot be used is told, and changes nothing."""
        try:
            self._values.update(_controls(self._experiment, values))
        except InputError as error:
            await self._tell({"error": str(error)})

    async def answer(self) -> None:
        """Compute the newest frame, send the result, and wait for the next, until the stream is over."""
        try:
            while True:
                await asyncio.wait_for(self._arrived.wait(), IDLE_SECONDS)
                self._arrived.clear()
                await self._compute(self._newest, self._frames)
        except TimeoutError:
            await self._tell({"error": "No frame has come for a minute.", "ended": IDLE})
        except Exception as error:
            await self._tell({"error": sentence(error), "ended": MISTAKE})

    async def _compute(self, frame: bytes, number: int) -> None:
        camera = self._experiment.camera
        try:
            computing = partial(start, visitor=self._visitor)
            seen = {camera[0]: frame} if camera else {}
            task = await aside(computing, self._experiment, {**self._values, **seen}, self._memory)
            try:
                async for _ in task.changes():
                    pass
            finally:
                task.cancel()
            if task.error is not None:
                raise task.error
            packed = await asyncio.to_thread(_packed, self._experiment, task.result, number)
        except StudioError as error:
            await self._tell({"error": str(error), "frame": number})
        else:
            await self._send(packed)


def _controls(experiment: Stream, values: Any) -> dict[str, Any]:
    """Read the control values of a message.

    Raises:
        InputError: it is no JSON object, or a value cannot be used.
    """
    for name, value in _object(values, "The controls").items():
        control = experiment.control(name)
        if not control.is_linked or (isinstance(control, Upload) and not isinstance(value, str | None)):
            raise InputError(f"{control.label}: a file cannot be sent among the controls.")
    files = received(experiment, values)
    for name, value in files.items():
        experiment.control(name).check(value)
    return files


def _packed(experiment: Stream, result: Mapping[str, Any], number: int) -> bytes:
    """Pack a result into the one binary message that the top of this module describes."""
    encoded, listed = [], []
    for name, caption, picture in pictures(experiment, result):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=JPEG_QUALITY)
        encoded.append(file.getvalue())
        listed.append((name, caption, len(encoded[-1])))
    shown = {name for name, _, _ in listed}
    outputs = {name: value for name, value in result.items() if name not in shown}
    document = {"experiment": experiment.name, "frame": number, "outputs": outputs, "pictures": listed}
    header = json.dumps(document, default=lambda array: array.tolist()).encode()
    return b"".join([len(header).to_bytes(4, "little"), header, *encoded])


def read_answer(text: str) -> dict[str, Any]:
    """Read the answer that a View's page posted, as `run` gets it.

    Raises:
        InputError: it is no JSON object, or longer than 256 KB.
    """
    if len(text.encode()) > ANSWER_BYTES:
        raise InputError(f"The page's answer is longer than {ANSWER_BYTES // 1024} KB and was not taken.")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return _object(value, "The page's answer")


def reply(experiment: View, text: str) -> tuple[int, Mapping[str, Any]]:
    """Return HTTP's status and what a View's service replies to its page; {"error": sentence} if it refuses.

    With "later", the page may ask the same again.
    """
    assert experiment.service, "only a page with a service asks"
    try:
        return 200, experiment.service(read_answer(text))
    except InputError as error:
        return 422, {"error": str(error)}
    except Exception as error:
        return 503, {"error": sentence(error), "later": True}


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{name}: a JSON object was expected; reload the page and try again.")
    return value


def stream_html(panel: Panel, experiment: Stream, posters: Mapping[str, str]) -> str:
    """Write the markup of a Stream, which live.js brings to life.

    There is one figure for each output with pictures; it shows its poster, the address of a picture, until the first
    frame comes.
    """
    framed = [(name, output) for name, output in experiment.outputs.items() if output.is_framed]
    opening = {name: value for name, value in experiment.opening().items() if experiment.controls[name].is_linked}
    # What is made stands last where a camera leads to it, else first.
    main = framed[-1 if experiment.camera else 0][0] if framed else ""
    return rendered(
        "stream.html",
        panel=panel,
        experiment=experiment,
        framed=framed,
        posters=posters,
        main=main,
        opening=json.dumps(opening),
    )


def view_html(panel: Panel, experiment: View, values: Mapping[str, Any] | None = None) -> str:
    """Write the markup of a View, whose page live.js opens with the control values as its query.

    At first they are the opening's.
    """
    query = view_query(values or experiment.opening())
    return rendered("view.html", panel=panel, experiment=experiment, query=query)


def view_query(values: Mapping[str, Any]) -> str:
    """Write the query with which a View's page is opened: the control values."""
    return urlencode({name: value for name, value in values.items() if value is not None})
