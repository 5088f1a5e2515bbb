"""The Streamlit face as a browser shows it: links, a visit's habits, pages of ours, regions, clips; and axe."""

import base64
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from engines.runtime.images import read_parameters
from studio import WEB
from tests.support import hard_experiments
from tests.support.browser import PAPER, serious_in_both_schemes
from tests.support.streamlit import ASKED, EXPERIMENT, OTHER, computed
from tests.support.streamlit_browser import download, expect_query, move, pixels, query, rest, streamlit_visits
from tests.support.waiting import wait_until

CLICK = {"panel": "hard_experiments", "experiment": "click"}
TRIAL = {"panel": "hard_experiments", "experiment": "trial"}


@pytest.fixture
def opened(chromium: Browser, streamlit_address: str) -> Iterator[Callable[..., Page]]:
    with streamlit_visits(chromium, streamlit_address) as opened:
        yield opened


def developed(page: Page, gain: float = 0.8, seed: int = 0) -> None:
    """Wait until the darkroom shows what these values give, and nothing is computed."""
    expect(page.get_by_text(f"Made with a gain of {gain} & seed {seed}.")).to_be_visible()
    expect(page.get_by_role("button", name="Develop", exact=True)).to_be_visible()
    expect(page.get_by_label("Right of the line")).to_have_value("third")
    rest(page)  # Until then Download may give an earlier stage.


def gain(page: Page) -> Locator:
    return page.get_by_role("slider", name="Gain")


def drop(page: Page, content: bytes) -> None:
    """What a hand does that lets go of a file over the page."""
    # It has its name when the page listens.
    page.locator(".st-key-saved input[type=file][aria-label]").wait_for(state="attached")
    data = page.evaluate_handle(
        """text => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
            data.items.add(new File([bytes], "saved.png", { type: "image/png" }));
            return data;
        }""",
        base64.b64encode(content).decode(),
    )
    for kind in ("dragover", "drop"):
        page.locator("body").dispatch_event(kind, {"dataTransfer": data})


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light", "viewport": {"width": 1366, "height": 900}},
        {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
    ],
    ids=["light, wide", "dark, 390 pixels"],
)
def test_a_result_is_shown_with_no_complaint_and_no_request_to_elsewhere(
    opened: Callable[..., Page], options: dict[str, Any]
) -> None:
    page = opened({"panel": "darkroom", "gain": "0.5"}, **options)
    developed(page, 0.5)
    line = page.get_by_label("content left of the line, third right of it")
    line.focus()
    line.press("ArrowLeft")
    assert line.input_value() == "49.5"
    expect(page.locator(".studio-curves polyline").first).to_be_visible()
    page.locator(".studio-curves").get_by_role("application").focus()
    page.keyboard.press("Home")
    expect(page.locator(".curves-said")).to_contain_text("gain: stage 0, gain")
    broken = "[...document.images].filter(image => image.complete && !image.naturalWidth).length"
    wider = "document.documentElement.scrollWidth > innerWidth"
    assert page.evaluate(broken) == 0 and not page.evaluate(wider)
    paper = page.locator(".stApp").evaluate("element => getComputedStyle(element).backgroundColor")
    assert paper == PAPER[options["color_scheme"]]
    assert read_parameters(download(page))["controls"]["gain"] == 0.5


def test_a_snapshot_is_answered_by_a_picture(opened: Callable[..., Page]) -> None:
    page = opened({"panel": "hard_experiments", "experiment": "mirror"})
    page.wait_for_function("document.querySelector('video')?.videoWidth > 0")
    page.get_by_role("button", name="Take Photo").click()
    expect(page.get_by_role("button", name="Download")).to_be_visible()


def test_a_link_gives_the_identical_picture_in_a_fresh_page(opened: Callable[..., Page]) -> None:
    page = opened(ASKED)
    developed(page, 0.35, 7)
    wanted = computed(EXPERIMENT, **OTHER)["result"]["third"]
    wait_until(lambda: np.array_equal(pixels(download(page)), wanted), 60)


@pytest.mark.proof
def test_back_and_forward_bring_the_controls_of_each_address(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("link", name="Darkroom").first.click()
    developed(page)
    opening = {"panel": "darkroom", "experiment": "develop"}
    expect_query(page, **opening)
    for value in ("0.75", "0.7"):
        move(gain(page), "ArrowLeft")
        expect_query(page, **opening, gain=value)
    page.get_by_role("link", name="Hard experiments").first.click()
    expect_query(page, panel="hard_experiments", experiment="race")
    for value in ("0.7", "0.75"):
        rest(page)
        page.go_back()
        expect(gain(page)).to_have_value(value)
        expect_query(page, **opening, gain=value)
    rest(page)
    page.go_back()
    expect(gain(page)).to_have_value("0.8")
    rest(page)
    page.go_forward()
    expect(gain(page)).to_have_value("0.75")
    rest(page)
    page.go_forward()
    expect(gain(page)).to_have_value("0.7")
    rest(page)
    page.go_forward()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    expect_query(page, panel="hard_experiments", experiment="race")


def test_an_address_that_comes_late_does_not_take_the_place_of_a_newer_one(
    chromium: Browser, streamlit_address: str
) -> None:
    page = chromium.new_page()
    page.goto(f"{streamlit_address}/_stcore/health")  # A page where nothing else writes addresses.
    drawn_out_of_order = """async (source) => {
        const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
        const draw = (address, drawn) => module.default({ data: { address, turn: 0, drawn }, setStateValue: () => {} });
        draw("newer", 2);
        draw("older", 1);
        const late = location.pathname;
        draw("newest", 3);
        return [late, location.pathname];
    }"""
    source = (WEB / "streamlit/address.js").read_text()
    assert page.evaluate(drawn_out_of_order, source) == ["/_stcore/newer", "/_stcore/newest"]
    page.close()


@pytest.mark.proof
def test_back_from_a_panel_leads_to_the_front_page(opened: Callable[..., Page]) -> None:
    page = opened()
    expect(page.get_by_text("Four experiments that test what a page can say.")).to_be_visible()
    expect(page.locator(".st-key-bar iframe, .st-key-bar [data-testid]").first).to_be_attached()
    page.get_by_role("link", name="Darkroom").first.click()
    developed(page)
    while urlsplit(page.url).path != "/":
        rest(page)
        page.go_back()
    expect(page.get_by_text("Four experiments that test what a page can say.")).to_be_visible()
    expect_query(page)


@pytest.mark.proof
def test_earlier_results_of_the_visit_come_back_with_their_controls(opened: Callable[..., Page]) -> None:
    page = opened(ASKED)
    developed(page, 0.35, 7)
    first = pixels(download(page))
    expect(page.get_by_role("heading", name="This visit")).not_to_be_visible()
    move(gain(page), "ArrowRight", 3)
    expect(gain(page)).to_have_value("0.5")
    page.get_by_role("button", name="Develop", exact=True).click()
    developed(page, 0.5, 7)
    row = page.get_by_role("group", name="Results of this visit")
    expect(row.get_by_role("button")).to_have_count(2)
    newest, before = row.get_by_role("button", name="Gain: 0.5"), row.get_by_role("button", name="As it opened")
    expect(newest).to_have_attribute("aria-pressed", "true")
    before.focus()
    page.keyboard.press("Enter")
    developed(page, 0.35, 7)
    expect(gain(page)).to_have_value("0.35")
    expect(before).to_have_attribute("aria-pressed", "true")
    assert np.array_equal(pixels(download(page)), first)
    newest.click()
    developed(page, 0.5, 7)
    expect_query(page, **{**ASKED, "gain": "0.5"})


@pytest.mark.proof
def test_a_picture_dropped_on_the_page_brings_every_control_back(opened: Callable[..., Page]) -> None:
    page = opened(ASKED)
    developed(page, 0.35, 7)
    saved = download(page)
    fresh = opened()
    drop(fresh, saved.read_bytes())
    developed(fresh, 0.35, 7)
    expect_query(fresh, **ASKED)
    expect(gain(fresh)).to_have_value("0.35")
    expect(fresh.get_by_role("radio", name="glossy")).to_be_checked()
    expect(fresh.get_by_role("checkbox", name="Toned")).to_be_checked()
    assert np.array_equal(pixels(download(fresh)), pixels(saved))
    drop(fresh, b"no picture")
    expect(fresh.get_by_role("alert").filter(has_text="this is text, not a picture")).to_be_visible()
    expect_query(fresh, **ASKED)


@pytest.mark.proof
def test_the_copied_link_asks_for_the_controls(opened: Callable[..., Page]) -> None:
    page = opened(ASKED)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    developed(page, 0.35, 7)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert dict(parse_qsl(urlsplit(page.evaluate("navigator.clipboard.readText()")).query)) == ASKED


@pytest.mark.proof
def test_a_place_is_clicked_on_the_picture_or_chosen_by_the_keyboard(opened: Callable[..., Page]) -> None:
    page = opened(CLICK)
    frame = page.get_by_role("button", name="Place: arrow keys move the place, Enter chooses it")
    expect(frame).to_be_visible()
    picture = frame.get_by_role("img", name="Picture")
    before = str(picture.get_attribute("src"))
    box = frame.bounding_box()
    assert box is not None
    frame.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})
    expect(picture).not_to_have_attribute("src", before)
    page.wait_for_function("location.search.includes('place=')")
    x, y = (float(part) for part in query(page)["place"].split(","))
    assert abs(x - 0.75) < 0.01 and abs(y - 0.25) < 0.01
    expected = computed(hard_experiments.PANEL.experiment("click"), place=(x, y))["picture"]
    assert np.array_equal(pixels(download(page)), expected)
    frame.focus()
    for key in ("ArrowLeft", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect_query(page, **CLICK, place=f"{round(x - 0.025, 4):g},{round(y + 0.025, 4):g}")


def test_a_view_is_the_same_page_and_its_answer_is_computed_with(opened: Callable[..., Page]) -> None:
    page = opened({**TRIAL, "exposure": "99"})
    cells = page.get_by_role("row").filter(has_text="trial 1").get_by_role("cell")
    expect(cells).to_have_text(["99", "99"])
    expect(page.frame_locator("iframe[title=Trial]").get_by_text("Posts what it was asked to show")).to_be_visible()
    expect(page.frame_locator("iframe[title=Trial]").get_by_text('{"frames":6}')).to_be_visible()
    move(page.get_by_role("slider", name="Exposure"), "ArrowRight")
    expect(cells).to_have_text(["100", "100"])
    row = page.get_by_role("group", name="Results of this visit")
    row.get_by_role("button", name="As it opened").click()
    expect(cells).to_have_text(["99", "99"])
    expect(page.get_by_role("slider", name="Exposure")).to_have_value("99")


PLACES = [
    ("Darkroom", None, "Made with a gain"),
    ("Hard experiments", "Race", "Batch size"),
    ("Hard experiments", "Mirror", "Open it in the main face"),
    ("Hard experiments", "Trial", "Trials"),
    ("Hard experiments", "Click", "Download"),
    ("Photo stylization", "Stylize", "Drag the line"),
    ("Photo stylization", "Clip", "Download GIF"),
]
"""Panels with each kind of control and output, their experiments, and words that stand there when they are drawn."""


@pytest.mark.proof
def test_axe_finds_nothing_serious(opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator(".st-key-saved input[type=file][aria-label]").wait_for(state="attached")
    serious = serious_in_both_schemes(page)
    for panel, experiment, drawn in PLACES:
        page.get_by_role("link", name=panel).first.click()
        if experiment is not None:
            page.get_by_role("radio", name=experiment, exact=True).click()
        expect(page.get_by_text(drawn).first).to_be_visible()
        rest(page)
        more = page.get_by_text("More", exact=True)
        if more.count():
            more.click()
        serious += serious_in_both_schemes(page)
    assert serious == []
