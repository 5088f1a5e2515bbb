"""Photo stylization on the Streamlit face in a browser: pairs, painted regions, clips; and axe."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

import pages
from engines.runtime.checkpoints import find, present
from engines.runtime.video import read_clip, read_clip_parameters
from tests.support.browser import PAGE_PATIENCE, serious_in_both_schemes
from tests.support.streamlit import computed
from tests.support.streamlit_browser import download, expect_query, move, pixels, rest, streamlit_visits

STYLIZE = pages.panel("photo_stylization").experiment("stylize")
PHOTO = {"panel": "photo_stylization", "experiment": "stylize"}


@pytest.fixture
def opened(chromium: Browser, streamlit_address: str) -> Iterator[Callable[..., Page]]:
    with streamlit_visits(chromium, streamlit_address) as opened:
        yield opened


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether they differ by no more than the number of threads, which each process chooses by a timing, makes them."""
    return one.shape == other.shape and bool((abs(one.astype(int) - other) <= 1).mean() > 0.999)


@pytest.mark.proof
def test_a_link_to_an_example_pair_gives_the_picture_of_a_run_without_a_face(opened: Callable[..., Page]) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint is not in weights/bundled")
    pair = {"content": "temple", "style": "dusk", "smoother": "guided"}
    page = opened({**PHOTO, **pair, "longest": "128"})
    expect(page.get_by_text("Computed in")).to_be_visible()
    assert alike(pixels(download(page)), computed(STYLIZE, **pair, longest=128)["result"]["filtered"])


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list, opened once more where a drawing of the page closed it."""
    for patience in (3_000, 3_000, PAGE_PATIENCE):
        rest(page)
        page.get_by_role("combobox", name=label, exact=True).click()
        try:
            return page.get_by_role("option", name=option, exact=True).click(timeout=patience)
        except TimeoutError:
            page.keyboard.press("Escape")
    raise AssertionError(f"{label} offers no {option}")


def stylized(page: Page, **expected: str) -> np.ndarray:
    """Run with the controls as the address asks for them, once it does; the result."""
    expect_query(page, **PHOTO, **expected)
    page.get_by_role("button", name="Stylize", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_role("button", name="Stylize", exact=True)).to_be_visible()
    return pixels(download(page))


WATCH_MASKS = """() => {
    window.masks = [];
    const read = FileReader.prototype.readAsDataURL;
    FileReader.prototype.readAsDataURL = function (file) {
        const place = masks.push(null) - 1;
        this.addEventListener("load", () => { masks[place] = this.result; });
        return read.call(this, file);
    };
}"""
"""Keeps in the page what its painter sends."""


@pytest.mark.proof
def test_painted_regions_give_what_the_same_masks_give_without_a_face_and_none_the_whole(
    opened: Callable[..., Page],
) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint is not in weights/bundled")
    asked = {"smoother": "none", "post_filter": "false", "longest": "128"}
    page = opened({**PHOTO, **asked}, viewport={"width": 1366, "height": 1000})
    expect(page.get_by_text("Computed in")).to_be_visible()
    whole = pixels(download(page))
    page.evaluate(WATCH_MASKS)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Paint the regions").click()
    page.get_by_label("Brush size").fill("30")
    for picture, stroke in (("Content", "ArrowUp"), ("Style", "ArrowDown")):
        page.get_by_role("application", name=f"{picture}, to paint").focus()
        page.keyboard.down("Space")
        for key in [stroke] * 4 + ["ArrowLeft"] * 4:
            page.keyboard.press(f"Shift+{key}")
        page.keyboard.up("Space")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Region 1"))
    expect(row.get_by_text("matched")).to_be_visible()
    page.get_by_role("button", name="Use", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    controls = {"content_regions": "Regions of the content", "style_regions": "Regions of the style"}
    painted = stylized(page, **asked, **dict.fromkeys(controls, "uploaded file"))
    sent = [base64.b64decode(mask.partition(",")[2]) for mask in page.evaluate("masks")]
    masks = dict(zip(controls, sent, strict=True))
    values = {"smoother": "none", "post_filter": False, "longest": 128}
    assert alike(painted, computed(STYLIZE, **values, **masks)["result"]["none"])
    assert abs(painted.astype(int) - whole).mean() > 2
    for name, label in list(controls.items()):
        choose(page, label, "none")
        del controls[name]
        expect_query(page, **PHOTO, **asked, **dict.fromkeys(controls, "uploaded file"))
    assert np.array_equal(stylized(page, **asked), whole)


@pytest.mark.proof
def test_a_region_of_one_picture_alone_is_said_by_the_run_that_is_painted_for(opened: Callable[..., Page]) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint is not in weights/bundled")
    page = opened({**PHOTO, "longest": "128", "smoother": "none"})
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Paint the regions").click()
    page.get_by_role("application", name="Content, to paint").focus()
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Space")
    # The run that the link asks for ends, and the page is drawn anew, under what is being painted.
    expect(page.get_by_role("button", name="Stylize", include_hidden=True)).to_be_attached()
    row = page.get_by_role("row").filter(has_text="Region 1")
    expect(row).to_contain_text("not in the style: follows the whole picture")
    page.get_by_role("button", name="Use", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Stylize").click()
    expect(page.get_by_text("it follows the whole picture")).to_be_visible()


@pytest.mark.proof
def test_a_dance_becomes_a_playable_movie_of_its_length_and_a_paused_one_keeps_its_frames(
    opened: Callable[..., Page],
    dance: Path,
) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint is not in weights/bundled")
    original = read_clip(dance)
    place = {"panel": "photo_stylization", "experiment": "clip", "clip": "uploaded file"}
    page = opened({"panel": "photo_stylization", "experiment": "clip"})
    choose(page, "Clip", "a clip of your own")
    page.get_by_label("Clip", exact=True).and_(page.locator("input[type=file]")).set_input_files(dance)
    page.get_by_text("More", exact=True).click()
    size = page.get_by_role("slider", name="Made at")
    move(size, "Home")
    expect_query(page, **place, longest="128")
    run = page.get_by_role("button", name="Stylize the clip")
    run.click()
    row = page.get_by_role("group", name="Results of this visit")
    expect(row.get_by_role("button")).to_have_count(2)
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert page.locator("video").evaluate("film => film.duration") == pytest.approx(26 / original.rate, abs=0.05)
    whole = download(page, "Download MP4")
    clip = read_clip(whole)
    assert (clip.count, clip.rate, clip.sound) == (original.count, original.rate, original.sound)
    assert read_clip_parameters(whole)["controls"]["longest"] == 128
    rest(page)
    page.get_by_text("Steady in time", exact=True).click()
    expect(page.get_by_role("checkbox", name="Steady in time")).not_to_be_checked()
    move(size, "End")  # So large that it cannot end before the hand is at Pause.
    expect_query(page, **place, longest="1024", steady="false")
    run.click()
    expect(page.get_by_text(re.compile(r"Frame ([3-9]|1\d) of 26"))).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused; what was finished stays.")).to_be_visible()
    part = read_clip(download(page, "Download MP4"))
    assert 2 <= part.count < 26 and part.rate == original.rate
    assert len(list(part.frames(128))) == part.count
    row.get_by_role("button").first.click()
    expect_query(page, **place, longest="128")
    assert read_clip(download(page, "Download MP4")).count == original.count


@pytest.mark.proof
def test_axe_finds_nothing_serious_in_the_painter(opened: Callable[..., Page]) -> None:
    page = opened(PHOTO)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Paint the regions").click()
    expect(page.get_by_role("application", name="Style, to paint")).to_be_visible()
    assert serious_in_both_schemes(page) == []
