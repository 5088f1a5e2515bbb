"""Live places: the line of those who wait for one, and how many there are."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from engines.runtime.video import Recording
from studio.declared import Stream
from studio.kinds import Camera, Picture
from studio.runs.visitors import Who
from studio.wire import limits, places
from studio.wire.places import Line
from tests.support.hard_experiments import PANEL
from tests.support.waiting import run


class Visitor:
    """One who wants a live place of a server, and notes what is told."""

    def __init__(self, line: Line, counted: limits.Limits, name: str) -> None:
        self.told: list[int] = []
        self.has_place = asyncio.Event()
        self.leaves = asyncio.Event()
        self._line = line
        self._asking = counted, Who(name, "192.0.2.1")
        self.task = asyncio.create_task(self._visit())

    async def _visit(self) -> None:
        limits.ASKING.set(self._asking)

        async def tell(place: int) -> None:
            self.told.append(place)

        async with self._line.place(tell):
            self.has_place.set()
            await self.leaves.wait()


async def _rest() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_who_comes_too_many_waits_in_line_is_told_the_place_and_then_has_one() -> None:
    async def scenario() -> None:
        line, counted = Line(), limits.Limits(limits.read("live.everybody=1"))
        first, second, third = (Visitor(line, counted, name) for name in ("first", "second", "third"))
        await _rest()
        assert first.has_place.is_set() and first.told == []
        assert second.told == [1] and third.told == [2]
        first.leaves.set()
        await _rest()
        assert second.has_place.is_set() and second.told == [1, 0]
        assert third.told == [2, 1] and not third.has_place.is_set()
        second.leaves.set()
        await _rest()
        assert third.told == [2, 1, 0] and third.has_place.is_set()
        third.leaves.set()
        await asyncio.gather(first.task, second.task, third.task)

    run(scenario())


def test_who_leaves_the_line_is_waited_for_no_more() -> None:
    async def scenario() -> None:
        line, counted = Line(), limits.Limits(limits.read("live.everybody=1"))
        first, second, third = (Visitor(line, counted, name) for name in ("first", "second", "third"))
        await _rest()
        second.task.cancel()
        await _rest()
        assert third.told == [2, 1]
        first.leaves.set()
        await _rest()
        assert third.has_place.is_set()
        third.task.cancel()
        await _rest()
        assert Visitor(line, counted, "first").task and not line._waiting

    run(scenario())


@pytest.mark.parametrize(("setting", "words"), [("live.visitor=0", "by you"), ("live.everybody=0", "takes none")])
def test_who_may_have_no_place_at_all_is_refused(setting: str, words: str) -> None:
    async def scenario() -> None:
        visitor = Visitor(Line(), limits.Limits(limits.read(setting)), "one")
        with pytest.raises(limits.Refused, match=words):
            await visitor.task

    run(scenario())


@pytest.fixture
def carried() -> Iterator[Callable[[float], None]]:
    yield lambda count: limits.CARRIED.update(live=count)
    limits.CARRIED.clear()


def test_what_the_machine_carries_counts_unless_the_owner_says_otherwise(carried: Callable[[float], None]) -> None:
    carried(1)
    who = [Who(f"student {number}", "192.0.2.1") for number in range(3)]
    for setting, room in (("", 1), ("live.everybody=2", 2), ("live.visitor=1", 1)):
        counted = limits.Limits(limits.read(setting))
        held: list[Any] = []
        with pytest.raises(limits.Refused, match="by all visitors"):
            for each in who:
                held.append(counted.hold("live", each))
                held[-1].__enter__()
        assert len(held) - 1 == room


def _sleepy(seconds: float) -> Callable[..., Iterator[dict[str, Any]]]:
    def compute(memory: dict[str, Any]) -> Iterator[dict[str, Any]]:
        time.sleep(seconds)
        yield {"picture": np.zeros((8, 8, 3), np.uint8)}

    return compute


def _mirror(memory: dict[str, Any], frame: np.ndarray) -> Iterator[dict[str, Any]]:
    time.sleep(0.1)
    yield {"picture": frame}


def _stream(name: str, run: Callable[..., Iterator[dict[str, Any]]], **controls: Camera) -> Stream:
    return Stream(
        name=name,
        title=name,
        controls=controls,
        outputs={"picture": Picture("Picture")},
        presets={"only": {}},
        run=run,
    )


def test_places_are_measured_by_the_slowest_stream_that_can_be_tried() -> None:
    frames = [np.full((48, 64, 3), level, np.uint8) for level in (20, 200)]
    with Recording(Fraction(10)) as recording:
        for frame in frames:
            recording.add(frame)
    filmed = Camera("Camera", clips={"clip": lambda: recording.content})
    tried = [_stream("without", _sleepy(0.01)), _stream("filmed", _mirror, frame=filmed)]
    panel = replace(PANEL, experiments=[*tried, _stream("unseen", _mirror, frame=Camera("Camera"))])
    found = places.measure([panel])
    assert found is not None and 1 <= found <= 5
    assert places.measure([PANEL]) is None, "its one stream has a camera and no clip"
