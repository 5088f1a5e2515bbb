"""A control and an output of kinds that a test adds are drawn by the JavaScript that they bring, on both faces."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Visit
from tests.support.sunshine import added, panels


@pytest.fixture(scope="module", autouse=True)
def paper() -> Iterator[None]:
    with added():
        yield


@pytest.fixture(scope="module")
def address(paper: None, studio_of: Callable[..., str]) -> str:
    return studio_of(*panels())


def test_gradio(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=moonlight&experiment=watch&hours=0.3,0.6")
    page = visit.page
    bars = page.get_by_role("list", name="Moonlight by the hour").get_by_role("listitem")
    expect(bars).to_have_text(["evening: 0.1", "midnight: 0.3", "morning: 0"])
    until = page.get_by_role("spinbutton", name="to", exact=True)
    assert until.input_value() == "0.6"
    until.fill("0.9")
    until.press("Tab")
    page.get_by_role("button", name="Watch", exact=True).click()
    expect(bars).to_have_text(["evening: 0.1", "midnight: 0.4", "morning: 0.3"])
    expect(page).to_have_url(address + "moonlight?experiment=watch&hours=0.3%2C0.9")
    assert visit.complaints == []
    visit.context.close()
