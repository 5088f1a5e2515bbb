"""BigGAN's pictures follow a slider in the browser."""

import io
import math
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from engines.biggan import engine
from pages import biggan
from tests.support.browser import Visit
from tests.support.runs import runner

PANEL = biggan.PANEL
STEPS = 1000
"""Of a hand, at most, until the pictures have followed it."""
run = runner(PANEL)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Levels of 255, in the mean."""
    return float(np.abs(one.astype(int) - other).mean())


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    engine.warm()
    return studio_of(PANEL)


COUNTED = """() => {
    const shown = () => [...document.querySelectorAll(".studio-picture img, .studio-frame img, img")]
        .filter((image) => image.offsetWidth > 200 && image.complete && image.naturalWidth)[0];
    window.updates = [];
    let last = shown()?.currentSrc;
    const look = () => {
        const image = shown();
        if (image && image.currentSrc !== last) { last = image.currentSrc; window.updates.push(performance.now()); }
        window.looking = requestAnimationFrame(look);
    };
    look();
}"""


FETCHED = """async (image) => {
    const answer = await fetch(image.src.replace(".webp", ".png"));
    return answer.ok && [...new Uint8Array(await answer.arrayBuffer())];
}"""


@pytest.fixture(scope="module")
def dragged(chromium: Browser, address: str) -> Iterator[tuple[int, float, np.ndarray]]:
    """Updates while the slider was dragged, where it stands at the end, and what is shown then."""
    visit = Visit(chromium, address, f"?panel={PANEL.slug}&experiment=truncation")
    page = visit.page
    expect(page.locator(".studio-badge").locator("visible=true")).to_contain_text("Computed in")
    slider = page.get_by_role("slider", name="Truncation").locator("visible=true")
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.evaluate(COUNTED)
    page.mouse.move(box["x"] + box["width"] * 0.48, middle)
    page.mouse.down()
    for step in range(STEPS):
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.35 * math.sin(step / 15)), middle)
        page.wait_for_timeout(33)
        updates = page.evaluate("window.updates.length")
        if updates > 2:
            break
    page.mouse.up()
    place = slider.input_value()
    page.wait_for_function("place => location.search.includes(`truncation=${place}`)", arg=place)
    shown = page.locator("img").locator("visible=true").first
    # It comes of the run that follows when the hand rests.
    expect(shown).to_have_attribute("src", re.compile("^pictures/"))
    image = shown.evaluate(FETCHED)
    yield updates, float(place), np.array(Image.open(io.BytesIO(bytes(image))).convert("RGB"))
    complaints = visit.complaints
    visit.context.close()
    assert complaints == []


def test_the_last_picture_is_the_slider_s_place(dragged: tuple[int, float, np.ndarray]) -> None:
    _, place, shown = dragged
    assert place != PANEL.experiment("truncation").opening()["truncation"]
    assert apart(shown, run("truncation", truncation=place)["pictures"]) < 0.1


def test_eight_pictures_follow_a_dragged_slider(dragged: tuple[int, float, np.ndarray]) -> None:
    updates, _, _ = dragged
    assert updates >= 2
