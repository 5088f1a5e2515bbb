"""Runs whose controls are as many as there are tasks."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def with_arguments(run: Callable[..., Iterator[Any]], names: Sequence[str]) -> Callable[..., Iterator[Any]]:
    """The run with these arguments in the place of its `**`."""
    kept = [each for each in inspect.signature(run).parameters.values() if each.kind is not each.VAR_KEYWORD]
    added = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    run.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    return run
