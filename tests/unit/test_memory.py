"""One budget for all that is kept: what was used longest ago leaves first, and nothing is made twice or kept broken."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.runtime.memory import Cache, Memory
from studio.wire.shelf import Shelf

SIZES = st.lists(st.integers(0, 100), min_size=1, max_size=30)


@given(SIZES, st.integers(0, 200))
def test_no_more_is_kept_than_the_limit_but_for_one_thing(sizes: list[int], limit: int) -> None:
    memory, here = Memory(limit), {}
    for name, size in enumerate(sizes):
        here[name] = size
        memory.keep(size, lambda name=name: here.pop(name))  # type: ignore[misc]
        assert memory.bytes == sum(here.values())
        assert memory.bytes <= limit or len(here) == 1
        assert name in here


def test_what_was_used_longest_ago_leaves_first_whatever_it_is() -> None:
    memory = Memory(30)
    shelf: Shelf[str] = Shelf(memory, 60)
    cache: Cache[str, bytes] = Cache(len, memory)
    first = shelf.put("first", 10)
    cache.get("second", lambda: bytes(10))
    third = shelf.put("third", 10)
    assert shelf.get(first) == "first"
    cache.get("fourth", lambda: bytes(10))
    assert (len(cache), shelf.get(first), shelf.get(third)) == (1, "first", "third")
    assert cache.get("fourth", lambda: b"anew") == bytes(10)


def test_what_is_let_go_of_is_counted_no_longer() -> None:
    memory = Memory(100)
    shelf: Shelf[str] = Shelf(memory, 60)
    cache: Cache[str, bytes] = Cache(len, memory)
    token = shelf.put("thing", 40)
    cache.get("key", lambda: bytes(30))
    assert memory.bytes == 70
    shelf.drop(token)
    cache.clear()
    assert memory.bytes == 0 and shelf.get(token) is None and len(cache) == 0


def test_one_sort_keeps_within_its_share() -> None:
    memory = Memory(100)
    cache: Cache[int, bytes] = Cache(len, memory, share=0.3)
    for key in (0, 1, 2, 0, 3):
        cache.get(key, lambda: bytes(10))
    assert (len(cache), memory.bytes) == (3, 30)
    made = []
    for key in (0, 2, 3, 1):
        cache.get(key, lambda key=key: made.append(key) or bytes(10))  # type: ignore[misc, func-returns-value]
    assert made == [1]


def test_a_value_is_made_once_for_all_who_ask_at_the_same_time() -> None:
    cache: Cache[str, bytes] = Cache(len, Memory(100))
    begun, go_on, made = threading.Event(), threading.Event(), []

    def make() -> bytes:
        made.append(1)
        begun.set()
        assert go_on.wait(30)
        return b"value"

    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(cache.get("key", make))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    go_on.set()
    for thread in threads:
        thread.join()
    assert made == [1] and results == [b"value"] * 4


def test_a_value_that_could_not_be_made_is_made_by_who_asks_next() -> None:
    cache: Cache[str, bytes] = Cache(len, Memory(100))

    def fail() -> bytes:
        raise MemoryError

    with pytest.raises(MemoryError):
        cache.get("key", fail)
    assert cache.get("key", lambda: b"value") == b"value"
