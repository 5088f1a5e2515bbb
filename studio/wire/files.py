"""Sends and takes pictures, movies and files between a browser and the server, under names that nobody can guess."""

import asyncio
import hashlib
import json
import logging
import os
import secrets
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import fastapi
import numpy as np
from fastapi.responses import FileResponse, JSONResponse, Response
from numpy.typing import NDArray

from engines.runtime.errors import InputError
from engines.runtime.images import MAXIMUM_BYTES, read_parameters, read_photo, write_picture
from engines.runtime.jobs import KEPT_SECONDS
from engines.runtime.memory import MEMORY, Cache, Memory, forget, give_back
from engines.runtime.video import Recording, read_clip_parameters, write_clip
from studio.declared import Experiment
from studio.kinds import Clip, Photo, Upload
from studio.kinds.movie import content as movie
from studio.kinds.output import Addresses
from studio.kinds.regions import PAINTED_SIDE
from studio.runs import permalink, visitors
from studio.wire.shelf import Shelf

log = logging.getLogger(__name__)

UPLOADED_BYTES = 2**30
"""The largest number of bytes that were sent and not yet used: a class may send as many recordings at once."""
OWN_SHARE = 0.25
"""Of these bytes, for one visitor: one's own oldest goes first, not another's."""
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
MOST_PATTERNS = 16
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
TOO_LARGE = "The file is larger than {} MB; choose a smaller one."
NOUNS = {
    "pictures": "This picture is",
    "films": "This film is",
    "maps": "These maps are",
    "files": "This file is",
    "openings": "This result is",
}
"""What is sent under each address, as the start of a sentence."""
LEAST_URGENT = 19
"""The niceness of a thread that lets all others go first."""


def yield_to_others() -> None:
    """Give this thread only the processor time that is left over; only Linux counts niceness by thread."""
    if sys.platform == "linux":
        os.nice(LEAST_URGENT)


READERS = ThreadPoolExecutor(
    min(2, max(1, (os.cpu_count() or 1) - 1)), thread_name_prefix="upload", initializer=yield_to_others
)
"""Read what is sent, and leave a core to what moves: at most two files at a time, for a photograph of the largest size
takes 250 to 570 MB meanwhile."""
STARTERS = ThreadPoolExecutor(4, thread_name_prefix="start")
"""Start runs and draw their results, and never wait for what is sent."""

Result = TypeVar("Result")


class Sent(Protocol):
    """Is something a browser may ask for."""

    def response(self, suffix: str) -> Response | None:
        """Return it in the form of that suffix; None if it has no such form."""


class SentPicture:
    """Is a picture that `read` gives, with the parameters that made it; it is encoded when a browser asks for it."""

    def __init__(self, read: Callable[[], NDArray[np.uint8]], parameters: Mapping[str, Any]) -> None:
        self._read = read
        self._parameters = parameters

    def response(self, suffix: str) -> Response | None:
        """Return the picture as WebP or PNG."""
        if suffix not in (".webp", ".png"):
            return None
        return Response(self.encoded(suffix), media_type=MEDIA_TYPES[suffix], headers=FOREVER)

    def encoded(self, suffix: str) -> bytes:
        """Encode the picture, with its parameters."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"picture{suffix}"
            write_picture(self._read(), path, self._parameters)
            return path.read_bytes()


class KeptPicture(SentPicture):
    """Is a picture that is always there, encoded once for every visitor."""

    def encoded(self, suffix: str) -> bytes:
        """Return the encoded picture, made at its first use."""
        return ENCODED.get((id(self), suffix), partial(super().encoded, suffix))


class RenderedPicture(KeptPicture):
    """Is a picture in a file of ours, which holds its parameters already: it is sent as it is."""

    def __init__(self, path: Path, parameters: Mapping[str, Any]) -> None:
        super().__init__(lambda: read_photo(path), parameters)
        self._path = path

    def encoded(self, suffix: str) -> bytes:
        """Read the file, or encode the picture in another format."""
        return self._path.read_bytes() if suffix == self._path.suffix else super().encoded(suffix)


class Film:
    """Is a movie as files in a folder that goes with it: with its parameters, as GIF, and a poster, its first frame.

    Each is made when a browser first asks for it.
    """

    def __init__(self, made: Recording | Path, parameters: Mapping[str, Any]) -> None:
        self._made = made
        self._parameters = parameters
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def file(self, suffix: str) -> Path:
        """Return the path of the file of that suffix, which is made first if need be."""
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="film-")
            path = Path(self._folder.name) / f"film{suffix}"
            if not path.exists():
                unfinished = path.with_name(f"unfinished{suffix}")
                try:
                    self._write(unfinished)
                    unfinished.replace(path)  # Only whole files are kept.
                finally:
                    unfinished.unlink(missing_ok=True)
        return path

    def _write(self, path: Path) -> None:
        content = movie(self._made)
        if path.suffix == ".webp":
            write_picture(Clip.preview(content, "film", POSTER_SIDE), path, self._parameters)
        else:
            write_clip(content, path, self._parameters)

    def response(self, suffix: str) -> Response | None:
        """Return the whole file, or the range of it that a browser asks for to play from there."""
        if suffix not in (".mp4", ".gif", ".webp"):
            return None
        return FileResponse(self.file(suffix), media_type=MEDIA_TYPES[suffix], headers=FOREVER)


class SentNumbers:
    """Is an array, as float16, the lowest byte first."""

    def __init__(self, read: Callable[[], NDArray[np.float16]]) -> None:
        self._read = read

    def response(self, suffix: str) -> Response | None:
        """Return the numbers, whatever the suffix."""
        numbers = self._read().astype("<f2").tobytes()
        return Response(numbers, media_type=MEDIA_TYPES[".npy"], headers=FOREVER)


class SentOpening:
    """Is the JSON from which a browser draws an output that a panel opens with."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def response(self, suffix: str) -> Response | None:
        """Return the JSON, whatever the suffix."""
        return Response(self._content, media_type="application/json", headers=FOREVER)


class SentFile:
    """Is a file as it is."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read

    def response(self, suffix: str) -> Response | None:
        """Return the file, whatever the suffix."""
        return Response(self._read(), media_type="application/octet-stream", headers=FOREVER)


HELD: Shelf[Sent] = Shelf(MEMORY, KEPT_SECONDS)
"""What runs have made, until newer results take its room."""
KEPT: dict[str, Sent] = {}
"""What lies in files of ours, and is always there, under a name of its content if that is at hand."""
ENCODED: Cache[tuple[int, str], bytes] = Cache(len)
"""Pictures that are kept, as they are sent."""
UPLOADS: Shelf[bytes] = Shelf(Memory(UPLOADED_BYTES), KEPT_SECONDS, share=OWN_SHARE)
PATTERNS: OrderedDict[int, tuple[NDArray[np.uint8], str]] = OrderedDict()
"""What goes around globes, and its token, by the array's identity."""


class HeldAddresses:
    """Addresses what a run has made with these parameters, which is held until newer results take its room."""

    is_passing = False

    def __init__(self, parameters: Mapping[str, Any], sources: Iterable[str] = ()) -> None:
        self._parameters = parameters
        self._sources = frozenset(sources)

    def _hold(self, thing: Sent, size: int) -> str:
        return HELD.put(thing, size, sources=self._sources)

    def picture(self, made: NDArray[np.uint8]) -> dict[str, Any]:
        """Hold the picture, and return its addresses."""
        token = self._hold(SentPicture(lambda: made, self._parameters), made.nbytes)
        return _addressed(token, made.shape[1], made.shape[0])

    def lazy(self, render: Callable[[], Any], width: int, height: int) -> dict[str, Any]:
        """Hold the picture's `render`, and return its addresses."""
        token = self._hold(SentPicture(render, self._parameters), 3 * width * height)
        return _addressed(token, width, height)

    def pattern(self, values: NDArray[np.uint8]) -> dict[str, Any]:
        """Hold the picture once for the same array, and return its addresses."""
        known, token = PATTERNS.pop(id(values), (None, ""))
        if known is not values or HELD.get(token) is None:
            token = HELD.put(SentPicture(lambda: values, {}), values.nbytes)
        PATTERNS[id(values)] = values, token
        if len(PATTERNS) > MOST_PATTERNS:
            PATTERNS.popitem(last=False)
        return _addressed(token, values.shape[1], values.shape[0])

    def numbers(self, made: NDArray[Any]) -> dict[str, Any]:
        """Hold the array, and return its address and shape."""
        return {"maps": f"maps/{self._hold(SentNumbers(lambda: made), made.nbytes)}", "shape": made.shape}

    def movie(self, made: Recording) -> dict[str, Any]:
        """Hold the movie, and return its addresses."""
        return _film(self._hold(Film(made, self._parameters), len(made.content)))

    def file(self, made: bytes) -> dict[str, Any]:
        """Hold the file, and return its address and size."""
        return {"src": f"files/{self._hold(SentFile(lambda: made), len(made))}", "size": len(made)}


class KeptAddresses:
    """Addresses what lies in files of ours, which is always there, and read when a browser asks for it."""

    is_passing = False

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters

    def picture(self, made: Path) -> dict[str, Any]:
        """Return the addresses of the picture in a file."""
        from PIL import Image

        with Image.open(made) as image:
            token = _keep(RenderedPicture(made, self._parameters), made.read_bytes())
            return _addressed(token, *image.size)

    def lazy(self, render: Callable[[], Any], width: int, height: int) -> dict[str, Any]:
        """Return the addresses of a picture that is rendered when a browser asks for it."""
        return _addressed(_keep(KeptPicture(render, self._parameters)), width, height)

    def pattern(self, values: NDArray[np.uint8]) -> dict[str, Any]:
        """Return the addresses of the picture."""
        token = _keep(KeptPicture(lambda: values, self._parameters), values.tobytes())
        return _addressed(token, values.shape[1], values.shape[0])

    def numbers(self, made: Path) -> dict[str, Any]:
        """Return the address and the shape of the array in a file."""
        shape = np.load(made, mmap_mode="r").shape
        return {"maps": f"maps/{_keep(SentNumbers(lambda: np.load(made)), made.read_bytes())}", "shape": shape}

    def movie(self, made: Path) -> dict[str, Any]:
        """Return the addresses of the movie in a file."""
        return _film(_keep(Film(made, self._parameters), made.read_bytes()))

    def file(self, made: Path) -> dict[str, Any]:
        """Return the address and the size of the file."""
        return {"src": f"files/{_keep(SentFile(made.read_bytes), made.read_bytes())}", "size": made.stat().st_size}


def addressed(made: Any, addresses: Addresses) -> dict[str, Any]:
    """Return the addresses of one thing that a result shows: a picture, a movie, a file, or several of them."""
    if hasattr(made, "addressed"):
        return dict(made.addressed(addresses))
    if isinstance(made, Recording) or isinstance(made, Path) and made.suffix == ".mp4":
        return addresses.movie(made)
    if isinstance(made, bytes) or isinstance(made, Path) and made.suffix not in MEDIA_TYPES:
        return addresses.file(made)
    return addresses.picture(made)


def _keep(thing: Sent, content: bytes | None = None) -> str:
    """Keep a thing from now on, and return its token.

    A token made from its content is the same on every start, so that browsers know it.
    """
    token = secrets.token_urlsafe(16) if content is None else hashlib.sha256(content).hexdigest()[:32]
    KEPT[token] = thing
    return token


def keep_opening(drawn: Any) -> str:
    """Return the address of what a browser draws an output from that a panel opens with."""
    content = json.dumps(drawn, separators=(",", ":"), ensure_ascii=False).encode()
    return f"openings/{_keep(SentOpening(content), content)}.json"


@cache
def example(
    read: Callable[[], bytes],
    side: int = EXAMPLE_SIDE,
    preview: Callable[[bytes, str, int], NDArray[np.uint8]] = Photo.preview,
) -> str:
    """Return the address of a picture of an example, its longer side at most `side` pixels."""
    return f"pictures/{_keep(KeptPicture(lambda: preview(read(), 'example', side), {}))}.webp"


def _addressed(token: str, width: int, height: int) -> dict[str, Any]:
    return {"src": f"pictures/{token}.webp", "file": f"pictures/{token}.png", "width": width, "height": height}


def _film(token: str) -> dict[str, Any]:
    return {"src": f"films/{token}.webp", "movie": f"films/{token}.mp4", "gif": f"films/{token}.gif"}


def received(experiment: Experiment, values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace each upload's token among the values by the file itself.

    Raises:
        InputError: a file that was sent is no longer held.
    """
    controls = experiment.controls
    return {
        name: controls[name].received(value, UPLOADS.get) if name in controls else value
        for name, value in values.items()
    }


async def aside(function: Callable[..., Result], *arguments: Any) -> Result:
    """Compute the function's result beside the event loop: the start of a run, the drawing of its result."""
    return await asyncio.get_running_loop().run_in_executor(STARTERS, function, *arguments)


def add_routes(app: fastapi.FastAPI) -> None:
    """Add the routes of what is sent and received.

    `GET pictures/<token>.webp|png`, `films/<token>.mp4|gif|webp`, `maps/<token>` (float16, the lowest byte first),
    `files/<token>` and `openings/<token>.json` (what an output is drawn from) send. `POST photographs`, `clips` and the
    like take a file as their body, and answer its token. `POST saved` takes a file that the studio saved, and answers
    the query that makes it again.
    """
    for address in NOUNS:
        app.add_api_route(f"/{address}/{{name}}", partial(_send, address), methods=["GET"])
    routes = {kind.route: kind for kind in reversed(Upload.kinds())}
    for route, kind in routes.items():
        app.add_api_route(f"/{route}", _receiver(kind), methods=["POST"])
    app.add_api_route("/saved", _recognise, methods=["POST"])


def _send(address: str, name: str) -> Response:
    token, suffix = Path(name).stem, Path(name).suffix
    thing = KEPT.get(token) or HELD.get(token)
    found = thing.response(suffix) if thing is not None else None
    return found or Response(
        f"{NOUNS[address]} no longer held: run the experiment again.", 404, media_type="text/plain"
    )


def _receiver(kind: type[Upload]) -> Callable[[fastapi.Request], Awaitable[JSONResponse]]:
    async def receive(request: fastapi.Request) -> JSONResponse:
        return await _answer(request, partial(_accept, kind.preview, visitors.asking(request)), kind.largest)

    return receive


async def _recognise(request: fastapi.Request) -> JSONResponse:
    return await _answer(request, _query, MAXIMUM_BYTES)


async def _answer(request: fastapi.Request, use: Callable[[bytes], dict[str, Any]], largest: int) -> JSONResponse:
    """Answer with what `use` makes of the file that is sent, or with a sentence about it."""
    content = bytearray()
    if int(request.headers.get("content-length", 0)) <= largest:
        async for chunk in request.stream():
            content += chunk
            if len(content) > largest:
                break
        else:
            try:
                reading = asyncio.get_running_loop().run_in_executor(READERS, use, bytes(content))
                return JSONResponse(await reading)
            except InputError as error:
                return JSONResponse({"error": str(error)}, 422)
    return JSONResponse({"error": TOO_LARGE.format(largest // 1_000_000)}, 413)


def _accept(preview: Callable[[bytes, str, int], NDArray[np.uint8]], owner: str, content: bytes) -> dict[str, Any]:
    try:
        picture = preview(content, "The file", PAINTED_SIDE)
    finally:
        give_back()  # A decoder takes many times what it leaves.
    token = UPLOADS.put(content, len(content), owner)
    log.info("upload %s: %d bytes of visitor %s", token[:8], len(content), owner[:8])
    return {"upload": token, "src": HeldAddresses({}, [token]).picture(picture)["src"]}


def delete_upload(token: str) -> None:
    """Forget a file that was sent, with its preview, what runs made from it, and what was decoded of it."""
    content = UPLOADS.get(token)
    UPLOADS.drop(token)
    HELD.drop_made_from(token)
    if content is not None:
        forget(content)


def delete_made(source: str, result: Mapping[str, Any]) -> None:
    """Forget what a run of that identifier has made.

    That is what is held of its result, and its files where they were sent here again.
    """
    HELD.drop_made_from(source)
    for made in result.values():
        if isinstance(made, bytes):
            for token in UPLOADS.tokens_of(made):
                delete_upload(token)
            forget(made)


def _query(content: bytes) -> dict[str, Any]:
    read = read_clip_parameters if content[4:8] == b"ftyp" else read_parameters  # It is an MP4 or a picture.
    return {"query": permalink.saved(read(content))}
