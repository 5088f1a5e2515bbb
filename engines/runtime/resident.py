"""Networks kept in memory between runs, within a bound on their bytes; the least recently used leaves first.

From an accelerator it leaves for the main memory, whence it is back sooner than from its file, and from there for good.
Whoever computes with a network keeps it while it leaves: only copies are moved.
"""

import copy
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain
from threading import Lock
from typing import NamedTuple

import torch
from torch import Tensor, nn

from engines.runtime.device import describe, device
from engines.runtime.errors import DeviceError

DEFAULT_GIGABYTES = 2.0
HOST = torch.device("cpu")
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "MPS backend out of memory")
"""How torch says it of main memory and of Apple's, for which it has no exception of its own."""


def size(module: nn.Module) -> int:
    """Bytes of a network's parameters and buffers."""
    return sum(tensor.nbytes for tensor in chain(module.parameters(), module.buffers()))


def place(module: nn.Module) -> torch.device:
    """Where a network's first parameter or buffer is."""
    return next((tensor.device for tensor in chain(module.parameters(), module.buffers())), HOST)


def copy_to(module: nn.Module, where: torch.device) -> nn.Module:
    """A copy of the network on that device; nothing is allocated where the network is."""

    def moved(tensor: Tensor) -> Tensor:
        there = tensor.detach().to(where, copy=True)
        return nn.Parameter(there, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else there

    tensors = chain(module.parameters(), module.buffers())
    return copy.deepcopy(module, {id(tensor): moved(tensor) for tensor in tensors})


class Loaded(NamedTuple):
    """A network in memory: its bytes, where they are, how many seconds it took to get it there, and how many have
    passed since it was last asked for."""

    key: Hashable
    bytes: int
    device: torch.device
    seconds: float
    idle: float


@dataclass
class _Entry:
    """`home` is the accelerator that the network has left for the main memory."""

    module: "Future[nn.Module]" = field(default_factory=Future)
    home: torch.device | None = None
    seconds: float = 0.0
    asked: float = 0.0


class Resident:
    """Built networks by key, `limit` bytes of them on the accelerator and as many in the main memory; more only while a
    single network needs more."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable, build: Callable[[], nn.Module]) -> nn.Module:
        """The network of that key, brought back or built if need be: once, however many threads ask, and without
        holding up other keys.

        What `build` raises is raised to all who wait for it; whoever asks next builds anew.
        """
        began = time.monotonic()
        with self._lock:
            known = self._entries.get(key)
            waits = known is not None and known.home is None
            entry = known if known is not None and waits else _Entry()
            entry.asked = began
            self._entries[key] = entry
            self._entries.move_to_end(key)
            future = entry.module
        if waits:
            return future.result()
        try:
            if known is not None and known.home is not None:
                module = copy_to(known.module.result(), known.home)
            else:
                module = build()
        except BaseException as error:
            with self._lock:
                del self._entries[key]
            future.set_exception(error)
            raise
        entry.seconds = time.monotonic() - began
        future.set_result(module)
        with self._lock:
            self._leave(key, self.limit, self.limit)
        return module

    def loaded(self) -> list[Loaded]:
        """Every network in memory, the least recently used first."""
        now = time.monotonic()
        with self._lock:
            return [
                Loaded(key, size(module), place(module), entry.seconds, now - entry.asked)
                for key, entry, module in self._built()
            ]

    def release(self) -> None:
        """Let all networks leave the device of the one that was asked for last, which alone stays."""
        with self._lock:
            if built := self._built():
                key, _, module = built[-1]
                on_host = place(module) == HOST
                self._leave(key, self.limit if on_host else 0, 0 if on_host else self.limit)

    def within_memory(self, compute: Callable[..., Tensor], *batch: Tensor) -> Tensor:
        """`compute(*batch)`; the tensors of the batch have one length, which the result has too.

        Where memory runs out, the networks that wait leave it first; then the batch is halved until it fits.

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

    def _leave(self, kept: Hashable, accelerator: int, host: int) -> None:
        """Until no more bytes than these are on the accelerator, and then in the main memory."""
        for _, entry, module in self._too_many(kept, accelerator, on_host=False):
            entry.module, entry.home = Future(), place(module)
            entry.module.set_result(copy_to(module, HOST))
        for key, _, _ in self._too_many(kept, host, on_host=True):
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
    """What `compute` returns; None where memory ran out, and what it had taken is free again."""
    try:
        return compute(*batch)
    except (torch.OutOfMemoryError, MemoryError):
        return None
    except RuntimeError as error:
        if not any(words in str(error) for words in OUT_OF_MEMORY):
            raise
        return None


def _limit() -> int:
    gigabytes = os.environ.get("STUDIO_MEMORY", DEFAULT_GIGABYTES)
    try:
        return int(float(gigabytes) * 1e9)
    except ValueError:
        raise DeviceError(f"STUDIO_MEMORY={gigabytes!r} is no number of gigabytes; set it to one, such as 2.") from None


RESIDENT = Resident(_limit())
"""The networks of this process; the variable STUDIO_MEMORY bounds them, in gigabytes."""
