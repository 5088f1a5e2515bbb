"""Compiles loops with numba once for this machine, and keeps the machine code on disk."""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache

log = logging.getLogger(__name__)


class _Kept:
    """Keeps machine code on disk, without ever failing the call that needs it.

    What cannot be read is compiled anew, and what cannot be written is not kept.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._cache = FunctionCache(function)
        self._name = function.__qualname__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load compiled code; None, and it is compiled anew, if the file cannot be read."""
        try:
            return self._cache.load_overload(sig, target_context)
        except Exception:  # A file that was cut off or altered may raise whatever unpickling it can.
            self._forget()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save compiled code, if the disk lets us."""
        try:
            self._cache.save_overload(sig, data)
        except Exception:
            self._forget()

    def _forget(self) -> None:
        """Remove the index of this function's files, because it may name files of which only a part was written."""
        log.warning("machine code of %s cannot be kept in %s", self._name, self._cache.cache_path)
        with suppress(OSError):
            Path(self._cache._cache_file._index_path).unlink(missing_ok=True)


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function as `numba.njit` does with these options, at its first call, or load it from disk."""

    def compiled(function: Callable[..., Any]) -> Any:
        dispatcher = njit(**options)(function)
        with suppress(RuntimeError):  # If no folder can be written, every process compiles it.
            dispatcher._cache = _Kept(function)
        return dispatcher

    return compiled
