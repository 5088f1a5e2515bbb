"""Opens a page of the studio: its address, what it shows before Gradio draws, and no more than it needs.

Gradio writes each page anew for every visitor, with the parts of all others and every property of each. Here a page is
made once for an address of the server, with a frame of ours: the line and the bar above every page, and the front page,
are there at first paint.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.faces.gradio.scripts import preloads
from studio.wire.compressed import accepted, mark, packed

PLACE = ("host", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port")
"""The headers from which Gradio says where its server is."""
MOST_PLACES = 64
CONFIG = re.compile(r"window\.gradio_config = (.*?);</script>", re.DOTALL)
ENDPOINTS = re.compile(r"window\.gradio_api_info = (.*?);</script>", re.DOTALL)
NO_ENDPOINTS: dict[str, Any] = {"named_endpoints": {}, "unnamed_endpoints": {}}


class Frame(NamedTuple):
    """Describes what is put around Gradio's part of a page: in its head, before all of Gradio's, above and below."""

    title: str
    head: str
    over: str
    under: str
    tells_endpoints: bool = False


class Opening:
    """Answers requests for the pages, by their paths; everything else is the app's."""

    def __init__(self, app: ASGIApp, frames: Mapping[str, Frame]) -> None:
        self._app = app
        self._frames = frames
        self._made: dict[tuple[str, ...], bytes] = {}
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the app answer it."""
        app = self._app
        if scope["type"] == "http" and scope["method"] == "GET":
            path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/")
            query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
            if (moved := self._moved(path, query)) is not None:
                app = RedirectResponse(moved)
            elif path in self._frames and "deep_link" not in query:
                app = await self._page(path, scope, receive)
        await app(scope, receive, send)

    def _moved(self, path: str, query: Mapping[str, str]) -> str | None:
        """Return the new address of what is asked for: links used to lead to the one page there was, `?panel=...`."""
        if path in self._frames and query.get("panel") in self._frames:
            rest = urlencode({name: value for name, value in query.items() if name != "panel"})
            return f"./{query['panel']}{rest and '?'}{rest}"
        if path.endswith("/") and path.rstrip("/") in self._frames:
            rest = urlencode(query)
            return f"../{path.rstrip('/')}{rest and '?'}{rest}"
        return None

    async def _page(self, path: str, scope: Scope, receive: Receive) -> Response | ASGIApp:
        headers = Headers(scope=scope)
        key = path, scope["scheme"], *(headers.get(name, "") for name in PLACE)
        async with self._making:
            content = self._made.get(key)
            if content is None:
                drawn = await self._drawn(scope, receive)
                content = await asyncio.to_thread(framed, drawn, path, self._frames[path])
                if len(self._made) >= MOST_PLACES * len(self._frames):
                    self._made.clear()
                self._made[key] = content
            encoding = accepted(headers)
            body = await asyncio.to_thread(packed, content, encoding, True) if encoding else content
        return _answer(content, body, encoding, headers)

    async def _drawn(self, scope: Scope, receive: Receive) -> str:
        """Return the page as Gradio draws it."""
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                assert message["status"] == 200, "Gradio draws every page that it has"
            body.extend(message.get("body", b""))

        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, keep)
        return body.decode()


def _answer(content: bytes, body: bytes, encoding: str | None, asked: Headers) -> Response:
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": "no-cache"}
    if asked.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    response = Response(body, media_type="text/html", headers=headers)
    if encoding is not None:
        mark(MutableHeaders(raw=response.raw_headers), encoding, len(body))
    return response


def framed(drawn: str, path: str, frame: Frame) -> bytes:
    """Put the frame around a page that Gradio has drawn, and remove what belongs to other pages."""
    config = _light(_found(CONFIG, drawn), path, frame.title)
    endpoints = _found(ENDPOINTS, drawn) if frame.tells_endpoints else NO_ENDPOINTS
    drawn = CONFIG.sub(lambda _: f"window.gradio_config = {_script(config)};</script>", drawn, count=1)
    drawn = ENDPOINTS.sub(lambda _: f"window.gradio_api_info = {_script(endpoints)};</script>", drawn, count=1)
    head = frame.head + preloads({component["type"] for component in config["components"]})
    around = (('<meta property="og:title"', head), ("<gradio-app", frame.over), ("</body>", frame.under))
    for place, put in around:
        assert place in drawn, f"Gradio's page has {place}"
        drawn = drawn.replace(place, put + place, 1)
    return drawn.encode()


def _found(pattern: re.Pattern[str], drawn: str) -> dict[str, Any]:
    found = pattern.search(drawn)
    assert found, f"Gradio's page has {pattern.pattern}"
    value: dict[str, Any] = json.loads(found[1])
    return value


def _script(value: Mapping[str, Any]) -> str:
    """Write JSON that can stand within a script."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _light(config: dict[str, Any], path: str, title: str) -> dict[str, Any]:
    """Choose what a page needs of Gradio's configuration."""
    return {
        **config,
        "title": title,
        "page": {path: config["page"][path]},
        "pages": [[path, title, True]],
        "components": [_component(each) for each in config["components"]],
    }


def _component(component: dict[str, Any]) -> dict[str, Any]:
    """Remove from a component what only programs read, and what is the default anyway."""
    unsaid = ("api_info", "api_info_as_input", "api_info_as_output", "example_inputs")
    return {name: value for name, value in component.items() if name not in unsaid}
