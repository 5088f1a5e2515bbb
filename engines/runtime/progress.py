"""How long work tells where it is, and what it needs to go on from there."""

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class Progress(NamedTuple):
    """A step of long work: `fraction` of the whole in [0, 1] and a few words on what is being done."""

    fraction: float
    words: str


class Saved(NamedTuple):
    """What a job needs to go on from here after a restart of the server, and to end as if there had been none.

    `state` may nest mappings, lists and tuples of tensors, arrays, numbers, texts and bytes.
    """

    state: Mapping[str, Any]


class Substitution(NamedTuple):
    """From here the work goes on with these `values` of its controls; `sentence` says to the visitor why."""

    values: Mapping[str, Any]
    sentence: str


def finish(steps: Generator[Any, None, Result]) -> Result:
    """What `steps` returns, run to the end by somebody who follows none of its progress."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value
