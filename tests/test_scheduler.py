"""The scheduler: who goes first, what a cancel does, and that a result is the same whoever else computes."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from engines.runtime.scheduler import Priority, Scheduler, State, Task, merge


def counting(name: str, steps: int, order: list[str], closed: list[str] | None = None) -> Iterator[Any]:
    try:
        for step in range(steps):
            order.append(name)
            time.sleep(0.005)
            yield {"count": step + 1}
    finally:
        if closed is not None:
            closed.append(name)


def wait(task: Task) -> Task:
    deadline = time.monotonic() + 10
    while not task.ended:
        assert time.monotonic() < deadline, "the task did not end"
        task.wait(task.version, 0.1)
    return task


def hold(scheduler: Scheduler) -> threading.Event:
    """A task that keeps the worker busy until the event is set, so that others queue up behind it."""
    gate, started = threading.Event(), threading.Event()

    def steps() -> Iterator[Any]:
        started.set()
        gate.wait(10)
        yield {}

    scheduler.submit(steps, Priority.LIVE)
    assert started.wait(10)
    return gate


def test_partial_results_merge_by_name_and_one_level_deep() -> None:
    assert merge({"a": 1, "b": {"x": 1}}, {"b": {"y": 2}, "c": 3}) == {"a": 1, "b": {"x": 1, "y": 2}, "c": 3}
    assert merge({"b": {"x": 1}}, {"b": 5}) == {"b": 5}


def test_live_goes_before_runs_and_runs_come_in_turn_before_jobs() -> None:
    scheduler, order = Scheduler(), list[str]()
    gate = hold(scheduler)
    tasks = [
        scheduler.submit(lambda: counting("job", 2, order), Priority.JOB),
        scheduler.submit(lambda: counting("first", 2, order), Priority.RUN),
        scheduler.submit(lambda: counting("second", 2, order), Priority.RUN),
        scheduler.submit(lambda: counting("live", 2, order), Priority.LIVE),
    ]
    assert [task.place for task in tasks[1:3]] == [2, 3]
    gate.set()
    for task in tasks:
        wait(task)
    assert order == ["live", "live", "first", "first", "second", "second", "job", "job"]


def test_live_tasks_take_turns() -> None:
    scheduler, order = Scheduler(), list[str]()
    gate = hold(scheduler)
    tasks = [scheduler.submit(partial(counting, name, 3, order), Priority.LIVE) for name in "ab"]
    gate.set()
    for task in tasks:
        wait(task)
    assert order == ["a", "b"] * 3


def test_a_cancel_stops_before_the_next_step_keeps_the_result_and_closes_the_work() -> None:
    scheduler, order, closed = Scheduler(), list[str](), list[str]()
    task = scheduler.submit(lambda: counting("long", 10_000, order, closed), Priority.RUN)
    while not task.result:
        task.wait(task.version, 1)
    began = time.monotonic()
    task.cancel()
    wait(task)
    assert time.monotonic() - began < 1
    assert task.state is State.CANCELLED and task.result["count"] >= 1 and closed == ["long"]


def test_a_waiting_task_is_cancelled_without_being_started() -> None:
    scheduler, order = Scheduler(), list[str]()
    gate = hold(scheduler)
    task = scheduler.submit(lambda: counting("never", 3, order), Priority.RUN)
    task.cancel()
    gate.set()
    assert wait(task).state is State.CANCELLED and not order


def test_an_error_ends_its_own_task_alone() -> None:
    def fails() -> Iterator[Any]:
        yield {"kept": 1}
        raise InputError("no")

    scheduler, order = Scheduler(), list[str]()
    failing = scheduler.submit(fails, Priority.RUN)
    other = scheduler.submit(lambda: counting("other", 2, order), Priority.RUN)
    assert wait(failing).state is State.FAILED and failing.result == {"kept": 1}
    assert isinstance(failing.error, InputError)
    assert wait(other).state is State.DONE


def test_progress_is_kept_apart_from_results() -> None:
    def steps() -> Iterator[Any]:
        yield Progress(0.5, "half")
        yield {"picture": 1}

    task = wait(Scheduler().submit(steps, Priority.RUN))
    assert task.progress == Progress(0.5, "half") and task.result == {"picture": 1}


def test_a_job_is_found_again_by_its_identifier_and_only_by_that() -> None:
    scheduler, order = Scheduler(), list[str]()
    job = scheduler.submit(lambda: counting("job", 1, order), Priority.JOB)
    assert scheduler.job(job.id) is job
    assert scheduler.job(wait(job).id).result == {"count": 1}
    run = scheduler.submit(lambda: counting("run", 1, order), Priority.RUN)
    with pytest.raises(InputError, match="no longer here"):
        scheduler.job(run.id)


def test_many_visitors_each_get_their_own_result() -> None:
    scheduler = Scheduler()

    def square(number: int) -> Iterator[Any]:
        yield Progress(0, "")
        yield {"square": number**2}

    tasks = [scheduler.submit(partial(square, n), Priority(n % 3)) for n in range(60)]
    assert [wait(task).result["square"] for task in tasks] == [n**2 for n in range(60)]
