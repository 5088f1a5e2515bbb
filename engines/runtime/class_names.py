"""Names of the classes that networks know, in the order of their outputs.

ImageNet's are the 1,000 of ILSVRC 2012, each by its first word in WordNet 3.0 (Copyright 2006 by Princeton University,
under the WordNet licence), where needed told apart from another's.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from engines.runtime.errors import InputError

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""Krizhevsky, Learning multiple layers of features from tiny images, 2009."""
MOST_NAMED = 12
"""A sentence names all classes where there are no more."""


@cache
def imagenet() -> tuple[str, ...]:
    return tuple(Path(__file__).with_name("imagenet_classes.txt").read_text().splitlines())


def class_names(count: int) -> tuple[str, ...]:
    """The names of the data set that has so many classes: CIFAR-10, or ImageNet."""
    return {len(CIFAR10): CIFAR10, len(imagenet()): imagenet()}[count]


def class_id(name: str, names: Sequence[str]) -> int:
    """The place of a class among the names, however it is capitalised.

    Raises:
        InputError: it is not among them; the message has those that are nearest.
    """
    places: Mapping[str, int] = {known.lower(): place for place, known in enumerate(names)}
    wanted = str(name).strip().lower()
    if wanted in places:
        return places[wanted]
    near = [names[places[known]] for known in get_close_matches(wanted, places, 3, 0.5)]
    possible = names if len(names) <= MOST_NAMED else near
    hint = f"there are {', '.join(possible)}" if len(names) <= MOST_NAMED else f"did you mean {' or '.join(near)}?"
    shown = repr(name) if len(repr(name)) <= MOST_NAMED * 5 else f"{repr(name)[: MOST_NAMED * 5]}..."
    raise InputError(f"There is no class {shown} among the {len(names):,}" + (f"; {hint}" if possible else "") + ".")
