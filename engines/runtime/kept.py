"""Keeps results that are computed once and used again; every caller gets the same one, and nobody can change it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

Result = TypeVar("Result")


def kept(most: int | None = None) -> Callable[[Callable[..., Result]], "_lru_cache_wrapper[Result]"]:
    """Keep what a function returns, as `functools.lru_cache` does, for the `most` arguments used last, or for all.

    Arrays in the result become read-only, because every caller shares them. A call that raises is not kept.
    """

    def keeping(compute: Callable[..., Result]) -> "_lru_cache_wrapper[Result]":
        @wraps(compute)
        def computed(*arguments: Any, **named: Any) -> Result:
            result = compute(*arguments, **named)
            for array in arrays_in(result):
                array.flags.writeable = False
            return result

        return lru_cache(most)(computed)

    return keeping


def arrays_in(value: Any) -> Iterable[NDArray[np.generic]]:
    """Yield every array of a value, also those inside sequences, mappings and dataclasses."""
    match value:
        case np.ndarray():
            yield value
        case list() | tuple():
            for part in value:
                yield from arrays_in(part)
        case Mapping():
            yield from arrays_in(list(value.values()))
        case _ if is_dataclass(value):
            yield from arrays_in([getattr(value, field.name) for field in fields(value)])
