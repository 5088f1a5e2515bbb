"""Pages and the way between them: the bar, Back and Forward, permalinks while they open."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

import pages
from studio.declared import Panel
from studio.runs import permalink
from tests.support.browser import Visit, drop, visits
from tests.support.exposures import PANELS, RUNS, download, expect_query, settle, shown

WIDTHS = (360, 390, 768, 1024, 1366, 1400, 1920)
CUT_OFF = """() => [...document.querySelectorAll(".studio-head a, .studio-head button, [role=tab]")]
    .filter((each) => each.checkVisibility())
    .filter((each) => each.scrollWidth > each.clientWidth + (getComputedStyle(each).display === "inline" ? 1e9 : 0)
        || each.getBoundingClientRect().right > innerWidth || each.getBoundingClientRect().left < 0)
    .map((each) => each.textContent)"""
"""The labels that cannot be read whole."""
WATCH = """
    window.sights = new Set();
    const look = () => {
        for (const each of document.querySelectorAll(".studio-survey, .studio-opening")) {
            const words = each.className === "studio-survey" ? "survey" : each.textContent;
            if (each.checkVisibility()) window.sights.add(words);
        }
        requestAnimationFrame(look);
    };
    look();
"""
"""Notes at every frame whether the survey, and what sentence about the opening, can be seen."""

COUNT = """
    window.contexts = window.sockets = 0;
    const get = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        const context = get.call(this, kind, ...rest);
        if (context && kind.startsWith("webgl") && !this.counted) { this.counted = true; window.contexts += 1; }
        return context;
    };
    const Original = window.WebSocket;
    window.WebSocket = class extends Original {
        constructor(...given) {
            super(...given);
            window.sockets += 1;
            this.addEventListener("close", () => { window.sockets -= 1; });
        }
    };
"""
"""Counts the WebGL contexts and the open sockets of a page."""


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(*PANELS)


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    with visits(chromium, address) as opened:
        yield opened


def expect_place(page: Page, panel: str, experiment: str) -> None:
    page.wait_for_function(
        "place => (location.pathname + location.search).startsWith(place)", arg=f"/{panel}?experiment={experiment}"
    )
    expect(page.locator(".studio-sheet").locator("visible=true")).to_be_visible()


def test_back_and_forward_go_through_what_was_visited(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.open("Darkroom")
    settle(page)
    page.get_by_role("slider", name="Gain").fill("0.5")
    page.get_by_role("button", name="Expose").click()
    settle(page, 0.5)
    expect_query(page, gain="0.5")
    RUNS.clear()
    one.open("Hard experiments")
    expect(page.locator(".studio-sheet").locator("visible=true")).to_be_visible()
    # So the first experiment was in sight, and is a place to come back to.
    page.evaluate("new Promise(done => setTimeout(() => requestAnimationFrame(done), 500))")
    one.open("Trial")
    expect_place(page, "hard_experiments", "trial")
    expect(page.get_by_role("cell", name="80", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("tab", selected=True)).not_to_have_text("Trial")
    page.go_back()
    expect_query(page, gain="0.5")
    settle(page, 0.5)
    assert page.get_by_role("slider", name="Gain").input_value() == "0.5"
    expect(shown(page, ".studio-visits button")).to_have_count(2)
    assert RUNS == []
    page.go_back()
    expect(page.get_by_role("heading", name="Photo stylization")).to_be_visible()
    assert page.evaluate("location.pathname") == "/"
    page.go_forward()
    expect_query(page, gain="0.5")
    settle(page, 0.5)
    page.go_forward()
    page.go_forward()
    expect_place(page, "hard_experiments", "trial")


def test_a_permalink_says_that_it_opens_and_never_shows_the_survey(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.page.add_init_script(WATCH)
    one.page.goto(one.page.url + "?panel=darkroom&gain=0.5&seed=3")
    settle(one.page, 0.5, 3)
    expect_query(one.page, gain="0.5", seed="3")
    expect(one.page.locator(".studio-opening")).not_to_be_visible()
    sights = one.page.evaluate("[...window.sights]")
    assert "Opening what was asked for." in sights and "survey" not in sights


@pytest.mark.proof
def test_a_tab_that_is_chosen_while_a_permalink_opens_stays(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.page
    held: list[Any] = []
    waits = True
    page.route("**/queue/join**", lambda route: held.append(route) if waits else route.continue_())
    page.goto(page.url + "?panel=hard_experiments&experiment=race&norm=bn")
    expect(page.get_by_role("tab", name="Race")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Mirror").click()
    expect_place(page, "hard_experiments", "mirror")
    waits = False
    for route in held:
        route.continue_()
    page.wait_for_timeout(1500)
    expect(page.get_by_role("tab", name="Mirror")).to_have_attribute("aria-selected", "true")
    expect_place(page, "hard_experiments", "mirror")
    page.go_back()
    expect(page.get_by_role("tab", name="Race")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("batch", exact=True)).to_be_checked()


def test_every_label_is_whole_at_every_width(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.open("Hard experiments")
    expect(page.get_by_role("tab", name="Race")).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(100)
        assert page.evaluate(CUT_OFF) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="module")
def whole_studio(studio_of: Callable[..., str]) -> str:
    return studio_of(*pages.panels())


@pytest.mark.proof
def test_all_panels_are_walked_through_and_back(chromium: Browser, whole_studio: str) -> None:
    with visits(chromium, whole_studio) as opened:
        one = opened()
        one.page.add_init_script(COUNT)
        page = one.page
        page.goto(page.url)
        visited = []
        for panel in pages.panels():
            one.open(panel.title)
            expect_place(page, panel.slug, panel.experiments[0].name)
            visited.append(page.url)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                page.wait_for_timeout(60)
                assert page.evaluate(CUT_OFF) == [], (panel.slug, width)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (panel.slug, width)
        for address in reversed(visited[:-1]):
            page.go_back()
            page.wait_for_url(address)
            expect(page.locator(".studio-sheet").locator("visible=true")).to_be_visible()
        for address in visited[1:]:
            page.go_forward()
            page.wait_for_url(address)
        one.open("Spherical CNNs")
        expect(page.locator(".globes canvas").locator("visible=true").first).to_be_visible()
        contexts = page.evaluate("window.contexts")
        for _ in range(15):
            one.open("BigGAN")
            one.open("Spherical CNNs")
        expect(page.locator(".globes canvas").locator("visible=true").first).to_be_visible()
        page.wait_for_timeout(1000)
        assert page.evaluate("window.contexts") == contexts
        assert page.evaluate("window.sockets") <= 1
        one.complaints[:] = [words for words in one.complaints if "GPU stall due to ReadPixels" not in words]


@pytest.mark.proof
@pytest.mark.parametrize("panel", pages.panels(), ids=lambda panel: panel.slug)
def test_permalinks_of_all_experiments_old_and_new(whole_studio: str, panel: Panel) -> None:
    for experiment in panel.experiments:
        for values in experiment.presets.values():
            query = permalink.write(panel, experiment, {**experiment.opening(), **values})
            old = httpx.get(f"{whole_studio}?{urlencode(query)}")
            assert old.status_code == 307
            new = httpx.get(urljoin(whole_studio, old.headers["location"]))
            assert new.status_code == 200
            asked = urlsplit(str(new.url))
            assert {"panel": asked.path.strip("/"), **dict(parse_qsl(asked.query, keep_blank_values=True))} == query
            assert f'data-page="{panel.slug}"' in new.text


@pytest.mark.proof
def test_a_saved_picture_of_another_panel_opens_there(chromium: Browser, whole_studio: str) -> None:
    with visits(chromium, whole_studio) as opened:
        one = opened("biggan?experiment=truncation&truncation=0.4")
        expect(one.page.locator(".studio-opening")).not_to_be_visible()
        one.page.wait_for_function("location.search.includes('truncation=0.4')")
        expect(one.page.locator(".studio-visits button")).to_have_count(2)  # What the page opens with, and this.
        saved = download(one.page)
        other = opened("taskonomy").page
        expect_place(other, "taskonomy", pages.panels()[4].experiments[0].name)
        drop(other, saved)
        expect_place(other, "biggan", "truncation")
        other.wait_for_function("location.search.includes('truncation=0.4')")
