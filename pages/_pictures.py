"""Pictures on their way between a browser and the server, each under a name that nobody can guess."""

import asyncio
import secrets
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import fastapi
import numpy as np
from fastapi.responses import JSONResponse, Response

from engines.runtime.errors import InputError
from engines.runtime.images import MAXIMUM_BYTES, fit, read_parameters, read_photo, write_picture
from pages import _permalink

HELD_BYTES = 256 * 2**20
MEDIA_TYPES = {".webp": "image/webp", ".png": "image/png"}
EXAMPLE_SIDE = 400
"""Pixels of an example's longer side as it is offered."""
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
TOO_LARGE = f"The file is larger than {MAXIMUM_BYTES // 1_000_000} MB; choose a smaller one."
READERS = ThreadPoolExecutor(2, thread_name_prefix="photograph")
"""Two at a time: a photograph of the largest size takes 150 MB while it is read."""

Thing = TypeVar("Thing")
Result = TypeVar("Result")


class Shelf(Generic[Thing]):
    """Things under unguessable tokens; beyond `limit` bytes the least recently used are dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._things: OrderedDict[str, tuple[Thing, int]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, thing: Thing, size: int) -> str:
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._things[token] = thing, size
            self._bytes += size
            while self._bytes > self._limit and len(self._things) > 1:
                _, (_, dropped) = self._things.popitem(last=False)
                self._bytes -= dropped
        return token

    def get(self, token: str) -> Thing | None:
        with self._lock:
            if token not in self._things:
                return None
            self._things.move_to_end(token)
            return self._things[token][0]


Source = tuple[Callable[[], np.ndarray], Mapping[str, Any]]
"""What gives a picture, and the parameters that made it."""

HELD: Shelf[Source] = Shelf(HELD_BYTES)
KEPT: dict[str, Source] = {}
PHOTOGRAPHS: Shelf[bytes] = Shelf(HELD_BYTES)


def hold(picture: np.ndarray, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What a page needs to show a result's picture: addresses to see it and to download it, width and height.

    It is encoded when a browser asks for it, and held until newer ones take its room.
    """
    token = HELD.put((lambda: picture, parameters), picture.nbytes)
    return _addressed(token, picture.shape[1], picture.shape[0])


def keep(path: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As `hold`, for a picture in a file of ours: always there, read when a browser asks for it."""
    from PIL import Image

    token = secrets.token_urlsafe(16)
    KEPT[token] = (lambda: read_photo(path)), parameters
    with Image.open(path) as image:
        return _addressed(token, *image.size)


@cache
def example(read: Callable[[], bytes]) -> str:
    """The address of an example picture, made small."""
    token = secrets.token_urlsafe(16)
    KEPT[token] = (lambda: fit(read_photo(read()), EXAMPLE_SIDE)), {}
    return f"pictures/{token}.webp"


def _addressed(token: str, width: int, height: int) -> dict[str, Any]:
    return {"src": f"pictures/{token}.webp", "file": f"pictures/{token}.png", "width": width, "height": height}


async def aside(function: Callable[..., Result], *arguments: Any) -> Result:
    """The function's result, computed beside the event loop; for whatever decodes a visitor's picture."""
    return await asyncio.get_running_loop().run_in_executor(READERS, function, *arguments)


def add_routes(app: fastapi.FastAPI) -> None:
    """`GET pictures/<token>.webp|png`; `POST photographs`: the body is the file, the answer its token;
    `POST saved`: the body is a picture that the studio saved, the answer the query that makes it again."""
    app.add_api_route("/pictures/{name}", _send, methods=["GET"])
    app.add_api_route("/photographs", _receive, methods=["POST"])
    app.add_api_route("/saved", _recognise, methods=["POST"])


def _send(name: str) -> Response:
    token, suffix = Path(name).stem, Path(name).suffix
    source = KEPT.get(token) or HELD.get(token)
    if source is None or suffix not in MEDIA_TYPES:
        return Response("This picture is no longer held: run the experiment again.", 404, media_type="text/plain")
    read, parameters = source
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"picture{suffix}"
        write_picture(read(), path, parameters)
        return Response(path.read_bytes(), media_type=MEDIA_TYPES[suffix], headers=FOREVER)


async def _receive(request: fastapi.Request) -> JSONResponse:
    return await _answer(request, _accept)


async def _recognise(request: fastapi.Request) -> JSONResponse:
    return await _answer(request, _query)


async def _answer(request: fastapi.Request, use: Callable[[bytes], dict[str, Any]]) -> JSONResponse:
    """What `use` makes of the file that is sent, or a sentence about it."""
    content = bytearray()
    if int(request.headers.get("content-length", 0)) <= MAXIMUM_BYTES:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAXIMUM_BYTES:
                break
        else:
            try:
                return JSONResponse(await aside(use, bytes(content)))
            except InputError as error:
                return JSONResponse({"error": str(error)}, 422)
    return JSONResponse({"error": TOO_LARGE}, 413)


def _accept(content: bytes) -> dict[str, Any]:
    picture = fit(read_photo(content, "The file"), EXAMPLE_SIDE)
    return {"photograph": PHOTOGRAPHS.put(content, len(content)), "src": hold(picture, {})["src"]}


def _query(content: bytes) -> dict[str, Any]:
    return {"query": _permalink.saved(read_parameters(content))}
