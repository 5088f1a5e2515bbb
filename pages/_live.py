"""What only a browser can do: camera frames over a WebSocket, and pages of ours that post an answer.

One live result is one binary message: the length of its header (4 bytes, little endian), the header, then the pictures
as JPEG. The header is JSON: `frame`, which frame of this connection was computed, from 1; `outputs` that are not
pictures; `pictures` as [output, caption, bytes]. Text messages are JSON too: `{control: value}` from the browser,
`{"error": sentence}` to it, with `frame` where a frame was the reason. Frames are never stored. To a stream without a
camera, a frame that is sent is one byte: it asks for the next result.
"""

import asyncio
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import anyio
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.staticfiles import StaticFiles
from PIL import Image
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from engines.runtime.errors import InputError, StudioError
from pages import _visitors
from pages._drawing import received
from pages._panel import Camera, Comparison, Panel, Picture, Stream, Strip, Upload, View
from pages._pictures import aside
from pages._results import pictures, sentence, start

WEB = Path(__file__).parents[1] / "assets" / "web"
MESSAGE_BYTES = 2_000_000
ANSWER_BYTES = 256 * 1024
CONNECTIONS = 24
POLL_SECONDS = 0.003
JPEG_QUALITY = 85


def add_routes(app: FastAPI, panels: Sequence[Panel], web: Path = WEB) -> None:
    """Add the WebSocket `/live/<slug>/<experiment>` of every Stream, the clips that can stand in for its camera under
    the same path, `POST /services/<slug>/<experiment>` of every View that has one, and the files of `web` under
    `/web/`."""
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
    open_connections: set[WebSocket] = set()

    @app.websocket("/live/{slug}/{name}")
    async def live(socket: WebSocket, slug: str, name: str) -> None:
        if not _from_here(socket) or (slug, name) not in streams:
            await socket.close()  # Before it is accepted: the browser gets 403.
            return
        await socket.accept()
        if len(open_connections) >= CONNECTIONS:
            await socket.send_json({"error": "All live places are taken just now; this page tries again by itself."})
            await socket.close(1013)
            return
        open_connections.add(socket)
        try:
            await _Visit(socket, streams[slug, name]).serve()
        finally:
            open_connections.remove(socket)

    @app.get("/live/{slug}/{name}/{clip}")
    def example(slug: str, name: str, clip: str) -> Response:
        camera = streams[slug, name].camera if (slug, name) in streams else None
        clips = camera[1].clips if camera else {}
        if clip not in clips:
            return Response("There is no such clip.", 404, media_type="text/plain")
        return Response(clips[clip](), media_type="video/mp4")

    @app.post("/services/{slug}/{name}")
    async def serve(slug: str, name: str, request: Request) -> JSONResponse:
        if not _from_here(request) or (slug, name) not in views:
            return JSONResponse({"error": "There is no such service."}, 404)
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > ANSWER_BYTES:
                break
        status, replied = await asyncio.to_thread(reply, views[slug, name], content.decode(errors="replace"))
        return JSONResponse(replied, status)

    app.mount("/web", _Web(directory=web), name="web")


def _from_here(connection: HTTPConnection) -> bool:
    """Whether a page of this host asks."""
    return urlsplit(connection.headers.get("origin", "")).netloc == connection.headers.get("host")


class _Web(StaticFiles):
    """Files that a browser keeps and asks about again each time, so that an update is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class _Visit:
    """One visitor's stream: the newest frame, the controls as they stand, and the run's memory."""

    def __init__(self, socket: WebSocket, experiment: Stream) -> None:
        self.socket = socket
        self.experiment = experiment
        self.visitor = _visitors.visitor(socket.cookies, secrets.token_urlsafe())
        self.camera = experiment.camera
        self.values = experiment.opening()
        self.memory: dict[str, Any] = {}
        self.newest = b""
        self.frames = 0
        self.arrived = asyncio.Event()

    async def serve(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._answer)
            too_large = await self._listen()
            group.cancel_scope.cancel()
        if too_large:
            await self.socket.close(1009)

    async def _listen(self) -> bool:
        """Take messages until the visitor leaves or sends one too large; a frame replaces the one not yet computed."""
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                return False
            content = message.get("bytes") or message.get("text") or ""
            if len(content) > MESSAGE_BYTES:
                return True
            if isinstance(content, bytes):
                self.newest = content
                self.frames += 1
                self.arrived.set()
                continue
            try:
                self.values.update(_controls(self.experiment, content))
            except InputError as error:
                await self.socket.send_json({"error": str(error)})

    async def _answer(self) -> None:
        """Compute the newest frame, send what came of it, and wait for the next."""
        try:
            while True:
                await self.arrived.wait()
                self.arrived.clear()
                await self._compute(self.newest, self.frames)
        except WebSocketDisconnect:
            return
        except Exception as error:
            await self.socket.send_json({"error": sentence(error)})
            await self.socket.close(1011)

    async def _compute(self, frame: bytes, number: int) -> None:
        try:
            computing = partial(start, visitor=self.visitor)
            seen = {self.camera[0]: frame} if self.camera else {}
            task = await aside(computing, self.experiment, {**self.values, **seen}, self.memory)
            try:
                while not task.ended:
                    await asyncio.sleep(POLL_SECONDS)
            finally:
                task.cancel()
            if task.error is not None:
                raise task.error
            packed = await asyncio.to_thread(_packed, self.experiment, task.result, number)
        except StudioError as error:
            await self.socket.send_json({"error": str(error), "frame": number})
        else:
            await self.socket.send_bytes(packed)


def _controls(experiment: Stream, text: str) -> dict[str, Any]:
    """The control values of a text message.

    Raises:
        InputError: it is no JSON object, or a value cannot be used.
    """
    values = _object(text, "The controls")
    for name, value in values.items():
        control = experiment.control(name)
        if isinstance(control, Camera) or (isinstance(control, Upload) and not isinstance(value, str | None)):
            raise InputError(f"{control.label}: a file cannot be sent among the controls.")
    files = received(experiment, values)
    for name, value in files.items():
        experiment.control(name).check(value)
    return files


def _packed(experiment: Stream, result: Mapping[str, Any], number: int) -> bytes:
    """A result as the one binary message that the top of this module describes."""
    encoded, listed = [], []
    for name, caption, picture in pictures(experiment, result):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=JPEG_QUALITY)
        encoded.append(file.getvalue())
        listed.append((name, caption, len(encoded[-1])))
    shown = {name for name, _, _ in listed}
    outputs = {name: value for name, value in result.items() if name not in shown}
    document = {"frame": number, "outputs": outputs, "pictures": listed}
    header = json.dumps(document, default=lambda array: array.tolist()).encode()
    return b"".join([len(header).to_bytes(4, "little"), header, *encoded])


def read_answer(text: str) -> dict[str, Any]:
    """The answer that a View's page posted, as `run` gets it.

    Raises:
        InputError: it is no JSON object, or longer than 256 KB.
    """
    if len(text.encode()) > ANSWER_BYTES:
        raise InputError(f"The page's answer is longer than {ANSWER_BYTES // 1024} KB and was not taken.")
    return _object(text, "The page's answer")


def reply(experiment: View, text: str) -> tuple[int, Mapping[str, Any]]:
    """What a View's service replies to its page, after HTTP's status; {"error": sentence} where it refuses."""
    assert experiment.service, "only a page with a service asks"
    try:
        return 200, experiment.service(read_answer(text))
    except InputError as error:
        return 422, {"error": str(error)}
    except Exception as error:
        return 500, {"error": sentence(error)}


def _object(text: str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InputError(f"{name}: a JSON object was expected; reload the page and try again.")
    return value


def stream_html(panel: Panel, experiment: Stream, posters: Mapping[str, str]) -> str:
    """The markup of a Stream, which live.js brings to life; one figure for each output with pictures, which shows its
    poster, the address of a picture, until the first frame comes."""
    figures = "".join(
        f'<figure data-output="{escape(name)}"><canvas width="640" height="480" role="img"{_poster(posters.get(name))}'
        f' aria-label="{escape(output.label)}"></canvas><figcaption>{escape(output.label)}</figcaption></figure>'
        for name, output in experiment.outputs.items()
        if isinstance(output, Picture | Strip | Comparison)
    )
    if experiment.camera:
        clips = "".join(
            f'<button type="button" data-clip="{escape(clip)}">Play the {escape(clip)}</button>'
            for clip in experiment.camera[1].clips
        )
        starts = (
            '<button type="button" data-action="camera">Start camera</button>'
            f'{clips}<button type="button" data-action="clip">Choose a clip</button>'
            '<input type="file" accept="video/*" aria-label="Clip" hidden>'
        )
        words = "Start the camera, or choose a clip in its place. Frames are never stored."
    else:
        starts = f'<button type="button" data-action="go" data-rate="{experiment.rate}">{experiment.action}</button>'
        words = "Its controls may be moved while it goes on."
    return (
        f'<div class="studio-stream" data-live="{panel.slug}/{experiment.name}">'
        f'<div class="stream-figures">{figures}</div>'
        '<div class="stream-buttons">'
        f'{starts}<button type="button" data-action="stop" disabled>Stop</button>'
        "</div>"
        f'<p class="stream-status" role="status">{words}</p>'
        '<p class="stream-numbers"></p>'
        "</div>"
    )


def _poster(address: str | None) -> str:
    return f' style="background-image: url({escape(address)})"' if address else ""


def view_html(panel: Panel, experiment: View, values: Mapping[str, Any] | None = None) -> str:
    """The markup of a View, whose page live.js opens with the control values, at first the opening's, as its query."""
    query = view_query(values or experiment.opening())
    serviced = " data-serviced" if experiment.service else ""
    return (
        f'<div class="studio-view" data-view="{panel.slug}/{experiment.name}"'
        f' data-page="{escape(experiment.page)}" data-query="{escape(query)}"{serviced}>'
        f'<iframe title="{escape(experiment.title)}" allow="fullscreen"></iframe>'
        "</div>"
    )


def view_query(values: Mapping[str, Any]) -> str:
    """The query with which a View's page is opened: the control values."""
    return urlencode({name: value for name, value in values.items() if value is not None})
