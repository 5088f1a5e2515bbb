"""What answers of the timed experiment say: accuracy, time to answer and d', by condition."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from engines.time_limited_humans.answers import Given
from engines.time_limited_humans.detection import Sensitivity, Share, sensitivity, share
from engines.time_limited_humans.trials import CONDITIONS

COLUMNS = ("participant", "trial", "condition", "shown", "target", "chosen", "milliseconds", "exposure", "missed")


class Result(NamedTuple):
    """Of one condition: answers that count, and those left out because none came or a frame of the screen was late.

    `as_shown` is the share that chose what the picture shows; for "false", which shows neither group, the share that
    chose its target. `milliseconds` is the median time to answer. Both are None where no answer counts.
    """

    answers: int
    none: int
    missed: int
    as_shown: Share | None
    milliseconds: float | None


def by_condition(given: Sequence[Given]) -> dict[str, Result]:
    """The result of every condition, in the paper's order."""
    return {condition: _result([one for one in given if one.condition == condition]) for condition in CONDITIONS}


def _result(given: Sequence[Given]) -> Result:
    counted = counting(given)
    missed = sum(one.answer.missed for one in given)
    if not counted:
        return Result(0, len(given) - missed, missed, None, None)
    right = sum(one.answer.chosen == (one.target if one.condition == "false" else one.shown) for one in counted)
    times = [one.answer.milliseconds for one in counted if one.answer.milliseconds is not None]
    return Result(len(counted), len(given) - missed - len(counted), missed, share(right, len(counted)), median(times))


def counting(given: Sequence[Given]) -> list[Given]:
    """Those with an answer, and with the picture shown as long as it should be."""
    return [one for one in given if one.answer.chosen is not None and not one.answer.missed]


def pull(given: Sequence[Given]) -> Sensitivity | None:
    """How far the perturbation pulls towards its target beyond the same upside down: d' of choosing the target in
    "adv" against "flip". None where either has no answer that counts.
    """
    hits, signals, false_alarms, noises = 0, 0, 0, 0
    for one in counting(given):
        chose = int(one.answer.chosen == one.target)
        if one.condition == "adv":
            hits, signals = hits + chose, signals + 1
        elif one.condition == "flip":
            false_alarms, noises = false_alarms + chose, noises + 1
    return sensitivity(hits, signals, false_alarms, noises) if signals and noises else None


def rows(given: Sequence[Given]) -> list[tuple[str, ...]]:
    """The answers as a table, participants numbered in the order they began: their codes are theirs alone."""
    numbers = {code: str(number) for number, code in enumerate(dict.fromkeys(one.participant for one in given), 1)}
    return [
        (
            numbers[one.participant],
            str(one.answer.trial + 1),
            one.condition,
            one.shown,
            one.target,
            one.answer.chosen or "",
            "" if one.answer.milliseconds is None else f"{one.answer.milliseconds:.1f}",
            f"{one.answer.exposure:.1f}",
            str(int(one.answer.missed)),
        )
        for one in given
    ]
