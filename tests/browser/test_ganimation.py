"""The page on GANimation: its experiments as a visitor sets them, on the astronaut and on what is no usable face."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from pages import ganimation
from tests.support.browser import Visit, serious_findings
from tests.support.servers import studio

PANEL = ganimation.PANEL


def test_a_browser_moves_a_muscle_chooses_a_face_and_starts_the_mirror(chromium: Browser, tmp_path: Path) -> None:
    with studio([PANEL], tmp_path) as address:
        visit = Visit(chromium, address, "?panel=ganimation&experiment=sliders&photo=group")
        page = visit.page
        picture = page.locator(".studio-output[data-kind=picture] img").locator("visible=true")
        expect(picture).to_be_visible()
        before = picture.get_attribute("src")
        page.get_by_role("slider", name="26 jaw drop").locator("visible=true").fill("4")
        expect(picture).not_to_have_attribute("src", before or "")
        moved = picture.get_attribute("src")
        box = picture.bounding_box()
        assert box is not None
        picture.click(position={"x": 0.83 * box["width"], "y": 0.25 * box["height"]})
        expect(picture).not_to_have_attribute("src", moved or "")
        assert serious_findings(page) == []
        visit.open("Mirror").get_by_role("button", name="Start camera").locator("visible=true").click()
        expect(page.get_by_text("No face is seen").locator("visible=true")).to_be_visible()
        page.get_by_role("button", name="Stop").locator("visible=true").click()
        visit.context.close()
    assert visit.complaints == []
