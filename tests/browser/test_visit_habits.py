"""A visit's habits: earlier results, the dice, the keyboard, stillness for who wants no motion, and axe."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Visit, serious_in_both_schemes, visits
from tests.support.exposures import (
    CHANGED,
    PANELS,
    RUNS,
    change_everything,
    download,
    expect_query,
    pixels,
    settle,
    shown,
)


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(*PANELS)


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens the studio, with that query."""
    with visits(chromium, address) as opened:

        def open_studio(query: dict[str, str] | None = None, **options: Any) -> Visit:
            return opened(f"?{urlencode(query)}" if query else "", **options)

        yield open_studio


def test_earlier_results_of_the_visit_come_back_without_computing(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.open("Darkroom")
    settle(page)
    opening = pixels(download(page))
    change_everything(page)
    page.get_by_role("button", name="Expose").click()
    settle(page, 0.55, 7)
    changed = pixels(download(page))
    visits = shown(page, ".studio-visits button")
    expect(visits).to_have_count(2)
    words = "Negative: bright, Gain: 0.55, Paper: rough paper, Toned: on, Seed: 7"
    expect(visits.first).to_have_attribute("aria-label", words)
    expect(visits.first).to_have_attribute("aria-pressed", "true")
    RUNS.clear()
    page.get_by_role("button", name="As it opened").click()
    settle(page)
    expect_query(page)
    assert np.array_equal(pixels(download(page)), opening)
    one.open("The survey")
    one.open("Darkroom")
    visits.first.click()
    settle(page, 0.55, 7)
    expect_query(page, **CHANGED)
    assert np.array_equal(pixels(download(page)), changed)
    assert page.get_by_role("spinbutton", name="Seed").input_value() == "7"
    assert RUNS == []


def test_a_result_that_does_not_belong_to_the_controls_stands_back_and_says_so(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    past = page.get_by_text("Made with other settings")
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("7")
    expect(past).to_be_visible()
    seed.fill("0")
    expect(past).to_have_count(0)
    seed.fill("8")
    expect(past).to_be_visible()
    page.get_by_role("button", name="Expose").click()
    settle(page, seed=8)
    expect(past).to_have_count(0)
    page.get_by_role("button", name="As it opened").click()
    settle(page)
    expect(past).to_have_count(0)


def test_one_result_makes_no_history(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    expect(page.get_by_role("heading", name="This visit")).not_to_be_visible()


@pytest.mark.proof
def test_a_visit_keeps_its_last_twelve_results(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    for seed in range(1, 14):
        page.get_by_role("spinbutton", name="Seed").fill(str(seed))
        page.get_by_role("button", name="Expose").click()
        settle(page, seed=seed)
    visits = shown(page, ".studio-visits button")
    expect(visits.first).to_have_attribute("title", "Seed: 13")
    expect(visits).to_have_count(12)
    expect(visits.last).to_have_attribute("title", "Seed: 2")


def test_a_live_experiment_keeps_one_result_of_each_move(visit: Callable[..., Visit]) -> None:
    page = visit().open("Hard experiments", "Click")
    frame = page.get_by_role("button", name="Place: arrow keys")
    expect(frame).to_be_visible()
    page.wait_for_timeout(2100)
    frame.focus()
    for _ in range(3):
        source = page.get_by_role("img", name="Picture").locator("visible=true").get_attribute("src")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        expect(page.get_by_role("img", name="Picture").locator("visible=true")).not_to_have_attribute(
            "src", str(source)
        )
    expect(shown(page, ".studio-visits button")).to_have_count(2)


def test_the_dice_draws_a_seed_by_the_keyboard(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="New seed")).to_be_focused()
    drawn = set()
    for _ in range(3):
        page.keyboard.press("Enter")
        drawn.add(int(seed.input_value()))
    assert len(drawn) == 3 and all(0 <= number < 2**32 for number in drawn)
    page.keyboard.press("Control+Enter")
    settle(page, seed=int(seed.input_value()))


def test_a_seed_that_is_none_is_a_sentence(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    page.get_by_role("spinbutton", name="Seed").fill("-3")
    page.get_by_role("button", name="Expose").click()
    expect(page.get_by_role("alert").filter(has_text="is no seed; give a whole number")).to_be_visible()


def test_the_keyboard_stays_on_the_button_that_run_becomes(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    page.get_by_role("button", name="More").click()
    pace = page.get_by_role("slider", name="Pace")
    pace.fill("1000")
    page.wait_for_timeout(500)  # A slider that was filled as it came may take its first value once more.
    pace.fill("1000")
    expect_query(page, pace="1000")
    page.get_by_role("button", name="Expose").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Expose")).to_be_focused()
    page.get_by_role("slider", name="Gain").focus()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_role("slider", name="Gain")).to_be_focused()


def test_escape_closes_a_picture_and_the_keyboard_is_where_it_was(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    full = page.get_by_role("button", name="Full size").locator("visible=true")
    full.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    expect(full).to_be_focused()


def test_escape_closes_the_page_about_the_endpoints(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.page
    page.get_by_role("link", name="Use it from a program").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    # Gradio's own page warns of itself when it closes soon.
    assert all("svelte.dev" in complaint for complaint in one.complaints)
    one.complaints.clear()


def test_nothing_moves_for_who_wants_no_motion(visit: Callable[..., Visit]) -> None:
    page = visit(reduced_motion="reduce").open("Darkroom")
    settle(page)
    moving = "[...document.querySelectorAll('*')].filter(e => getComputedStyle(e).transitionDuration !== '0s').length"
    assert page.evaluate(moving) == 0


PLACES = [
    ("The survey",),
    ("Photo stylization", "Stylize"),
    ("Photo stylization", "Clip"),
    ("Darkroom",),
    ("Hard experiments", "Race"),
    ("Hard experiments", "Mirror"),
    ("Hard experiments", "Trial"),
    ("Hard experiments", "Click"),
]


@pytest.mark.proof
def test_axe_finds_nothing_serious(visit: Callable[..., Visit]) -> None:
    one = visit()
    serious = []
    for tabs in PLACES:
        page = one.open(*tabs)
        expect(page.locator(".studio-front, .studio-sheet").locator("visible=true").first).to_be_visible()
        page.wait_for_timeout(500)
        for more in shown(page, ".studio-more > button").all():
            more.click()
        serious += [(*tabs, *finding) for finding in serious_in_both_schemes(page)]
    assert serious == []


LAGGING = """
    const fetched = window.fetch;
    window.fetch = async (...request) => {
        const response = await fetched(...request);
        if (!String(request[0].url ?? request[0]).includes("queue/data")) return response;
        const late = new TransformStream({ async transform(chunk, controller) {
            await new Promise((resolve) => setTimeout(resolve, 400));
            controller.enqueue(chunk);
        } });
        return new Response(response.body.pipeThrough(late), { headers: response.headers });
    };
"""


def test_what_is_asked_while_the_news_of_an_earlier_end_travels_is_answered(
    visit: Callable[..., Visit],
) -> None:
    one = visit()
    one.page.add_init_script(LAGGING)
    one.page.reload()
    page = one.open("Darkroom")
    settle(page)
    page.get_by_role("slider", name="Gain").fill("0.5")
    page.wait_for_timeout(200)
    page.get_by_role("button", name="Expose").click()
    settle(page, 0.5)
