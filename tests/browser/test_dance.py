"""The page on Everybody Dance Now: dancing before a camera and transferring a clip, and what is no usable dancer."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from pages import everybody_dance_now as page
from tests.support.browser import Visit, serious_findings
from tests.support.servers import studio

PANEL = page.PANEL


def test_a_browser_plays_the_example_and_sees_the_target_dance_with_its_frame_rate(
    chromium: Browser, tmp_path: Path
) -> None:
    with studio([PANEL], tmp_path) as address:
        visit = Visit(chromium, address, "?panel=everybody_dance_now&experiment=dance")
        opened = visit.page
        target = opened.locator("figure[data-output=target] canvas")
        expect(target).to_have_attribute("style", re.compile("pictures/"))  # What it opens with, until a frame comes.
        unknown = visit.context.request.get(f"{address}live/everybody_dance_now/dance/nobody")
        assert (unknown.status, unknown.text()) == (404, "There is no such clip.")
        opened.get_by_role("button", name="Play the dancer").click()
        numbers = opened.locator(".stream-numbers").locator("visible=true")
        expect(numbers).to_contain_text("frames/s")
        expect(numbers).to_contain_text("ms from frame to result")
        assert target.evaluate("canvas => [canvas.width, canvas.height]") == [256, 256]
        expect(target).not_to_have_attribute("style", re.compile("pictures/"))
        opened.get_by_label("Pose normalisation").uncheck()
        opened.wait_for_function("location.search.includes('normalization=false')")
        opened.get_by_role("button", name="Stop").click()
        assert serious_findings(opened) == []
        visit.open("Transfer a clip")
        expect(opened.get_by_role("button", name="Transfer", exact=True)).to_be_visible()
        assert serious_findings(opened) == []
        visit.context.close()
    assert visit.complaints == []
