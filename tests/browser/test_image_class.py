"""The class of pictures as a control, chosen or searched for in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Visit, serious_findings
from tests.support.naming import LARGE, PANEL, SMALL
from tests.support.servers import studio


@pytest.mark.proof
def test_in_the_browser_a_class_is_chosen_or_searched_for(chromium: Browser, tmp_path: Path) -> None:
    with studio([PANEL], tmp_path / "studio") as address:
        visit = Visit(chromium, address, "?panel=naming&label=frog")
        page = visit.page
        made = page.get_by_text(f"A frog by {SMALL}.")
        expect(made).to_be_visible()
        field = page.get_by_label("Class", exact=True)
        assert field.input_value() == "frog" and field.locator("option").count() == 10
        field.select_option("ship")
        expect(page.get_by_text(f"A ship by {SMALL}.")).to_be_visible()
        page.locator(".studio-checkpoints").get_by_role("radio").nth(1).check()
        expect(page.get_by_text(f"A container ship by {LARGE}.")).to_be_visible()
        expect(field).to_have_value("container ship")
        assert page.locator("datalist option").count() == 1000
        field.fill("goldfish")
        expect(page.get_by_text(f"A goldfish by {LARGE}.")).to_be_visible()
        field.fill("goldfsh")
        field.press("Tab")
        expect(page.get_by_role("alert").filter(has_text="did you mean goldfish")).to_be_visible()
        assert field.input_value() == "goldfsh"
        assert serious_findings(page) == []
        page.locator(".studio-checkpoints").get_by_role("radio").nth(0).check()
        expect(page.get_by_text(f"A horse by {SMALL}.")).to_be_visible()
        assert visit.complaints == []
        visit.context.close()
