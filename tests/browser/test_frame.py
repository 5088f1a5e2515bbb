"""A Space is a page elsewhere that shows the studio in a frame: it works there, and in nobody else's frame."""

from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, expect

from tests.support.servers import served, studio
from tests.support.sunshine import added, fetched, panels, sky

QUERY = "sunshine?experiment=shine&height=0.3&seed=5"


def test_it_works_in_the_frame_of_a_page_that_is_named_and_in_no_others(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    framed = ""
    around = FastAPI()
    around.add_api_route("/", lambda: HTMLResponse(f'<!doctype html><iframe src="{framed}" width=1200 height=800>'))
    page = chromium.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    with served(around) as host, added():
        named = f"http://localhost:{host.partition(':')[2]}"
        monkeypatch.setenv("STUDIO_HOSTS", named)
        with studio(panels(), tmp_path) as address:
            framed = address + QUERY
            page.goto(named)
            inside = page.frame_locator("iframe")
            expect(inside.get_by_role("img", name="Sky").locator("visible=true")).to_be_visible()
            link = inside.get_by_role("link", name="Download").locator("visible=true").get_attribute("href")
            assert np.array_equal(fetched(f"{address}{link}"), sky()) and said == []
            with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
                page.goto(f"http://{host}")
    page.close()
