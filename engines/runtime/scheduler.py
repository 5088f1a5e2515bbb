"""Decides who computes next: one worker thread takes one step at a time from the tasks of all visitors.

This is start-time fair queueing (Goyal, Vin, Cheng, 1996) at two levels. Each priority has a share of the device,
however many visitors ask for it: runs keep a quarter while any number of controls move. What one visitor asks for at
one priority is a line, and the lines of a priority divide its share evenly. Priorities and lines are charged for the
seconds that they used, and what was charged least is served. What was empty starts level with what is in service, so
that nobody saves time up, and nobody waits for ever.
"""

import asyncio
import logging
import os
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import suppress
from enum import Enum, IntEnum
from typing import Any, TypeVar

from engines.runtime.bugs import number
from engines.runtime.disk import explained
from engines.runtime.errors import InputError, StudioError
from engines.runtime.progress import Progress, Saved, Substitution

log = logging.getLogger(__name__)

STEP_SECONDS = 0.2
"""The longest time that a step should take."""
LONGEST_LINE = 10
"""The number of tasks that one visitor may have at one priority."""

Function = TypeVar("Function", bound=Callable[..., Any])


class Priority(IntEnum):
    """Orders what is computed: what follows a slider, what follows a camera, runs, and jobs of the server."""

    LIVE = 0
    STREAM = 1
    RUN = 2
    JOB = 3

    @property
    def share(self) -> float:
        """Say which part of the device it has while all others want theirs; what one leaves is divided."""
        return (8 / 16, 3 / 16, 4 / 16, 1 / 16)[self]

    @property
    def takes_turns(self) -> bool:
        """Tell whether the tasks of a line are served in turn, a step of each."""
        return self in (Priority.LIVE, Priority.STREAM)


class State(Enum):
    """Names the states of a task."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Task:
    """Is one visitor's piece of work: the merged result so far, its progress, and how it ended.

    Tasks of one visitor and one priority stand in one line. `version` grows with every change, so that a follower draws
    only what is new; `seconds` is the time that its own steps took.
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
        self._cancelled = self._held = False
        self._scheduler = scheduler
        self._followers: list[Callable[[], Any]] = []

    @property
    def ended(self) -> bool:
        """Tell whether the task is done, failed or cancelled."""
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)

    @property
    def place(self) -> int:
        """Count the tasks that are served before this one; 0 means it is being computed."""
        return self._scheduler.place(self)

    def cancel(self) -> None:
        """Ask the work to stop before its next step; what is finished stays in `result`."""
        self._cancelled = True
        self._scheduler.wake()

    def hold(self) -> None:
        """Ask the work to rest before its next step, until it is resumed or cancelled."""
        self._held = True

    def resume(self) -> None:
        """Let the work go on after it was held."""
        self._held = False
        self._scheduler.wake()

    @property
    def is_due(self) -> bool:
        """Tell whether the worker may take the next step."""
        return self._cancelled or not self._held

    def wait(self, version: int, timeout: float | None = None) -> int:
        """Block until `version` is out of date or the task has ended, and return the version now."""
        with self._scheduler.changed:
            self._scheduler.changed.wait_for(lambda: self.version != version or self.ended, timeout)
            return self.version

    async def changes(self, seconds: float | None = None) -> AsyncGenerator[bool, None]:
        """Yield whether the task has ended: now, after each change, and last when it has.

        Args:
            seconds: how long it waits at most before it yields although nothing has changed.
        """
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(changed.set)

        self._followers.append(tell)
        try:
            while True:
                changed.clear()
                ended = self.ended
                yield ended
                if ended:
                    return
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(changed.wait(), seconds)
        finally:
            self._followers.remove(tell)

    def tell_followers(self) -> None:
        """Wake whoever follows the changes; called by the worker after each step."""
        for tell in tuple(self._followers):
            with suppress(RuntimeError):  # Their event loop is closed.
                tell()

    def step(self) -> None:
        """Compute one step; only the worker calls this. Whatever is raised ends this task, and nothing else."""
        began = time.monotonic()
        try:
            if self._cancelled:
                self._close(State.CANCELLED)
            else:
                self._advance()
        except BaseException as error:
            self._fail(error)
        finally:
            self.last_step = time.monotonic()
            self.seconds += self.last_step - began

    def _advance(self) -> None:
        self.state = State.RUNNING
        if self._steps is None:
            self._steps = self._begin()
        try:
            made = next(self._steps)
        except StopIteration:
            self._close(State.DONE)
        else:
            self._take(made)

    def _fail(self, error: BaseException) -> None:
        # An error that is no Exception, such as SystemExit, would end the thread that asks for the result.
        self.error = explained(error if isinstance(error, Exception) else RuntimeError(f"a task ended by {error!r}"))
        if not isinstance(self.error, StudioError):
            number(self.error)
        try:
            self._close(State.FAILED)
        except Exception as other:
            number(other)
            self.state = State.FAILED

    def _begin(self) -> Iterator[Any]:
        # Forgetting `start` frees its inputs: pictures, a visit's memory.
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
        """Do what has to be done before anybody sees that the task has ended."""


def is_lent() -> bool:
    """Tell whether each task is computed in a forked process, to which Hugging Face's ZeroGPU lends a GPU meanwhile."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def _lent(function: Function) -> Function:
    """Wrap the function as ZeroGPU calls it, in a process that has a GPU meanwhile; elsewhere, return it unchanged."""
    if not is_lent():
        return function
    from spaces import GPU  # type: ignore[import-not-found]

    lent: Function = GPU(function)
    return lent


@_lent
def _steps(start: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    try:
        yield from start()
    except StudioError as error:
        yield error  # If it were raised, ZeroGPU would bring only its class's name from the other process.


class Scheduler:
    """Runs one worker thread for one device; its unit is one step of a task's generator.

    In a visitor's line, runs and jobs are served in the order they came, and live tasks in turn.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._tasks: list[Task] = []
        self._charged: dict[tuple[str, Priority], float] = {}
        """The seconds that each line has used."""
        self._clocks = dict.fromkeys(Priority, 0.0)
        """The charge of the line in service, by its priority."""
        self._used = dict.fromkeys(Priority, 0.0)
        """The seconds that each priority has used, over its share."""
        self._clock = 0.0
        """That of the priority in service."""
        self._worker: threading.Thread | None = None

    def submit(self, start: Callable[[], Iterator[Any]], priority: Priority, visitor: str = "") -> Task:
        """Queue the generator that `start` returns; it is created, advanced and closed in the worker thread.

        Args:
            visitor: whose share of the time it takes; the studio's own work, under no name, has no limit.

        Raises:
            InputError: that visitor has as many tasks of this priority as one may have.
        """
        self.check_room(visitor, priority)
        return self.add(Task(start, priority, self, visitor))

    def check_room(self, visitor: str, priority: Priority) -> None:
        """Check that a visitor may queue another task of this priority.

        Raises:
            InputError: that visitor has as many as one may have.
        """
        with self.changed:
            going = sum(task.line == (visitor, priority) and not task._cancelled for task in self._tasks)
        if visitor and going >= LONGEST_LINE:
            raise InputError(f"You have {going} runs waiting already; wait until one is done, or cancel one.")

    def add(self, task: Task) -> Task:
        """Queue a task that was made elsewhere, however many its visitor has."""
        with self.changed:
            lines = {other.line for other in self._tasks}
            self._charged = {
                line: had for line, had in self._charged.items() if line in lines or had > self._clocks[line[1]]
            }
            self._charged.setdefault(task.line, self._clocks[task.priority])
            if not any(other.priority is task.priority for other in self._tasks):
                self._used[task.priority] = max(self._used[task.priority], self._clock)
            self._tasks.append(task)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="device worker", daemon=True)
                self._worker.start()
            self.changed.notify_all()
        return task

    def place(self, task: Task) -> int:
        """Count the tasks that are served before this one."""
        with self.changed:
            if task not in self._tasks or task.state is State.RUNNING:
                return 0
            mine = self._turn(task)
            own = sum(other.line == task.line and self._turn(other) < mine for other in self._tasks)
            # Of another line of runs only the first is served before this task, now or while its own line moves up.
            moves_up = own > 0 and not task.priority.takes_turns
            others = {
                other.id if other.priority.takes_turns else other.line
                for other in self._tasks
                if other.is_due and other.line != task.line and (moves_up or self._turn(other) < mine)
            }
            return own + len(others)

    def wake(self) -> None:
        """Wake the worker and everybody who waits for a change."""
        with self.changed:
            self.changed.notify_all()

    def _turn(self, task: Task) -> tuple[float, Priority, float, float]:
        """Return the key by which tasks are ordered: what the priority was charged, then what the line was.

        A coming step of the priority is counted in, so that what has the larger share goes first.
        """
        due = self._used[task.priority] + STEP_SECONDS / task.priority.share
        since = task.last_step if task.priority.takes_turns else task.submitted
        return due, task.priority, self._charged[task.line], since

    def _work(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: any(task.is_due for task in self._tasks))
                due = [task for task in self._tasks if task.is_due]
                task = next((task for task in due if task._cancelled), None) or min(due, key=self._turn)
                self._clock = max(self._clock, self._used[task.priority])
                self._clocks[task.priority] = max(self._clocks[task.priority], self._charged[task.line])
            began = time.monotonic()
            task.step()
            with self.changed:
                seconds = time.monotonic() - began
                self._charged[task.line] += seconds
                self._used[task.priority] += seconds / task.priority.share
                task.version += 1
                if task.ended:
                    self._tasks.remove(task)
                self.changed.notify_all()
            if task.ended and not task.priority.takes_turns:
                kind, words = task.priority.name.lower(), task.state.value
                log.info("%s %s %s after %.1f s of computing", kind, task.id[:8], words, task.seconds)
            task.tell_followers()


def merge(result: Mapping[str, Any], partial: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a partial result over a result, by name; values that are mappings are merged by name as well."""
    merged = dict(result)
    for name, value in partial.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = {**merged[name], **value} if both else value
    return merged


SCHEDULER = Scheduler()
"""The scheduler of this process."""
