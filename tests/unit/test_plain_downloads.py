"""Files at plain addresses are downloaded like the Hub's: resumed, checked, from the first mirror that serves."""

import re
import signal
from dataclasses import replace

import pytest
from huggingface_hub import constants, scan_cache_dir

from engines.runtime import checkpoints
from engines.runtime.checkpoints import Group, is_sound, pinned, present
from engines.runtime.downloads import download_all, latest
from engines.runtime.fetching import partly_here
from engines.runtime.scheduler import State
from engines.runtime.transfer import CHUNK
from tests.support.hub_server import Fault, Hub
from tests.support.published_files import (
    CONTENT,
    SECONDS,
    another_process,
    content_here,
    fault,
    fetch,
    publish,
    publish_plain,
)
from tests.support.waiting import wait_until


@fault("plain file")
def test_a_plain_file_is_fetched_checked_and_used(hub: Hub, files: Hub) -> None:
    checkpoint = publish_plain(files, "network.pth")
    assert present(checkpoint) is None
    made = fetch(checkpoint)
    assert (made.state, made.done, made.total) == (State.DONE, len(CONTENT), len(CONTENT))
    assert content_here(checkpoint) == CONTENT and is_sound(checkpoint)
    assert hub.requests == [], "the Hub has no part in it"
    files.requests.clear()
    assert fetch(checkpoint).state is State.DONE and files.requests == []


@fault("redirect to another host")
def test_a_redirect_to_another_host_is_followed_with_its_range(hub: Hub, files: Hub) -> None:
    checkpoint = publish_plain(files, "network.pth")
    checkpoint = replace(checkpoint, addresses=(files.moved("network.pth"),))
    files.faults = [Fault("BODY", cut=CHUNK)]
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    assert files.bodies() == ["bytes=0-", f"bytes={CHUNK}-"]


@fault("plain file of a killed process")
def test_a_killed_process_leaves_what_it_had_and_the_hubs_tools_find_nothing_amiss(hub: Hub, files: Hub) -> None:
    checkpoint = publish_plain(files, "network.pth")
    files.faults = [Fault("BODY", halt=3 * CHUNK)]
    other = another_process(checkpoint)
    wait_until(lambda: partly_here(checkpoint) == 3 * CHUNK)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert present(checkpoint) is None
    assert not scan_cache_dir(constants.HF_HUB_CACHE).warnings
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    assert files.bodies() == ["bytes=0-", f"bytes={3 * CHUNK}-"]
    assert not scan_cache_dir(constants.HF_HUB_CACHE).warnings


@fault("half a file from the Hub")
def test_a_partial_download_from_the_hub_is_no_corrupted_cache(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.faults = [Fault("BODY", halt=CHUNK)]
    other = another_process(checkpoint)
    wait_until(lambda: partly_here(checkpoint) == CHUNK)
    other.kill()
    other.communicate()
    assert not scan_cache_dir(constants.HF_HUB_CACHE).warnings


@fault("plain file from a server without ranges")
def test_a_server_without_ranges_sends_all_of_it_again(hub: Hub, files: Hub) -> None:
    checkpoint = publish_plain(files, "network.pth")
    files.faults = [Fault("BODY", cut=2 * CHUNK), Fault("BODY", ranges=False)]
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT


@fault("slow server")
def test_a_slow_server_is_waited_for(hub: Hub, files: Hub) -> None:
    files.faults = [Fault("BODY", slow=0.01)]
    assert fetch(publish_plain(files, "network.pth")).state is State.DONE


@fault("silent server")
def test_a_server_that_falls_silent_is_asked_again_for_the_rest(
    hub: Hub, files: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
    files.faults = [Fault("BODY", halt=2 * CHUNK)]
    assert fetch(publish_plain(files, "network.pth")).state is State.DONE
    assert files.bodies() == ["bytes=0-", f"bytes={2 * CHUNK}-"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Fault("BODY", 403), r"127\.0\.0\.1, or a proxy on the way to it, refuses the file \(403\)"),
        (Fault("BODY", 404), r"127\.0\.0\.1 no longer has the file \(404\)"),
        (Fault("BODY", page=True), r"127\.0\.0\.1 answers with a web page in place of the file"),
        (Fault("BODY", 429, {"Retry-After": "600"}), r"has had too many requests \(429\). Try again in 600 s"),
    ],
    ids=["403", "404", "page", "429"],
)
def test_a_mirror_that_refuses_is_passed_over_and_all_that_refuse_are_told(
    hub: Hub, files: Hub, wrong: Fault, words: str
) -> None:
    with fault(f"mirror with {words}"):
        checkpoint = publish_plain(files, "one.pth", "other.pth")
        files.faults = [wrong]
        assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
        assert [request.path for request in files.requests] == ["/files/one.pth", "/files/other.pth"]
        present(checkpoint)[1].unlink()  # type: ignore[index]
        files.faults = [wrong, wrong]
        made = fetch(checkpoint)
        assert made.state is State.FAILED and made.error is not None
        assert len(re.findall(words, made.error)) == 2 and made.error.endswith("weights import network FILE`.")


@fault("mirror with another file")
def test_the_sum_decides_and_a_mirror_with_another_file_is_passed_over(hub: Hub, files: Hub) -> None:
    checkpoint = publish_plain(files, "one.pth", "other.pth")
    files.plain["one.pth"] = CONTENT[:-1] + b"x"
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    assert [request.path for request in files.requests] == ["/files/one.pth"] * 2 + ["/files/other.pth"]


@fault("partial file longer than the server's")
def test_what_was_begun_of_a_longer_file_is_begun_again(hub: Hub, files: Hub) -> None:
    checkpoint = publish_plain(files, "network.pth", sha256=None)
    files.plain["network.pth"] = CONTENT * 2
    files.faults = [Fault("BODY", halt=7 * CHUNK)]
    other = another_process(checkpoint)
    wait_until(lambda: partly_here(checkpoint) == 7 * CHUNK)
    other.kill()
    other.communicate()
    files.plain["network.pth"] = CONTENT
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT


@fault("Hub that refuses what a mirror has")
def test_a_mirror_serves_what_the_hub_refuses_and_goes_on_where_the_hub_stopped(hub: Hub, files: Hub) -> None:
    address = files.put_plain("network.pth", CONTENT)
    checkpoint = publish(hub, addresses=(address,))
    cut = [Fault("BODY", cut=CHUNK), *[Fault("BODY", 503)] * 9]
    hub.faults = cut
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    assert files.bodies() == [f"bytes={CHUNK}-"]


@fault("sum of which the first digits are published")
def test_the_first_digits_of_a_sum_decide_and_the_rest_is_pinned(hub: Hub, files: Hub) -> None:
    whole = publish_plain(files, "network.pth")
    assert whole.sha256 is not None
    checkpoint = replace(whole, sha256=whole.sha256[:8])
    assert fetch(checkpoint).state is State.DONE and pinned(checkpoint) == (None, whole.sha256)
    path = present(checkpoint)[1]  # type: ignore[index]
    path.write_bytes(CONTENT[::-1])
    assert is_sound(checkpoint) is False
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    wrong = replace(checkpoint, name="wrong", sha256="00000000")
    assert "its SHA-256 is" in str(fetch(wrong)) and present(wrong) is None


@fault("file without a recorded sum")
def test_the_first_download_pins_the_sum_that_nobody_recorded(hub: Hub, files: Hub) -> None:
    checkpoint = publish_plain(files, "network.pth", sha256=None, size=1_000_000)
    assert fetch(checkpoint).state is State.DONE and is_sound(checkpoint)
    present(checkpoint)[1].unlink()  # type: ignore[index]
    files.plain["network.pth"] = CONTENT[::-1]
    assert "arrived altered twice" in str(fetch(checkpoint))


@fault("offline mode of plain files")
def test_nothing_is_asked_of_any_server_in_offline_mode(hub: Hub, files: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "while HF_HUB_OFFLINE is set" in str(fetch(publish_plain(files, "network.pth")))
    assert files.requests == []


def group_of(files: Hub, count: int) -> Group:
    members = tuple(
        publish_plain(files, f"{number}.pth", content=bytes([number]) * CHUNK, name=f"network-{number}")
        for number in range(count)
    )
    return Group("networks", "published networks", members)


@fault("group of files, one of which fails")
def test_the_files_of_a_group_are_fetched_as_one_and_taken_up_where_one_failed(hub: Hub, files: Hub) -> None:
    group = group_of(files, 4)
    files.plain.pop("2.pth")
    made = download_all(group)
    assert made.wait(SECONDS) is State.FAILED
    assert str(made).startswith("networks could not be downloaded. network-2 could not be downloaded.")
    assert [present(each) is not None for each in group.members] == [True, True, False, False]
    files.put_plain("2.pth", bytes([2]) * CHUNK)
    files.requests.clear()
    again = download_all(group)
    assert again is not made and again.wait(SECONDS) is State.DONE and str(again) == "networks is here."
    assert [request.path for request in files.requests] == ["/files/2.pth", "/files/3.pth"]
    assert again.done == again.total == group.size


def test_a_group_tells_which_file_is_on_its_way_and_is_cancelled(hub: Hub, files: Hub) -> None:
    group = group_of(files, 3)
    files.faults = [Fault("HEAD"), Fault("BODY"), Fault("BODY", halt=CHUNK // 2)]
    made = download_all(group)
    wait_until(files.halted.is_set)
    assert download_all(group) is made and latest(group) is made
    wait_until(lambda: "file 2 of 3" in str(made))
    assert re.match(r"networks, file 2 of 3, is being downloaded: 0\.\d of 0\.8 MB", str(made))
    made.cancel()
    files.release.set()
    assert made.wait(SECONDS) is State.CANCELLED and present(group.members[2]) is None


def test_every_group_of_the_manifest_has_members_that_can_be_fetched() -> None:
    for group in checkpoints.groups().values():
        assert group.members and all(each.fetchable for each in group.members)
    assert {each.group for each in checkpoints.catalogue().values()} - {None} == set(checkpoints.groups())
