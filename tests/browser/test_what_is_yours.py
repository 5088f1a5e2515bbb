"""In the browser: what a visitor brought stays through presets, what is past stands back, and messages are in sight."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import pages
from studio.declared import Experiment, LongExperiment, Panel, Stream
from studio.kinds import Upload
from studio.wire import files
from tests.support.browser import Visit

TRIED = ("transfer",)
"""What is tried at once; `make proof` tries all."""
UPLOADS = [
    pytest.param(
        panel,
        experiment,
        name,
        id=f"{panel.slug}-{experiment.name}-{name}",
        marks=[] if experiment.name in TRIED and place == 0 else pytest.mark.proof,
    )
    for panel in pages.panels()
    for experiment in panel.experiments
    for place, (name, control) in enumerate(
        (name, control)
        for name, control in experiment.controls.items()
        if isinstance(control, Upload) and control.examples
    )
]
DIMMED = ".studio-result :is(.studio-frame, .studio-strip button, .globe-stage)"


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(*pages.panels())


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    opened = []

    def open_experiment(panel: Panel, experiment: Experiment, query: str = "") -> Page:
        opened.append(Visit(chromium, f"{address}{panel.slug}", f"?experiment={experiment.name}{query}"))
        page = opened[-1].page
        page.locator(".studio-sheet").locator("visible=true").first.wait_for()
        return page

    yield open_experiment
    for each in opened:
        each.context.close()


def sent(page: Page, panel: Panel, experiment: Experiment, name: str) -> Locator:
    """A visitor's own file in that control: what the page shows of it, once it is there."""
    control: Any = experiment.controls[name]
    part = page.locator(f"#{panel.slug}-{experiment.name}-{name}")
    for more in page.locator(".studio-more > button").locator("visible=true").all():
        more.click()
    content = next(iter(control.examples.values()))()
    part.locator("input[type=file]").set_input_files({"name": "own", "mimeType": "", "buffer": content})
    own = part.get_by_text(f"your {control.noun}", exact=True)
    expect(own).to_be_visible()
    return own


@pytest.mark.parametrize(("panel", "experiment", "name"), UPLOADS)
def test_a_file_stays_through_presets_and_what_is_past_stands_back(
    visit: Callable[..., Page], panel: Panel, experiment: Experiment, name: str
) -> None:
    page = visit(panel, experiment)
    own = sent(page, panel, experiment, name)
    presets = page.locator(".studio-presets button").locator("visible=true")
    for preset, named in experiment.presets.items():
        button = presets.filter(has_text=preset).and_(page.locator(f'[data-choice="{preset}"]'))
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        if name in named or experiment.controls[name].belongs in named:
            sent(page, panel, experiment, name)
            expect(button).to_have_attribute("aria-pressed", "false")
        else:
            expect(own).to_be_visible()
        if isinstance(experiment, LongExperiment):
            outputs = page.locator(".studio-output").locator("visible=true")
            expect(outputs).to_have_count(0)
            expect(page.get_by_text("Nothing is made of these settings yet")).to_be_visible()
    forget_what_was_sent()
    scroll_away(page)
    begin(page, panel, experiment)
    message = page.get_by_role("alert").filter(has_text="no longer held here").locator("visible=true")
    expect(message).to_be_in_viewport()
    for shown in page.locator(DIMMED).locator("visible=true").all():
        expect(shown).to_have_css("opacity", "0.45")


def forget_what_was_sent() -> None:
    """What a day does: the studio holds no file any more."""
    for token in list(files.UPLOADS._places):
        files.delete_upload(token)


def scroll_away(page: Page) -> None:
    """Leave the head of the page and what stands over the result."""
    page.mouse.wheel(0, 400)


def begin(page: Page, panel: Panel, experiment: Experiment) -> None:
    """Press the button; what has none is moved by its first slider, or by its first list."""
    if not (experiment.live or isinstance(experiment, Stream)):
        page.wait_for_timeout(500)  # A preset begins a run.
        for cancel in page.locator(".studio-cancel").locator("visible=true").all():
            cancel.click()
        page.locator(".studio-run").locator("visible=true").click()
        return
    slider = page.locator(".studio-controls input[type=range]").locator("visible=true").first
    slider.evaluate("slider => { slider.value = slider.value === slider.max ? slider.min : slider.max; }")
    slider.dispatch_event("input")
