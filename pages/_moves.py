"""Live controls while they move: every place is answered over a WebSocket, and left for a newer one once something was
shown. Gradio's own event takes longer than most pictures; it follows when the controls rest, with what a moving
control does without: the final picture, errors, the history, the address.

Messages are JSON: `{control: value}` from the browser, or null where nothing moves any more; `{output: what studio.js
draws}` to it.
"""

import asyncio
import base64
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from PIL import Image

from engines.runtime.errors import InputError
from engines.runtime.scheduler import Task
from pages import _pictures, _visitors
from pages._drawing import Drawing, received
from pages._globes import Globe, Solid
from pages._hypergraphs import Graph
from pages._panel import Experiment, Panel, Rotation, Stream, View
from pages._results import parameters, start

MESSAGE_BYTES = 100_000
CONNECTIONS = 200
POLL_SECONDS = 0.003
JPEG_QUALITY = 90


def add_routes(app: FastAPI, panels: Sequence[Panel]) -> None:
    """Add the WebSocket `/moves/<slug>/<experiment>` of every live experiment."""
    live = {
        (panel.slug, experiment.name): (panel, experiment)
        for panel in panels
        for experiment in panel.experiments
        if experiment.live and not isinstance(experiment, Stream | View)
    }
    open_connections: set[WebSocket] = set()

    @app.websocket("/moves/{slug}/{name}")
    async def moves(socket: WebSocket, slug: str, name: str) -> None:
        same_host = urlsplit(socket.headers.get("origin", "")).netloc == socket.headers.get("host")
        if not same_host or (slug, name) not in live or len(open_connections) >= CONNECTIONS:
            await socket.close()  # Before it is accepted: the browser gets 403, and Gradio's events serve alone.
            return
        await socket.accept()
        open_connections.add(socket)
        try:
            await _Visit(socket, *live[slug, name]).serve()
        finally:
            open_connections.remove(socket)


class _Visit:
    """One page on which a live experiment's controls move."""

    def __init__(self, socket: WebSocket, panel: Panel, experiment: Experiment) -> None:
        self.socket = socket
        self.panel = panel
        self.experiment = experiment
        # What a hand turns shows at once; what a run adds to that waits until the hand rests.
        self.first_is_all = any(isinstance(control, Rotation) for control in experiment.controls.values())
        self.visitor = _visitors.visitor(socket.cookies, secrets.token_urlsafe())
        self.result: Mapping[str, Any] = {}
        self.newest: Mapping[str, Any] | None = None
        self.moved = asyncio.Event()

    async def serve(self) -> None:
        answering = asyncio.create_task(self._answer())
        try:
            while len(text := await self.socket.receive_text()) <= MESSAGE_BYTES:
                values = json.loads(text)
                self.newest = values if isinstance(values, dict) else None
                self.moved.set()
            await self.socket.close(1009)
        except (WebSocketDisconnect, ValueError, RecursionError, KeyError):
            pass
        finally:
            answering.cancel()

    async def _answer(self) -> None:
        while True:
            await self.moved.wait()
            self.moved.clear()
            if self.newest is not None:
                await self._show(self.newest)

    async def _show(self, values: Mapping[str, Any]) -> None:
        try:
            given = received(self.experiment, values)
            task = await _pictures.aside(partial(start, visitor=self.visitor), self.experiment, given)
        except InputError:
            return
        made = parameters(self.panel, self.experiment, {**self.experiment.opening(), **given})
        drawing = Drawing(self.panel, self.experiment, _inline, made)
        try:
            while not await self._is_shown(task, drawing):
                await asyncio.sleep(POLL_SECONDS)
        finally:
            task.cancel()

    async def _is_shown(self, task: Task, drawing: Drawing) -> bool:
        """Send what is new of the result; whether that was all, or enough since something newer waits."""
        ended, result = task.ended, task.result
        changes = {}
        if result is not self.result:  # Each partial result is another mapping.
            self.result = result
            changes = await _pictures.aside(drawing.changes, result)
        if changes:
            await self.socket.send_text(json.dumps(changes, default=lambda array: array.tolist()))
        if self.first_is_all and drawing.drawn:
            return True
        return ended or (self.moved.is_set() and (self.newest is None or bool(drawing.drawn)))


def _inline(made: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A picture in the message itself: held for an address, those of a moving control would soon take all the room."""
    if isinstance(made, Solid):
        return {}  # It turns in the browser; another comes when the controls rest.
    if isinstance(made, Globe):
        return made.drawn(_pictures.hold_map)
    if isinstance(made, Graph):
        return made.drawn()
    if not isinstance(made, np.ndarray):
        return _pictures.hold(made, parameters)
    file = io.BytesIO()
    Image.fromarray(made).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    address = f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
    return {"src": address, "file": address, "width": made.shape[1], "height": made.shape[0]}
