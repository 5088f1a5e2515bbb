"""Waiting for what happens in another thread, for a coroutine and for a task."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from engines.runtime.scheduler import Priority, Scheduler, Task

PATIENCE = 120.0
"""Seconds that whatever happens is waited for: machines that run tests are busy, and where time matters a test measures
it."""

Result = TypeVar("Result")


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Its result; in a thread of its own, for Playwright's loop may run in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def wait_until(holds: Callable[[], Any], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def wait(task: Task) -> Task:
    deadline = time.monotonic() + PATIENCE
    while not task.ended:
        assert time.monotonic() < deadline, "the task did not end"
        task.wait(task.version, 0.1)
    return task


def cancelled(task: Task) -> Task:
    task.cancel()
    return task


def hold(scheduler: Scheduler) -> threading.Event:
    """A task that keeps the worker busy until the event is set, so that others queue up behind it."""
    gate, started = threading.Event(), threading.Event()

    def steps() -> Iterator[Any]:
        started.set()
        gate.wait(PATIENCE)
        yield {}

    scheduler.submit(steps, Priority.LIVE)
    assert started.wait(PATIENCE)
    return gate
