"""Who may take how much: a class behind one address has room, and one client alone does not take it all."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.runtime.errors import DeviceError
from studio.runs.visitors import Who
from studio.wire.limits import LIMITS, Limits, Refused, read
from studio.wire.limits import table as shown

SCHOOL = "192.0.2.1"
STUDENTS = [Who(f"student {number}", SCHOOL) for number in range(40)]
PROGRAM = Who(None, "192.0.2.2")


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def taken(limits: Limits, name: str, who: Who, most: int = 100_000) -> int:
    """How many somebody gets before one is refused."""
    for count in range(most):
        if not limits.grants(name, who):
            return count
    return most


def test_a_school_behind_one_address_has_room_for_forty() -> None:
    clock = Clock()
    limits = Limits(LIMITS, clock)
    for _ in range(120):  # Ten minutes, in which each starts something every five seconds.
        for student in STUDENTS:
            limits.take("runs", student)
            limits.take("questions", student)
        clock.seconds += 5
    for student in STUDENTS:
        limits.take("rooms", student) if student is STUDENTS[0] else limits.take("participants", student)
        limits.take("upload_bytes", student, 30e6)
    assert all(LIMITS[name].address >= 40 * 5 for name in ("waiting", "sockets"))


def test_one_without_a_cookie_takes_only_what_is_for_all_without_one() -> None:
    limits = Limits(LIMITS, Clock())
    assert taken(limits, "runs", PROGRAM) == LIMITS["runs"].anonymous
    assert not limits.grants("runs", Who(None, "192.0.2.3"))
    assert all(limits.grants("runs", student) for student in STUDENTS)


def test_an_address_with_many_cookies_is_bounded_too() -> None:
    limits = Limits(LIMITS, Clock())
    count = sum(taken(limits, "rooms", Who(f"{number}", "192.0.2.9")) for number in range(100))
    assert count == LIMITS["rooms"].address
    assert limits.grants("rooms", STUDENTS[0])


def test_what_was_refused_is_granted_when_the_sentence_says() -> None:
    clock = Clock()
    limits = Limits(LIMITS, clock)
    assert taken(limits, "rooms", PROGRAM) == LIMITS["rooms"].anonymous
    with pytest.raises(Refused, match="Too many rooms were opened by programs.* Come again in 10 minutes") as refused:
        limits.take("rooms", PROGRAM)
    clock.seconds = refused.value.seconds - 2
    assert not limits.grants("rooms", PROGRAM)
    clock.seconds += 2
    assert limits.grants("rooms", PROGRAM)


def test_a_place_is_given_back() -> None:
    limits = Limits(LIMITS)
    who = STUDENTS[0]
    with limits.hold("live", who):
        with limits.hold("live", who), pytest.raises(Refused), limits.hold("live", who):
            pass
        with limits.hold("live", who):
            pass


def test_what_is_set_to_zero_is_switched_off_in_words() -> None:
    limits = Limits(read("uploads.everybody=0 live.everybody=0"), Clock())
    with pytest.raises(Refused, match="Too many files were sent by all visitors together. This studio takes none."):
        limits.take("uploads", STUDENTS[0])
    with pytest.raises(Refused, match="This studio takes none."), limits.hold("live", STUDENTS[0]):
        pass


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 60))))
def test_nobody_takes_more_than_twice_the_limit_within_its_time(asked: list[tuple[float, int]]) -> None:
    clock = Clock()
    limits = Limits(LIMITS, clock)
    granted: list[tuple[float, int]] = []
    for pause, amount in asked:
        clock.seconds += pause
        try:
            limits.take("uploads", STUDENTS[0], amount)
        except Refused:
            continue
        granted.append((clock.seconds, amount))
    for start, _ in granted:
        within = sum(amount for when, amount in granted if start <= when <= start + 60)
        assert within <= 2 * LIMITS["uploads"].visitor + 1e-6


def test_every_number_can_be_changed_and_is_told() -> None:
    table = read("runs.address=9600, live.visitor=1 rooms.everybody=inf")
    assert table["runs"] == replace(LIMITS["runs"], address=9600)
    assert (table["live"].visitor, table["rooms"].everybody) == (1, math.inf)
    assert "| `runs` | 60 s | 240 | 9,600 | 120 |  |" in shown(table)
    for wrong in ("runs", "runs.address", "runs.address=x", "runs.everyone=1", "run.visitor=1", "runs.visitor=-1"):
        with pytest.raises(DeviceError, match="STUDIO_LIMITS"):
            read(wrong)
