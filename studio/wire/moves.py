"""Answers the controls of a live experiment while they move, and tells what came of them once they rest.

What moves is computed once: the newest values alone are, and what was shown of them goes on to its end when they rest.
"""

import asyncio
import base64
import io
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engines.runtime.errors import InputError
from engines.runtime.scheduler import Task
from studio.drawn.tables import failure
from studio.runs.run import sentence, start
from studio.runs.store import parameters
from studio.wire.files import HeldAddresses, aside, received
from studio.wire.payloads import Payloads
from studio.wire.visit import Told, Visit

JPEG_QUALITY = 90


class Moves:
    """Is what one page moves in one live experiment; `tell` brings the page what is told."""

    def __init__(self, visit: Visit, visitor: str, tell: Callable[[Told], Awaitable[Any]]) -> None:
        self._visit = visit
        self._visitor = visitor
        self._tell = tell
        # What a visitor turns shows at once; what a run adds to that waits until the control rests.
        self._first_is_all = any(control.moves_alone for control in visit.experiment.controls.values())
        self._newest: Mapping[str, Any] = {}
        self._rests = False
        self._moved = asyncio.Event()
        self._runs = 0
        self._shown: Task | None = None
        """What computes the values before, once something of it was shown."""

    def move(self, values: Mapping[str, Any], rests: bool) -> None:
        """Take the controls as they stand now, and whether they rest; a run that was asked for since goes before."""
        if not rests:
            self._runs = self._visit.runs
        elif self._runs != self._visit.runs:
            values = {}  # Nothing is to be computed any more.
        if self._shown is not None and values != self._newest:
            if self._visit.task is self._shown:
                self._visit.leave()
            self._shown.cancel()
        self._newest, self._rests = values, rests
        self._moved.set()

    async def answer(self) -> None:
        """Answer until the page leaves."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            if not self._newest:
                continue
            try:
                await self._answer(self._newest)
            except Exception as error:
                await self._tell({"alert": failure(sentence(error)), "status": ""})

    async def _answer(self, values: Mapping[str, Any]) -> None:
        """Compute these values, and show what is made of them until there are newer ones, or the controls rest."""
        try:
            given = await aside(received, self._visit.experiment, values)
            task = await aside(partial(start, visitor=self._visitor), self._visit.experiment, given)
        except InputError as error:
            if self._rests and self._newest == values:
                await self._tell({"alert": failure(str(error)), "query": self._visit.query(values)})
            return
        made = parameters(self._visit.panel, self._visit.experiment, {**self._visit.experiment.opening(), **given})
        try:
            await self._pass(task, values, self._visit.drawing(PassingAddresses, made))
            if self._newest == values:
                await self._finish(task, values, made)
        finally:
            self._shown = None
            task.cancel()

    async def _pass(self, task: Task, values: Mapping[str, Any], drawing: Payloads) -> None:
        """Show what is made until the controls rest, or something of it was shown and newer values wait."""
        result: Mapping[str, Any] = {}
        async with aclosing(task.changes()) as changes:
            async for ended in changes:
                if self._rests and self._newest == values:
                    return
                if task.result is not result:  # Each partial result is another mapping.
                    result = task.result
                    if drawn := await aside(drawing.changes, result):
                        await self._tell({"passing": drawn})
                if drawing.drawn:
                    self._shown = task
                    if self._newest != values:
                        return
                if ended or (drawing.drawn and self._first_is_all):
                    break
        task.hold()
        while not self._rests and self._newest == values:
            self._moved.clear()
            await self._moved.wait()

    async def _finish(self, task: Task, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        """Let the run go on to its end, and tell all that comes of it, unless something moves again."""
        self._shown = task
        task.resume()
        await self._tell({"alert": "", "query": self._visit.query(values)})
        async with aclosing(self._visit.follow(task, values, made)) as follow:
            async for told in follow:
                if self._newest != values:
                    return
                await self._tell(told)
        if self._newest == values:
            self._moved.clear()


class PassingAddresses(HeldAddresses):
    """Puts pictures into the message itself.

    If they were held for an address, the pictures of a moving control would soon take all the room.
    """

    is_passing = True

    def picture(self, made: NDArray[np.uint8]) -> dict[str, Any]:
        """Return the picture as a JPEG inside its address."""
        file = io.BytesIO()
        Image.fromarray(made).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        address = f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
        return {"src": address, "file": address, "width": made.shape[1], "height": made.shape[0]}

    def lazy(self, render: Callable[[], Any], width: int, height: int) -> dict[str, Any]:
        """Return nothing: the picture is rendered only when the controls rest."""
        return {}
