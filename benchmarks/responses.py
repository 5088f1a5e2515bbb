"""How soon the live panels answer: `python -m benchmarks responses`.

Each line has the median of some answers on this machine and the bar that it is held to on two cores.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import pages
from engines.photo_stylization import engine as photo_stylization
from engines.runtime.device import describe
from studio.runs.run import finished, start

BATCH_MATES, RETINA, SLIDER = 2.0, 0.2, 0.125
"""Seconds: for a run that is asked for, for a hand that drags a place, and for one that drags a slider."""
TAXONOMY = {"base": 0.5, "16k": 1.0}
FIRST_STAGE, EXACT, STEP = 4.0, 15.0, 1.5


class Response(NamedTuple):
    name: str
    seconds: float
    bar: float


def median(panel: str, experiment: str, changes: Sequence[dict[str, Any]]) -> float:
    """The median of the seconds that the experiment takes with each of these values, after a first one that loads."""
    declared = pages.panel(panel).experiment(experiment)
    taken = []
    for values in ({}, *changes):
        task = start(declared, {**declared.opening(), **values})
        finished(task)
        taken.append(task.seconds)
    return statistics.median(taken[1:])


def taxonomy(size: str) -> float:
    """The median of the seconds until another budget's taxonomy is shown; the curves beside it come later."""
    declared = pages.panel("taxonomy").experiment("taxonomy")
    taken = []
    for budget in range(1, 10):
        values = declared.check({**declared.opening(), "size": size, "budget": budget, "order": 3})
        began = time.perf_counter()
        next(iter(declared.run(**values)))
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def stylization() -> list[Response]:
    """The first stage, the exactly smoothed picture, and the longest step between, at which a run can be cancelled."""
    photo_stylization.warm()
    declared = pages.panel("photo_stylization").experiment("stylize")
    values = declared.check({**declared.opening(), "longest": 512, "smoother": "exact"})
    began = last = time.perf_counter()
    longest = first = 0.0
    for made in declared.run(**values):
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
        if not first and isinstance(made, dict) and "stages" in made:
            first = now - began
    return [
        Response("photo stylization, the first stage", first, FIRST_STAGE),
        Response("photo stylization, exactly smoothed", last - began, EXACT),
        Response("photo stylization, the longest step", longest, STEP),
    ]


def responses() -> list[Response]:
    places = [{"place": (at, 0.5)} for at in (0, 1, 0.3, 0.2, 0.6)]
    truncations = [{"truncation": 0.3 + 0.02 * step} for step in range(10)]
    seeds = [{"seed": seed} for seed in (1, 2, 3)]
    return [
        Response("BigGAN, eight pictures", median("biggan", "truncation", truncations), SLIDER),
        Response("time-limited humans, a retina", median("time_limited_humans", "retina", places), RETINA),
        Response("group normalization, batch mates", median("group_normalization", "mates", seeds), BATCH_MATES),
        *(Response(f"taskonomy, a budget of {size}", taxonomy(size), bar) for size, bar in TAXONOMY.items()),
        *stylization(),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print them; exits 1 where one is over its bar."""
    argparse.ArgumentParser(prog="python -m benchmarks responses", description=__doc__).parse_args(arguments)
    print(describe())
    found = responses()
    for response in found:
        print(f"{response.name}: {response.seconds:.2f} s (at most {response.bar:g} s)")
    sys.exit(any(response.seconds > response.bar for response in found))
