"""What uploads cost a server: `python -m benchmarks memory`.

Eight photographs of 7070 x 7070 pixels and one colour, 0.16 MB each, are sent to a studio that may take one gigabyte;
then a slider is moved while four photographs of 10 MB are read. Printed are the process's memory before and after, and
how long the slider waits for its answer, at most and half of the time.
"""

import argparse
import asyncio
import io
import json
import statistics
import time
from collections.abc import Sequence

import httpx
import numpy as np
import websockets
from PIL import Image

from benchmarks.servers import Served, served

UPLOADS, SIDE = 8, 7070
MOVED, READ, LARGE = 40, 4, (2200, 1650)
"""Moves of the slider, photographs that are read meanwhile, and their size, which as PNG of noise comes to 10 MB."""
LONGEST = 120.0
"""Seconds that an answer may take."""
WARMING = 20.0
"""Seconds: the panels are warmed while visitors are served already."""
MOVES, CONTROL = "socket/ganimation?page=measured", "unit_1"


def flat(shade: int) -> bytes:
    """A photograph of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), (shade, 90, 40)).save(file, "PNG", optimize=True)
    return file.getvalue()


def noisy(seed: int) -> bytes:
    """A photograph that no format makes small."""
    file = io.BytesIO()
    levels = np.random.default_rng(seed).integers(0, 256, (LARGE[1], LARGE[0], 3), dtype=np.uint8)
    Image.fromarray(levels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def moved(value: float) -> str:
    """Say on the page's socket where the slider stands."""
    return json.dumps({"experiment": "sliders", "moved": {CONTROL: value}})


def send(studio: Served, photograph: bytes) -> None:
    """Send a photograph, and wait until it is read."""
    httpx.post(f"{studio.address}photographs", content=photograph, timeout=LONGEST).raise_for_status()


async def moves(studio: Served, photographs: Sequence[bytes]) -> list[float]:
    """Seconds that each move of the slider waits while these photographs are read."""
    waited = []
    origin = websockets.Origin(f"http://{studio.host}")
    async with websockets.connect(f"ws://{studio.host}/{MOVES}", origin=origin, max_size=None) as moving:
        await moving.send(moved(0.5))
        await moving.recv()
        reading = [asyncio.create_task(asyncio.to_thread(send, studio, one)) for one in photographs]
        for move in range(MOVED):
            began = time.monotonic()
            await moving.send(moved(0.1 * (move % 30)))
            await moving.recv()
            waited.append(time.monotonic() - began)
        await asyncio.gather(*reading)
    return waited


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m benchmarks memory", description=__doc__).parse_args(arguments)
    with served(environment={"STUDIO_MEMORY": "1"}) as studio:
        time.sleep(WARMING)
        before = studio.memory
        for number in range(UPLOADS):
            send(studio, flat(20 * number))
        after = studio.memory
        quiet, busy = asyncio.run(moves(studio, [])), asyncio.run(moves(studio, [noisy(n) for n in range(READ)]))
    print(f"memory: {before / 1e6:.0f} MB warm, {after / 1e6:.0f} MB after {UPLOADS} uploads, bound 1,000 MB")
    for name, waited in (("alone", quiet), (f"while {READ} photographs are read", busy)):
        print(f"a moved slider {name}: {1000 * statistics.median(waited):.0f} ms, at most {1000 * max(waited):.0f} ms")
