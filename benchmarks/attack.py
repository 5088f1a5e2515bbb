"""What one hostile client can take: `python -m benchmarks attack`.

A studio of its own is started on the loopback interface, with its temporary files in a folder of its own, and each
attack is made on it from this process, bounded in number and time. A line each says whether the studio held, or broke,
and by which number one can tell.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import socket as socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import websockets

from benchmarks import hostile
from benchmarks.classroom import MOVERS as SLIDERS
from benchmarks.classroom import Class, Mover, page, socket
from benchmarks.clients import API, SERVICE, Row, intruder, run, values, visit
from benchmarks.servers import ROOT, Served, served
from engines.runtime.memory import DEFAULT_GIGABYTES

SESSIONS, EVENTS = 85, 10
ROOMS = 1000
UPLOADS, UPLOAD_BYTES = 36, 31_000_000
IDLE_PAGES, IDLE_LIVE, BODIES = 200, 24, 500
TOGETHER = 20
"""Requests that are made at once."""
SETTLED_SECONDS = 5.0
"""After which what is refused has been closed."""
WARMING = 20.0
"""Seconds: the panels are warmed while visitors are served already."""
MOST_GROWTH = 1e9
"""Bytes that the server may grow by."""
ENDPOINT = "biggan_truncation"
END_SECONDS = 5.0
MOVERS, MOVING_SECONDS, MOVE_SECONDS = 60, 30.0, 0.2
STYLIZE, EVERY, MOST_TIMES = "photo_stylization_stylize", 10.0, 3.0
"""What a visitor runs all the while, how often, and how many times as long it may take as alone."""
PHOTOGRAPHS = {"content": "noon", "style": "dusk"}
ALONE = 3
"""Runs before the attacks, of which the slowest says how long it takes alone."""


def events(studio: Served) -> Row:
    """Fill the queue from invented sessions, and run something as a visitor meanwhile."""
    with visit(studio) as visitor, intruder(studio) as client:
        given, before = values(visitor, ENDPOINT), studio.memory
        config = client.get("/config", params={"deep_link": ""}).json()
        index = next(each["id"] for each in config["dependencies"] if each["api_name"] == ENDPOINT)

        def join(session: int) -> int:
            body = {"data": given, "fn_index": index, "session_hash": f"invented{session}"}
            return client.post(f"/{API}/queue/join", json=body).status_code

        with ThreadPoolExecutor(TOGETHER) as pool:
            statuses = Counter(pool.map(join, [session for session in range(SESSIONS) for _ in range(EVENTS)]))
        began = time.monotonic()
        words = run(visitor, ENDPOINT)
        grown = studio.memory - before
    held = "event: complete" in words and grown < MOST_GROWTH
    seen = f"{dict(statuses)}; a visitor's run took {time.monotonic() - began:.1f} s; {grown / 1e6:+.0f} MB"
    return Row(f"{SESSIONS * EVENTS} events of invented sessions", held, seen)


def rooms(studio: Served) -> Row:
    """Take all class rooms."""
    with visit(studio) as teacher, intruder(studio, Origin=studio.address.rstrip("/")) as client:
        ask = {"ask": "open room"}
        statuses = Counter(client.post(f"/{SERVICE}", json=ask).status_code for _ in range(ROOMS))
        opened = teacher.post(f"/{SERVICE}", json=ask)
    return Row(
        f"{ROOMS} rooms", opened.status_code == 200 and statuses[200] < 20, f"{dict(statuses)}; a teacher: {opened}"
    )


def uploads(studio: Served) -> Row:
    """Send large files, so that another visitor's leaves."""
    picture = (ROOT / "assets" / "examples" / "autumn.jpg").read_bytes()
    with visit(studio) as visitor, intruder(studio) as client:
        source = visitor.post("/photographs", content=picture).json()["src"]
        before = studio.memory
        content = bytes(UPLOAD_BYTES)
        statuses = Counter(client.post("/clips", content=content).status_code for _ in range(UPLOADS))
        still, grown = visitor.get(f"/{source}").status_code, studio.memory - before
    held = still == 200 and grown < MOST_GROWTH and statuses[429] > 0
    return Row(f"{UPLOADS} uploads of 31 MB", held, f"{dict(statuses)}; another's is {still}; {grown / 1e6:+.0f} MB")


def stored(studio: Served) -> Row:
    """Fill the disk by the upload for programs."""
    with intruder(studio) as client:
        files = {"files": ("noise.bin", bytes(UPLOAD_BYTES))}
        statuses = Counter(client.post(f"/{API}/upload", files=files).status_code for _ in range(UPLOADS))
    most = statuses[200] * UPLOAD_BYTES
    return Row(f"{UPLOADS} of 31 MB for programs", most <= 300e6, f"{dict(statuses)}; {most / 1e6:.0f} MB on disk")


def elsewhere(studio: Served) -> Row:
    """Ask under a name that is not the server's, and from a page elsewhere."""
    paths = ("/", "/config", f"/{API}/info", f"/{API}/mcp/", "/memory")
    with intruder(studio, Host="rebound.example", Origin="http://rebound.example") as client:
        rebound = {client.get(path).status_code for path in paths} | {client.post(f"/{SERVICE}").status_code}
    with intruder(studio, Origin="https://elsewhere.example") as client:
        foreign = {client.post(path).status_code for path in ("/photographs", f"/{SERVICE}", f"/{API}/queue/join")}
    return Row("another host, another origin", (rebound, foreign) == ({421}, {403}), f"{rebound}, {foreign}")


def headers(studio: Served) -> Row:
    """Look for what frames, sniffing and open documents would need."""
    with intruder(studio) as client:
        policy = client.get("/").headers.get("content-security-policy", "")
        closed = client.get("/openapi.json").status_code
    return Row("frames and documents", "frame-ancestors" in policy and closed == 404, f"openapi.json {closed}")


async def hold(studio: Served) -> Row:
    """Hold sockets and bodies that nothing comes on, and look whether a visitor's slider still moves."""
    own = {"Origin": studio.address.rstrip("/")}

    async def connected(panel: str, headers: Mapping[str, str] = own) -> websockets.ClientConnection:
        address = f"ws://{studio.host}/socket/{panel}?page={secrets.token_hex(8)}"
        return await websockets.connect(address, additional_headers=headers, open_timeout=60)

    async def idle(panel: str, **message: Any) -> websockets.ClientConnection | None:
        with suppress(OSError, websockets.WebSocketException, TimeoutError):
            connection = await connected(panel)
            await connection.send(json.dumps(message))
            return connection
        return None

    async def held(count: int, panel: str, **message: Any) -> list[websockets.ClientConnection]:
        sockets = await asyncio.gather(*(idle(panel, **message) for _ in range(count)))
        await asyncio.sleep(SETTLED_SECONDS)
        return [each for each in sockets if each is not None and each.close_code is None]

    dancers = await held(IDLE_LIVE, "everybody_dance_now", experiment="dance", start=True)
    refused = sum([await _is_refused(each) for each in dancers])
    for each in dancers:
        await each.close()
    pages = await held(IDLE_PAGES, "biggan")
    bodies = [await asyncio.open_connection(*studio.host.split(":")) for _ in range(BODIES)]
    for _, writer in bodies:
        writer.write(f"POST /photographs HTTP/1.1\r\nHost: {studio.host}\r\nContent-Length: 900\r\n\r\nx".encode())
    await asyncio.sleep(SETTLED_SECONDS)
    given_up = sum(reader.at_eof() or bool(reader._buffer) for reader, _ in bodies)  # type: ignore[attr-defined]
    with visit(studio) as visitor:
        cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    slider = await connected("biggan", {**own, "Cookie": cookie})
    await slider.send(json.dumps({"experiment": "truncation", "moved": {"truncation": 0.5}}))
    moved = "passing" in json.loads(await asyncio.wait_for(slider.recv(), 60))
    for connection in (slider, *pages):
        await connection.close()
    for _, writer in bodies:
        writer.close()
    dancing = len(dancers) - refused
    is_held = moved and dancing < 10 and len(pages) < 20 and given_up > BODIES - 50
    seen = f"{len(pages)} sockets, {dancing} live places held, {given_up} bodies refused, a visitor's slider: {moved}"
    return Row(f"{IDLE_PAGES} idle sockets, {IDLE_LIVE} dancers, {BODIES} unfinished bodies", is_held, seen)


async def _is_refused(connection: websockets.ClientConnection) -> bool:
    """Whether the server has told this page an error by now."""
    with suppress(TimeoutError, websockets.WebSocketException):
        return "error" in json.loads(await asyncio.wait_for(connection.recv(), 0.1))
    return False


async def sliders(studio: Served) -> Row:
    """Let many visitors move sliders, while one runs something else."""
    of, end = Class(studio), time.monotonic() + MOVING_SECONDS

    async def move(mover: Mover) -> None:
        async with (
            page(of, "/") as client,
            socket(of, client, f"socket/{mover.panel}?page={secrets.token_hex(8)}") as own,
        ):
            reading = asyncio.create_task(_drop(own))
            while time.monotonic() < end:
                await own.send(json.dumps({"experiment": mover.experiment, "moved": mover.value()}))
                await asyncio.sleep(MOVE_SECONDS)
            reading.cancel()

    visits = (move(SLIDERS[number % len(SLIDERS)]) for number in range(MOVERS))
    failed = [each for each in await asyncio.gather(*visits, return_exceptions=True) if each is not None]
    return Row(
        f"{MOVERS} visitors move sliders", not failed, f"{of.opened} moved for {MOVING_SECONDS:.0f} s, {failed[:1]}"
    )


async def _drop(connection: Any) -> None:
    async for _ in connection:
        pass


class Regular:
    """A visitor who runs Stylize every ten seconds, whatever others do."""

    def __init__(self, studio: Served, during: str) -> None:
        self.studio = studio
        self.alone = 0.0
        self.waits: dict[str, list[float]] = {}
        self.refused: list[str] = []
        self._during = during
        self._ended = threading.Event()

    def run(self, client: httpx.Client) -> float:
        """Run it once, and return the seconds until it was there."""
        began = time.monotonic()
        said = run(client, STYLIZE, **PHOTOGRAPHS)
        if "event: complete" not in said:
            self.refused.append(said[:200])
        return time.monotonic() - began

    @contextmanager
    def visiting(self) -> Iterator[None]:
        """Run it alone, then again and again until the end of the block."""
        with visit(self.studio) as client:
            self.run(client)
            self.alone = max(self.run(client) for _ in range(ALONE))
            with ThreadPoolExecutor(1) as pool:
                visiting = pool.submit(self._go_on, client)
                try:
                    yield
                finally:
                    self._ended.set()
                visiting.result()

    def meanwhile(self, attack: str) -> None:
        """Note what others do from now on."""
        self._during = attack

    def _go_on(self, client: httpx.Client) -> None:
        while not self._ended.is_set():
            during, began = self._during, time.monotonic()
            self.waits.setdefault(during, []).append(self.run(client))
            self._ended.wait(max(0.0, began + EVERY - time.monotonic()))

    def row(self) -> Row:
        """Say how long that took, during which attack the longest."""
        worst = max(self.waits, key=lambda during: max(self.waits[during]))
        times, count = max(self.waits[worst]) / self.alone, sum(map(len, self.waits.values()))
        each = ", ".join(f"{during} {max(waits) / self.alone:.1f}" for during, waits in self.waits.items())
        seen = f"{count} runs, {len(self.refused)} refused {self.refused[:1]}; {self.alone:.1f} s alone; times: {each}"
        return Row("a visitor who runs Stylize every 10 s", not self.refused and times <= MOST_TIMES, seen)


def ends() -> list[Row]:
    """Kill a server and stop the next, and look what lies in the folder of temporary files."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"TMPDIR": folder}
        with served(environment=own) as studio:
            os.kill(studio.process, signal.SIGKILL)
        left = len(list(Path(folder).iterdir()))
        with served(environment=own) as studio:
            swept = len(list(Path(folder).iterdir()))
            began = time.monotonic()
        seconds, after = time.monotonic() - began, list(Path(folder).iterdir())
    return [
        Row("SIGKILL", swept == 1, f"{left} folder left, {swept} after the next start, which is its own"),
        Row("SIGTERM", not after and seconds < END_SECONDS, f"{len(after)} left, after {seconds:.1f} s"),
    ]


def starts() -> list[Row]:
    """Start a server that cannot serve."""
    rows = []
    with socketserver.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        wrong: list[tuple[str, Mapping[str, str]]] = [
            ("a taken port", {"GRADIO_SERVER_PORT": port}),
            ("STUDIO_ANSWERS a folder", {"STUDIO_ANSWERS": str(ROOT)}),
            ("STUDIO_MEMORY=abc", {"STUDIO_MEMORY": "abc"}),
        ]
        for name, variables in wrong:
            done = subprocess.run(
                [sys.executable, "app.py"], cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True
            )
            lines = done.stderr.splitlines()
            rows.append(Row(name, done.returncode == 2 and len(lines) == 1, " ".join(lines)[:100]))
    return rows


ATTACKS: dict[str, Callable[[Served, Path], Row]] = {
    "hosts": lambda studio, _: elsewhere(studio),
    "headers": lambda studio, _: headers(studio),
    "rooms": lambda studio, _: rooms(studio),
    "uploads": lambda studio, _: uploads(studio),
    "files": lambda studio, _: stored(studio),
    "events": lambda studio, _: events(studio),
    "sockets": lambda studio, _: asyncio.run(hold(studio)),
    "sliders": lambda studio, _: asyncio.run(sliders(studio)),
    "pictures": lambda studio, _: hostile.pictures(studio),
    "mesh": lambda studio, _: hostile.meshes(studio),
    "parameters": lambda studio, _: hostile.parameters(studio),
    "edits": lambda studio, _: hostile.edit_list(studio),
    "stop": lambda studio, _: hostile.stop_of_another(studio),
    "wrong": hostile.wrong,
}
"""By name, each given the server and the file of its log."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks attack", description=__doc__)
    parser.add_argument("--only", choices=ATTACKS, nargs="+", help="these attacks on a running server, and no others")
    only = parser.parse_args(arguments).only
    rows = []
    with tempfile.TemporaryDirectory() as folder, socket_server() as hub:
        others = (row for part in (starts, ends) for row in part()) if only is None else ()
        for row in chain(against_one(Path(folder), hub, only or ATTACKS), others):
            rows.append(row)
            print(row, flush=True)
    print(f"{sum(row.held for row in rows)} of {len(rows)} held; load {os.getloadavg()[1]:.1f}")
    if not all(row.held for row in rows):
        sys.exit(1)


@contextmanager
def socket_server() -> Iterator[str]:
    """The address of a Hub that takes what is asked and never answers."""
    with socketserver.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def against_one(folder: Path, hub: str, names: Iterable[str]) -> Iterator[Row]:
    """Make these attacks on one server, which a visitor uses all the while."""
    log = folder / "log"
    own = {
        "STUDIO_JOBS": f"{folder}/jobs",
        "STUDIO_ANSWERS": f"{folder}/answers.sqlite3",
        "STUDIO_WEIGHTS": f"{folder}/weights",
        "HF_HUB_CACHE": f"{folder}/hub",
        "HF_ENDPOINT": hub,
        "TMPDIR": str(folder),
    }
    with served(environment=own, log=log) as studio:
        time.sleep(WARMING)
        regular = Regular(studio, during="")
        with hostile.peak(studio) as grown:
            before = studio.memory
            with regular.visiting():
                for name in names:
                    regular.meanwhile(name)
                    yield ATTACKS[name](studio, log)
            yield regular.row()
            # Last, for whoever runs Stylize meanwhile is refused in a sentence.
            yield hostile.full_disk(studio)
        most, bound = before + grown[0], DEFAULT_GIGABYTES * 1e9 + MOST_GROWTH
        yield Row("memory", most <= bound, f"{most / 1e9:.2f} GB at the most, {bound / 1e9:.0f} GB allowed")


if __name__ == "__main__":
    main()
