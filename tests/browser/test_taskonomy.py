"""The page on Taskonomy: its experiments as a visitor sets them, what its graphs and plates show, and the page in a
browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pages import taskonomy
from tests.support.browser import Visit, serious_in_both_schemes
from tests.support.servers import studio

PANEL = taskonomy.PANEL


# In a browser


def smallest_letters(page: Page) -> float:
    """How large the smallest letters of all drawings in sight are, in pixels of the page."""
    size: float = page.evaluate("""() => {
        const seen = [...document.querySelectorAll("svg text")].filter((text) => text.checkVisibility());
        const scale = ({ a, b }) => Math.hypot(a, b);
        const large = (text) => parseFloat(getComputedStyle(text).fontSize) * scale(text.getScreenCTM());
        return Math.min(...seen.map(large));
    }""")
    return size


@pytest.mark.proof
def test_a_taxonomy_moves_with_its_budget_and_says_why_each_line_is_there(chromium: Browser, tmp_path: Path) -> None:
    with studio([PANEL], tmp_path) as address:
        visit = Visit(chromium, address, "?panel=taskonomy", viewport={"width": 1400, "height": 1000})
        page = visit.page
        graph = page.locator(".hyper").locator("visible=true")
        expect(graph.locator(".hyper-said")).to_contain_text("6 of a budget of 6")
        expect(graph.locator(".hyper-task.hyper-learned")).to_have_count(6)
        expect(graph.locator(".hyper-edge")).to_have_count(22)
        inner = graph.locator(".hyper-task", has_text="Surface normals").locator(".hyper-inner")
        before = inner.get_attribute("transform")

        page.get_by_label("number input for Supervision budget").locator("visible=true").fill("2")
        page.keyboard.press("Enter")
        expect(graph.locator(".hyper-said")).to_contain_text("2 of a budget of 2")
        expect(graph).not_to_have_attribute("data-moving", "")
        expect(graph.locator(".hyper-edge")).to_have_count(22)
        assert inner.get_attribute("transform") != before
        page.wait_for_function("location.search.includes('budget=2')")
        curves = page.locator(".studio-curves").locator("visible=true")
        expect(curves).to_have_count(2)
        drawing = curves.first.get_by_role("application")
        drawing.focus()
        page.keyboard.press("End")
        expect(curves.first.get_by_role("status")).to_have_text(re.compile("^at random: .* 25, mean quality .* to "))
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowLeft")
        expect(curves.first.get_by_role("status")).to_contain_text("best: tasks learned from scratch 24, mean quality")
        drawing.hover(position={"x": 200, "y": 5})
        expect(curves.first.get_by_role("status")).to_contain_text("best: tasks learned from scratch")
        assert smallest_letters(page) >= 12

        edge = graph.get_by_role("button", name="Surface normals, from")
        edge.focus()
        page.keyboard.press("Enter")
        expect(edge).to_have_attribute("aria-pressed", "true")
        expect(graph.locator(".hyper-said")).to_contain_text("Price of removal")
        assert graph.locator(".hyper-second").get_attribute("d")
        page.keyboard.press("Escape")
        expect(graph.locator(".hyper-said")).to_contain_text("2 of a budget of 2")
        graph.locator(".hyper-task text", has_text="Reshading").hover()
        expect(graph.locator(".hyper-title")).to_contain_text("Reshading, from")
        page.mouse.move(5, 5)
        assert serious_in_both_schemes(page) == []

        page.set_viewport_size({"width": 390, "height": 844})
        expect(graph).to_have_class("hyper hyper-list")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        text = graph.locator(".hyper-task text", has_text="Depth").bounding_box()
        assert text is not None and text["x"] + text["width"] <= 390 and text["height"] > 9
        assert smallest_letters(page) >= 12
        visit.open("Affinities")
        plate = page.locator(".studio-plate").locator("visible=true").first
        plate.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
            page.keyboard.press(key)
        told = page.locator(".plate-said").locator("visible=true").first
        expect(told).to_have_text(re.compile(r"^Autoencoding, Autoencoding: \d\.\d{3}$"))
        assert smallest_letters(page) >= 12
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert serious_in_both_schemes(page) == []
        assert visit.complaints == []
