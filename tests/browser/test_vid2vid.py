"""The page on Video-to-Video Synthesis in a browser: a drive that goes on by itself, and painted labels."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from engines.runtime.checkpoints import catalogue, find, present

if "vid2vid-street" not in catalogue() or present(find("vid2vid-street")) is None:
    pytest.skip("the bundled street generator is not here", allow_module_level=True)

from engines.vid2vid import engine
from pages import vid2vid
from pages.examples import examples
from pages.vid2vid.label_examples import CLIPS, PALETTE
from tests.support.browser import Visit, drop, serious_findings, serious_in_both_schemes
from tests.support.servers import studio

PANEL = vid2vid.PANEL
ALL_PAINTED = """() => {
  const context = new OffscreenCanvas(256, 192).getContext("2d", { willReadFrequently: true });
  context.drawImage(document.querySelector("figure[data-output=weight] canvas"), 0, 0);
  return context.getImageData(0, 0, 256, 192).data.every((level) => level > 250);
}"""


@pytest.mark.proof
def test_a_street_is_driven_through_and_painted_over(chromium: Browser, tmp_path: Path) -> None:
    engine.street_generator()
    with studio([PANEL], tmp_path) as address:
        visit = Visit(chromium, address, "?panel=vid2vid", viewport={"width": 1400, "height": 1000})
        page = visit.page
        page.get_by_role("button", name="Drive", exact=True).click()
        numbers = page.locator(".stream-numbers").locator("visible=true")
        expect(numbers).to_contain_text("frames/s")
        assert int(numbers.inner_text().split()[0]) > 0
        final = page.locator("figure[data-output=final] canvas")
        assert final.evaluate("canvas => [canvas.width, canvas.height]") == [256, 192]
        page.get_by_label("1: only painted").locator("visible=true").check()
        page.wait_for_function("location.search.includes('weight=painted')")
        expect(page.locator(".studio-output", has_text="each alone").first).to_be_visible()
        page.wait_for_function(ALL_PAINTED)
        assert serious_in_both_schemes(page) == []
        page.emulate_media(color_scheme="light")
        visit.open("Paint")
        page.get_by_role("button", name="Paint: Painted on the first frame").click()
        page.get_by_label("car", exact=True).check(force=True)
        frame = page.locator(".painter-frame")
        box = frame.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.7 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"])
        page.mouse.up()
        expect(page.locator(".painter-regions")).to_contain_text("car")
        assert serious_findings(page) == []
        page.get_by_role("button", name="Use", exact=True).click()
        painted = page.get_by_alt_text("Painted on the first frame: your picture")
        expect(painted).to_be_visible()
        sent = page.context.request.get(address + str(painted.get_attribute("src")).replace(".webp", ".png")).body()
        pixels = np.asarray(Image.open(io.BytesIO(sent)).convert("RGB"))
        assert (pixels == PALETTE["car"]).all(axis=2).any()
        visit.open("Drive")
        status = page.locator(".stream-status").locator("visible=true")
        expect(status).to_have_text("Stopped, for it was out of sight.")
        drop(page, CLIPS["park"](), ".studio-photo", "labels.gif")
        expect(page.get_by_alt_text("Labels of your own: your clip of labels")).to_be_visible()
        drop(page, examples("cat")["cat"](), ".studio-photo", "cat.png")
        expect(page.locator(".studio-alert:visible", has_text="this looks like a photograph")).to_be_visible()
        page.set_viewport_size({"width": 390, "height": 844})
        expect(final).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        expect(page).to_have_url(re.compile(r"/vid2vid\?"))
        visit.context.close()
    assert [each for each in visit.complaints if "422" not in each] == []  # The photograph was refused.
