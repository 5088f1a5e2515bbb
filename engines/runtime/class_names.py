"""Names the classes that networks know, in the order of their outputs.

ImageNet's are the 1,000 classes of ILSVRC 2012, each named by its first word in WordNet 3.0 (Copyright 2006 by
Princeton University, under the WordNet licence), with a second word where two classes would have the same name.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from engines.runtime.errors import InputError

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""Krizhevsky, Learning multiple layers of features from tiny images, 2009."""
FLOWERS = ("daisies", "dandelions", "dandelion clocks", "roses", "sunflowers", "tulips")
"""TensorFlow's flower_photos, with its dandelions split into flowers and seed heads; ImageNet has a "daisy"."""
ALIKE = {
    "airplane": "airliner",
    "automobile": "sports car",
    "bird": "robin",
    "cat": "tabby",
    "deer": "impala",
    "dog": "golden retriever",
    "frog": "tree frog",
    "horse": "sorrel",
    "ship": "container ship",
    "truck": "trailer truck",
    "daisies": "daisy",
}
"""Classes of the small sets, and the one of ImageNet's that comes nearest: it has no deer, and a sorrel is a horse."""
MOST_NAMED = 12
"""The largest number of classes that an error message lists in full."""


@cache
def imagenet() -> tuple[str, ...]:
    """Return the names of ImageNet's 1,000 classes."""
    return tuple(Path(__file__).with_name("imagenet_classes.txt").read_text().splitlines())


def class_names(count: int) -> tuple[str, ...]:
    """Return the names of the data set that has that number of classes: flowers, CIFAR-10, or ImageNet."""
    return {len(names): names for names in (FLOWERS, CIFAR10, imagenet())}[count]


def alike(name: str, names: Sequence[str]) -> str | None:
    """Return the one of these names that stands for the same thing in another set; None if none does."""
    other = ALIKE.get(name) or next((small for small, large in ALIKE.items() if large == name), None)
    return other if other in names else None


def class_id(name: str, names: Sequence[str]) -> int:
    """Find the index of a class by its name, ignoring capitals.

    Raises:
        InputError: no class has that name; the message lists the nearest ones.
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
