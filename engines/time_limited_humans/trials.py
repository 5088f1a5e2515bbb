"""Which picture is shown when, and how it was made: the experiment's plan (arXiv:1802.08195).

In each trial a viewer chooses between the two groups of a pair. The picture shows one of them as it is ("image"),
changed towards the other ("adv"), or changed by that perturbation upside down ("flip"); or it shows neither, changed
towards one of them ("false").
"""

import random
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from engines.time_limited_humans.classifiers import GROUPS

CONDITIONS = ("image", "adv", "flip", "false")
NAMES = tuple(GROUPS)
PAIRS = list(combinations(NAMES, 2))


class Stimulus(NamedTuple):
    """A picture of group `shown`, changed towards `target`; for "image" the group it could be changed towards.

    The pair that a viewer chooses from is `shown` and `target`; for "false", `target` and the group that is left.
    """

    number: int
    condition: str
    shown: str
    target: str

    @property
    def pair(self) -> tuple[str, str]:
        other = next(name for name in NAMES if name not in (self.shown, self.target))
        return (self.target, other) if self.condition == "false" else (self.shown, self.target)


class Trial(NamedTuple):
    """A stimulus, and its two groups as a viewer's left and right hand choose them."""

    stimulus: Stimulus
    left: str
    right: str


def stimuli(of_each: int) -> list[Stimulus]:
    """As many of each condition and pair of groups shown and target, in an order that numbers them."""
    kinds = [
        (condition, shown, target)
        for condition in CONDITIONS
        for shown in NAMES
        for target in NAMES
        if target != shown
        for _ in range(of_each)
    ]
    return [Stimulus(number, *kind) for number, kind in enumerate(kinds)]


def plan(every: Sequence[Stimulus], count: int, seed: int) -> list[Trial]:
    """`count` trials of every condition as many, or one more; no stimulus comes twice.

    Those that ask for the same two groups come one after the other, each hand for its group, so that nobody has to read
    what is asked anew each time; within them, and among the pairs, the order is random.
    """
    draw = random.Random(seed)
    stacks = {condition: [one for one in every if one.condition == condition] for condition in CONDITIONS}
    for stack in stacks.values():
        draw.shuffle(stack)
    taken = [stacks[CONDITIONS[number % len(CONDITIONS)]].pop() for number in range(count)]
    draw.shuffle(taken)
    hands = [draw.sample(pair, 2) for pair in draw.sample(PAIRS, len(PAIRS))]
    return [Trial(one, left, right) for left, right in hands for one in taken if {left, right} == set(one.pair)]
