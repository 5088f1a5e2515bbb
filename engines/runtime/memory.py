"""Shares one budget of main memory, in bytes, among everything that is kept only to be there sooner the next time.

That is networks, decoded uploads, pictures, films and subjects. What was used longest ago leaves first, whatever it is.
The variable STUDIO_MEMORY sets the budget, in gigabytes.
"""

import ctypes
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock, RLock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from engines.runtime.errors import DeviceError
from engines.runtime.kept import arrays_in

DEFAULT_GIGABYTES = 2.0

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


_CACHES: "WeakSet[Cache[Any, Any]]" = WeakSet()


class Memory:
    """Counts what is kept, at most `limit` bytes; more only if the newest thing alone needs more."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self._kept: OrderedDict[int, tuple[int, Callable[[], object]]] = OrderedDict()
        self._newest = 0
        self._lock = RLock()

    def keep(self, size: int, leave: Callable[[], object]) -> int:
        """Count a thing of `size` bytes and return its number.

        When others need its room, `leave` is called once, and has to let go of the thing.
        """
        with self._lock:
            self._newest += 1
            number = self._newest
            self._kept[number] = size, leave
            self.bytes += size
            leaving = self._too_many()
        for go in leaving:
            go()
        return number

    def use(self, number: int) -> bool:
        """Note that a thing was used just now, and tell whether it is still kept."""
        with self._lock:
            if number not in self._kept:
                return False
            self._kept.move_to_end(number)
            return True

    def forget(self, number: int) -> None:
        """Stop counting a thing that its owner has let go of."""
        with self._lock:
            size, _ = self._kept.pop(number, (0, None))
            self.bytes -= size

    def _too_many(self) -> list[Callable[[], object]]:
        leaving = []
        while self.bytes > self.limit and len(self._kept) > 1:
            _, (size, leave) = self._kept.popitem(last=False)
            self.bytes -= size
            leaving.append(leave)
        return leaving


class Cache(Generic[Key, Value]):
    """Keeps values by key, counted in `memory` by their `size` in bytes; each is made once however many threads ask.

    They take at most their `share` of the budget, so that many values of one sort leave room for others. A value that
    could not be made is not kept: the next thread that asks makes it anew. Arrays in a value become read-only.
    """

    def __init__(self, size: Callable[[Value], int], memory: Memory | None = None, share: float = 1.0) -> None:
        self._size = size
        self._memory = memory or MEMORY
        self._most = share * self._memory.limit
        self._lock = Lock()
        _CACHES.add(self)
        self._values: dict[Key, Future[Value]] = {}
        self._counted: dict[Key, tuple[int, int]] = {}
        """The number in the budget, and the bytes, of each value, the one used last at the end."""

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of that key, made by `make` if it is not there.

        What `make` raises is raised in every thread that waits for it.
        """
        with self._lock:
            known = self._values.get(key)
            future = self._values.setdefault(key, known or Future())
            counted = self._counted.pop(key, None)
            if counted is not None:
                self._counted[key] = counted  # It was used last, so it leaves last.
        if known is not None:
            if counted is not None:
                self._memory.use(counted[0])
            return known.result()
        try:
            value = make()
            for array in arrays_in(value):
                array.flags.writeable = False  # Every caller shares them.
            size = self._size(value)
            number = self._memory.keep(size, lambda: self._leave(key))
        except BaseException as error:
            with self._lock:
                self._values.pop(key, None)
            future.set_exception(error)
            raise
        future.set_result(value)
        with self._lock:
            self._counted[key] = number, size
            leaving = self._too_many()
        for each, its_number in leaving:
            self._memory.forget(its_number)
            self._leave(each)
        if not self._memory.use(number):
            self._leave(key)
        return value

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            numbers = [number for number, _ in self._counted.values()]
            self._values = {key: value for key, value in self._values.items() if not value.done()}
            self._counted.clear()
        for number in numbers:
            self._memory.forget(number)

    def drop(self, is_meant: Callable[[Key], bool]) -> None:
        """Let go of the values whose keys are meant."""
        with self._lock:
            numbers = [number for key, (number, _) in self._counted.items() if is_meant(key)]
            for key in [key for key in self._counted if is_meant(key)]:
                self._values.pop(key, None)
                self._counted.pop(key)
        for number in numbers:
            self._memory.forget(number)

    def __len__(self) -> int:
        return len(self._values)

    def _leave(self, key: Key) -> None:
        with self._lock:
            self._values.pop(key, None)
            self._counted.pop(key, None)

    def _too_many(self) -> list[tuple[Key, int]]:
        """Choose the values to let go of, those used longest ago first, until the rest is within the share."""
        excess, leaving = sum(size for _, size in self._counted.values()) - self._most, []
        for key, (number, size) in list(self._counted.items())[:-1]:
            if excess <= 0:
                break
            excess -= size
            leaving.append((key, number))
        return leaving


def mark(content: bytes) -> tuple[int, int]:
    """Return a short key for a file's content, valid in this process.

    Python hashes bytes with a secret of the process and remembers the hash with them, so a file that is asked for at
    every frame is hashed once.
    """
    return hash(content), len(content)


def forget(content: bytes) -> None:
    """Let go of everything in any cache that was made of a file's content."""
    marked = mark(content)
    for cache in list(_CACHES):
        cache.drop(lambda key: key == marked or isinstance(key, tuple) and marked in key)


def give_back() -> None:
    """Return freed memory to the operating system where the C library would keep it for itself, as glibc does."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _limit() -> int:
    gigabytes = os.environ.get("STUDIO_MEMORY", DEFAULT_GIGABYTES)
    try:
        return int(float(gigabytes) * 1e9)
    except ValueError:
        raise DeviceError(f"STUDIO_MEMORY={gigabytes!r} is no number of gigabytes; set it to one, such as 2.") from None


MEMORY = Memory(_limit())
"""The budget of this process."""
