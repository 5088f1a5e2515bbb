"""Moved controls of a live experiment on the page: answered by the socket alone, and their last values told whole."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Visit
from tests.support.shades import PANEL, STEPS


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL)


def test_a_moved_slider_asks_nothing_of_gradio_and_nothing_is_computed_twice(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=shades")
    page = visit.page
    expect(page.get_by_text("At 10.")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    slider = page.get_by_role("slider", name="Level")
    slider.focus()
    STEPS.clear()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("At 22.")).to_be_visible()
    page.wait_for_function("location.search.includes('level=22')")
    picture = page.get_by_role("img", name="Picture", exact=False).locator("visible=true").first
    expect(picture).to_have_attribute("src", re.compile(r"^pictures/"))
    levels = [level for level, _ in STEPS]
    assert levels == sorted(set(levels)) and levels[-1] == 22
    assert {path.split("/")[1] for path in asked} <= {"pictures"}, "only the result's own pictures are fetched"
    field = page.get_by_label("number input for Level")
    field.fill("999")
    field.press("Tab")
    expect(page.get_by_text("At 255.").or_(page.get_by_role("alert").filter(has_text="Level")).first).to_be_visible()
    assert visit.complaints == []
    visit.context.close()


def test_where_the_socket_is_refused_gradio_answers_once_the_slider_rests(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "", viewport={"width": 1366, "height": 768})
    page = visit.page
    page.route_web_socket(re.compile("/socket/"), lambda socket: socket.close())
    visit.open("Shades")
    expect(page.get_by_text("At 10.")).to_be_visible()
    slider = page.get_by_role("slider", name="Level")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("At 13.")).to_be_visible()
    page.wait_for_function("location.search.includes('level=13')")
    assert visit.complaints == []
    visit.context.close()
