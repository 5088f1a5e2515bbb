"""Before a visitor asks for a checkpoint, the studio connects to nobody."""

import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from engines.runtime.checkpoints import catalogue, choice_of, groups
from engines.runtime.downloads import latest
from tests.support import hard_experiments
from tests.support.hub_server import Hub

LOCAL = ("127.0.0.1", "::1", "localhost")


class _Outbound:
    """Notes who is connected to; an audit hook stays for good, so it listens only for a while."""

    def __init__(self) -> None:
        self.listens, self.hosts = False, [""]
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.listens and event in ("socket.connect", "socket.getaddrinfo"):
            place = arguments[1] if event == "socket.connect" else arguments
            self.hosts.append(str(place[0] if isinstance(place, tuple) else place))


@pytest.fixture(scope="module")
def listener() -> _Outbound:
    return _Outbound()


@pytest.fixture
def outbound(listener: _Outbound) -> Iterator[list[str]]:
    """The hosts beyond this machine that are connected to."""
    listener.listens, listener.hosts = True, []
    yield listener.hosts
    listener.listens = False


def test_opening_pages_and_asking_where_checkpoints_are_goes_nowhere(
    hub: Hub, studio_of: Any, outbound: list[str]
) -> None:
    address = studio_of(hard_experiments.PANEL)
    with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as visitor:
        assert visitor.get("/").status_code == 200
        for name in [*catalogue(), *groups()]:
            told = visitor.get(f"checkpoints/{name}").json()
            assert told["fraction"] is None and told["words"]
            assert latest(choice_of(name)) is None
    assert hub.requests == []
    assert [host for host in outbound if host not in LOCAL] == []


def test_the_listener_hears_what_goes_out(outbound: list[str]) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://nowhere.invalid/")
    assert "nowhere.invalid" in outbound
