"""How long work tells where it is."""

from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class Progress(NamedTuple):
    """A step of long work: `fraction` of the whole in [0, 1] and a few words on what is being done."""

    fraction: float
    words: str


def finish(steps: Generator[Any, None, Result]) -> Result:
    """What `steps` returns, run to the end by somebody who follows none of its progress."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value
