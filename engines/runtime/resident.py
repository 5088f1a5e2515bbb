"""Networks kept in memory between runs, within a bound on their bytes; the least recently used leaves first."""

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from itertools import chain
from threading import Lock

from torch import nn

from engines.runtime.errors import DeviceError

DEFAULT_GIGABYTES = 2.0


def size(module: nn.Module) -> int:
    """Bytes of a network's parameters and buffers."""
    return sum(tensor.nbytes for tensor in chain(module.parameters(), module.buffers()))


class Resident:
    """Built networks by key, `limit` bytes of them; more only while a single network needs more."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = Lock()
        self._modules: OrderedDict[Hashable, Future[nn.Module]] = OrderedDict()

    def get(self, key: Hashable, build: Callable[[], nn.Module]) -> nn.Module:
        """The network of that key, built if need be: once, however many threads ask, and without holding up other keys.

        What `build` raises is raised to all who wait for it; whoever asks next builds anew.
        """
        with self._lock:
            future = self._modules.get(key)
            waits = future is not None
            if future is None:
                future = self._modules[key] = Future()
            self._modules.move_to_end(key)
        if waits:
            return future.result()
        try:
            module = build()
        except BaseException as error:
            with self._lock:
                del self._modules[key]
            future.set_exception(error)
            raise
        future.set_result(module)
        self._evict(key)
        return module

    def loaded(self) -> list[tuple[Hashable, int]]:
        """(key, bytes) of every network that is built, the least recently used first."""
        with self._lock:
            return self._sizes()

    def _sizes(self) -> list[tuple[Hashable, int]]:
        return [(key, size(future.result())) for key, future in self._modules.items() if future.done()]

    def _evict(self, kept: Hashable) -> None:
        with self._lock:
            sizes = self._sizes()
            excess = sum(count for _, count in sizes) - self.limit
            for key, count in sizes:
                if excess > 0 and key != kept:
                    del self._modules[key]
                    excess -= count


def _limit() -> int:
    gigabytes = os.environ.get("STUDIO_MEMORY", DEFAULT_GIGABYTES)
    try:
        return int(float(gigabytes) * 1e9)
    except ValueError:
        raise DeviceError(f"STUDIO_MEMORY={gigabytes!r} is no number of gigabytes; set it to one, such as 2.") from None


RESIDENT = Resident(_limit())
"""The networks of this process; the variable STUDIO_MEMORY bounds them, in gigabytes."""
