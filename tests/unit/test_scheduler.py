"""The scheduler: who goes first, what a cancel does, and that a result is the same whoever else computes."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from engines.runtime.scheduler import LONGEST_LINE, Priority, Scheduler, State, Task, merge
from tests.support.waiting import cancelled, hold, run, wait


def counting(name: str, steps: int, order: list[str], closed: list[str] | None = None) -> Iterator[Any]:
    try:
        for step in range(steps):
            order.append(name)
            time.sleep(0.005)
            yield {"count": step + 1}
    finally:
        if closed is not None:
            closed.append(name)


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
    wait(cancelled(task))
    assert task.state is State.CANCELLED and 1 <= task.result["count"] < 10_000 and closed == ["long"]


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


class Clock:
    """The scheduler's clock, which goes on only by what the steps of a test say that they took."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def steps(self, seconds: float, end: float) -> Iterator[Any]:
        """Steps that take so long each, until the clock is at `end`."""
        while self.now < end:
            self.now += seconds
            yield {}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("engines.runtime.scheduler.time", clock)
    return clock


def test_visitors_share_the_device_by_seconds_not_by_steps(clock: Clock) -> None:
    scheduler = Scheduler()
    gate = hold(scheduler)
    tasks = [scheduler.submit(partial(clock.steps, 0.01 * n, 15), Priority.RUN, f"visitor {n}") for n in (1, 2, 6)]
    gate.set()
    shares = [wait(task).seconds for task in tasks]
    assert sum(shares) > 14 and max(shares) - min(shares) < 0.1, shares


def test_runs_and_jobs_go_on_slowly_while_live_controls_keep_the_device_busy(clock: Clock) -> None:
    scheduler = Scheduler()
    gate = hold(scheduler)
    tasks = [scheduler.submit(partial(clock.steps, 0.005, 10), priority, "visitor") for priority in Priority]
    gate.set()
    live, stream, run, job = (wait(task).seconds for task in tasks)
    assert live > 1.5 * run > 1.5 * stream > 3 * job > 0, (live, stream, run, job)


def test_runs_keep_a_quarter_of_the_device_however_many_controls_and_cameras_move(clock: Clock) -> None:
    scheduler = Scheduler()
    gate = hold(scheduler)
    moving = [
        scheduler.submit(partial(clock.steps, 0.01, 20), priority, f"visitor {n}")
        for n in range(60)
        for priority in (Priority.LIVE, Priority.STREAM)
    ]
    alone = scheduler.submit(partial(clock.steps, 0.01, 20), Priority.RUN, "the one who runs")
    gate.set()
    assert 0.25 < wait(alone).seconds / 20 < 0.3
    for each in moving:
        assert wait(each).seconds > 0.05


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

    tasks = [scheduler.submit(partial(square, n), Priority(n % 4)) for n in range(60)]
    assert [wait(task).result["square"] for task in tasks] == [n**2 for n in range(60)]


def test_a_follower_is_told_of_changes_and_last_of_the_end_without_asking() -> None:
    async def counts(task: Task) -> list[tuple[bool, Any]]:
        return [(ended, task.result.get("count")) async for ended in task.changes()]

    scheduler = Scheduler()
    gate = hold(scheduler)
    task = scheduler.submit(lambda: counting("told", 5, []), Priority.RUN)

    async def follow() -> list[list[tuple[bool, Any]]]:
        asyncio.get_running_loop().call_later(0.05, gate.set)
        return list(await asyncio.gather(counts(task), counts(task)))

    for told in run(follow()):
        assert told[0] == (False, None) and told[-1] == (True, 5)
        assert [ended for ended, _ in told].count(True) == 1
    assert run(counts(task)) == [(True, 5)]


def test_a_follower_can_ask_to_be_told_while_nothing_changes() -> None:
    scheduler = Scheduler()
    gate = hold(scheduler)
    task = scheduler.submit(lambda: counting("slow", 1, []), Priority.RUN)

    async def follow() -> list[bool]:
        seen = []
        async for ended in task.changes(0.01):
            seen.append(ended)
            if len(seen) == 3:
                gate.set()
        return seen

    seen = run(follow())
    assert seen[:3] == [False] * 3 and seen[-1] is True


def test_a_follower_that_is_gone_disturbs_nobody() -> None:
    scheduler = Scheduler()
    gate = hold(scheduler)
    task = scheduler.submit(lambda: counting("followed", 3, []), Priority.RUN)
    changes = task.changes()

    async def look() -> bool:
        return await anext(changes)

    assert run(look()) is False  # Its event loop is closed before the task has begun.
    gate.set()
    assert wait(task).result == {"count": 3}
