"""The door of a server, which counts what is asked and refuses too much of it before anything computes.

Sockets on which nothing comes, and bodies that do not arrive, are given up.
"""

import asyncio
import json
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engines.runtime.bugs import sentence
from engines.runtime.disk import explained
from engines.runtime.errors import StudioError
from engines.runtime.images import MAXIMUM_BYTES
from studio.kinds import Upload
from studio.runs import visitors
from studio.runs.visitors import Who
from studio.wire import recordings
from studio.wire.limits import ASKING, Limits, Refused
from studio.wire.origin import refusal

API = "/gradio_api"
RUNS = tuple(f"{API}/{place}" for place in ("queue/join", "call/", "run/", "api/", "mcp"))
LISTENED = (f"{API}/queue/data", f"{API}/call/")
PROGRAM_UPLOAD = f"{API}/upload"
SOCKET, STREAMLIT = "socket", "_stcore"
"""The first parts of the paths of the pages' sockets, in either face."""
STREAMLIT_UPLOAD = f"/{STREAMLIT}/upload_file/"
BODY_SECONDS, BODY_PAUSE = 600.0, 30.0
"""How long a body may take to arrive, and how long its next part."""
IDLE_SECONDS = 300.0
"""How long a socket is kept on which nothing comes; a page opens another when it needs one."""
FORM_BYTES = 100_000
"""What a form adds to a file."""
BUSY = 1013
"""The code by which a page knows that it should come again."""
WHO = "studio.who"
"""Under what a request's scope says who asks."""


class Waiting:
    """Whoever has runs that are not done, for the server around which a gate stands; none where there is no queue."""

    def __call__(self) -> Iterable[Who]:
        """Who has a run that is not done, once for each."""
        return ()

    async def forget_abandoned(self, listened: Counter[str]) -> None:
        """Forget the runs of sessions to whose end nobody listens."""

    def remove_unfinished(self) -> None:
        """Remove what is left of uploads for programs that did not arrive whole; none is under way."""


class _Late(Exception):
    pass


class _TooLarge(Exception):
    pass


class Gate:
    """Stands around a server and asks `limits` before it lets anybody in."""

    def __init__(self, app: ASGIApp, limits: Limits, waiting: Waiting | None = None) -> None:
        self._app = app
        self._limits = limits
        self._waiting = waiting or Waiting()
        self._listened: Counter[str] = Counter()
        self._uploading = 0
        largest = {f"/{kind.route}": kind.largest for kind in Upload.kinds()}
        others = dict.fromkeys(("/saved", PROGRAM_UPLOAD, STREAMLIT_UPLOAD), MAXIMUM_BYTES)
        self._largest = {**largest, **others, "/recordings": recordings.LARGEST}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what is asked for, or refuse it in words."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        who = visitors.who(HTTPConnection(scope))
        scope[WHO] = who
        ASKING.set((self._limits, who))
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send, who)
        else:
            await self._serve_asked(scope, receive, send, who)

    async def _serve_asked(self, scope: Scope, receive: Receive, send: Send, who: Who) -> None:
        """Serve a request, or say why that cannot be, if nothing was answered yet."""
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if scope["method"] in ("POST", "PUT"):
                await self._serve_body(scope, receive, note, who)
            else:
                await self._serve_listening(scope, receive, note)
        except Exception as error:
            answer = _answer(error)
            if not started:
                await answer(scope, receive, send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send, who: Who) -> None:
        # Streamlit's page says nothing while it is looked at.
        kept = {SOCKET: IDLE_SECONDS, STREAMLIT: math.inf}.get(scope["path"].split("/")[1])
        if kept is None:
            await self._app(scope, receive, send)
            return
        try:
            with self._limits.hold("sockets", who):
                await self._app(scope, _disconnecting(receive, send, kept), send)
        except Refused as error:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": json.dumps({"error": str(error)})})
            await send({"type": "websocket.close", "code": BUSY})

    async def _serve_body(self, scope: Scope, receive: Receive, send: Send, who: Who) -> None:
        # Nobody is there to be told of a body that breaks off.
        is_stored = scope["path"].rstrip("/") == PROGRAM_UPLOAD
        with (
            suppress(ClientDisconnect),
            self._upload_for_programs() if is_stored else nullcontext(),
            ExitStack() as held,
        ):
            await self._count(scope, who)
            held.enter_context(self._limits.hold("bodies", who))
            # Streamlit would write all that comes to the disk before it looks how much it is; ours stop by themselves.
            most = MAXIMUM_BYTES + FORM_BYTES if scope["path"].startswith(STREAMLIT_UPLOAD) else math.inf
            arriving = _arriving(receive, held.close, most)
            await self._app(scope, arriving, send)

    @contextmanager
    def _upload_for_programs(self) -> Iterator[None]:
        """Leave nothing half-written of an upload that breaks off."""
        self._uploading += 1
        try:
            yield
        finally:
            self._uploading -= 1
            if not self._uploading:
                self._waiting.remove_unfinished()

    async def _count(self, scope: Scope, who: Who) -> None:
        path = scope["path"].rstrip("/")
        if path.startswith(STREAMLIT_UPLOAD):  # The names of a session and of a file follow.
            path = STREAMLIT_UPLOAD
        if path.startswith(RUNS):
            await self._waiting.forget_abandoned(self._listened)
            self._limits.check_room("waiting", who, self._waiting())
            self._limits.take("runs", who)
        elif path in self._largest:
            length = HTTPConnection(scope).headers.get("content-length", "")
            largest = self._largest[path]
            size = min(int(length), largest) if length.isdecimal() else largest
            self._limits.take("uploads", who)
            self._limits.take("program_bytes" if path == PROGRAM_UPLOAD else "upload_bytes", who, size)
        else:
            self._limits.take("questions", who)

    async def _serve_listening(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = _listening(scope)
        self._listened[session] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._listened[session] -= 1
            if not self._listened[session]:
                del self._listened[session]


def _answer(error: Exception) -> JSONResponse:
    """Return the answer that says why nothing was done."""
    if isinstance(error, Refused):
        return refusal(429, str(error), {"Retry-After": str(error.seconds)})
    if isinstance(error, _TooLarge):
        return refusal(413, f"The file is larger than {MAXIMUM_BYTES // 1_000_000} MB; choose a smaller one.")
    if isinstance(error, _Late):
        return refusal(408, "The rest did not arrive in time; check the network, and send it again.")
    return refusal(507 if isinstance(explained(error), StudioError) else 500, sentence(error))


def _listening(scope: Scope) -> str:
    """Whose runs' ends are listened to by this request: a session, or an event of a program; "" where it is no such."""
    path: str = scope["path"]
    if not path.startswith(LISTENED):
        return ""
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash")
    return asked[0] if asked else path.rsplit("/", 1)[-1]


def _arriving(receive: Receive, arrived: Callable[[], object], most: float) -> Receive:
    """Bound how long a body may take to come, and its bytes; `arrived` is called once it is there, or will not come."""
    end, is_whole, size = asyncio.get_running_loop().time() + BODY_SECONDS, False, 0

    async def receive_in_time() -> Message:
        nonlocal is_whole, size
        if is_whole:
            return await receive()
        left = end - asyncio.get_running_loop().time()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, min(BODY_PAUSE, left)))
        except TimeoutError:
            arrived()
            raise _Late from None
        size += len(message.get("body", b""))
        if size > most:
            arrived()
            raise _TooLarge
        is_whole = message["type"] != "http.request" or not message.get("more_body")
        if is_whole:
            arrived()
        return message

    return receive_in_time


def _disconnecting(receive: Receive, send: Callable[[Message], Awaitable[None]], seconds: float) -> Receive:
    """Disconnect a socket from which nothing has come for so many seconds."""

    async def receive_in_time() -> Message:
        try:
            return await asyncio.wait_for(receive(), seconds if seconds < math.inf else None)
        except TimeoutError:
            await send({"type": "websocket.close", "code": BUSY})
            return {"type": "websocket.disconnect", "code": BUSY}

    return receive_in_time
