"""Makes the film that a visitor keeps of a stream, from the pictures that their browser was shown.

The browser sends back what it was shown: the length of a header (4 bytes, little endian), the header, then the pictures
as JPEG. The header is JSON: `panel`, `experiment`, `values` of the controls, `seconds` for which the pictures lasted,
and their `sizes` in bytes. The answer is an MP4 that says in its metadata what made it; nothing of it stays here.
"""

import asyncio
import json
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from engines.runtime.errors import InputError
from engines.runtime.images import read_photo
from engines.runtime.video import Recording, write_clip
from studio.declared import Panel, Stream, named
from studio.runs.store import parameters
from studio.wire.files import READERS, TOO_LARGE, received
from studio.wire.live import is_from_here

LARGEST = 48_000_000
"""The bytes that a browser may send."""
MOST_PICTURES = 1800
SLOWEST, FASTEST = 1, 60
"""Pictures a second."""
SIDE = 1280
"""The pixels of the longer side of a picture, at most."""
NOT_READ = "The recording could not be read; record again."


def add_routes(app: FastAPI, panels: Sequence[Panel]) -> None:
    """Add `POST /recordings`."""

    @app.post("/recordings")
    async def record(request: Request) -> Response:
        if not is_from_here(request):
            return JSONResponse({"error": "Only a page of the studio records."}, 403)
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > LARGEST:
                return JSONResponse({"error": TOO_LARGE.format(LARGEST // 1_000_000)}, 413)
        try:
            film = await asyncio.get_running_loop().run_in_executor(READERS, filmed, panels, bytes(content))
        except InputError as error:
            return JSONResponse({"error": str(error)}, 422)
        return Response(film, media_type="video/mp4")


def filmed(panels: Sequence[Panel], content: bytes) -> bytes:
    """Return the MP4 of what a browser was shown.

    Raises:
        InputError: it is no such message, or no stream's.
    """
    header, pictures = _parts(content)
    panel = named(panels, header["panel"])
    experiment = panel.experiment(header["experiment"])
    if not isinstance(experiment, Stream):
        raise InputError(f"{experiment.title} is no stream; only a stream is recorded.")
    values = received(experiment, {**experiment.opening(), **header["values"]})
    for name in values:
        experiment.control(name)
    rate = min(max(len(pictures) / float(header["seconds"]), SLOWEST), FASTEST)
    with Recording(Fraction(rate).limit_denominator(1000)) as recording:
        shape = None
        for picture in pictures:
            frame = read_photo(picture, longest=SIDE, name="The recording")
            shape = shape or frame.shape
            if frame.shape == shape:  # A stream whose pictures change their size goes on with those of the first.
                recording.add(frame)
    with tempfile.TemporaryDirectory(prefix="recording-") as folder:
        path = Path(folder, "film.mp4")
        write_clip(recording.content, path, parameters(panel, experiment, values))
        return path.read_bytes()


def _parts(content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Read the header and the pictures of a message."""
    try:
        length = int.from_bytes(content[:4], "little")
        header = json.loads(content[4 : 4 + length])
        sizes = [int(size) for size in header["sizes"]]
        seconds = float(header["seconds"])
        texts = (header["panel"], header["experiment"])
        holds = isinstance(header["values"], dict) and all(isinstance(text, str) for text in texts)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(NOT_READ) from None
    start = 4 + length
    whole = 0 < len(sizes) <= MOST_PICTURES and min(sizes) > 0 and start + sum(sizes) == len(content)
    if not (holds and whole and 0 < seconds < float("inf")):
        raise InputError(NOT_READ)
    pictures = []
    for size in sizes:
        pictures.append(content[start : start + size])
        start += size
    return header, pictures
