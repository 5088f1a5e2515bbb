"""What visitors' downloads take on disk is bounded in all; what the owner fetches is not."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from engines.runtime import fetching
from engines.runtime.checkpoints import Checkpoint, Group, catalogue, present
from engines.runtime.downloads import download, download_all
from engines.runtime.errors import CheckpointError
from engines.runtime.scheduler import State
from engines.runtime.transfer import CHUNK
from tests.support.hub_server import Fault, Hub
from tests.support.published_files import CONTENT, SECONDS, another_process, fetch, publish_plain
from tests.support.waiting import wait_until

SIZE = len(CONTENT)
REFUSED = r"1\.5 MB, more than what is left of the [\d.]+ GB that visitors' downloads may take"

Offered = Callable[[str], Checkpoint]


@pytest.fixture
def offered(hub: Hub, files: Hub, monkeypatch: pytest.MonkeyPatch) -> Offered:
    """Offers a file of 1.5 MB for download under a name, where visitors' downloads may take two and a half of them."""
    monkeypatch.setenv("STUDIO_FETCH_GB", str(2.5 * SIZE / 1e9))

    def offer(name: str) -> Checkpoint:
        made = replace(publish_plain(files, f"{name}.pth"), name=name)
        monkeypatch.setitem(catalogue(), name, made)
        return made

    return offer


def test_what_would_pass_the_budget_is_refused_before_anything_is_asked_for(offered: Offered, files: Hub) -> None:
    one, two, three = map(offered, ("one", "two", "three"))
    assert fetch(one).state is fetch(two).state is State.DONE
    assert fetching.taken() == 2 * SIZE
    files.requests.clear()
    with pytest.raises(CheckpointError, match=REFUSED) as refused:
        download(three)
    assert "`studio weights fetch three`" in str(refused.value)
    assert files.requests == [] and present(three) is None
    assert fetch(one).state is State.DONE, "what is here is asked for again"


def test_what_the_owner_fetches_is_neither_bound_nor_counted(offered: Offered) -> None:
    one, two, three, four = map(offered, ("one", "two", "three", "four"))
    assert fetch(one).state is fetch(two).state is State.DONE
    assert download(three, by_owner=True).wait(SECONDS) is State.DONE
    assert fetching.taken() == 2 * SIZE
    assert download(two, by_owner=True).wait(SECONDS) is State.DONE
    assert fetching.taken() == SIZE, "what a visitor fetched and the owner wants is the owner's"
    assert fetch(four).state is State.DONE


def test_what_is_on_its_way_counts_whole_and_what_was_stopped_as_far_as_it_came(offered: Offered, files: Hub) -> None:
    one, two, three = map(offered, ("one", "two", "three"))
    files.faults = [Fault("BODY", halt=CHUNK), Fault("BODY", halt=CHUNK)]
    begun = [download(one), download(two)]
    wait_until(lambda: fetching.partly_here(one) == fetching.partly_here(two) == CHUNK)
    with pytest.raises(CheckpointError, match=REFUSED):
        download(three)
    for each in begun:
        each.cancel()
    files.release.set()
    wait_until(lambda: fetching.taken() < SIZE)
    assert fetching.taken() >= 2 * CHUNK
    assert fetch(three).state is State.DONE


def test_of_many_that_begin_at_once_no_more_are_fetched_than_there_is_room_for(offered: Offered) -> None:
    wanted = [offered(f"network-{number}") for number in range(6)]
    refused: list[str] = []

    def ask(one: Checkpoint) -> None:
        try:
            made = download(one)
            made.wait(SECONDS)
            refused.extend([str(made.error)] if made.state is State.FAILED else [])
        except CheckpointError as error:
            refused.append(str(error))

    asking = [threading.Thread(target=ask, args=(one,)) for one in wanted]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert sum(present(one) is not None for one in wanted) <= 2
    assert len(refused) >= 4 and all("more than what is left" in words for words in refused)
    assert fetching.taken() <= fetching.budget()


def test_another_process_counts_too(offered: Offered, files: Hub) -> None:
    one, two, three = map(offered, ("one", "two", "three"))
    files.faults = [Fault("BODY", halt=CHUNK)]
    other = another_process(one)
    wait_until(lambda: fetching.partly_here(one) == CHUNK)
    assert fetch(two).state is State.DONE
    with pytest.raises(CheckpointError, match=REFUSED):
        download(three)
    other.kill()
    other.communicate()
    assert fetching.taken() == SIZE + CHUNK
    assert fetch(three).state is State.DONE


def test_a_file_that_is_larger_than_the_manifest_says_is_not_received(offered: Offered) -> None:
    one, two, other = map(offered, ("one", "two", "other"))
    assert fetch(one).state is fetch(two).state is State.DONE
    small = replace(other, size=1000)
    made = fetch(small)
    assert made.state is State.FAILED and "more than what is left" in str(made.error)
    assert fetching.partly_here(small) == 0


def test_a_group_is_refused_as_one(offered: Offered) -> None:
    group = Group("networks", "networks", tuple(map(offered, ("one", "two", "three"))))
    with pytest.raises(CheckpointError, match="4.5 MB, more than"):
        download_all(group)
    assert download_all(group, by_owner=True).wait(SECONDS) is State.DONE
    assert fetching.taken() == 0
