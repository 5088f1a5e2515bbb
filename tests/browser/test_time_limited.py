"""The page on time-limited humans: what a retina keeps, and the attack, as a visitor sets them."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from engines.runtime.images import fit, read_photo
from pages import time_limited_humans
from pages.time_limited_humans.pictures import PHOTOGRAPHS
from tests.support.browser import Visit, serious_in_both_schemes
from tests.support.servers import studio

PANEL = time_limited_humans.PANEL


# In a browser


@pytest.mark.proof
def test_a_hand_drags_the_place_looked_at_and_makes_a_picture(chromium: Browser, tmp_path: Path) -> None:
    with studio([PANEL], tmp_path) as address:
        visit = Visit(chromium, address, "?panel=time_limited_humans", viewport={"width": 1400, "height": 1000})
        page = visit.page
        shown = page.get_by_role("img", name="What the retina keeps").locator("visible=true")
        shown.wait_for()
        box = page.get_by_role("button", name="The point looked at: arrow keys").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
        page.mouse.down()
        answers: list[str] = []
        for step in range(1, 13):
            page.mouse.move(box["x"] + (0.5 + step / 30) * box["width"], box["y"] + (0.5 - step / 30) * box["height"])
            page.wait_for_timeout(60)
            answers.append(str(shown.get_attribute("src")))
        moving = {answer for answer in answers if answer.startswith("data:")}
        print(f"{len(moving)} pictures in 12 places of a drag")
        assert len(moving) >= 2
        page.mouse.up()
        page.wait_for_function("location.search.includes('place=')")
        expect(shown).to_have_attribute("src", re.compile("^pictures/"))
        mark = page.locator(".studio-mark").locator("visible=true")
        assert mark.evaluate("mark => parseFloat(mark.style.left)") == pytest.approx(90, abs=0.5)
        picture = Image.open(io.BytesIO(page.request.get(f"{address}{shown.get_attribute('src')}").body()))
        photo = fit(read_photo(PHOTOGRAPHS["temple"]()), 512)
        apart = np.abs(np.asarray(picture).astype(int) - photo).mean(2)
        height, width = apart.shape
        assert apart[: height // 5, -width // 5 :].mean() < apart[height // 2 :, : width // 2].mean()

        visit.open("Attack")
        page.get_by_role("spinbutton", name="Steps").locator("visible=true").fill("4")
        page.get_by_label("Separable, or").locator("visible=true").uncheck()
        page.get_by_role("button", name="Attack", exact=True).click()
        expect(page.get_by_text("3 attacked, held out")).to_be_visible()
        expect(page.get_by_role("rowheader", name="separable, left alone")).to_be_visible()
        attacked = page.get_by_role("img", name="Step by step: attacked")
        for side in ("naturalWidth", "naturalHeight"):
            expect(attacked).to_have_js_property(side, 256)
        page.get_by_label("Plain, or").locator("visible=true").uncheck()
        for name in ("Residual, or", "Inception, or"):
            page.get_by_label(name).locator("visible=true").uncheck()
        page.get_by_role("button", name="Attack", exact=True).click()
        expect(page.get_by_text("No classifier is attacked")).to_be_visible()
        assert serious_in_both_schemes(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visit.complaints == []
