"""The scheduler: who goes first, what a cancel does, and that a result is the same whoever else computes."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from engines.runtime.scheduler import LONGEST_LINE, Priority, Scheduler, State, Task, merge


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


def cancelled(task: Task) -> Task:
    task.cancel()
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
    assert [task.place for task in tasks] == [3, 2, 4, 1]
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


def test_three_runs_of_one_visitor_do_not_hold_up_anothers_one() -> None:
    scheduler, order = Scheduler(), list[str]()
    gate = hold(scheduler)
    greedy = [scheduler.submit(partial(counting, f"a{n}", 20, order), Priority.RUN, "a") for n in range(3)]
    modest = scheduler.submit(lambda: counting("b", 6, order), Priority.RUN, "b")
    gate.set()
    wait(modest)
    assert order.count("b") == 6 and "a2" not in order
    for task in greedy:
        wait(task)
    assert [name for name in order if name != "b"] == ["a0"] * 20 + ["a1"] * 20 + ["a2"] * 20


def test_visitors_share_the_device_by_seconds_not_by_steps() -> None:
    def steps(seconds: float) -> Iterator[Any]:
        while True:
            time.sleep(seconds)
            yield {}

    scheduler = Scheduler()
    tasks = [scheduler.submit(partial(steps, 0.01 * n), Priority.RUN, f"visitor {n}") for n in (1, 2, 6)]
    time.sleep(1.5)
    for task in tasks:
        wait(cancelled(task))
    shares = [task.seconds for task in tasks]
    assert max(shares) - min(shares) < 0.4, shares


def test_runs_and_jobs_go_on_slowly_while_live_controls_keep_the_device_busy() -> None:
    def steps() -> Iterator[Any]:
        while True:
            time.sleep(0.005)
            yield {}

    scheduler = Scheduler()
    tasks = {priority: scheduler.submit(steps, priority, "visitor") for priority in Priority}
    time.sleep(4)
    for task in tasks.values():
        wait(cancelled(task))
    live, run, job = (tasks[priority].seconds for priority in Priority)
    assert live > 2 * run > 4 * job > 0, (live, run, job)


def test_nobody_saves_up_time_by_being_away_nor_loses_it_by_coming_back() -> None:
    scheduler, order = Scheduler(), list[str]()
    wait(scheduler.submit(lambda: counting("early", 40, order), Priority.RUN, "a"))
    gate = hold(scheduler)
    tasks = [scheduler.submit(partial(counting, name, 10, order), Priority.RUN, name) for name in "ab"]
    gate.set()
    for task in tasks:
        wait(task)
    assert 0 < order[40:50].count("a") < 10, order[40:]


def test_the_place_in_the_queue_counts_who_is_served_before() -> None:
    scheduler, order = Scheduler(), list[str]()
    gate = hold(scheduler)
    lines = ["a", "a", "b", "c", "a", "c"]
    names = [f"{visitor}{n}" for n, visitor in enumerate(lines)]
    tasks = [
        scheduler.submit(partial(counting, name, 30, order), Priority.RUN, visitor)
        for name, visitor in zip(names, lines, strict=True)
    ]
    places = dict(zip(names, (task.place for task in tasks), strict=True))
    gate.set()
    for task in tasks:
        wait(task)
    begun = list(dict.fromkeys(order))
    # The task that holds the worker is before all of them.
    assert {name: begun.index(name) + 1 for name in ("a0", "b2", "c3")} == {
        name: places[name] for name in names[:1] + names[2:4]
    }
    assert places["a1"] == 1 + 1 + 2 and places["a4"] == 1 + 2 + 2 and places["c5"] == 1 + 1 + 2
    assert {task.place for task in tasks} == {0}


def test_a_visitor_may_have_so_many_tasks_and_others_are_not_held_to_it() -> None:
    scheduler, order = Scheduler(), list[str]()
    gate = hold(scheduler)

    def submit(visitor: str, priority: Priority = Priority.RUN) -> Task:
        return scheduler.submit(partial(counting, visitor, 1, order), priority, visitor)

    tasks = [submit("a") for _ in range(LONGEST_LINE)]
    with pytest.raises(InputError, match="^You have 10 runs waiting already; wait until one is done, or cancel one.$"):
        submit("a")
    tasks += [submit("b"), submit("a", Priority.LIVE), *(submit("") for _ in range(2 * LONGEST_LINE))]
    tasks[0].cancel()
    tasks.append(submit("a"))
    gate.set()
    for task in tasks:
        wait(task)
    assert order.count("a") == LONGEST_LINE + 1


def test_a_visitor_that_is_gone_leaves_nothing_behind() -> None:
    scheduler, order = Scheduler(), list[str]()
    for number in range(100):
        wait(scheduler.submit(lambda: counting("x", 1, order), Priority.LIVE, f"visitor {number}"))
    assert len(scheduler._charged) <= 2


def test_many_visitors_each_get_their_own_result() -> None:
    scheduler = Scheduler()

    def square(number: int) -> Iterator[Any]:
        yield Progress(0, "")
        yield {"square": number**2}

    tasks = [scheduler.submit(partial(square, n), Priority(n % 3)) for n in range(60)]
    assert [wait(task).result["square"] for task in tasks] == [n**2 for n in range(60)]
