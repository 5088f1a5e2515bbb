"""Answers of the timed experiment: kept once, from whoever may give them, many at a time, gone when they should be."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.runtime.errors import DeviceError, InputError
from engines.time_limited_humans.answers import EMPTY_SECONDS, KEPT_SECONDS, Answer, Answers, Given, Participant
from engines.time_limited_humans.results import COLUMNS, by_condition, pull, rows
from engines.time_limited_humans.service import serve
from engines.time_limited_humans.trials import CONDITIONS, NAMES, plan, stimuli
from tests.support.disks import closed, full, reachable

EVERY = stimuli(4)
TRIALS = 24


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(tmp_path / "answers.sqlite3", EVERY)


def right(participant: Participant, count: int = TRIALS) -> list[Answer]:
    """Choices of what is shown, or of the target where neither is."""
    return [
        Answer(
            number, one.stimulus.shown if one.stimulus.condition != "false" else one.stimulus.target, 600.0, 66.7, False
        )
        for number, one in enumerate(participant.trials[:count])
    ]


def test_where_nothing_can_be_written_answers_are_refused_whole_and_taken_later(answers: Answers) -> None:
    participant = answers.begin(TRIALS)
    answers.give(participant.code, right(participant, 3))
    with full():
        for refused in (lambda: answers.give(participant.code, right(participant)), answers.open_room):
            with pytest.raises(DeviceError, match="^The server cannot keep answers just now .* in STUDIO_ANSWERS.$"):
                refused()
    assert answers.resume(participant.code)[1] == right(participant, 3)
    answers.give(participant.code, right(participant))
    assert answers.resume(participant.code)[1] == right(participant)


def test_nor_can_they_be_kept_in_a_folder_that_may_not_be_written() -> None:
    with reachable() as folder:
        with closed(folder), pytest.raises(DeviceError, match="just now .Permission denied."):
            Answers(folder / "new" / "answers.sqlite3", EVERY)
        Answers(folder / "new" / "answers.sqlite3", EVERY).open_room()


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 48))
def test_a_plan_has_every_condition_alike_no_stimulus_twice_and_asks_for_what_it_shows(seed: int, count: int) -> None:
    trials = plan(EVERY, count, seed)
    conditions = Counter(one.stimulus.condition for one in trials)
    assert (
        len(trials) == count and max(conditions.values()) - min(conditions.values() or [0]) <= 1 or len(conditions) < 4
    )
    assert len({one.stimulus for one in trials}) == count and trials == plan(EVERY, count, seed)
    for left, right_hand, stimulus in ((one.left, one.right, one.stimulus) for one in trials):
        assert left != right_hand and {left, right_hand} <= set(NAMES) and stimulus.target in (left, right_hand)
        assert (stimulus.shown in (left, right_hand)) == (stimulus.condition != "false")


@pytest.mark.slow
def test_forty_at_once_all_end_in_the_rooms_table(answers: Answers) -> None:
    room, _ = answers.open_room()

    def take_part(_: int) -> str:
        mine = Answers(answers.path, EVERY)
        participant = mine.begin(TRIALS, room)
        for first in range(0, TRIALS, 4):
            mine.give(participant.code, right(participant)[first : first + 4])
        return participant.code

    with ThreadPoolExecutor(40) as people:
        codes = set(people.map(take_part, range(40)))
    table = answers.given(room=room)
    assert len(codes) == 40 and Counter(one.participant for one in table) == dict.fromkeys(codes, TRIALS)
    found = by_condition(table)
    assert [found[condition].answers for condition in CONDITIONS] == [240] * 4
    assert all(one.as_shown is not None and one.as_shown.value == 1 for one in found.values())


def test_who_comes_back_goes_on_with_the_same_trials_after_the_last_answer(answers: Answers) -> None:
    participant = answers.begin(TRIALS)
    answers.give(participant.code, right(participant, 7))
    again, so_far = Answers(answers.path, EVERY).resume(f" {participant.code.lower()[:6]}-{participant.code[6:]} ")
    assert again == participant and so_far == right(participant, 7)


def test_an_answer_sent_twice_counts_once_and_another_in_its_place_does_not(answers: Answers) -> None:
    participant = answers.begin(TRIALS)
    first = right(participant, 2)
    answers.give(participant.code, first)
    answers.give(participant.code, first)
    with pytest.raises(InputError, match="Trial 2 was answered before"):
        answers.give(participant.code, [right(participant, 3)[2], first[1]._replace(milliseconds=400.0)])
    assert [one.answer for one in answers.given(participant=participant.code)] == first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trial": TRIALS}, f"no trial {TRIALS + 1}"),
        ({"trial": -1}, "no trial 0"),
        ({"chosen": "'); DROP TABLE answers; --"}, "not for \"'\\); DROP TABLE"),
        ({"milliseconds": 12.0}, "12 milliseconds"),
        ({"milliseconds": -300.0}, "-300 milliseconds"),
        ({"milliseconds": float("nan")}, "nan milliseconds"),
        ({"milliseconds": 1e7}, "1e\\+07 milliseconds"),
        ({"milliseconds": None}, "without a time"),
        ({"chosen": None}, "without a choice"),
        ({"exposure": -1.0}, "-1 milliseconds"),
        ({"exposure": float("inf")}, "inf milliseconds"),
    ],
)
def test_a_forged_answer_is_refused_and_nothing_of_it_kept(
    answers: Answers, change: dict[str, object], message: str
) -> None:
    participant = answers.begin(TRIALS)
    (answer,) = right(participant, 1)
    with pytest.raises(InputError, match=message):
        answers.give(participant.code, [answer._replace(**change)])  # type: ignore[arg-type]
    assert answers.given(participant=participant.code) == []


@pytest.mark.parametrize("code", ["", "NOROOM", "' OR 1=1 --", "<script>alert(1)</script>", "A" * 10_000, "\x00", "é"])
def test_a_code_that_nobody_has_opens_nothing(answers: Answers, code: str) -> None:
    for use in (
        lambda: answers.begin(4, code),
        lambda: answers.given(room=code),
        lambda: answers.given(participant=code),
        lambda: answers.resume(code),
        lambda: answers.delete(code),
        lambda: answers.end_room(code, code),
    ):
        with pytest.raises(InputError, match="There is no room|Nobody has the code") as error:
            use()
        assert len(str(error.value)) < 120


def test_a_participant_and_a_room_are_deleted_by_their_own_codes_alone(answers: Answers) -> None:
    room, key = answers.open_room()
    stays, goes = answers.begin(TRIALS, room), answers.begin(TRIALS, room)
    for one in (stays, goes):
        answers.give(one.code, right(one, 3))
    answers.delete(goes.code)
    assert {one.participant for one in answers.given(room=room)} == {stays.code}
    with pytest.raises(InputError, match="does not end room"):
        answers.end_room(room, stays.code)
    answers.end_room(room, key)
    with pytest.raises(InputError, match="Nobody has"):
        answers.resume(stays.code)


def test_a_room_that_nobody_entered_is_gone_after_a_day(tmp_path: Path) -> None:
    day = [0.0]
    answers = Answers(tmp_path / "answers.sqlite3", EVERY, lambda: day[0])
    empty, entered = answers.open_room()[0], answers.open_room()[0]
    answers.begin(24, entered)
    day[0] = EMPTY_SECONDS + 1
    answers.open_room()
    assert answers.count(entered) == (0, 0)
    with pytest.raises(InputError, match="There is no room"):
        answers.count(empty)


def test_answers_are_gone_after_thirty_days(tmp_path: Path) -> None:
    day = [0.0]
    answers = Answers(tmp_path / "answers.sqlite3", EVERY, lambda: day[0])
    room, _ = answers.open_room()
    participant = answers.begin(TRIALS, room)
    answers.give(participant.code, right(participant))
    day[0] = KEPT_SECONDS + 1
    answers.begin(TRIALS)
    with pytest.raises(InputError, match="Nobody has"):
        answers.resume(participant.code)
    with pytest.raises(InputError, match="There is no room"):
        answers.given(room=room)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "unknown here"),
        ({"ask": ["begin"]}, "unknown here"),
        ({"ask": "__class__"}, "unknown here"),
        ({"ask": "begin", "trials": 25, "room": ""}, "24 or 48 trials, not 25"),
        ({"ask": "begin", "trials": [24], "room": ""}, "24 or 48 trials"),
        ({"ask": "begin", "trials": 24}, "lacks its room"),
        ({"ask": "begin", "trials": 24, "room": {"$ne": ""}}, "lacks its room"),
        ({"ask": "begin", "trials": 24, "room": "\ud800"}, "There is no room"),
        ({"ask": "resume", "participant": None}, "lacks its participant"),
        ({"ask": "delete", "participant": "%"}, "Nobody has the code"),
        ({"ask": "end room", "room": "' OR ''='", "key": ""}, "There is no room"),
        ({"ask": "give", "participant": "A", "answers": {}}, "expected as a list"),
    ],
)
def test_what_no_page_of_ours_asks_is_refused_with_a_sentence(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        serve(request_)
    assert len(str(error.value)) < 140


@pytest.mark.parametrize(
    "change",
    [
        {"exposure": "66"},
        {"exposure": 10**400},
        {"trial": 10**400},
        {"trial": None},
        {"missed": 1},
        {"chosen": ["vehicles"]},
        {"chosen": "\udfff", "milliseconds": 500},
    ],
)
def test_what_is_no_answer_is_refused_and_nothing_of_it_kept(change: dict[str, Any]) -> None:
    code = serve({"ask": "begin", "trials": 24, "room": ""})["participant"]
    answer = {"trial": 0, "chosen": None, "milliseconds": None, "exposure": 66.7, "missed": False, **change}
    with pytest.raises(InputError, match="could not be read|not for"):
        serve({"ask": "give", "participant": code, "answers": [answer]})
    assert serve({"ask": "resume", "participant": code})["answers"] == []


def asked(condition: str, chosen: Sequence[str | None], missed: bool = False) -> list[Given]:
    shown, target, _ = NAMES
    return [
        Given("A", Answer(number, one, None if one is None else 500.0 + number, 66.7, missed), condition, shown, target)
        for number, one in enumerate(chosen)
    ]


def test_results_leave_out_what_was_missed_and_count_by_hand() -> None:
    shown, target, _ = NAMES
    given_answers = [
        *asked("image", [shown, shown, target, None]),
        *asked("image", [shown], missed=True),
        *asked("adv", [target] * 6 + [shown] * 4),
        *asked("flip", [target] * 2 + [shown] * 8),
        *asked("false", [target, target, shown]),
    ]
    found = by_condition(given_answers)
    image = found["image"]
    assert (image.answers, image.none, image.missed, image.milliseconds) == (3, 1, 1, 501.0)
    assert image.as_shown is not None and image.as_shown.value == 2 / 3
    assert found["false"].as_shown is not None and found["false"].as_shown.value == 2 / 3
    towards = pull(given_answers)
    # z(6.5 / 11) + z(8.5 / 11) = 0.2299 + 0.7479
    assert towards is not None and towards.value == pytest.approx(0.9778, abs=1e-3)
    assert pull(asked("adv", [target])) is None
    assert by_condition([])["adv"].as_shown is None


def test_the_table_numbers_people_and_keeps_their_codes(answers: Answers) -> None:
    room, _ = answers.open_room()
    for _ in range(2):
        participant = answers.begin(TRIALS, room)
        answers.give(participant.code, right(participant, 2))
    table = rows(answers.given(room=room))
    assert [row[:2] for row in table] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert all(len(row) == len(COLUMNS) for row in table) and table[0][6:] == ("600.0", "66.7", "0")
