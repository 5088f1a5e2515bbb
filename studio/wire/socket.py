"""Serves one WebSocket a page: what moves, what is written, and what runs tell.

Messages are JSON. A page sends {"experiment", "moved": {control: value}} while a control of a live experiment moves,
the same as "rests" once it rests, and as "written" to know the query that asks for these values. For a Stream it sends
"start" or "stop", and control values as "moved"; a frame is a binary message, with a header as its result has
(studio/wire/live.py). A Stream that has to wait for a live place is told its place in the line as "waiting", then 0.
Anything else, such as {}, only says that the page is there. It gets what studio/wire/visit.py tells, with "experiment";
what moves is in "passing".
"""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from engines.runtime.errors import InputError
from engines.runtime.scheduler import is_lent
from studio.declared import Experiment, Panel, Stream, View
from studio.runs import permalink, visitors, words
from studio.wire.limits import Refused
from studio.wire.live import BUSY, Streaming, is_from_here
from studio.wire.moves import Moves
from studio.wire.places import Line
from studio.wire.visit import VISITS, Told

TEXT_BYTES = 100_000
FRAME_BYTES = 2_000_000
NAME_LETTERS = 64
"""The longest name that a page may give itself."""

PAGES: dict[tuple[str, str], "Page"] = {}
"""The pages whose sockets are open, by their visitors and the names that they gave themselves."""


def add_routes(app: FastAPI, panels: Sequence[Panel]) -> None:
    """Add the WebSocket `/socket/<slug>?page=<name>` of every panel's pages."""
    known, line = {panel.slug: panel for panel in panels}, Line()

    @app.websocket("/socket/{slug}")
    async def serve(socket: WebSocket, slug: str) -> None:
        name = socket.query_params.get("page", "")
        if not is_from_here(socket) or slug not in known or not 0 < len(name) <= NAME_LETTERS:
            await socket.close()  # Before it is accepted: the browser gets 403, and Gradio's events serve alone.
            return
        await socket.accept()
        await Page(socket, known[slug], name, line).serve()


class Page:
    """Serves one page's socket."""

    def __init__(self, socket: WebSocket, panel: Panel, name: str, line: Line) -> None:
        self._socket = socket
        self._line = line
        self._panel = panel
        self._key = visitors.asking(socket), name
        self._moves: dict[str, Moves] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._streams: dict[str, tuple[Streaming, asyncio.Task[None]]] = {}

    async def serve(self) -> None:
        """Serve until the page leaves, or sends what no page of ours does."""
        PAGES[self._key] = self
        try:
            while len(content := await self._receive()) <= (FRAME_BYTES if isinstance(content, bytes) else TEXT_BYTES):
                if isinstance(content, bytes):
                    self._take_frame(content)
                else:
                    await self._take(json.loads(content))
            await self._socket.close(1009)
        except WebSocketDisconnect:
            pass
        except (ValueError, RecursionError, KeyError, TypeError, InputError):
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(1008)
        finally:
            if PAGES.get(self._key) is self:
                del PAGES[self._key]
            for answering in (*self._answering, *(task for _, task in self._streams.values())):
                answering.cancel()

    async def tell(self, experiment: str, told: Told) -> bool:
        """Bring the page what is told of an experiment, and return whether it could be sent."""
        try:
            await self._socket.send_text(_json({"experiment": experiment, **told}))
        except (RuntimeError, WebSocketDisconnect):
            return False
        return True

    async def _receive(self) -> str | bytes:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        content: str | bytes = message.get("bytes") or message.get("text") or ""
        return content

    def _take_frame(self, content: bytes) -> None:
        length = int.from_bytes(content[:4], "little")
        header = json.loads(content[4 : 4 + length])
        if header["experiment"] in self._streams:  # One that was on its way when the stream was stopped is late.
            streaming, _ = self._streams[header["experiment"]]
            streaming.take(content[4 + length :])

    async def _take(self, message: Any) -> None:
        if not isinstance(message, dict):
            raise ValueError("a message is a JSON object")
        if "experiment" not in message:
            return
        experiment = self._panel.experiment(message["experiment"])
        if "written" in message:
            told = await asyncio.to_thread(written, self._panel, experiment, message["written"])
            await self.tell(experiment.name, told)
        if isinstance(experiment, Stream):
            await self._take_of_stream(experiment, message)
            return
        for kind, rests in (("moved", False), ("rests", True)):
            if kind in message:
                self._moving(experiment).move({**message[kind]}, rests)

    async def _take_of_stream(self, experiment: Stream, message: Mapping[str, Any]) -> None:
        if "start" in message or "stop" in message:
            self._stop(experiment.name)
        if "start" in message:
            tell = partial(self.tell, experiment.name)
            streaming = Streaming(experiment, self._key[0], tell, self._socket.send_bytes)
            self._streams[experiment.name] = streaming, asyncio.create_task(self._stream(experiment.name, streaming))
        if "moved" in message and experiment.name in self._streams:
            streaming, _ = self._streams[experiment.name]
            await streaming.move(message["moved"])

    async def _stream(self, experiment: str, streaming: Streaming) -> None:
        """Serve a stream once there is a live place for it."""
        try:
            async with self._line.place(lambda place: self.tell(experiment, {"waiting": place})):
                await streaming.answer()
        except Refused as error:
            await self.tell(experiment, {"error": str(error), "ended": BUSY})
        if experiment in self._streams and self._streams[experiment][0] is streaming:
            del self._streams[experiment]

    def _stop(self, experiment: str) -> None:
        if experiment in self._streams:
            _, task = self._streams.pop(experiment)
            task.cancel()

    def _moving(self, experiment: Experiment) -> Moves:
        moves = self._moves.get(experiment.name)
        if moves is None:
            if not moves_here(experiment):
                raise InputError("Nothing of this experiment is answered while it moves.")
            visitor, page = self._key
            visit = VISITS.of(visitor, page, self._panel, experiment)
            moves = self._moves[experiment.name] = Moves(visit, visitor, partial(self.tell, experiment.name))
            self._answering.add(asyncio.create_task(moves.answer()))
        return moves


def written(panel: Panel, experiment: Experiment, values: Mapping[str, Any]) -> Told:
    """Tell what stands for control values in the address, and what a stream makes with them."""
    told: Told = {"query": permalink.write(panel, experiment, values)}
    if isinstance(experiment, Stream):
        from engines.runtime.device import describe

        told["badge"] = words.badge(experiment, values, describe(), None)
    return told


def moves_here(experiment: Experiment) -> bool:
    """Tell whether what moves is answered by the socket: a GPU that is lent comes by Gradio's events alone."""
    return experiment.live and not isinstance(experiment, Stream | View) and not is_lent()


async def tell(visitor: str, page: str, experiment: str, told: Told) -> bool:
    """Bring a page what is told of an experiment by its socket, and return whether it has one."""
    found = PAGES.get((visitor, page))
    return found is not None and await found.tell(experiment, told)


def _json(message: Told) -> str:
    try:
        return json.dumps(message, default=_plain, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(message))


def _plain(value: Any) -> Any:
    return value.tolist()


def _finite(value: Any) -> Any:
    """Return plain values, with null in the place of numbers for which JSON has no words."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case str() | int() | None:
            return value
        case Mapping():
            return {name: _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
    return _finite(value.tolist())
