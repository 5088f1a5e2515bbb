"""One visitor's conversation with one experiment on one page: what is asked, and what is told of it.

What is told is a mapping by part, whichever way it goes to the page: "alert", "status" and "badge" are HTML, "outputs"
is what studio.js draws by name, "made" is a result as the visit's history keeps it, or None once nothing is shown,
"job" is what a browser finds a job by, and "query" asks for the controls as they stand. A part that is not named stays
as it was.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from engines.runtime.errors import InputError, StudioError
from engines.runtime.jobs import JOBS
from engines.runtime.scheduler import State, Task
from studio.declared import Experiment, LongExperiment, Panel, Stream, View
from studio.drawn.tables import failure, paragraph
from studio.kinds.output import Addresses
from studio.runs import permalink, words
from studio.runs.run import go_on, sentence, start, used
from studio.runs.store import parameters
from studio.wire import files
from studio.wire.live import read_answer
from studio.wire.payloads import Payloads

LINE_SECONDS = 1.0
"""How often the line below a run is written again while nothing else changes."""
UPDATE_SECONDS = 0.05
"""How long a page rests between two updates."""

GONE = "The job that this page followed is no longer kept here; start it anew."

Told = dict[str, Any]


class Visit:
    """Is what one page and one experiment say to each other; `task` is the run that the page follows."""

    def __init__(self, panel: Panel, experiment: Experiment) -> None:
        self.panel = panel
        self.experiment = experiment
        self.task: Task | None = None
        self.runs = 0
        """How many runs were asked for, other than by what moves."""
        self._is_job = isinstance(experiment, LongExperiment)
        self._has_line = not (experiment.live or isinstance(experiment, Stream | View))

    def leave(self) -> None:
        """Follow no run any more."""
        self.task = None

    async def run(self, visitor: str, values: Mapping[str, Any], *answer: str) -> AsyncGenerator[Told, None]:
        """Compute with control values as a page has them, and with a View's answer."""
        self.runs += 1
        yield {**self._beginning(), "query": self.query(values)}
        try:
            given = files.received(self.experiment, values)
            if corrected := self.experiment.corrections(given):
                yield {"alert": paragraph(" ".join(corrected))}
            extra = [read_answer(text) for text in answer]
            computing = partial(start, visitor=visitor, panel=self.panel.slug)
            task = await files.aside(computing, self.experiment, given, *extra)
        except Exception as error:
            yield {"status": "", "alert": failure(sentence(error))}
            return
        made = parameters(self.panel, self.experiment, given)
        try:
            if self._is_job:
                job = {"id": task.id, "values": values, "parameters": made, "query": self.query(values)}
                yield {"job": job, **self._nothing()}
            async for told in self.follow(task, values, made):
                yield told
        finally:
            if not self._is_job:
                task.cancel()

    def choose(
        self, preset: str, values: Mapping[str, Any], opening: Mapping[str, Any] | None
    ) -> tuple[dict[str, Any], Told]:
        """Return the control values that a preset puts in the place of these, and what stands on the page with them.

        Args:
            opening: what the page opened with, as the history keeps it.
        """
        put = self.experiment.chosen(preset, values)
        return put, self.standing(put, opening)

    def standing(self, values: Mapping[str, Any], opening: Mapping[str, Any] | None) -> Told:
        """Return what stands on the page as a job gets these values: what was rendered with them, or nothing.

        While a job goes on, and where values are computed at once, what is shown stays.
        """
        if not self._is_job or self.task is not None:
            return {}
        if opening is None or values != self.experiment.opening():
            return self._nothing()
        return {"outputs": opening["outputs"], "badge": opening["badge"], "made": {**opening, "at": time.time()}}

    async def attach(self, visitor: str, job: Mapping[str, Any]) -> AsyncGenerator[Told, None]:
        """Follow a job that this visitor's browser started before its page was loaded."""
        try:
            task = await asyncio.to_thread(JOBS.find, job["id"], visitor)
        except InputError:
            yield {"job": None, "alert": paragraph(GONE), **self._nothing()}
            return
        async for told in self._again(task, job):
            yield told

    async def go_on(self, visitor: str, job: Mapping[str, Any]) -> AsyncGenerator[Told, None]:
        """Continue this visitor's paused job."""
        try:
            task = await asyncio.to_thread(go_on, [self.panel], job["id"], visitor)
        except StudioError as error:
            yield {"status": "", "alert": failure(str(error))}
            return
        async for told in self._again(task, job):
            yield told

    async def follow(
        self, task: Task, values: Mapping[str, Any], made: Mapping[str, Any]
    ) -> AsyncGenerator[Told, None]:
        """Tell what a task makes until it ends, or until another is followed here.

        Args:
            values: of the controls, as the page has them.
            made: the parameters that the pictures carry.
        """
        if self.task is not None and self.task is not task:
            self.task.cancel()
        self.task = task
        try:
            uploads = (value for value in values.values() if isinstance(value, str))
            drawing = self.drawing(partial(files.HeldAddresses, sources=[task.id, *uploads]), made)
            async with aclosing(self._watched(task, drawing)) as watched:
                async for told in watched:
                    if self.task is not task:
                        return
                    yield told
            if task.error is None:
                device = await asyncio.to_thread(_device)
                badge = words.badge(self.experiment, used(task, values), device, task.seconds)
                is_done = task.state is State.DONE
                yield {"badge": badge, **({"made": self.made(values, drawing, badge)} if is_done else {})}
        finally:
            if self.task is task:
                self.task = None

    def drawing(self, addresses: Callable[[Mapping[str, Any]], Addresses], made: Mapping[str, Any]) -> Payloads:
        """Return what draws the results of a run that has these parameters."""
        return Payloads(self.panel, self.experiment, addresses, made)

    def query(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Write the query that asks for these control values."""
        return permalink.write(self.panel, self.experiment, values)

    def made(self, values: Mapping[str, Any], drawing: Payloads, badge: str) -> dict[str, Any]:
        """Return a result as the history keeps it."""
        controls = self.experiment.controls
        written = {
            name: f"{controls[name].label}: {controls[name].words(value)}"
            for name, value in values.items()
            if controls[name].is_drawn
        }
        outputs = {name: drawing.drawn.get(name) or drawing.empty(name) for name in self.experiment.outputs}
        return {"values": values, "written": written, "query": self.query(values), "outputs": outputs, "badge": badge}

    async def _again(self, task: Task, job: Mapping[str, Any]) -> AsyncGenerator[Told, None]:
        yield {**self._beginning(), **self._nothing()}
        async for told in self.follow(task, job["values"], job["parameters"]):
            yield told

    async def _watched(self, task: Task, drawing: Payloads) -> AsyncGenerator[Told, None]:
        began = time.monotonic()
        last = ""
        substitution = None
        async with aclosing(task.changes(LINE_SECONDS)) as changes:
            async for ended in changes:
                told: Told = {}
                if substitution is None and task.substitution is not None:
                    substitution = task.substitution
                    drawing.parameters = {**drawing.parameters, "controls": used(task, drawing.parameters["controls"])}
                    told["alert"] = paragraph(substitution.sentence)
                if drawn := await files.aside(drawing.changes, task.result):
                    told["outputs"] = drawn
                if ended:
                    yield merged(told, self._outcome(task, drawing))
                    break
                line = self._line(task, int(time.monotonic() - began))
                if line != last:
                    last = told["status"] = line
                if told:
                    yield told
                await asyncio.sleep(UPDATE_SECONDS)

    def _nothing(self) -> Told:
        return {"outputs": dict.fromkeys(self.experiment.outputs), "made": None, "badge": ""}

    def _beginning(self) -> Told:
        return {"alert": "", "status": words.progress(None, "Starting", 0) if self._has_line else ""}

    def _outcome(self, task: Task, drawing: Payloads) -> Told:
        if task.error is not None:
            return {"status": "", "alert": failure(sentence(task.error))}
        if task.state is State.CANCELLED:
            stopped = words.paused() if self._is_job else paragraph("Cancelled; what was finished stays.")
            return {"status": stopped}
        missing = (name for name in self.experiment.outputs if name not in task.result)
        return {"status": "", "outputs": {name: drawing.empty(name) for name in missing}}

    def _line(self, task: Task, seconds: int) -> str:
        if not self._has_line and seconds == 0:
            return ""
        if task.state is State.WAITING:
            place = task.place
            waiting = f"{place} {'run' if place == 1 else 'runs'} before yours" if place else "Starting"
            return words.progress(None, waiting, seconds)
        return words.progress(task.progress.fraction, task.progress.words or "Computing", seconds)


class Visits:
    """Gives each page its visit of each experiment, which lasts as long as somebody uses it."""

    def __init__(self) -> None:
        self._visits: WeakValueDictionary[tuple[str, str, str, str], Visit] = WeakValueDictionary()

    def of(self, visitor: str, page: str, panel: Panel, experiment: Experiment) -> Visit:
        """Return the visit of that visitor's page."""
        key = visitor, page, panel.slug, experiment.name
        found = self._visits.get(key)
        if found is None:
            found = self._visits[key] = Visit(panel, experiment)
        return found


VISITS = Visits()
"""The visits of this process."""


def merged(whole: Told, told: Told) -> Told:
    """Lay what is told over what was told before; outputs by name."""
    outputs = {**whole.get("outputs", {}), **told.get("outputs", {})}
    return {**whole, **told, **({"outputs": outputs} if outputs else {})}


def _device() -> str:
    from engines.runtime.device import describe

    return describe()
