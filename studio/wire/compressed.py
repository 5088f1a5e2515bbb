"""Compresses text that leaves the server: pages, scripts, styles, JSON, SVG.

What streams (events, parts of films) and what is compressed already passes unchanged, and so do WebSockets.
"""

import gzip
import hashlib
from concurrent.futures import ThreadPoolExecutor

import anyio.to_thread
import brotli  # type: ignore[import-untyped]
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engines.runtime.memory import Cache
from studio.wire.files import yield_to_others

SMALLEST = 600
"""The number of bytes below which nothing is gained, because the answer fits into one packet as it is."""
LARGEST = 8_000_000
"""The number of bytes above which an answer is sent as it is, because it is held in memory while it is compressed."""
QUALITY = {"br": 5, "gzip": 6}
"""The quality for what is compressed while somebody waits."""
BEST = {"br": 11, "gzip": 9}
"""The quality for what is compressed once and sent often."""
TEXTS = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
STREAMS = "text/event-stream"
FOREVER = "public, max-age=31536000, immutable"

_packed: Cache[tuple[str, str], bytes] = Cache(len)
"""What was compressed, by the digest of its content and the encoding."""


class Compressed:
    """Compresses the app's answers for browsers that accept it.

    Files under the paths `named` have names that change with their content: browsers keep them, and so does this class.
    """

    def __init__(self, app: ASGIApp, named: tuple[str, ...] = ()) -> None:
        self._app = app
        self._named = named
        self._whole: dict[tuple[str, str], tuple[Message, Message]] = {}
        self._packing = ThreadPoolExecutor(1, thread_name_prefix="pack", initializer=yield_to_others)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, compressed if that helps."""
        encoding = accepted(Headers(scope=scope)) if scope["type"] == "http" and scope["method"] == "GET" else None
        if encoding is None:
            await self._app(scope, receive, send)
            return
        key = scope["path"], encoding
        if key in self._whole:
            for message in self._whole[key]:
                await send(message)
            return
        answer = _Answer(send, encoding, scope["path"].startswith(self._named))
        await self._app(scope, receive, answer.send)
        if answer.whole is not None:
            self._whole[key] = answer.whole
            self._packing.submit(self._pack_best, key, bytes(answer.body))

    def _pack_best(self, key: tuple[str, str], content: bytes) -> None:
        """Compress it once more, as well as possible, for later requests."""
        start, body = self._whole[key]
        best = packed(content, key[1], best=True)
        if len(best) < len(body["body"]):
            headers = MutableHeaders(raw=list(start["headers"]))
            headers["content-length"] = str(len(best))
            self._whole[key] = {**start, "headers": headers.raw}, {**body, "body": best}


class _Answer:
    """Holds one answer until its `body` is whole, and then compresses it.

    If the answer has a name that changes with its content, `whole` is what was sent.
    """

    def __init__(self, send: Send, encoding: str, is_named: bool) -> None:
        self._is_named = is_named
        self.body = bytearray()
        self.whole: tuple[Message, Message] | None = None
        self._send = send
        self._encoding = encoding
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        """Send a message of the answer, or hold it until the body is whole."""
        if message["type"] == "http.response.start":
            if self._is_named and message["status"] == 200:
                MutableHeaders(scope=message)["cache-control"] = FOREVER
            if _is_compressible(message):
                self._start = message
                return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self.body += message.get("body", b"")
        if not message.get("more_body"):
            await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        content = bytes(self.body)
        is_packed = len(content) >= SMALLEST
        if is_packed:
            content = await anyio.to_thread.run_sync(packed, content, self._encoding)
            mark(MutableHeaders(scope=start), self._encoding, len(content))
        whole = start, {"type": "http.response.body", "body": content}
        for message in whole:
            await self._send(message)
        if self._is_named and is_packed:
            self.whole = whole


def mark(headers: MutableHeaders, encoding: str, size: int) -> None:
    """Say in the headers that the answer is compressed, and differs for requests that accept no such encoding."""
    headers["content-encoding"] = encoding
    headers["content-length"] = str(size)
    headers.add_vary_header("Accept-Encoding")
    del headers["accept-ranges"]
    if etag := headers.get("etag"):
        headers["etag"] = f"W/{etag.removeprefix('W/')}"


def accepted(headers: Headers) -> str | None:
    """Choose the best encoding that a request's headers accept."""
    offered = {part.split(";")[0].strip() for part in headers.get("accept-encoding", "").split(",")}
    return next((encoding for encoding in QUALITY if encoding in offered), None)


def packed(content: bytes, encoding: str, best: bool = False) -> bytes:
    """Compress the content in that encoding, once."""
    quality = (BEST if best else QUALITY)[encoding]
    digest = hashlib.sha256(content).hexdigest()
    return _packed.get((digest, f"{encoding} {quality}"), lambda: _pack(content, encoding, quality))


def _pack(content: bytes, encoding: str, quality: int) -> bytes:
    if encoding == "br":
        made: bytes = brotli.compress(content, quality=quality)
        return made
    return gzip.compress(content, quality, mtime=0)


def _is_compressible(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "")
    return (
        start["status"] == 200
        and "content-encoding" not in headers
        and kind.startswith(TEXTS)
        and not kind.startswith(STREAMS)
        and int(headers.get("content-length", LARGEST + 1)) <= LARGEST
    )
