"""Who may fetch checkpoints, and who may stop it."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from engines.runtime.checkpoints import Group, catalogue, find, groups, present
from engines.runtime.downloads import download, instead_of, latest
from engines.runtime.errors import CheckpointError
from engines.runtime.scheduler import State
from engines.runtime.transfer import CHUNK
from studio.runs import visitors
from tests.support import hard_experiments
from tests.support.hub_server import Fault, Hub
from tests.support.published_files import publish
from tests.support.waiting import wait_until


@pytest.fixture
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(hard_experiments.PANEL)


def absent() -> str:
    return next(name for name, one in catalogue().items() if one.repo is not None and present(one) is None)


def asked(address: str, name: str, action: str, cookie: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{address}checkpoints/{name}", json={"action": action}, headers={"Cookie": f"{visitors.COOKIE}={cookie}"}
    )
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize(
    ("may", "words"), [("owner", "Whoever runs this studio"), ("nobody", "fetches no checkpoints")]
)
def test_where_visitors_may_not_fetch_they_are_told_and_nothing_is_asked_of_the_hub(
    hub: Hub, address: str, monkeypatch: pytest.MonkeyPatch, may: str, words: str
) -> None:
    monkeypatch.setenv("STUDIO_FETCH", may)
    name = absent()
    state = httpx.get(f"{address}checkpoints/{name}").json()
    assert state["action"] is None and words in state["words"]
    assert words in asked(address, name, "Download", visitors.signed_cookie())["words"]
    checkpoint, bundled = find(name), next(one for one in catalogue().values() if one.repo is None)
    told = instead_of(checkpoint, bundled, CheckpointError("It is not here."))
    assert words in told and "This result is from" in told
    assert latest(checkpoint) is None
    if may == "nobody":
        with pytest.raises(CheckpointError, match=words):
            download(checkpoint, by_owner=True)


def test_only_who_started_a_download_stops_it(hub: Hub, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint, one, other = publish(hub), visitors.signed_cookie(), visitors.signed_cookie()
    monkeypatch.setitem(catalogue(), checkpoint.name, checkpoint)
    hub.faults = [Fault("BODY", halt=CHUNK)]
    asked(address, checkpoint.name, "Download", one)
    wait_until(hub.halted.is_set)
    made = latest(checkpoint)
    assert made is not None
    assert "only they can stop it" in asked(address, checkpoint.name, "Cancel", other)["words"] and not made.ended
    asked(address, checkpoint.name, "Cancel", one)
    hub.release.set()
    assert made.state is State.CANCELLED


def test_the_button_says_how_much_and_how_long_and_that_a_licence_is_not_stated(
    hub: Hub, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def label(name: str) -> str:
        told: str = httpx.get(f"{address}checkpoints/{name}").json()["label"]
        return told

    assert label("ganimation-replicate") == "Download 33.9 MB (licence not stated)"
    assert label("group-normalization-resnet50") == "Download 102 MB"
    assert re.fullmatch(r"Download 1,9\d\d MB", label("taskonomy-published"))
    checkpoint = publish(hub)
    monkeypatch.setitem(catalogue(), checkpoint.name, checkpoint)
    assert asked(address, checkpoint.name, "Download", visitors.signed_cookie())["label"] in ("Cancel", None)
    made = latest(checkpoint)
    assert made is not None and made.wait(20) is State.DONE
    assert label(checkpoint.name) is None
    assert re.fullmatch(r"Download 102 MB, about \d+ s here", label("group-normalization-resnet50"))


def test_a_group_is_fetched_by_one_press(hub: Hub, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    members = tuple(publish(hub, name=f"network-{number}") for number in range(2))
    monkeypatch.setitem(groups(), "networks", Group("networks", "two networks", members))
    assert asked(address, "networks", "Download", visitors.signed_cookie())["action"] in ("Cancel", None)
    made = latest(groups()["networks"])
    assert made is not None and made.wait(20) is State.DONE
    told = httpx.get(f"{address}checkpoints/networks").json()
    assert (told["words"], told["here"]) == ("On this machine.", True)
    assert (told["fraction"], told["action"], told["label"]) == (None, None, None)
