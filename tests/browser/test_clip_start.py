"""Where in a clip to start is asked beside every clip, in every face, and what is not used of a clip is said there."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Visit
from tests.support.clip_start import PANEL, long

LENGTH = "The clip lasts 24.0 seconds; 10.0 of them are taken, from second {} on."


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL)


def test_it_is_set_on_the_main_face(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address)
    page = visit.open("Counting")
    file = {"name": "long.mp4", "mimeType": "video/mp4", "buffer": long()}
    page.locator("fieldset", has_text="Clip").locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("your clip")).to_be_visible()
    page.get_by_label("Clip: from (s)").fill("4")
    page.get_by_role("button", name="Count", exact=True).locator("visible=true").click()
    expect(page.get_by_text(LENGTH.format(4))).to_be_visible()
    expect(page.get_by_role("row", name="clip").get_by_role("cell").nth(1)).to_have_text("12")
    visit.context.close()
    assert visit.complaints == []
