"""A paper that is only declared is on both faces, in the API, among the MCP tools and on the command line."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Visit
from tests.support.sunshine import added, fetched, panels, sky


@pytest.fixture(scope="module", autouse=True)
def paper() -> Iterator[None]:
    with added():
        yield


@pytest.fixture(scope="module")
def address(paper: None, studio_of: Callable[..., str]) -> str:
    return studio_of(*panels())


def test_gradio(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=sunshine&experiment=shine&height=0.3&seed=5")
    page = visit.page
    expect(page.get_by_role("link", name="98 Sunshine")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("img", name="Sky").locator("visible=true")).to_be_visible()
    link = page.get_by_role("link", name="Download").locator("visible=true")
    assert np.array_equal(fetched(address + str(link.get_attribute("href"))), sky())
    assert page.get_by_role("spinbutton", name="Seed").input_value() == "5"
    assert visit.complaints == []
    visit.context.close()
