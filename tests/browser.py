"""What the browser tests share: a real server on the loopback interface, and Chromium, whose complaints fail a test."""

import base64
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from engines.runtime.device import describe
from pages._gradio import WEB, serve
from pages._panel import Panel

CHROMIUM = Path("/usr/bin/chromium")
"""Debian's; where it is missing, Playwright's own is used."""
FLAGS = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
expect.set_options(timeout=30_000)  # Machines that run tests are busy; where time matters a test measures it.
TRIAL = Path(__file__).parent / "trial-stub.html"


def free_port() -> int:
    """A port of the loopback interface on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def studio(panels: Sequence[Panel], folder: Path) -> Iterator[str]:
    """The address of a studio with these panels, whose web files, with the test's own, are copied into `folder`."""
    describe()  # It imports torch, for which no test should wait.
    web = folder / "web"
    shutil.copytree(WEB, web)
    shutil.copy(TRIAL, web)
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    served = serve(panels, free_port(), web)
    try:
        yield served.local_url
    finally:
        served.close(verbose=False)


class Visit:
    """One page in a browser of its own, and what went wrong on it."""

    def __init__(self, browser: Browser, address: str, query: str = "", **options: object) -> None:
        self.context = browser.new_context(permissions=["camera"], **options)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._complain(message.type in ("error", "warning"), message.text))
        self.page.on("pageerror", lambda error: self._complain(True, str(error)))
        inside = (address, "data:", "blob:")
        self.page.on("request", lambda request: self._complain(not request.url.startswith(inside), request.url))
        self.page.goto(address + query)
        self.page.get_by_role("tab").first.wait_for()

    def _complain(self, is_one: bool, words: str) -> None:
        if is_one:
            self.complaints.append(words)

    def open(self, *tabs: str) -> Page:
        """Open a panel, and an experiment of it, by the words on their tabs."""
        for tab in tabs:
            self.page.get_by_role("tab", name=tab).locator("visible=true").click()
        return self.page


def drop(page: Page, content: bytes, selector: str = "body", name: str = "saved.png") -> None:
    """What a hand does that lets go of a file over the page."""
    data = page.evaluate_handle(
        """([text, name]) => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
            data.items.add(new File([bytes], name));
            return data;
        }""",
        [base64.b64encode(content).decode(), name],
    )
    for kind in ("dragover", "drop"):
        page.locator(selector).locator("visible=true").first.dispatch_event(kind, {"dataTransfer": data})


def serious_in_both_schemes(page: Page) -> list[tuple[str, str, str]]:
    """What axe finds on the page in light and, since nothing but colours change, of colours in dark."""
    found = []
    schemes: tuple[tuple[Literal["light", "dark"], str, list[str]], ...] = (
        ("light", "rgb(253, 252, 249)", []),
        ("dark", "rgb(21, 20, 18)", ["color-contrast"]),
    )
    for scheme, paper, rules in schemes:
        page.emulate_media(color_scheme=scheme)
        place = "document.querySelector('.stApp') ?? document.body"
        page.wait_for_function(f"paper => getComputedStyle({place}).backgroundColor === paper", arg=paper)
        found += serious_findings(page, rules)
    return found


def serious_findings(page: Page, rules: Sequence[str] = ()) -> list[tuple[str, str, str]]:
    """What axe finds on the page that is serious or critical, by these rules or by all: the rule, the element, and what
    is wrong.

    What fades in or out has done so first: halfway it has no contrast.
    """
    page.wait_for_function(
        "document.getAnimations().every(one => one.playState !== 'running' || one.effect.getTiming().iterations > 9)"
    )
    options = {"runOnly": list(rules)} if rules else {}
    return [
        (finding["id"], node["html"], node["failureSummary"])
        for finding in Axe().run(page, options=options).response["violations"]
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]
