"""A clip in the browser: played, sought, kept when paused, saved with its parameters."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from engines.photo_stylization.engine import warm
from engines.runtime.checkpoints import find, present
from engines.runtime.video import read_clip, read_clip_parameters
from pages import photo_stylization
from tests.support.browser import Visit, drop

HOSTILE = b"ffconcat version 1.0\nfile /etc/passwd\n"
REFUSAL = "this is not a clip the studio reads; choose an MP4, MOV, WebM, MKV, AVI or GIF file."


@pytest.fixture(scope="module", autouse=True)
def checkpoint() -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")
    warm()


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(photo_stylization.PANEL)


def test_the_panel_opens_with_a_movie_that_can_be_played(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=photo_stylization&experiment=clip")
    film = visit.page.get_by_label("Film", exact=True)
    expect(film).to_be_visible()
    visit.page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert film.evaluate("film => film.duration") == pytest.approx(3, abs=0.05)
    assert visit.complaints == []
    visit.context.close()


@pytest.mark.proof
def test_a_dance_becomes_a_playable_movie_of_its_length_and_a_paused_one_keeps_its_frames(
    chromium: Browser, address: str, dance: Path
) -> None:
    original = read_clip(dance)
    visit = Visit(chromium, address, "?panel=photo_stylization&experiment=clip")
    page = visit.page
    field = page.get_by_role("group", name="Clip", exact=True)
    field.get_by_label("Choose a file").set_input_files(dance)
    expect(page.get_by_role("img", name="Clip: your clip")).to_be_visible()
    page.get_by_role("button", name="More").locator("visible=true").click()
    size = page.get_by_role("slider", name="Made at")
    expect(size).to_have_value("512")
    page.wait_for_function("location.search.includes('clip=')")  # The link has been followed.
    size.fill("128")
    page.wait_for_function("location.search.includes('longest=128')")
    link = page.get_by_role("link", name="Download MP4").locator("visible=true")

    def movie_after(before: str) -> bytes:
        expect(link).not_to_have_attribute("href", before)
        page.wait_for_function("document.querySelector('video').readyState >= 2")
        return visit.context.request.get(address + str(link.get_attribute("href"))).body()

    before = str(link.get_attribute("href"))
    page.get_by_role("button", name="Stylize the clip").click()
    whole = movie_after(before)
    clip = read_clip(whole)
    assert (clip.count, clip.rate, clip.sound) == (original.count, original.rate, original.sound)
    assert page.locator("video").evaluate("film => film.duration") == pytest.approx(26 / clip.rate, abs=0.05)
    assert read_clip_parameters(whole)["controls"] == {
        **photo_stylization.PANEL.experiment("clip").opening(),
        "clip": "uploaded file",
        "longest": 128,
    }
    fresh = Visit(chromium, address)
    drop(fresh.page, whole, name="saved.mp4")
    expect(fresh.page.get_by_role("alert").filter(has_text="choose it again")).to_contain_text("Clip: ")
    fresh.page.get_by_role("button", name="More").locator("visible=true").click()
    expect(fresh.page.get_by_role("slider", name="Made at")).to_have_value("128")
    assert fresh.complaints == []
    fresh.context.close()
    before = str(link.get_attribute("href"))
    page.get_by_label("Steady in time").uncheck()
    size.fill("512")  # So large that it cannot end before the hand is at Pause.
    page.wait_for_function("location.search.includes('steady=false') && !location.search.includes('longest')")
    page.get_by_role("button", name="Stylize the clip").click()
    expect(page.get_by_role("status").filter(has_text=re.compile(r"Frame ([4-9]|1\d) of 26"))).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    part = read_clip(movie_after(before))
    assert 3 <= part.count < 26 and part.rate == original.rate
    assert len(list(part.frames(512))) == part.count
    expect(page.get_by_text("Paused; what was finished stays.")).to_be_visible()
    assert visit.complaints == []
    visit.context.close()


def test_a_file_that_is_no_clip_is_one_sentence_and_the_clip_before_stays(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=photo_stylization&experiment=clip")
    field = visit.page.get_by_role("group", name="Clip", exact=True)
    file = {"name": "<img src=x onerror=alert(1)>.mp4", "mimeType": "video/mp4", "buffer": HOSTILE}
    field.get_by_label("Choose a file").set_input_files(file)  # type: ignore[arg-type]
    expect(field.get_by_role("alert")).to_have_text(f"The file: {REFUSAL}")
    expect(field.get_by_role("button", name="lake")).to_have_attribute("aria-pressed", "true")
    assert all("422" in complaint for complaint in visit.complaints)
    visit.context.close()
