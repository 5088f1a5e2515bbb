"""Who computes next: one worker thread takes one step at a time from the tasks of all visitors."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, IntEnum
from typing import Any

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress

log = logging.getLogger(__name__)

JOB_SECONDS = 24 * 3600


class Priority(IntEnum):
    """What goes first: pictures that follow a slider, then runs somebody waits for, then jobs of the server."""

    LIVE = 0
    RUN = 1
    JOB = 2


class State(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Task:
    """One visitor's piece of work: the merged result so far, where it stands, and how it ended.

    `version` grows with every change, so that a follower draws only what is new; `seconds` is what its own steps took.
    """

    def __init__(self, start: Callable[[], Iterator[Any]], priority: Priority, scheduler: "Scheduler") -> None:
        self.id = secrets.token_urlsafe(16)
        self.priority = priority
        self.state = State.WAITING
        self.progress = Progress(0.0, "")
        self.result: dict[str, Any] = {}
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
            if self._start is not None:
                # With the start go its inputs: pictures, a visit's memory.
                self._steps, self._start = self._start(), None
            made = next(self._steps)  # type: ignore[arg-type]
            if isinstance(made, Progress):
                self.progress = made
            else:
                self.result = merge(self.result, made)
        except StopIteration:
            self._close(State.DONE)
        except Exception as error:
            self.error = error
            self._close(State.FAILED)
        finally:
            self.last_step = time.monotonic()
            self.seconds += self.last_step - began

    def _close(self, state: State) -> None:
        close = getattr(self._steps, "close", None)
        self._start = self._steps = None
        if close is not None:
            close()
        self.state = state


class Scheduler:
    """One worker thread for one device; its unit is one step of a task's generator.

    Live tasks go before runs and runs before jobs; runs are served in the order they came, the others in turn.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._tasks: list[Task] = []
        self._jobs: dict[str, Task] = {}
        self._worker: threading.Thread | None = None

    def submit(self, start: Callable[[], Iterator[Any]], priority: Priority) -> Task:
        """Queue the generator that `start` returns; it is created, advanced and closed in the worker thread."""
        task = Task(start, priority, self)
        with self.changed:
            self._tasks.append(task)
            if priority is Priority.JOB:
                self._forget_old_jobs()
                self._jobs[task.id] = task
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="device worker", daemon=True)
                self._worker.start()
            self.changed.notify_all()
        return task

    def job(self, identifier: str) -> Task:
        """The job of that identifier, running or ended within the last day.

        Raises:
            InputError: there is none.
        """
        with self.changed:
            self._forget_old_jobs()
            if identifier not in self._jobs:
                raise InputError("That job is no longer here: jobs are kept for a day. Start it again.")
            return self._jobs[identifier]

    def place(self, task: Task) -> int:
        with self.changed:
            if task not in self._tasks or task.state is State.RUNNING:
                return 0
            return sum(_order(other) < _order(task) for other in self._tasks if other is not task)

    def wake(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def _forget_old_jobs(self) -> None:
        oldest = time.monotonic() - JOB_SECONDS
        self._jobs = {name: job for name, job in self._jobs.items() if not job.ended or job.last_step > oldest}

    def _work(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self._tasks)
                task = next((task for task in self._tasks if task._cancelled), None) or min(self._tasks, key=_order)
            task.step()
            if task.state is State.FAILED:
                log.debug("a task failed", exc_info=task.error)
            with self.changed:
                task.version += 1
                if task.ended:
                    self._tasks.remove(task)
                self.changed.notify_all()


def _order(task: Task) -> tuple[int, float]:
    return task.priority, task.submitted if task.priority is Priority.RUN else task.last_step


def merge(result: Mapping[str, Any], partial: Mapping[str, Any]) -> dict[str, Any]:
    """A result with a partial one laid over it, by name; values that are mappings are merged by name as well."""
    merged = dict(result)
    for name, value in partial.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = {**merged[name], **value} if both else value
    return merged


SCHEDULER = Scheduler()
