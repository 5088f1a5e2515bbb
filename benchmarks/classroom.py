"""A class at once: `python -m benchmarks classroom [--visitors 40] [--minutes 5]`.

Each visitor opens a page and its socket and moves a slider of one of five live panels every two seconds, and every
twenty seconds runs the experiment whole; four of them dance from a clip, and four send photographs of 10 MB. Beside
them in one run: as many visitors who move the slider of one plain Gradio app that carries the same generator. Printed
are how many engine seconds a second were asked for, how many pages opened, how long moves and runs waited, what
failed, the dancers' frames a second, the server's memory, and last which bars were missed.
"""

import argparse
import asyncio
import io
import json
import random
import secrets
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
import numpy as np
import websockets
from PIL import Image

from benchmarks.servers import Served, served

MOVE_SECONDS, RUN_SECONDS = 2.0, 20.0
LONGEST_SECONDS = 60.0
"""What waits longer has failed."""
WARMING_SECONDS = 20.0
SOLO_MOVES = 5
"""Moves of one visitor alone, whose median says what a move costs."""
DANCERS, SENDERS = 4, 4
SEND_SECONDS = 10.0
PHOTOGRAPH = (2200, 1650)
"""Pixels of noise, which as PNG come to 10 MB."""
FRAME = (320, 240)
AWAY_SECONDS = 10.0
"""After so long without visitors a slider is moved once more."""
WAIT, CAPACITY, RATE, GROWTH, AFTER = 2.0, 0.8, 2.0, 1.1, 2.0
"""The bars: seconds within which 19 of 20 moves are answered while no more than this part of the machine is asked for
(and longer in proportion above it); frames a second of each dancer meanwhile; how many times its memory after the first
minute a server may hold at the end; and how many times as long as alone a move may wait after all have left."""
PLAIN = """
import gradio as gr
import numpy as np
from engines.biggan import engine
from studio.runs.run import finished, start
from pages.biggan import PANEL
experiment = PANEL.experiment("truncation")
def show(truncation):
    return finished(start(experiment, {**experiment.opening(), "truncation": truncation}))["pictures"][0]
with gr.Blocks() as plain:
    slider, picture = gr.Slider(0.02, 1.0, 0.5), gr.Image()
    slider.release(show, slider, picture, api_name="show")
plain.queue(default_concurrency_limit=1).launch(quiet=True)
"""


class Mover(NamedTuple):
    """A live experiment and the slider of it that moves between two values."""

    panel: str
    experiment: str
    slider: str
    lowest: float
    highest: float

    def value(self) -> dict[str, float]:
        """Give the slider's next place."""
        return {self.slider: round(random.uniform(self.lowest, self.highest), 3)}


MOVERS = [
    Mover("biggan", "truncation", "truncation", 0.1, 1.0),
    Mover("ganimation", "sliders", "unit_12", 0.0, 3.0),
    Mover("sagan", "attention", "sigma", 0.0, 1.0),
    Mover("taskonomy", "taxonomy", "importance_reshade", 0.0, 2.0),
    Mover("time_limited_humans", "retina", "alpha", 0.002, 0.1),
]


@dataclass
class Class:
    """What all visitors of one server met."""

    studio: Served
    opened: int = 0
    moves: list[float] = field(default_factory=list)
    runs: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    frames: dict[int, int] = field(default_factory=dict)
    refused: int = 0
    waited: int = 0
    failures: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    async def follow_memory(self) -> None:
        """Note the server's megabytes every few seconds."""
        while True:
            self.memory.append(self.studio.memory / 1e6)
            await asyncio.sleep(5)

    @property
    def first_memory(self) -> float:
        """The server's megabytes after the first minute."""
        return self.memory[min(len(self.memory) - 1, 12)]

    def misses(self, seconds: float, offered: float) -> list[str]:
        """Say which bars were missed, where so many engine seconds a second were asked for."""
        p95, longest = float(np.percentile(self.moves, 95)), WAIT * max(1.0, offered / CAPACITY)
        rates = [frames / seconds for frames in self.frames.values()]
        missed = []
        if self.failures:
            missed.append(f"{len(self.failures)} failures")
        if p95 > longest:
            missed.append(f"p95 of a moved slider {p95:.2f} s, at most {longest:.2f} s")
        if offered <= CAPACITY and min(rates) < RATE:
            missed.append(f"a dancer had {min(rates):.1f} frames a second, at least {RATE:g}")
        if self.memory[-1] > GROWTH * self.first_memory:
            missed.append(f"memory grew by {self.memory[-1] / self.first_memory - 1:.0%}, at most {GROWTH - 1:.0%}")
        return missed

    def sentence(self, seconds: float) -> str:
        """Say in a few lines what was met."""
        lines = [
            f"opened {self.opened}, refused in words {self.refused}, waited in line {self.waited}, "
            f"failures {len(self.failures)}"
        ]
        for name, waited in (("a moved slider", self.moves), ("a run", self.runs), ("10 MB sent", self.sent)):
            if waited:
                p50, p95 = np.percentile(waited, [50, 95])
                lines.append(
                    f"{name}: {len(waited)} answers, p50 {p50:.2f} s, p95 {p95:.2f} s, worst {max(waited):.2f} s"
                )
        if self.frames:
            rates = [frames / seconds for frames in self.frames.values()]
            lines.append(f"dancers: {', '.join(f'{rate:.1f}' for rate in rates)} frames a second")
        if self.memory:
            lines.append(
                f"memory: {self.first_memory:.0f} MB after the first minute, {self.memory[-1]:.0f} MB at the end"
            )
        lines += [f"failed: {words}" for words in sorted(set(self.failures))[:5]]
        return "\n".join(lines)


@asynccontextmanager
async def page(of: Class, path: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open a page as a browser does, in a visit with cookies of its own."""
    async with httpx.AsyncClient(base_url=of.studio.address, timeout=LONGEST_SECONDS, follow_redirects=True) as client:
        (await client.get(path)).raise_for_status()
        of.opened += 1
        yield client


def socket(of: Class, client: httpx.AsyncClient, route: str) -> Any:
    """Connect as the page of that visit does."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return websockets.connect(
        f"ws://{of.studio.host}/{route}",
        origin=websockets.Origin(f"http://{of.studio.host}"),
        additional_headers={"Cookie": cookies},
        max_size=None,
    )


async def every(seconds: float, end: float, act: Callable[[], Awaitable[None]]) -> None:
    """Act at that pace until the end, never twice at once."""
    due = time.monotonic() + random.uniform(0, seconds)
    while due < end:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await act()
        due = max(due + seconds, time.monotonic())


class Moving:
    """A page's slider: moved, and answered over its socket."""

    def __init__(self, mover: Mover, connection: Any) -> None:
        self.mover = mover
        self.connection = connection
        self.answered = asyncio.Event()

    async def read(self) -> None:
        """Take all that comes, for one move may be answered in parts."""
        async for _ in self.connection:
            self.answered.set()

    async def move(self, waited: list[float]) -> None:
        """Move once and note how long the first part of the answer took."""
        self.answered.clear()
        began = time.monotonic()
        await self.connection.send(json.dumps({"experiment": self.mover.experiment, "moved": self.mover.value()}))
        await asyncio.wait_for(self.answered.wait(), LONGEST_SECONDS)
        waited.append(time.monotonic() - began)


async def run(of: Class, mover: Mover, client: httpx.AsyncClient) -> None:
    """Run the experiment whole, as one does that asks by a program, and wait for its end."""
    began = time.monotonic()
    name = f"/gradio_api/call/v2/{mover.panel}_{mover.experiment}"
    asked = await client.post(name, json=mover.value())
    asked.raise_for_status()
    event = asked.json()["event_id"]
    async with client.stream("GET", f"/gradio_api/call/{mover.panel}_{mover.experiment}/{event}") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("event: error"):
                raise RuntimeError(f"{name} ended in an error")
            if line.startswith("event: complete"):
                break
    of.runs.append(time.monotonic() - began)


async def mover_visit(of: Class, mover: Mover, end: float) -> None:
    """Move a slider and now and then run the experiment, until the end."""
    async with (
        page(of, f"?panel={mover.panel}") as client,
        socket(of, client, f"socket/{mover.panel}?page={secrets.token_hex(16)}") as connection,
    ):
        moving = Moving(mover, connection)
        reading = asyncio.create_task(moving.read())
        try:
            await asyncio.gather(
                every(MOVE_SECONDS, end, lambda: moving.move(of.moves)),
                every(RUN_SECONDS, end, lambda: run(of, mover, client)),
            )
        finally:
            reading.cancel()


async def dancer_visit(of: Class, number: int, frames: Sequence[bytes], end: float) -> None:
    """Send a clip's frames, the next when the one before is answered, until the end."""
    async with (
        page(of, "?panel=everybody_dance_now") as client,
        socket(of, client, f"socket/everybody_dance_now?page={secrets.token_hex(16)}") as connection,
    ):
        of.frames[number] = 0
        header = json.dumps({"experiment": "dance"}).encode()
        await connection.send(json.dumps({"experiment": "dance", "start": True}))
        while time.monotonic() < end:
            frame = frames[of.frames[number] % len(frames)]
            await connection.send(len(header).to_bytes(4, "little") + header + frame)
            answer = await asyncio.wait_for(connection.recv(), LONGEST_SECONDS)
            if isinstance(answer, str) and "waiting" in answer:
                of.waited += 1
                answer = await in_line(connection, end)
            if answer is None:
                return
            if isinstance(answer, str):
                of.refused += 1
                await asyncio.sleep(MOVE_SECONDS)
                continue
            of.frames[number] += 1


async def in_line(connection: Any, end: float) -> str | bytes | None:
    """Wait for a live place, and return what comes then; None where none came before the end."""
    while (left := end - time.monotonic()) > 0:
        try:
            answer: str | bytes = await asyncio.wait_for(connection.recv(), left)
        except TimeoutError:
            break
        if not (isinstance(answer, str) and "waiting" in answer):
            return answer
    return None


async def sender_visit(of: Class, photograph: bytes, end: float) -> None:
    """Send a large photograph every few seconds until the end."""
    async with page(of, "?panel=photo_stylization") as client:

        async def send() -> None:
            began = time.monotonic()
            (await client.post("/photographs", content=photograph)).raise_for_status()
            of.sent.append(time.monotonic() - began)

        await every(SEND_SECONDS, end, send)


async def without_failing(of: Class, visit: Awaitable[None]) -> None:
    """Note what a visit failed with, for the others go on."""
    try:
        await visit
    except websockets.InvalidStatus:
        of.refused += 1
    except Exception as error:
        of.failures.append(f"{type(error).__name__}: {str(error)[:120]}")


async def solo(studio: Served) -> dict[str, float]:
    """Give the seconds that one visitor alone waits for each slider, at the median."""
    seconds = {}
    for mover in MOVERS:
        alone = Class(studio)
        async with (
            page(alone, f"?panel={mover.panel}") as client,
            socket(alone, client, f"socket/{mover.panel}?page={secrets.token_hex(16)}") as connection,
        ):
            moving = Moving(mover, connection)
            reading = asyncio.create_task(moving.read())
            for _ in range(SOLO_MOVES):
                await moving.move(alone.moves)
                await asyncio.sleep(0.5)
            reading.cancel()
        seconds[mover.panel] = statistics.median(alone.moves)
    return seconds


async def meet(studio: Served, visitors: int, seconds: float) -> Class:
    """Let a class work at the studio for so long."""
    met = Class(studio)
    end = time.monotonic() + seconds
    photograph, frames = noise(), dancer_frames()
    dancers, senders = min(DANCERS, visitors // 10), min(SENDERS, visitors // 10)
    visits = [dancer_visit(met, number, frames, end) for number in range(dancers)]
    visits += [sender_visit(met, photograph, end) for _ in range(senders)]
    visits += [mover_visit(met, MOVERS[n % len(MOVERS)], end) for n in range(visitors - dancers - senders)]
    following = asyncio.create_task(met.follow_memory())
    await asyncio.gather(*(without_failing(met, visit) for visit in visits))
    following.cancel()
    return met


async def meet_plainly(plain: Served, visitors: int, seconds: float) -> Class:
    """Let as many visitors move the slider of the plain app, each by Gradio's own queue."""
    met = Class(plain)
    end = time.monotonic() + seconds

    async def visit() -> None:
        async with page(met, "/") as client:

            async def show() -> None:
                began = time.monotonic()
                asked = await client.post("/gradio_api/call/show", json={"data": [round(random.uniform(0.1, 1), 3)]})
                event = asked.raise_for_status().json()["event_id"]
                async with client.stream("GET", f"/gradio_api/call/show/{event}") as answer:
                    async for line in answer.aiter_lines():
                        if line.startswith(("event: complete", "event: error")):
                            break
                met.moves.append(time.monotonic() - began)

            await every(MOVE_SECONDS, end, show)

    await asyncio.gather(*(without_failing(met, visit()) for _ in range(visitors)))
    return met


def noise() -> bytes:
    """A photograph that no format makes small."""
    file = io.BytesIO()
    levels = np.random.default_rng(0).integers(0, 256, (PHOTOGRAPH[1], PHOTOGRAPH[0], 3), dtype=np.uint8)
    Image.fromarray(levels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def dancer_frames() -> list[bytes]:
    """The frames of the dance panel's example clip, as a browser sends them."""
    from engines.runtime.video import read_clip
    from pages.everybody_dance_now.controls import CLIPS

    sent = []
    for frame in read_clip(CLIPS["dancer"]()).frames(FRAME[1]):
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=80)
        sent.append(file.getvalue())
    return sent


async def compare(visitors: int, seconds: float) -> list[str]:
    """Measure the studio, then the plain app, print both, and return which bars were missed."""
    with served() as studio:
        await asyncio.sleep(WARMING_SECONDS)
        alone = await solo(studio)
        each = {panel: f"{1000 * waited:.0f} ms" for panel, waited in alone.items()}
        print(f"alone, a move waits: {each}", flush=True)
        movers = visitors - 2 * min(DANCERS, visitors // 10)
        offered = movers * statistics.mean(alone.values()) * (1 / MOVE_SECONDS + 1 / RUN_SECONDS)
        print(f"{visitors} visitors for {seconds / 60:.1f} minutes ask for {offered:.2f} engine seconds a second")
        met = await meet(studio, visitors, seconds)
        print(met.sentence(seconds), flush=True)
        missed = met.misses(seconds, offered)
        await asyncio.sleep(AWAY_SECONDS)
        before, after = statistics.mean(alone.values()), statistics.mean((await solo(studio)).values())
        print(f"{AWAY_SECONDS:.0f} s after they left a move waits {1000 * after:.0f} ms, {1000 * before:.0f} ms before")
        if after > AFTER * before:
            missed.append(f"{AWAY_SECONDS:.0f} s after they left a move waits {after / before:.1f} times as long")
    with served("-c", PLAIN) as plain:
        print(f"beside it, a plain Gradio app:\n{(await meet_plainly(plain, visitors, seconds)).sentence(seconds)}")
    return missed


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print.

    Raises:
        SystemExit: with status 1, a bar was missed.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks classroom", description=__doc__)
    parser.add_argument("--visitors", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=5.0)
    given = parser.parse_args(arguments)
    missed = asyncio.run(compare(given.visitors, 60 * given.minutes))
    print("\n".join(f"missed: {each}" for each in missed) or "every bar is met")
    sys.exit(1 if missed else 0)
