"""Streams that mirror, count and stumble, the server of their live routes, and what goes over its sockets."""

import asyncio
import io
import json
import secrets
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import websockets
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from PIL import Image

from studio import WEB
from studio.declared import Panel, Stream, View
from studio.kinds import Camera, Number, Picture, Table
from studio.wire import live, recordings, socket
from tests.support import hard_experiments
from tests.support.servers import TRIAL as TRIAL_PAGE
from tests.support.servers import served

WITNESSES: list["weakref.ref[Witness]"] = []
STEPS: list[float] = []


class Witness:
    """Something whose end can be seen."""


def count(memory: dict[str, Any], frame: np.ndarray, seconds: float) -> Iterator[dict[str, Any]]:
    if "witness" not in memory:
        memory["witness"] = Witness()
        WITNESSES.append(weakref.ref(memory["witness"]))
    memory["frames"] = memory.get("frames", 0) + 1
    for _ in range(round(seconds / 0.05)):
        time.sleep(0.05)
        STEPS.append(time.monotonic())
        yield {}
    yield {"picture": frame, "table": {"memory": {"frames": memory["frames"]}}}


def stumble(memory: dict[str, Any], frame: np.ndarray) -> Iterator[dict[str, Any]]:
    yield {"picture": frame, "table": 1 / 0}


COUNTING = Panel(
    slug="counting",
    title="Counting",
    paper=hard_experiments.PANEL.paper,
    story="It counts frames.",
    experiments=[
        Stream(
            name="count",
            title="Count",
            controls={"frame": Camera("Camera"), "seconds": Number("Seconds", 0, 60, 0, 0.05)},
            outputs={"picture": Picture("Picture"), "table": Table("Table")},
            presets={"fast": {}},
            run=count,
        ),
        Stream(
            name="stumble",
            title="Stumble",
            controls={"frame": Camera("Camera")},
            outputs={"picture": Picture("Picture")},
            presets={"only": {}},
            run=stumble,
        ),
    ],
)
MIRROR = hard_experiments.PANEL.experiment("mirror")
TRIAL = hard_experiments.PANEL.experiment("trial")


@contextmanager
def stream_server(folder: Path) -> Iterator[str]:
    """Where live routes are served, with a page of the mirror and the trial; a file lies beside the folder."""
    folder.mkdir()
    (folder.parent / "outside.txt").write_text("not for visitors")
    modules = ("live", "socket", "dom", "standing", "take", "view")
    for source in (*(WEB / f"{name}.js" for name in modules), TRIAL_PAGE):
        (folder / source.name).write_bytes(source.read_bytes())
    app = FastAPI()
    panels = [hard_experiments.PANEL, COUNTING]
    live.add_routes(app, panels, folder)
    socket.add_routes(app, panels)
    recordings.add_routes(app, panels)

    @app.get("/page")
    def page() -> HTMLResponse:
        assert isinstance(MIRROR, Stream) and isinstance(TRIAL, View)
        stream = live.stream_html(hard_experiments.PANEL, MIRROR, {})
        bodies = [stream, live.view_html(hard_experiments.PANEL, TRIAL)]
        head = '<header class="studio-head" data-page="hard_experiments"></header><script>studioPage = "test";</script>'
        script = '<script type="module" src="/web/live.js"></script>'
        return HTMLResponse(f"<!doctype html>{head}{''.join(bodies)}{script}")

    with served(app) as host:
        yield host


def jpeg(colour: tuple[int, int, int] | int = 100) -> bytes:
    """A frame of one colour, as a camera sends it."""
    file = io.BytesIO()
    Image.fromarray(np.full((48, 64, 3), colour, dtype=np.uint8)).save(file, "JPEG")
    return file.getvalue()


class Channel:
    """A stream of a page's socket, which sends frames as bytes and control values as they are."""

    def __init__(self, connection: Any, experiment: str) -> None:
        self.connection = connection
        self.experiment = experiment
        header = json.dumps({"experiment": experiment}).encode()
        self._header = len(header).to_bytes(4, "little") + header

    async def say(self, **message: Any) -> None:
        """Say something of the stream: that it starts or stops, or control values as `moved`."""
        await self.connection.send(json.dumps({"experiment": self.experiment, **message}))

    async def send(self, frame: bytes) -> None:
        await self.connection.send(self._header + frame)

    async def recv(self) -> Any:
        """The next message: bytes as they are, JSON read."""
        message = await asyncio.wait_for(self.connection.recv(), 30)
        return message if isinstance(message, bytes) else json.loads(message)


@asynccontextmanager
async def connect(host: str, path: str, origin: str | None = None, **headers: str) -> AsyncIterator[Channel]:
    """A stream that has started, of a page of that origin, or of the server's own."""
    slug, experiment = path.split("/")
    given = websockets.Origin(origin or f"http://{host}")
    address = f"ws://{host}/socket/{slug}?page={secrets.token_hex(8)}"
    async with websockets.connect(address, origin=given, max_size=2**24, additional_headers=headers) as connection:
        channel = Channel(connection, experiment)
        await channel.say(start=True)
        yield channel


def unpacked(message: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The header and the pictures of an answer."""
    length = int.from_bytes(message[:4], "little")
    header, rest, found = json.loads(message[4 : 4 + length]), message[4 + length :], []
    for _, _, size in header["pictures"]:
        found.append(np.asarray(Image.open(io.BytesIO(rest[:size]))))
        rest = rest[size:]
    assert not rest
    return header, found


async def exchange(channel: Channel, frame: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    await channel.send(frame)
    message = await channel.recv()
    assert isinstance(message, bytes), message
    return unpacked(message)
