"""What visitors brought and once failed gives what is right on the page."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

import pages
from studio.runs import permalink
from tests.support.browser import Visit
from tests.support.cases import CASES, Case, sampled

READ_BACK = "GPU stall due to ReadPixels"
"""What a driver in software says when a screenshot of a globe is taken."""
PANELS = {case.panel: pages.panel(case.panel) for case in CASES.values()}


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(*PANELS.values())


@pytest.mark.parametrize("case", sampled("a strip before a face", "a profile", "a concave face"))
def test_the_page(chromium: Browser, address: str, case: Case) -> None:
    panel = PANELS[case.panel]
    experiment = panel.experiment(case.experiment)
    query = permalink.write(panel, experiment, {**experiment.opening(), **case.values})
    visit = Visit(chromium, address, f"?{urlencode(query)}")
    page = visit.page
    page.wait_for_function("words => location.search.includes(words)", arg=f"experiment={case.experiment}")
    for control in case.files:
        label = experiment.controls[control].label
        group = page.get_by_role("group", name=label, exact=True)
        if experiment.controls[control].advanced and not group.is_visible():
            page.get_by_role("button", name="More").locator("visible=true").click()
        group.locator("input[type=file]").set_input_files(case.path(control))
        if case.refused:
            expect(page.get_by_role("alert").filter(has_text=case.refused)).to_be_visible()
            visit.context.close()
            return
        noun = type(experiment.controls[control]).noun  # type: ignore[attr-defined]
        expect(page.get_by_role("img", name=f"{label}: your {noun}")).to_be_visible()
    if not experiment.live:
        page.wait_for_function("words => location.search.includes(words)", arg="uploaded+file")
        page.get_by_role("button", name=experiment.action, exact=True).locator("visible=true").click()
        expect(page.get_by_role("button", name=experiment.action, exact=True).locator("visible=true")).to_be_visible()
    words = page.locator(".studio-output").filter(has_text=case.says)
    expect(words.locator("visible=true").first).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Sorry")).to_have_count(0)
    assert [words for words in visit.complaints if READ_BACK not in words] == []
    visit.context.close()
