"""The page on Group Normalization: its experiments as a visitor sets them, and the drawing of what shares a mean."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from pages import group_normalization
from tests.support.browser import Visit, serious_findings

PANEL = group_normalization.PANEL


# The drawing, in a browser


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL)


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Visit]:
    visit = Visit(chromium, address, f"?panel={PANEL.slug}&experiment=share")
    yield visit
    complaints = visit.complaints
    visit.context.close()
    assert complaints == []


def drawing(page: Page) -> FrameLocator:
    return page.frame_locator(".studio-view iframe")


def expect_words(page: Page, words: str) -> None:
    expect(drawing(page).locator("#words")).to_contain_text(words)


def test_the_drawing_names_the_numbers_that_share_a_mean(visit: Visit) -> None:
    page = visit.page
    expect_words(page, "it shares its mean with 63 others, those of channels 9 to 12 of this picture alone")
    expect(drawing(page).locator("polygon.shared")).to_have_count(4 * (16 + 4 + 4))
    row = page.locator(".studio-output tr").filter(has_text="drawing, torch")
    expect(row).to_be_visible()
    assert float(row.locator("td").inner_text()) < 1e-6
    assert serious_findings(page) == []


@pytest.mark.proof
def test_keys_move_through_channels_pictures_and_places(visit: Visit) -> None:
    page = visit.page
    expect_words(page, "Digit 3, channel 10, row 2, column 1")
    drawing(page).locator("svg").focus()
    for key, words in (
        ("ArrowRight", "Digit 3, channel 11, row 2, column 1"),
        ("ArrowDown", "Digit 6, channel 11, row 2, column 1"),
        ("Shift+ArrowUp", "Digit 6, channel 11, row 1, column 1"),
        ("Shift+ArrowRight", "Digit 6, channel 11, row 1, column 2"),
        ("Shift+ArrowDown", "Digit 6, channel 11, row 1, column 2"),  # All others of that column are hidden.
        ("ArrowLeft", "Digit 6, channel 10, row 1, column 2"),
    ):
        page.keyboard.press(key)
        expect_words(page, words)


def test_a_number_under_the_hand_is_chosen(visit: Visit) -> None:
    page = visit.page
    expect_words(page, "channel 10,")
    # The last polygon is the front of the last channel's lowest number, of the last picture.
    drawing(page).locator("polygon").last.hover()
    expect_words(
        page, "Digit 8, channel 32, row 4, column 1: it shares its mean with 63 others, those of channels 29 to 32"
    )


@pytest.mark.proof
def test_groups_slide_from_layer_to_instance_norm_and_batch_norm_goes_through_all(visit: Visit) -> None:
    page = visit.page
    expect_words(page, "channels 9 to 12")
    page.get_by_role("slider", name="Groups").fill("0")
    expect_words(page, "511 others, those of channels 1 to 32 of this picture alone")
    expect(drawing(page).locator("#numbers")).to_contain_text("layer norm")
    page.get_by_role("slider", name="Groups").fill("5")
    expect_words(page, "15 others, those of channel 10 of this picture alone")
    page.get_by_role("radio", name="batch norm").check()
    expect_words(page, "63 others, those of channel 10 of all 4 pictures. Another batch gives it another mean.")
    page.get_by_role("checkbox", name="Normalized").check()
    page.wait_for_url("**normalized=true**")
    expect(page.locator(".studio-output tr").filter(has_text="G = 1, layer norm")).to_be_visible()


@pytest.mark.proof
def test_a_race_is_started_and_shown_in_the_browser(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, f"?panel={PANEL.slug}&experiment=race&batch_size=64&epochs=1")
    page = visit.page
    page.get_by_role("button", name="Start the race").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator(".studio-curves").locator("visible=true")).to_have_count(3)
    expect(page.get_by_text("no batch has a say")).to_be_visible()
    expect(page.get_by_role("button", name="Start the race")).to_be_visible()
    assert serious_findings(page) == []
    assert visit.complaints == []
    visit.context.close()
