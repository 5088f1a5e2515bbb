"""What a browser shows of the Streamlit face, whose complaints fail a test."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.support import ROOT
from tests.support.browser import PAGE_PATIENCE
from tests.support.servers import process

SERVE = "from studio.faces.streamlit.server import serve\n"


def streamlit_server(folder: Path) -> AbstractContextManager[str]:
    """Where a real server serves the panels of tests/support/streamlit.py, behind the guards of the studio's own."""
    path = folder / "app.py"
    path.write_text("from tests.support.streamlit import script\n\nscript()\n")
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}

    def command(port: int) -> list[str]:
        return [sys.executable, "-c", f"{SERVE}serve({str(path)!r}, '127.0.0.1', {port})"]

    return process(command, lambda port: environment, path="/_stcore/health")


@contextmanager
def streamlit_visits(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the studio, with a query, in a browser of its own; at the end no page may have complained of an error, a
    warning or a request to elsewhere."""
    complaints: list[str] = []
    contexts = []
    own = (address, "data:", "blob:")

    def complain(is_one: bool, words: str) -> None:
        if is_one:
            complaints.append(words)

    def hear(message: ConsoleMessage) -> None:
        # Streamlit forgets a picture once the next has taken its place; a browser may ask for it after that.
        forgotten = "/media/" in message.location["url"] + message.text and (
            "404" in message.text or "Image source error" in message.text
        )
        complain(message.type in ("error", "warning") and not forgotten, message.text)

    def open_studio(query: dict[str, str] | None = None, **options: Any) -> Page:
        contexts.append(chromium.new_context(permissions=["camera"], **options))
        contexts[-1].set_default_timeout(PAGE_PATIENCE)
        page = contexts[-1].new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complain(True, str(error)))
        page.on("request", lambda request: complain(not request.url.startswith(own), request.url))
        page.goto(f"{address}/?{urlencode(query)}" if query else address)
        return page

    yield open_studio
    for context in contexts:
        context.close()
    assert complaints == []


def expect_query(page: Page, **expected: str) -> None:
    """Wait for the address bar to ask for that and nothing else but a job."""
    wanted = urlencode(sorted(expected.items()))
    others = "[...new URLSearchParams(location.search)].filter(([name]) => name !== 'job')"
    sorted_now = f"new URLSearchParams({others}.sort()).toString()"
    page.wait_for_function(f"wanted => {sorted_now} === wanted", arg=wanted)


def download(page: Page, name: str = "Download") -> Path:
    """The file that the first button of that name gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name=name, exact=True).first.click()
    return download.value.path()


def query(page: Page) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.url).query))


def pixels(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file).convert("RGB"))


def move(slider: Locator, key: str, times: int = 1) -> None:
    slider.focus()
    for _ in range(times):
        slider.press(key)


def rest(page: Page) -> None:
    """Wait until the page is drawn: what a hand does meanwhile may be lost on it."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
