"""How soon a page opens where packets are swallowed: `python -m benchmarks swallowed [--page biggan] [--rounds 5]`.

Two studios are opened in turn in Chromium, until the published model is offered. One has no network: the Hub and every
proxy refuse at once. For the other they are an address that takes no connection and refuses none. Neither has a
published checkpoint, so pages ask where it is as they open, and nothing of that may wait for the network.
"""

import argparse
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from benchmarks.opening import LONGEST_SECONDS, WINDOW
from benchmarks.servers import Served, launched, served

MOST_TIMES = 1.2
SWALLOWED_SECONDS = 0.5
"""After so long without an answer a connection counts as swallowed."""
MOST_WAITING = 64
"""Connections that may wait at an address before it takes no more."""


@contextmanager
def swallowing() -> Iterator[str]:
    """Give an address of this machine that swallows packets: nobody accepts what waits there, and no more may wait.

    Raises:
        OSError: this machine's network refuses what it cannot take, or takes all.
    """
    with ExitStack() as open_sockets:
        listener = open_sockets.enter_context(closing(socket.socket()))
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(MOST_WAITING):
            waiting = open_sockets.enter_context(closing(socket.socket()))
            waiting.settimeout(SWALLOWED_SECONDS)
            try:
                waiting.connect(listener.getsockname())
            except TimeoutError:
                break
        else:
            raise OSError("no address of this machine swallows packets")
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def refusing() -> Iterator[str]:
    """Give an address of this machine where nobody listens."""
    with closing(socket.socket()) as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{kept.getsockname()[1]}"


def leading_to(address: str, cache: str) -> Mapping[str, str]:
    """Give the variables by which a studio finds the Hub, and whatever else is not on this machine, at an address."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), f"http://{address}")
    here = {"NO_PROXY": "127.0.0.1,localhost", "HF_HUB_CACHE": cache, "STUDIO_WEIGHTS": cache}
    return {**proxies, **here, "HF_ENDPOINT": f"http://{address}", "STUDIO_FETCH": "anyone", "HF_HUB_OFFLINE": "0"}


def opened(browser: Any, server: Served, page: str) -> float:
    """Give the seconds until a page offers the published model, with an empty cache."""
    context = browser.new_context(viewport=WINDOW)
    context.set_default_timeout(1000 * LONGEST_SECONDS)
    tab, began = context.new_page(), time.monotonic()
    tab.goto(server.address + page)
    tab.locator(".studio-offer button").locator("visible=true").first.wait_for()
    seconds = time.monotonic() - began
    context.close()
    return seconds


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both medians and their ratio; end with status 1 if it is too large."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="python -m benchmarks swallowed", description=__doc__)
    parser.add_argument("--page", default="biggan", help="the slug of a panel whose first experiment offers a model")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        cache = stack.enter_context(tempfile.TemporaryDirectory())
        places = {"without a network": refusing, "where packets are swallowed": swallowing}
        studios = {
            name: stack.enter_context(served(environment=leading_to(stack.enter_context(place()), cache)))
            for name, place in places.items()
        }
        playwright = stack.enter_context(sync_playwright())
        browser = launched(playwright)
        for studio in studios.values():
            opened(browser, studio, options.page)  # A server makes much of a page once.
        seconds = [
            [opened(browser, studio, options.page) for studio in studios.values()] for _ in range(options.rounds)
        ]
        browser.close()
    medians = [statistics.median(each) for each in zip(*seconds, strict=True)]
    for name, median, each in zip(studios, medians, zip(*seconds, strict=True), strict=True):
        every = ", ".join(f"{one:.2f}" for one in each)
        print(f"{options.page} {name}: offered after {median:.2f} s, median of {every}")
    times = medians[1] / medians[0]
    print(f"{times:.2f} times as long, at most {MOST_TIMES:g}")
    sys.exit(int(times > MOST_TIMES))
