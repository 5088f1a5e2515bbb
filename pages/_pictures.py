"""Pictures and movies on their way between a browser and the server, each under a name that nobody can guess."""

import asyncio
import math
import secrets
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import fastapi
import numpy as np
from fastapi.responses import FileResponse, JSONResponse, Response

from engines.runtime.errors import InputError
from engines.runtime.images import MAXIMUM_BYTES, read_parameters, read_photo, write_picture
from engines.runtime.jobs import KEPT_SECONDS
from engines.runtime.video import Recording, read_clip_parameters, write_clip
from pages import _hypergraphs, _permalink
from pages._globes import HEIGHT, WIDTH, Globe
from pages._hypergraphs import Graph
from pages._panel import (
    PAINTED_SIDE,
    Attended,
    Clip,
    Footage,
    LabelClip,
    MeshFile,
    MoleculeFile,
    Photo,
    SubjectFile,
    Upload,
)
from pages._results import movie

HELD_BYTES = 256 * 2**20
UPLOADED_BYTES = 2**30
"""Of what was sent and not yet used: a class may send as many recordings at once."""
MEDIA_TYPES = {
    ".webp": "image/webp",
    ".png": "image/png",
    ".mp4": "video/mp4",
    ".gif": "image/gif",
    ".npy": "application/octet-stream",
}
EXAMPLE_SIDE = 400
"""Pixels of an example's longer side as it is offered."""
POSTER_SIDE = 1024
"""Pixels of the longer side of the frame that stands for a movie until it plays."""
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
TOO_LARGE = "The file is larger than {} MB; choose a smaller one."
READERS = ThreadPoolExecutor(2, thread_name_prefix="photograph")
"""Two at a time: a photograph of the largest size takes 150 MB while it is read."""

Thing = TypeVar("Thing")
Result = TypeVar("Result")


class Shelf(Generic[Thing]):
    """Things under unguessable tokens; beyond `limit` bytes the least recently used are dropped, and after so many
    `seconds` each."""

    def __init__(self, limit: int, seconds: float = math.inf) -> None:
        self._limit = limit
        self._seconds = seconds
        self._bytes = 0
        self._things: OrderedDict[str, tuple[Thing, int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, thing: Thing, size: int) -> str:
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._tidy()
            self._things[token] = thing, size, time.monotonic()
            self._bytes += size
            while self._bytes > self._limit and len(self._things) > 1:
                self._remove(next(iter(self._things)))
        return token

    def get(self, token: str) -> Thing | None:
        with self._lock:
            self._tidy()
            if token not in self._things:
                return None
            self._things.move_to_end(token)
            return self._things[token][0]

    def drop(self, token: str) -> None:
        """Forget a thing, if it is still there."""
        with self._lock:
            if token in self._things:
                self._remove(token)

    def _tidy(self) -> None:
        oldest = time.monotonic() - self._seconds
        for token in [token for token, (_, _, put) in self._things.items() if put < oldest]:
            self._remove(token)

    def _remove(self, token: str) -> None:
        _, size, _ = self._things.pop(token)
        self._bytes -= size


Source = tuple[Callable[[], np.ndarray], Mapping[str, Any]]
"""What gives a picture, and the parameters that made it."""


class Film:
    """A movie as files in a folder that goes with it: with its parameters, as GIF, and a poster, its first frame.

    Each is made when a browser first asks for it.
    """

    def __init__(self, made: Recording | Path, parameters: Mapping[str, Any]) -> None:
        self._made = made
        self._parameters = parameters
        self._folder = tempfile.TemporaryDirectory(prefix="film-")
        self._lock = threading.Lock()

    def file(self, suffix: str) -> Path:
        path = Path(self._folder.name) / f"film{suffix}"
        with self._lock:
            if not path.exists():
                content = movie(self._made)
                if suffix == ".webp":
                    write_picture(Clip.preview(content, "film", POSTER_SIDE), path, self._parameters)
                else:
                    write_clip(content, path, self._parameters)
        return path


HELD: Shelf[Source] = Shelf(HELD_BYTES)
KEPT: dict[str, Source] = {}
MAPS: OrderedDict[int, tuple[np.ndarray, str]] = OrderedDict()
"""What goes round globes, and its token, by the array's identity."""
MOST_MAPS = 16
HELD_FILMS: Shelf[Film] = Shelf(HELD_BYTES)
KEPT_FILMS: dict[str, Film] = {}
HELD_MAPS: Shelf[np.ndarray] = Shelf(HELD_BYTES)
KEPT_MAPS: dict[str, Path] = {}
HELD_FILES: Shelf[bytes] = Shelf(HELD_BYTES)
KEPT_FILES: dict[str, Path] = {}
UPLOADS: Shelf[bytes] = Shelf(UPLOADED_BYTES, KEPT_SECONDS)
RECEIVED: tuple[type[Upload], ...] = (Photo, Clip, Footage, LabelClip, SubjectFile, MeshFile, MoleculeFile)
"""The kinds of files that pages send."""


def hold(
    made: np.ndarray | Recording | Attended | Globe | Graph | bytes, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """What a page needs to show a result's picture: addresses to see it and to download it, width and height; with what
    it attends to, also the address and shape of the maps; of a globe or a graph, also what globe.js or hypergraph.js
    draws; or its movie: addresses to see it, its poster and its GIF; or its file: address and bytes.

    It is encoded when a browser asks for it, and held until newer ones take its room.
    """
    if isinstance(made, bytes):
        return {"src": f"files/{HELD_FILES.put(made, len(made))}", "size": len(made)}
    if isinstance(made, Recording):
        return _film(HELD_FILMS.put(Film(made, parameters), len(made.content)))
    if isinstance(made, Attended):
        token = HELD_MAPS.put(made.maps, made.maps.nbytes)
        return {**hold(made.picture, parameters), "maps": f"maps/{token}", "shape": made.maps.shape}
    if isinstance(made, Globe):
        token = HELD.put((lambda: made.picture, parameters), 3 * WIDTH * HEIGHT)
        return {**made.drawn(hold_map), **_addressed(token, WIDTH, HEIGHT)}
    if isinstance(made, Graph):
        size = _hypergraphs.WIDTH, _hypergraphs.HEIGHT
        token = HELD.put((lambda: made.picture, parameters), 3 * size[0] * size[1])
        return {**made.drawn(), **_addressed(token, *size)}
    token = HELD.put((lambda: made, parameters), made.nbytes)
    return _addressed(token, made.shape[1], made.shape[0])


def hold_map(values: np.ndarray) -> dict[str, Any]:
    """As `hold`, under the same address for the same array: what goes round a globe stays while a hand turns it."""
    known, token = MAPS.pop(id(values), (None, ""))
    if known is not values or HELD.get(token) is None:
        token = HELD.put((lambda: values, {}), values.nbytes)
    MAPS[id(values)] = values, token
    if len(MAPS) > MOST_MAPS:
        MAPS.popitem(last=False)
    return _addressed(token, values.shape[1], values.shape[0])


def keep(path: Path | Attended | Globe | Graph, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As `hold`, for what lies in files of ours: always there, read when a browser asks for it."""
    from PIL import Image

    token = secrets.token_urlsafe(16)
    if isinstance(path, Attended):
        KEPT_MAPS[token] = path.maps
        shape = np.load(path.maps, mmap_mode="r").shape
        return {**keep(path.picture, parameters), "maps": f"maps/{token}", "shape": shape}
    if isinstance(path, Globe):
        return {**path.drawn(partial(_keep_map, parameters=parameters)), **keep(path.picture, parameters)}
    if isinstance(path, Graph):
        return {**path.drawn(), **keep(path.picture, parameters)}
    if path.suffix == ".mp4":
        KEPT_FILMS[token] = Film(path, parameters)
        return _film(token)
    if path.suffix not in MEDIA_TYPES:
        KEPT_FILES[token] = path
        return {"src": f"files/{token}", "size": path.stat().st_size}
    KEPT[token] = (lambda: read_photo(path)), parameters
    with Image.open(path) as image:
        return _addressed(token, *image.size)


def _keep_map(values: np.ndarray, parameters: Mapping[str, Any]) -> dict[str, Any]:
    token = secrets.token_urlsafe(16)
    KEPT[token] = (lambda: values), parameters
    return _addressed(token, values.shape[1], values.shape[0])


@cache
def example(
    read: Callable[[], bytes],
    side: int = EXAMPLE_SIDE,
    preview: Callable[[bytes, str, int], np.ndarray] = Photo.preview,
) -> str:
    """The address of a picture of an example, its longer side at most `side` pixels."""
    token = secrets.token_urlsafe(16)
    KEPT[token] = (lambda: preview(read(), "example", side)), {}
    return f"pictures/{token}.webp"


def _addressed(token: str, width: int, height: int) -> dict[str, Any]:
    return {"src": f"pictures/{token}.webp", "file": f"pictures/{token}.png", "width": width, "height": height}


def _film(token: str) -> dict[str, Any]:
    return {"src": f"films/{token}.webp", "movie": f"films/{token}.mp4", "gif": f"films/{token}.gif"}


async def aside(function: Callable[..., Result], *arguments: Any) -> Result:
    """The function's result, computed beside the event loop; for whatever decodes a visitor's picture."""
    return await asyncio.get_running_loop().run_in_executor(READERS, function, *arguments)


def add_routes(app: fastapi.FastAPI) -> None:
    """`GET pictures/<token>.webp|png`, `films/<token>.mp4|gif|webp`, `maps/<token>`: float16, the lowest byte first,
    `files/<token>`; `POST photographs`, `clips` and the like: the body is the file, the answer its token; `POST saved`:
    the body is a file that the studio saved, the answer the query that makes it again.
    """
    app.add_api_route("/pictures/{name}", _send, methods=["GET"])
    app.add_api_route("/films/{name}", _send_film, methods=["GET"])
    app.add_api_route("/maps/{token}", _send_maps, methods=["GET"])
    app.add_api_route("/files/{name}", _send_file, methods=["GET"])
    for kind in RECEIVED:
        app.add_api_route(f"/{kind.route}", _receiver(kind), methods=["POST"])
    app.add_api_route("/saved", _recognise, methods=["POST"])


def _send(name: str) -> Response:
    token, suffix = Path(name).stem, Path(name).suffix
    source = KEPT.get(token) or HELD.get(token)
    if source is None or suffix not in (".webp", ".png"):
        return Response("This picture is no longer held: run the experiment again.", 404, media_type="text/plain")
    read, parameters = source
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"picture{suffix}"
        write_picture(read(), path, parameters)
        return Response(path.read_bytes(), media_type=MEDIA_TYPES[suffix], headers=FOREVER)


def _send_film(name: str) -> Response:
    """The whole file, or the range of it that a browser asks for to play from there."""
    token, suffix = Path(name).stem, Path(name).suffix
    film = KEPT_FILMS.get(token) or HELD_FILMS.get(token)
    if film is None or suffix not in (".mp4", ".gif", ".webp"):
        return Response("This film is no longer held: run the experiment again.", 404, media_type="text/plain")
    return FileResponse(film.file(suffix), media_type=MEDIA_TYPES[suffix], headers=FOREVER)


def _send_file(name: str) -> Response:
    content = KEPT_FILES[name].read_bytes() if name in KEPT_FILES else HELD_FILES.get(name)
    if content is None:
        return Response("This file is no longer held: run the experiment again.", 404, media_type="text/plain")
    return Response(content, media_type="application/octet-stream", headers=FOREVER)


def _send_maps(token: str) -> Response:
    maps = np.load(KEPT_MAPS[token]) if token in KEPT_MAPS else HELD_MAPS.get(token)
    if maps is None:
        return Response("These maps are no longer held: run the experiment again.", 404, media_type="text/plain")
    return Response(maps.astype("<f2").tobytes(), media_type=MEDIA_TYPES[".npy"], headers=FOREVER)


def _receiver(kind: type[Upload]) -> Callable[[fastapi.Request], Awaitable[JSONResponse]]:
    async def receive(request: fastapi.Request) -> JSONResponse:
        return await _answer(request, partial(_accept, kind.preview), kind.largest)

    return receive


async def _recognise(request: fastapi.Request) -> JSONResponse:
    return await _answer(request, _query, MAXIMUM_BYTES)


async def _answer(request: fastapi.Request, use: Callable[[bytes], dict[str, Any]], largest: int) -> JSONResponse:
    """What `use` makes of the file that is sent, or a sentence about it."""
    content = bytearray()
    if int(request.headers.get("content-length", 0)) <= largest:
        async for chunk in request.stream():
            content += chunk
            if len(content) > largest:
                break
        else:
            try:
                return JSONResponse(await aside(use, bytes(content)))
            except InputError as error:
                return JSONResponse({"error": str(error)}, 422)
    return JSONResponse({"error": TOO_LARGE.format(largest // 1_000_000)}, 413)


def _accept(preview: Callable[[bytes, str, int], np.ndarray], content: bytes) -> dict[str, Any]:
    picture = preview(content, "The file", PAINTED_SIDE)
    return {"upload": UPLOADS.put(content, len(content)), "src": hold(picture, {})["src"]}


def _query(content: bytes) -> dict[str, Any]:
    read = read_clip_parameters if content[4:8] == b"ftyp" else read_parameters  # an MP4 or a picture
    return {"query": _permalink.saved(read(content))}
