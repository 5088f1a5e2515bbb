"""Holds things for a while under names that nobody can guess."""

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from engines.runtime.memory import Memory

Thing = TypeVar("Thing")


class _Place(NamedTuple, Generic[Thing]):
    """Is a thing's place; `number` is its number in the budget, `put` the time when it came, by the monotonic clock."""

    thing: Thing
    size: int
    number: int
    put: float
    owner: str
    sources: frozenset[str]


class Shelf(Generic[Thing]):
    """Holds things under unguessable tokens, within the budget of `memory`; each is dropped after so many `seconds`."""

    def __init__(self, memory: Memory, seconds: float, share: float = 1.0) -> None:
        self._memory = memory
        self._seconds = seconds
        self._most = share * memory.limit
        self._places: dict[str, _Place[Thing]] = {}
        self._lock = threading.Lock()

    def put(self, thing: Thing, size: int, owner: str = "", sources: Iterable[str] = ()) -> str:
        """Hold a thing of so many bytes, and return its token."""
        self._tidy()
        token = secrets.token_urlsafe(16)
        number = self._memory.keep(size, partial(self._leave, token))
        with self._lock:
            self._places[token] = _Place(thing, size, number, time.monotonic(), owner, frozenset(sources))
        if not self._memory.use(number):
            self._leave(token)
        if owner:
            self._drop_oldest(owner)
        return token

    def get(self, token: str) -> Thing | None:
        """Return the thing of that token, if it is still held."""
        self._tidy()
        place = self._places.get(token)
        if place is None:
            return None
        self._memory.use(place.number)
        return place.thing

    def drop(self, token: str) -> None:
        """Forget a thing, if it is still there."""
        place = self._leave(token)
        if place is not None:
            self._memory.forget(place.number)

    def drop_made_from(self, source: str) -> None:
        """Forget everything that was made from what has that name."""
        for token in self._tokens(lambda place: source in place.sources):
            self.drop(token)

    def tokens_of(self, thing: Thing) -> list[str]:
        """List the tokens under which what equals that thing is held."""
        return self._tokens(lambda place: place.thing == thing)

    def _tokens(self, is_meant: Callable[[_Place[Thing]], bool]) -> list[str]:
        with self._lock:
            return [token for token, place in self._places.items() if is_meant(place)]

    def _leave(self, token: str) -> _Place[Thing] | None:
        with self._lock:
            return self._places.pop(token, None)

    def _drop_oldest(self, owner: str) -> None:
        with self._lock:
            own = [(token, place.size) for token, place in self._places.items() if place.owner == owner]
        excess = sum(size for _, size in own) - self._most
        for token, size in own[:-1]:
            if excess <= 0:
                break
            self.drop(token)
            excess -= size

    def _tidy(self) -> None:
        oldest = time.monotonic() - self._seconds
        for token in self._tokens(lambda place: place.put < oldest):
            self.drop(token)
