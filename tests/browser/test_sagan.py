"""SAGAN's panel: pictures with their attention, entropy by class, the replay of a training, a hand on a picture."""

import base64
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from engines.sagan import engine
from pages import sagan
from tests.support import ROOT
from tests.support.browser import Visit, serious_findings
from tests.support.runs import runner
from tests.support.waiting import wait_until

PANEL = sagan.PANEL
run = runner(PANEL)
ASKED: dict[str, Any] = {"label": "ship", "seed": 5, "count": 2, "sigma": 2}


# Its faces


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    engine.warm()
    return studio_of(PANEL)


def script() -> None:
    from pages import sagan
    from studio.faces.streamlit import page as streamlit_page

    streamlit_page.serve([sagan.PANEL])


@pytest.mark.proof
def test_the_same_seed_is_the_same_picture_on_every_face(
    chromium: Browser, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run("attention", **ASKED)["attention"]["ship 2"]

    client = Client(address, verbose=False, download_files=tmp_path / "api", analytics_enabled=False)
    answer = client.predict(**ASKED, api_name="/sagan_attention")["attention"]["ship 2"]
    assert np.array_equal(np.asarray(Image.open(answer["picture"])), expected.picture)
    assert np.array_equal(np.load(answer["maps"]), expected.maps)

    settings = [part for name, value in ASKED.items() for part in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "pages", "run", "sagan", "attention", *settings, "--out", str(tmp_path / "out")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "attention-ship-2.png")), expected.picture)
    assert json.loads((tmp_path / "out" / "result.json").read_text())["controls"]["seed"] == 5

    page = AppTest.from_function(script, default_timeout=60)
    page.query_params.update({"panel": "sagan", "experiment": "attention", **{k: str(v) for k, v in ASKED.items()}})
    page._page_hash = calc_hash("sagan")
    page.run()
    sheet = next(reversed(page.session_state["sheets"].values()))
    for _ in range(20):
        if sheet.made is not None and sheet.made.whole:
            break
        page.run()
    assert np.array_equal(sheet.made.result["attention"]["ship 2"].picture, expected.picture)

    query = "&".join(f"{name}={value}" for name, value in ASKED.items())
    visit = Visit(chromium, address, f"?panel=sagan&experiment=attention&{query}")
    sample = visit.page.get_by_role("button", name="ship 2", exact=True).locator("img")
    expect(sample).to_be_visible()
    file = visit.page.request.get(f"{address}{sample.get_attribute('src')}").body()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file))), expected.picture)
    assert visit.complaints == []
    visit.context.close()


# The hand on a picture, in a browser


def drawn(page: Page) -> np.ndarray:
    """The pixels of the picture as it is drawn, (32, 32, 3)."""
    address = page.evaluate("document.querySelector('.attention canvas').toDataURL()")
    file = io.BytesIO(base64.b64decode(address.partition(",")[2]))
    return np.asarray(Image.open(file).convert("RGB"))


def hottest(page: Page) -> tuple[int, int]:
    """The key, of 8 x 8, that is drawn in the most heat."""
    pixels = drawn(page).astype(int).reshape(8, 4, 8, 4, 3).mean((1, 3))
    heat = pixels[..., 0] - pixels[..., 1] - pixels[..., 2] / 2
    row, column = divmod(int(heat.argmax()), 8)
    return row, column


def test_a_hand_explores_attention_without_a_call_to_the_server(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=sagan&experiment=attention", viewport={"width": 1400, "height": 1100})
    page = visit.page
    words = page.locator(".attention-words")
    expect(words).to_contain_text("Row 9, column 9 of 16 attends most to")
    expect(page.locator(".attention-samples img")).to_have_count(6)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    stage = page.locator(".attention-stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None and box["width"] % 32 == 0 and box["width"] >= 320
    cell = box["width"] / 16

    def place(row: int, column: int) -> tuple[float, float]:
        return box["x"] + (column + 0.5) * cell, box["y"] + (row + 0.5) * cell

    made = run("attention")["attention"]["horse 1"]
    for row, column in ((0, 0), (15, 15), (7, 3), (2, 12)):
        page.mouse.move(*place(row, column))
        expect(words).to_contain_text(f"Row {row + 1}, column {column + 1} of 16 attends")
        keys = made.maps[row, column]
        assert hottest(page) == np.unravel_index(keys.argmax(), keys.shape)
        share = 100 * keys.max().astype(float)
        expect(words).to_contain_text(f"{share:.0f} % on one key of 64" if share >= 10 else f"{share:.1f} %")

    maps = page.evaluate(
        """() => {
            const stage = document.querySelector(".attention-stage");
            const canvas = stage.querySelector("canvas");
            const { left, top, width } = stage.getBoundingClientRect();
            const seen = new Set();
            for (let at = 0; at < 256; at += 1) {
                const clientX = left + (at % 16 + 0.5) * width / 16;
                const clientY = top + (Math.floor(at / 16) + 0.5) * width / 16;
                stage.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY }));
                seen.add(canvas.toDataURL());
            }
            return seen.size;
        }"""
    )
    assert maps > 200

    page.mouse.move(*place(4, 4))
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(*place(10, 10))
    expect(words).to_contain_text("Row 5, column 5 of 16, pinned, attends")
    page.mouse.move(*place(4, 4))
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(*place(10, 10))
    expect(words).to_contain_text("Row 11, column 11 of 16 attends")

    page.mouse.move(*place(12, 1))
    page.mouse.down()
    page.mouse.move(*place(12, 6))
    page.mouse.up()
    page.mouse.move(*place(0, 0))
    expect(words).to_contain_text("A path of 6 places attends, on average, most to")
    mean = made.maps[12, 1:7].astype(float).mean(0)
    assert hottest(page) == np.unravel_index(mean.argmax(), mean.shape)

    stage.focus()
    page.keyboard.press("ArrowUp")
    expect(words).to_contain_text("Row 12, column 7 of 16, pinned, attends")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    expect(words).to_contain_text("A path of 3 places")
    page.keyboard.press("Escape")
    expect(words).to_contain_text("Point at the picture")
    assert np.array_equal(drawn(page), made.picture)
    page.keyboard.press("ArrowDown")
    assert asked == []

    page.get_by_role("button", name="horse 4", exact=True).click()
    expect(page.get_by_role("button", name="horse 4", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("slider", name="Strength").fill("0")
    expect(page.get_by_text("attention is off")).to_be_visible()
    page.get_by_role("button", name="Show the picture alone").click()
    without = run("attention", sigma=0)["attention"]["horse 4"].picture
    wait_until(lambda: np.array_equal(drawn(page), without))
    assert serious_findings(page) == []
    assert visit.complaints == []
    visit.context.close()


@pytest.mark.proof
def test_on_a_phone_a_tap_pins_and_nothing_is_wider_than_the_screen(chromium: Browser, address: str) -> None:
    options: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "color_scheme": "dark"}
    visit = Visit(chromium, address, "?panel=sagan&experiment=attention&seed=2", **options)
    page = visit.page
    stage = page.locator(".attention-stage")
    expect(page.locator(".attention-words")).to_contain_text("attends most to")
    box = stage.bounding_box()
    assert box is not None and box["width"] == 352
    stage.tap(position={"x": 33, "y": 121})
    expect(page.locator(".attention-words")).to_contain_text("Row 6, column 2 of 16, pinned, attends")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious_findings(page) == []
    assert visit.complaints == []
    visit.context.close()
