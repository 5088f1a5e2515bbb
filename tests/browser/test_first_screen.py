"""What a visitor came for is on the first screen: the result, and what acts; a phone keeps it while a slider moves."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import pages
from studio.declared import Experiment, Panel
from tests.support.browser import Visit

WIDE = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
LARGEST_HEAD = 235
"""Pixels from the top to the result, with the presets on one line."""
MAIN = ".studio-frame, .stream-figures canvas, .studio-view iframe, .globe-stage, .studio-body svg, .studio-body canvas"
"""What shows a result at once: a picture, a film, a stream, a page of ours, a globe, a drawing."""
SEEN = """main => {
    const seen = (each) => each.checkVisibility() && each.getBoundingClientRect().height > 0;
    const boxes = (selector) => [...document.querySelectorAll(selector)].filter(seen).map((each) => {
        const { top, bottom, width } = each.getBoundingClientRect();
        return { top, bottom, width };
    });
    return { sheet: boxes(".studio-sheet")[0], results: boxes(`.studio-result :is(${main})`),
             acts: boxes(".studio-run, .stream-buttons, .studio-controls input") };
}"""
EXPERIMENTS = [
    pytest.param(panel, experiment, id=f"{panel.slug}-{experiment.name}", marks=[] if first else pytest.mark.proof)
    for panel in pages.panels()
    for first, experiment in ((place == 0, each) for place, each in enumerate(panel.experiments))
]


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(*pages.panels())


@pytest.fixture
def opened(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    visits = []

    def open_page(panel: Panel, experiment: Experiment, viewport: dict[str, int]) -> Page:
        visit = Visit(chromium, f"{address}{panel.slug}", f"?experiment={experiment.name}", viewport=viewport)
        visits.append(visit)
        visit.page.locator(".studio-sheet").locator("visible=true").first.wait_for()
        return visit.page

    yield open_page
    for visit in visits:
        visit.context.close()


@pytest.mark.parametrize(("panel", "experiment"), EXPERIMENTS)
def test_result_and_action_are_on_the_first_screen(
    opened: Callable[..., Page], panel: Panel, experiment: Experiment
) -> None:
    page = opened(panel, experiment, WIDE)
    page.wait_for_function(
        f"main => ({SEEN})(main).acts.length || !document.querySelector('.studio-controls')", arg=MAIN
    )
    page.locator(f".studio-result :is({MAIN}, table, .studio-strip)").locator("visible=true").first.wait_for()
    seen: dict[str, Any] = page.evaluate(SEEN, MAIN)
    assert seen["sheet"]["top"] <= LARGEST_HEAD
    for acts in seen["acts"][:1]:
        assert acts["bottom"] <= WIDE["height"]
    if experiment.name == panel.experiments[0].name:
        first = seen["results"][0]
        in_sight = (WIDE["height"] - first["top"]) / (first["bottom"] - first["top"])
        # Taskonomy's ring of tasks needs the height for its letters.
        assert in_sight >= (0.6 if panel.slug == "taskonomy" else 0.85)


@pytest.mark.parametrize(
    ("panel", "name"), [(pages.panel("biggan"), "truncation"), (pages.panel("ganimation"), "sliders")]
)
def test_on_a_phone_the_picture_is_in_view_while_its_last_slider_is(
    opened: Callable[..., Page], panel: Panel, name: str
) -> None:
    page = opened(panel, panel.experiment(name), PHONE)
    page.locator(".studio-controls input[type=range]").locator("visible=true").last.scroll_into_view_if_needed()
    picture = page.locator(".studio-frame").locator("visible=true").first.bounding_box()
    slider = page.locator(".studio-controls input[type=range]").locator("visible=true").last.bounding_box()
    assert picture is not None and slider is not None
    assert picture["y"] >= 0 and picture["y"] + picture["height"] <= slider["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
