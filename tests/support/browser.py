"""What the browser tests share: Chromium, whose complaints fail a test, and axe."""

import base64
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from studio.drawn import theme
from tests.support.waiting import PATIENCE

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""Debian's, the shell before the whole browser, which takes three times its processor; without either, Playwright's."""
FLAGS = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
PAGE_PATIENCE = 1000 * PATIENCE
"""Milliseconds."""
PAPER = {
    scheme: f"rgb({', '.join(str(part) for part in bytes.fromhex(colour[1:]))})"
    for scheme, colour in zip(("light", "dark"), theme.PAIRS["paper"], strict=True)
}
"""The page's colour as a browser tells it."""
expect.set_options(timeout=PAGE_PATIENCE)


class Visit:
    """One page in a browser of its own, and what went wrong on it."""

    def __init__(self, browser: Browser, address: str, query: str = "", **options: object) -> None:
        self.context = browser.new_context(permissions=["camera"], **options)  # type: ignore[arg-type]
        self.context.set_default_timeout(PAGE_PATIENCE)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._complain(message.type in ("error", "warning"), message.text))
        self.page.on("pageerror", lambda error: self._complain(True, str(error)))
        inside = (address, "data:", "blob:")
        self.page.on("request", lambda request: self._complain(not request.url.startswith(inside), request.url))
        self.page.goto(address + query)
        self.page.locator(".studio-panels, [role=tab]").first.wait_for()
        self.arrive()

    def _complain(self, is_one: bool, words: str) -> None:
        if is_one:
            self.complaints.append(words)

    def arrive(self) -> None:
        """Wait until the page has what was asked of it, before which a hand does nothing on it."""
        expect(self.page.locator("gradio-app[inert]")).to_have_count(0)

    def open(self, *words: str) -> Page:
        """Open a panel, and an experiment of it, by the words in the bar and on the tabs; or only either."""
        folded = self.page.locator(".studio-all[aria-expanded=false]").locator("visible=true")
        if folded.count():  # On a phone.
            folded.click()
        panel = self.page.locator(".studio-panels").get_by_role("link", name=words[0])
        tabs = words
        if panel.count():
            panel.click()
            expect(panel).to_have_attribute("aria-current", "page")
            tabs = words[1:]
        for tab in tabs:
            self.page.get_by_role("tab", name=tab).locator("visible=true").click()
        self.arrive()
        return self.page


@contextmanager
def visits(browser: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens the studio in a browser of its own each time; at the end no page may have complained."""
    opened: list[Visit] = []

    def open_studio(query: str = "", **options: object) -> Visit:
        opened.append(Visit(browser, address, query, **options))
        return opened[-1]

    yield open_studio
    complaints = [words for each in opened for words in each.complaints]
    for each in opened:
        each.context.close()
    assert complaints == []


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
    schemes: tuple[tuple[Literal["light", "dark"], list[str]], ...] = (("light", []), ("dark", ["color-contrast"]))
    for scheme, rules in schemes:
        page.emulate_media(color_scheme=scheme)
        place = "document.querySelector('.stApp') ?? document.body"
        page.wait_for_function(f"paper => getComputedStyle({place}).backgroundColor === paper", arg=PAPER[scheme])
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
