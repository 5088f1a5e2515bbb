"""Live places: how many streams this machine carries at once, and the line of those who wait for one."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Any

from PIL import Image

from engines.runtime.video import read_clip
from studio.declared import Panel, Stream
from studio.runs.run import finished, start
from studio.wire import limits

LEAST_RATE, LEAST_PLACES = 2.0, 2
"""Frames a second of each stream, at least, while all places are taken; and how many there are on any machine."""
TRIED = 3
"""Frames that are timed, of which the fastest counts: visitors may be served meanwhile."""
LONGEST_SIDE = 640
"""Pixels, as live.js sends them."""


def measure(panels: Sequence[Panel]) -> int | None:
    """Measure how many streams this machine carries: those of the slowest experiment, each at `LEAST_RATE`.

    It is None where no stream can be tried without a visitor's camera.
    """
    streams = (each for panel in panels for each in panel.experiments if isinstance(each, Stream))
    seconds = [time_frame(each) for each in streams if _frame(each) is not None]
    return max(LEAST_PLACES, int(1 / (LEAST_RATE * max(seconds)))) if seconds else None


def time_frame(experiment: Stream) -> float:
    """Return the seconds that a stream computes for a frame."""
    camera, memory = experiment.camera, dict[str, Any]()
    seen = {camera[0]: _frame(experiment)} if camera else {}
    seconds = []
    for _ in range(1 + TRIED):
        task = start(experiment, {**experiment.opening(), **seen}, memory)
        finished(task)
        seconds.append(task.seconds)
    return min(seconds[1:])  # What the first one makes stays for the others.


def _frame(experiment: Stream) -> bytes | None:
    """Return a frame of the stream's own clip as a browser sends it; None where it has a camera and no clip."""
    if experiment.camera is None:
        return b""
    clips = experiment.camera[1].clips
    if not clips:
        return None
    file = io.BytesIO()
    frame = next(iter(read_clip(next(iter(clips.values()))()).frames(LONGEST_SIDE)))
    Image.fromarray(frame).save(file, "JPEG")
    return file.getvalue()


class Line:
    """Is the line of one server's streams that wait for a live place; who came first gets the next one."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Event] = []

    @asynccontextmanager
    async def place(self, tell: Callable[[int], Awaitable[Any]]) -> AsyncIterator[None]:
        """Have a live place for the length of the block, once there is one.

        Args:
            tell: is given the place in the line, from 1, whenever it changes, and 0 after waiting.

        Raises:
            limits.Refused: the visitor, or the visitor's network, has as many places as one may have.
        """
        with ExitStack() as held:
            await self._wait(held, tell)
            try:
                yield
            finally:
                held.close()
                self._move_up()

    async def _wait(self, held: ExitStack, tell: Callable[[int], Awaitable[Any]]) -> None:
        turn = asyncio.Event()
        self._waiting.append(turn)
        told = 0
        try:
            while True:
                turn.clear()
                if self._waiting[0] is turn and _taken(held):
                    break
                place = self._waiting.index(turn) + 1
                if place != told:
                    await tell(told := place)
                await turn.wait()
        finally:
            self._waiting.remove(turn)
            self._move_up()
        if told:
            await tell(0)

    def _move_up(self) -> None:
        for turn in self._waiting:
            turn.set()


def _taken(held: ExitStack) -> bool:
    """Take a live place, and tell whether there was one."""
    try:
        held.enter_context(limits.hold("live"))
    except limits.Refused as refused:
        if refused.level != "everybody" or refused.is_never:
            raise
        return False
    return True
