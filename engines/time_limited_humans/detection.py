"""How well two kinds of picture are told apart: d' and its interval, from answers (signal detection theory).

Macmillan and Creelman, Detection Theory: A User's Guide (2nd edition, 2005), chapter 1. Rates of 0 and 1 have no d';
as Hautus (1995, doi:10.3758/BF03203619) does, half an answer is added to each count and one to each number of trials,
in every case, so that no case is treated differently from others.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

from engines.runtime.errors import InputError

NORMAL = NormalDist()
CONFIDENCE = 0.95


class Sensitivity(NamedTuple):
    """d', and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def sensitivity(hits: int, signals: int, false_alarms: int, noises: int) -> Sensitivity:
    """d' = z(hit rate) - z(false-alarm rate), of `hits` in `signals` trials and `false_alarms` in `noises` trials.

    The interval is the normal one, with the variance of Gourevitch and Galanter (1967, doi:10.1007/BF02289402):
    the sum over both rates of p (1 - p) / (n phi(z)^2).

    Raises:
        InputError: there is no trial of one kind, or more answers than trials.
    """
    value, variance = 0.0, 0.0
    for sign, count, trials, kind in ((1, hits, signals, "hits"), (-1, false_alarms, noises, "false alarms")):
        if not 0 <= count <= trials or not trials:
            raise InputError(f"{count} {kind} in {trials} trials have no d'; it takes trials of both kinds.")
        rate = (count + 0.5) / (trials + 1)
        z = NORMAL.inv_cdf(rate)
        value += sign * z
        variance += rate * (1 - rate) / ((trials + 1) * NORMAL.pdf(z) ** 2)
    reach = NORMAL.inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt(variance)
    return Sensitivity(value, value - reach, value + reach)


class Share(NamedTuple):
    """A share, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def share(count: int, trials: int) -> Share:
    """The share of `count` in `trials` trials, with Wilson's score interval (1927, doi:10.1080/01621459.1927.10502953).

    Raises:
        InputError: there is no trial, or more counted than there are.
    """
    if not 0 <= count <= trials or not trials:
        raise InputError(f"{count} of {trials} trials is no share.")
    z = NORMAL.inv_cdf((1 + CONFIDENCE) / 2)
    rate, weight = count / trials, z**2 / trials
    middle = (rate + weight / 2) / (1 + weight)
    reach = z / (1 + weight) * math.sqrt(rate * (1 - rate) / trials + weight / (4 * trials))
    return Share(rate, min(rate, middle - reach), max(rate, middle + reach))
