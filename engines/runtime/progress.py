"""Defines how long work reports its progress, and what it needs to continue later."""

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class Progress(NamedTuple):
    """Reports a step of long work: the `fraction` that is done, in [0, 1], and a few words on what is being done."""

    fraction: float
    words: str


class Saved(NamedTuple):
    """Holds what a job needs to continue after a restart of the server, and to end as if there had been none.

    `state` may nest mappings, lists and tuples of tensors, arrays, numbers, texts and bytes.
    """

    state: Mapping[str, Any]


class Substitution(NamedTuple):
    """Says that the work continues with these `values` of its controls; `sentence` tells the visitor why."""

    values: Mapping[str, Any]
    sentence: str


def finish(steps: Generator[Any, None, Result]) -> Result:
    """Run `steps` to the end, ignoring its progress, and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: Result = done.value
            return result
