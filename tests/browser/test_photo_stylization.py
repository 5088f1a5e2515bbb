"""A stylization in the browser, as a visitor sees its stages come."""

from collections.abc import Callable

import numpy as np
import pytest
import skimage.data
from PIL import Image
from playwright.sync_api import Browser, expect

from engines.photo_stylization.engine import BUNDLED, warm
from engines.runtime.checkpoints import find, present
from engines.runtime.scheduler import SCHEDULER
from pages import photo_stylization
from tests.support.browser import Visit
from tests.support.pictures import png
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    if present(find(BUNDLED)) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")
    warm()
    return studio_of(photo_stylization.PANEL)


WATCH_STAGES = """() => {
    window.drawn = [];
    const row = [...document.querySelectorAll(".studio-strip")].find((each) => each.offsetParent);
    const names = () => [...row.querySelectorAll("button:enabled")].map((each) => each.ariaLabel).join();
    const note = () => window.drawn.push(names());
    new MutationObserver(note).observe(row, { subtree: true, attributeFilter: ["disabled"] });
}"""
"""Notes which stages can be seen, whenever that changes: a look from outside could miss the first."""


def test_two_photographs_are_stylized_stage_by_stage_and_a_cancel_stops_it(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address)
    page = visit.open("Photo stylization")
    for field, picture in {"Content": skimage.data.astronaut(), "Style": skimage.data.coffee()[:, 44:556]}.items():
        file = {"name": "mine.png", "mimeType": "image/png", "buffer": png(resize(picture, (512, 512)))}
        page.get_by_role("group", name=field, exact=True).get_by_label("Choose a file").set_input_files(file)
        expect(page.get_by_role("img", name=f"{field}: your picture")).to_be_visible()
    expect(page.get_by_role("button", name="Stylize")).to_be_visible()
    page.evaluate(WATCH_STAGES)
    page.get_by_role("button", name="Stylize").click()
    page.wait_for_function("window.drawn.includes('level 4, full size')")
    right = page.get_by_label("On the right")
    expect(right.get_by_role("option", name="exact", exact=True)).to_be_attached()
    expect(page.get_by_role("button", name="Stylize")).to_be_visible()
    line = page.get_by_role("slider", name="content left of the line")
    line.focus()
    page.keyboard.press("ArrowRight")
    assert line.input_value() == "50.5"
    page.get_by_role("button", name="Stylize").click()
    page.get_by_role("button", name="Cancel").click()
    wait_until(lambda: not SCHEDULER._tasks)
    expect(page.get_by_role("button", name="Stylize")).to_be_visible()
    assert visit.complaints == []
    visit.context.close()


def resize(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
