"""Keeps networks in memory between runs, up to a number of bytes; the least recently used leaves first.

A network that leaves an accelerator goes to the main memory, from where it returns faster than from its file; from
there it is dropped. A computation that uses a network keeps it while it leaves, because only copies are moved.
"""

import copy
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from threading import RLock
from typing import NamedTuple

import torch
from torch import Tensor, nn

from engines.runtime.device import describe, device
from engines.runtime.errors import DeviceError
from engines.runtime.memory import MEMORY, Memory

HOST = torch.device("cpu")
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "MPS backend out of memory")
"""Torch's words for a full main memory, and Apple's, for which it has no exception of its own."""


def size(module: nn.Module) -> int:
    """Count the bytes of a network's parameters and buffers."""
    return sum(tensor.nbytes for tensor in chain(module.parameters(), module.buffers()))


def place(module: nn.Module) -> torch.device:
    """Return the device of a network's first parameter or buffer."""
    return next((tensor.device for tensor in chain(module.parameters(), module.buffers())), HOST)


def copy_to(module: nn.Module, where: torch.device) -> nn.Module:
    """Copy the network to that device; nothing is allocated where the network is."""

    def moved(tensor: Tensor) -> Tensor:
        there = tensor.detach().to(where, copy=True)
        return nn.Parameter(there, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else there

    tensors = chain(module.parameters(), module.buffers())
    return copy.deepcopy(module, {id(tensor): moved(tensor) for tensor in tensors})


class Loaded(NamedTuple):
    """Describes a network in memory.

    `seconds` is how long it took to get it there, `idle` how many seconds have passed since it was last asked for.
    """

    key: Hashable
    bytes: int
    device: torch.device
    seconds: float
    idle: float


@dataclass
class _Entry:
    """Keeps a network, or the promise of one.

    `home` is the accelerator that the network has left for the main memory; `number` is its number there.
    """

    module: "Future[nn.Module]" = field(default_factory=Future)
    home: torch.device | None = None
    seconds: float = 0.0
    asked: float = 0.0
    number: int | None = None


class Resident:
    """Keeps built networks by key: `limit` bytes on the accelerator, the others within the budget of main `memory`.

    It keeps more only while a single network needs more.
    """

    def __init__(self, limit: int, memory: Memory | None = None) -> None:
        self.limit = limit
        self._memory = memory or Memory(limit)
        self._lock = RLock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable, build: Callable[[], nn.Module]) -> nn.Module:
        """Return the network of that key, moved back or built if needed.

        It is built once, however many threads ask, and other keys do not wait for it. What `build` raises is raised in
        every thread that waits; the next one that asks builds anew.
        """
        began = time.monotonic()
        with self._lock:
            known = self._entries.pop(key, None)
            waits = known is not None and known.home is None
            entry = known if known is not None and waits else _Entry()
            entry.asked, future = began, entry.module
            self._entries[key] = entry
        if waits:
            if entry.number is not None:
                self._memory.use(entry.number)
            return future.result()
        try:
            if known is not None and known.home is not None:
                module = copy_to(known.module.result(), known.home)
            else:
                module = build()
            entry.seconds = time.monotonic() - began
        except BaseException as error:
            with self._lock:
                del self._entries[key]
            future.set_exception(error)
            raise
        future.set_result(module)
        if known is not None and known.number is not None:
            self._memory.forget(known.number)
        if place(module) == HOST:
            self._count(key, entry, module)
        else:
            self._leave(key, self.limit)
        return module

    def loaded(self) -> list[Loaded]:
        """List every network in memory, the least recently used first."""
        now = time.monotonic()
        with self._lock:
            return [
                Loaded(key, size(module), place(module), entry.seconds, now - entry.asked)
                for key, entry, module in self._built()
            ]

    def release(self) -> None:
        """Move all networks but the one that was asked for last off its device."""
        with self._lock:
            built = self._built()
        if built:
            key, _, module = built[-1]
            if place(module) == HOST:
                self._leave_host(key)
            else:
                self._leave(key, 0)

    def within_memory(self, compute: Callable[..., Tensor], *batch: Tensor) -> Tensor:
        """Compute `compute(*batch)`; the tensors of the batch have one length, and so has the result.

        If memory runs out, the waiting networks leave it first; then the batch is halved until it fits.

        Raises:
            DeviceError: not even one item of the batch fits.
        """
        made = _unless_full(compute, batch)
        if made is not None:
            return made
        self.release()
        return _in_halves(compute, batch)

    def _built(self) -> list[tuple[Hashable, _Entry, nn.Module]]:
        return [(key, entry, entry.module.result()) for key, entry in self._entries.items() if entry.module.done()]

    def _leave(self, kept: Hashable, limit: int) -> None:
        """Move networks off the accelerator until at most `limit` bytes are on it."""
        moved = []
        with self._lock:
            for key, entry, module in self._too_many(kept, limit, on_host=False):
                copied: Future[nn.Module] = Future()
                try:
                    copied.set_result(copy_to(module, HOST))
                except (RuntimeError, MemoryError):  # The main memory is full too: it is built anew when needed.
                    del self._entries[key]
                else:
                    entry.module, entry.home = copied, place(module)
                    moved.append((key, entry))
        for key, entry in moved:
            self._count(key, entry, entry.module.result())

    def _leave_host(self, kept: Hashable) -> None:
        """Drop networks until only that one is in the main memory."""
        with self._lock:
            leaving = self._too_many(kept, 0, on_host=True)
        for key, entry, _ in leaving:
            self._drop(key, entry)
            if entry.number is not None:
                self._memory.forget(entry.number)

    def _count(self, key: Hashable, entry: _Entry, module: nn.Module) -> None:
        """Count a network in the main memory, which it leaves when others need its room."""
        entry.number = self._memory.keep(size(module), partial(self._drop, key, entry))

    def _drop(self, key: Hashable, entry: _Entry) -> None:
        with self._lock:
            if self._entries.get(key) is entry:
                del self._entries[key]

    def _too_many(self, kept: Hashable, limit: int, on_host: bool) -> list[tuple[Hashable, _Entry, nn.Module]]:
        there = [found for found in self._built() if (place(found[2]) == HOST) == on_host]
        excess = sum(size(module) for _, _, module in there) - limit
        leaving = []
        for key, entry, module in there:
            if excess > 0 and key != kept:
                leaving.append((key, entry, module))
                excess -= size(module)
        return leaving


def _in_halves(compute: Callable[..., Tensor], batch: tuple[Tensor, ...]) -> Tensor:
    made = _unless_full(compute, batch)
    if made is not None:
        return made
    length = len(batch[0])
    if length == 1:
        memory = "the main memory" if device() == HOST else f"the memory of {describe()}"
        raise DeviceError(
            f"Not even one picture of this size fits {memory}. Choose a smaller one, or try again when others are done."
        )
    halves = zip(*(tensor.split((length + 1) // 2) for tensor in batch), strict=True)
    return torch.cat([_in_halves(compute, half) for half in halves])


def _unless_full(compute: Callable[..., Tensor], batch: tuple[Tensor, ...]) -> Tensor | None:
    """Return what `compute` returns; None if memory ran out, after freeing what it had taken."""
    try:
        return compute(*batch)
    except (torch.OutOfMemoryError, MemoryError):
        return None
    except RuntimeError as error:
        if not any(words in str(error) for words in OUT_OF_MEMORY):
            raise
        return None


RESIDENT = Resident(MEMORY.limit, MEMORY)
"""The networks of this process."""
