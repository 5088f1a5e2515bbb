"""What a visitor came for is on the first screen: the result, and what acts; a phone keeps it while a slider moves."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

import pages
from studio.declared import Experiment, Panel
from studio.kinds import Number, Start
from tests.support.browser import Visit

WIDE = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
LARGEST_HEAD = 235
LARGEST_HEAD_OF_A_PHONE = 340
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
             acts: boxes(".studio-run, .stream-buttons, .studio-controls :is(input, textarea)") };
}"""
PROOF = pytest.mark.proof
FEW = ("truncation", "sliders")
"""Experiments whose sliders are moved on a phone even if the proof is not asked for."""
AT_ONCE = ("spherical_cnn-globe", "photo_stylization-stylize", "ganimation-sliders", "everybody_dance_now-dance")
"""Experiments that are looked at even then: a globe, photographs, a face, a camera."""
SHOWN = f"{MAIN}, .studio-strip, .studio-body table"
HELD = """(slider, shown) => {
    scrollBy(0, slider.getBoundingClientRect().top - 0.72 * innerHeight);
    const place = slider.getBoundingClientRect();
    const seen = (each) => each.checkVisibility() && each.getBoundingClientRect().height > 0;
    const picture = [...document.querySelectorAll(`.studio-result :is(${shown})`)].find(seen).getBoundingClientRect();
    const over = document.elementFromPoint(place.left + place.width / 2, place.top + place.height / 2);
    return [picture, place, over === slider].map((each) => each.toJSON?.() ?? each);
}"""
EXPERIMENTS = [
    pytest.param(panel, experiment, id=f"{panel.slug}-{experiment.name}", marks=[] if first else PROOF)
    for panel in pages.panels()
    for first, experiment in ((f"{panel.slug}-{each.name}" in AT_ONCE, each) for each in panel.experiments)
]

SLID = [
    pytest.param(panel, experiment, id=f"{panel.slug}-{experiment.name}", marks=[] if experiment.name in FEW else PROOF)
    for panel in pages.panels()
    for experiment in panel.experiments
    if any(isinstance(control, Number) and not isinstance(control, Start) for control in experiment.controls.values())
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


@pytest.mark.parametrize(("panel", "experiment"), SLID)
def test_on_a_phone_the_picture_is_in_view_while_a_slider_moves(
    opened: Callable[..., Page], panel: Panel, experiment: Experiment
) -> None:
    page = opened(panel, experiment, PHONE)
    page.locator(f".studio-result :is({SHOWN})").locator("visible=true").first.wait_for()
    page.locator(".studio-controls input[type=range]").locator("visible=true").first.wait_for()
    seen: dict[str, Any] = page.evaluate(SEEN, MAIN)
    assert seen["sheet"]["top"] <= LARGEST_HEAD_OF_A_PHONE
    for more in page.locator(".studio-more > button").locator("visible=true").all():
        more.evaluate("more => more.click()")
    for slider in page.locator(".studio-controls input[type=range]").locator("visible=true").all():
        picture, place, is_free = slider.evaluate(HELD, SHOWN)
        assert picture["top"] >= -1 and picture["bottom"] <= place["top"], slider.get_attribute("aria-label")
        assert is_free, "nothing lies over the slider"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_on_a_phone_the_bar_of_papers_is_one_line_until_all_are_asked_for(opened: Callable[..., Page]) -> None:
    panel = pages.panel("biggan")
    page = opened(panel, panel.experiments[0], PHONE)
    links = page.locator(".studio-panels a").locator("visible=true")
    expect(links).to_have_text(["10\u2002BigGAN"])
    page.get_by_role("button", name="All papers").click()
    expect(links).to_have_count(1 + len(pages.panels()))
    links.filter(has_text="SAGAN").click()
    page.wait_for_url("**/sagan*")


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_front_page_moves_where_it_is_seen_and_for_who_likes_it(
    chromium: Browser, address: str, motion: Literal["no-preference", "reduce"]
) -> None:
    context = chromium.new_context(viewport=PHONE, reduced_motion=motion)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    first, last = (page.locator(".studio-survey img").nth(place) for place in (0, -1))
    rest, living = (first.get_attribute(f"data-{name}") for name in ("src", "living"))
    assert rest and living and rest != living
    expect(first).to_have_attribute("src", rest if motion == "reduce" else living)
    assert last.get_attribute("src") is None, "it is fetched once it comes into sight"
    last.scroll_into_view_if_needed()
    expect(last).to_have_attribute("src", str(last.get_attribute("data-src" if motion == "reduce" else "data-living")))
    memory = page.get_by_role("button", name="Memory").bounding_box()
    picture = last.bounding_box()
    assert memory is not None and picture is not None and memory["y"] > picture["y"], "it stands at the foot"
    context.close()
