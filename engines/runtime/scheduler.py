"""Who computes next: one worker thread takes one step at a time from the tasks of all visitors.

Start-time fair queueing (Goyal, Vin, Cheng, 1996): what one visitor asks for at one priority is a line, each line is
charged for the seconds it had, and the line that was charged least is served. One that has been away starts level with
the one in service, so that nobody saves time up, and nobody waits for ever.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, IntEnum
from typing import Any, TypeVar

from engines.runtime.errors import InputError, StudioError
from engines.runtime.progress import Progress, Saved, Substitution

log = logging.getLogger(__name__)

STEP_SECONDS = 0.2
"""What a step takes at most, about."""
LONGEST_LINE = 10
"""Tasks that one visitor may have at one priority."""

Function = TypeVar("Function", bound=Callable[..., Any])


class Priority(IntEnum):
    """What goes first: pictures that follow a slider, then runs somebody waits for, then jobs of the server."""

    LIVE = 0
    RUN = 1
    JOB = 2

    @property
    def cost(self) -> int:
        """What a second counts: in a run as much as four of a picture that follows a slider, in a job as sixteen."""
        return 4**self


class State(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Task:
    """One visitor's piece of work: the merged result so far, where it stands, and how it ended.

    Tasks of one visitor and one priority stand in one line.
    `version` grows with every change, so that a follower draws only what is new; `seconds` is what its own steps took.
    """

    def __init__(
        self, start: Callable[[], Iterator[Any]], priority: Priority, scheduler: "Scheduler", visitor: str = ""
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self.priority = priority
        self.visitor = visitor
        self.line = visitor, priority
        self.state = State.WAITING
        self.progress = Progress(0.0, "")
        self.result: dict[str, Any] = {}
        self.substitution: Substitution | None = None
        self.error: Exception | None = None
        self.seconds = 0.0
        self.version = 0
        self.submitted = self.last_step = time.monotonic()
        self._start: Callable[[], Iterator[Any]] | None = start
        self._steps: Iterator[Any] | None = None
        self._cancelled = False
        self._scheduler = scheduler

    @property
    def ended(self) -> bool:
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)

    @property
    def place(self) -> int:
        """How many tasks are served before this one; 0 means it is being computed."""
        return self._scheduler.place(self)

    def cancel(self) -> None:
        """Ask the work to stop; it does so before its next step, and what is finished stays in `result`."""
        self._cancelled = True
        self._scheduler.wake()

    def wait(self, version: int, timeout: float | None = None) -> int:
        """Block until `version` is out of date or the task has ended; returns the version now."""
        with self._scheduler.changed:
            self._scheduler.changed.wait_for(lambda: self.version != version or self.ended, timeout)
            return self.version

    def step(self) -> None:
        """Compute one step; called by the worker alone."""
        began = time.monotonic()
        try:
            if self._cancelled:
                self._close(State.CANCELLED)
                return
            self.state = State.RUNNING
            if self._steps is None:
                self._steps = self._begin()
            self._take(next(self._steps))
        except StopIteration:
            self._close(State.DONE)
        except Exception as error:
            self.error = error
            self._close(State.FAILED)
        finally:
            self.last_step = time.monotonic()
            self.seconds += self.last_step - began

    def _begin(self) -> Iterator[Any]:
        # With the start go its inputs: pictures, a visit's memory.
        start, self._start = self._start, None
        assert start is not None, "a task begins once"
        return _steps(start)

    def _take(self, made: Any) -> None:
        match made:
            case Progress():
                self.progress = made
            case Substitution():
                self.substitution = made
            case StudioError():
                raise made
            case Saved():
                pass  # Only a job that is kept on disk has a use for it.
            case _:
                self.result = merge(self.result, made)

    def _close(self, state: State) -> None:
        close = getattr(self._steps, "close", None)
        self._start = self._steps = None
        if close is not None:
            close()
        self._keep(state)
        self.state = state

    def _keep(self, state: State) -> None:
        """What has to be done before anybody sees that the task has ended."""


def _lent(function: Function) -> Function:
    """The function as Hugging Face's ZeroGPU calls it, in a process that has a GPU meanwhile; elsewhere, itself."""
    if os.environ.get("SPACES_ZERO_GPU", "").lower() not in ("1", "t", "true"):
        return function
    from spaces import GPU  # type: ignore[import-not-found]

    lent: Function = GPU(function)
    return lent


@_lent
def _steps(start: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    try:
        yield from start()
    except StudioError as error:
        yield error  # From another process ZeroGPU would bring no more than the name of its class.


class Scheduler:
    """One worker thread for one device; its unit is one step of a task's generator.

    In the line of a visitor, runs and jobs are served in the order they came, and live tasks in turn.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._tasks: list[Task] = []
        self._charged: dict[tuple[str, Priority], float] = {}
        self._clock = 0.0
        self._worker: threading.Thread | None = None

    def submit(self, start: Callable[[], Iterator[Any]], priority: Priority, visitor: str = "") -> Task:
        """Queue the generator that `start` returns; it is created, advanced and closed in the worker thread.

        `visitor` is whose share it takes; the studio's own work, under no name, has no limit.

        Raises:
            InputError: that visitor has as many tasks of this priority as one may have.
        """
        self.check_room(visitor, priority)
        return self.add(Task(start, priority, self, visitor))

    def check_room(self, visitor: str, priority: Priority) -> None:
        """
        Raises:
            InputError: that visitor has as many tasks of this priority as one may have.
        """
        with self.changed:
            going = sum(task.line == (visitor, priority) and not task._cancelled for task in self._tasks)
        if visitor and going >= LONGEST_LINE:
            raise InputError(f"You have {going} runs waiting already; wait until one is done, or cancel one.")

    def add(self, task: Task) -> Task:
        """Queue a task that was made by hand, however many its visitor has."""
        with self.changed:
            lines = {other.line for other in self._tasks}
            self._charged = {line: had for line, had in self._charged.items() if line in lines or had > self._clock}
            self._charged.setdefault(task.line, self._clock)
            self._tasks.append(task)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="device worker", daemon=True)
                self._worker.start()
            self.changed.notify_all()
        return task

    def place(self, task: Task) -> int:
        with self.changed:
            if task not in self._tasks or task.state is State.RUNNING:
                return 0
            mine = self._turn(task)
            own = sum(other.line == task.line and self._turn(other) < mine for other in self._tasks)
            # Of another line of runs only the first is served before: now, or while the task's own line moves up.
            moves_up = own > 0 and task.priority is not Priority.LIVE
            others = {
                other.id if other.priority is Priority.LIVE else other.line
                for other in self._tasks
                if other.line != task.line and (moves_up or self._turn(other) < mine)
            }
            return own + len(others)

    def wake(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def _turn(self, task: Task) -> tuple[float, Priority, float]:
        """What the task with the least is served by: what its line was charged, as if the step to come were in it."""
        due = self._charged[task.line] + task.priority.cost * STEP_SECONDS
        return due, task.priority, task.last_step if task.priority is Priority.LIVE else task.submitted

    def _work(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self._tasks)
                task = next((task for task in self._tasks if task._cancelled), None) or min(self._tasks, key=self._turn)
                self._clock = max(self._clock, self._charged[task.line])
            began = time.monotonic()
            task.step()
            if task.state is State.FAILED:
                log.debug("a task failed", exc_info=task.error)
            with self.changed:
                self._charged[task.line] += task.priority.cost * (time.monotonic() - began)
                task.version += 1
                if task.ended:
                    self._tasks.remove(task)
                self.changed.notify_all()


def merge(result: Mapping[str, Any], partial: Mapping[str, Any]) -> dict[str, Any]:
    """A result with a partial one laid over it, by name; values that are mappings are merged by name as well."""
    merged = dict(result)
    for name, value in partial.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = {**merged[name], **value} if both else value
    return merged


SCHEDULER = Scheduler()
