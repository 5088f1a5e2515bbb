"""A paper that is only declared is on both faces, in the API, among the MCP tools and on the command line."""

import ast
import asyncio
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from PIL import Image
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import pages
from engines.runtime.images import read_photo
from pages._results import finished, start
from tests.browser import Visit, studio

NEW = Path(__file__).parent / "new_panel"
VALUES = {"height": 0.3, "seed": 5}
COMMAND = f"import sys, pages; pages.__path__.append({str(NEW)!r}); from pages.__main__ import main; sys.exit(main())"


@pytest.fixture(scope="module", autouse=True)
def added() -> Iterator[None]:
    """The folder stands among those of pages/, as if its module lay there."""
    pages.__path__.append(str(NEW))
    pages.panels.cache_clear()
    yield
    pages.__path__.remove(str(NEW))
    pages.panels.cache_clear()
    sys.modules.pop("pages.sunshine", None)


@pytest.fixture(scope="module")
def address(added: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with studio(pages.panels(), tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.fixture(scope="module")
def sky(added: None) -> np.ndarray:
    """What every face must give."""
    return finished(start(pages.panel("sunshine").experiment("shine"), VALUES))["picture"]


def fetched(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(httpx.get(address).content)).convert("RGB"))


def test_gradio(chromium: Browser, address: str, sky: np.ndarray) -> None:
    visit = Visit(chromium, address, "?panel=sunshine&experiment=shine&height=0.3&seed=5")
    page = visit.page
    expect(page.get_by_role("tab", name="98 Sunshine")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("img", name="Sky").locator("visible=true")).to_be_visible()
    link = page.get_by_role("link", name="Download").locator("visible=true")
    assert np.array_equal(fetched(address + str(link.get_attribute("href"))), sky)
    assert page.get_by_role("spinbutton", name="Seed").input_value() == "5"
    assert visit.complaints == []
    visit.context.close()


def script() -> None:
    """What `streamlit run app.py` draws."""
    import pages
    from pages import _streamlit

    _streamlit.serve(pages.panels())


def test_streamlit(sky: np.ndarray) -> None:
    page = AppTest.from_function(script, default_timeout=20)
    page.query_params.update({"panel": "sunshine", "experiment": "shine", "height": "0.3", "seed": "5"})
    # A browser stays on the page to which the query led; AppTest must be told, and has no public word for it.
    page._page_hash = calc_hash("sunshine")
    page.run()
    (sheet,) = page.session_state["sheets"].values()
    while sheet.task is not None:
        time.sleep(0.02)
        page.run()
    assert np.array_equal(sheet.made.result["picture"], sky)
    assert page.slider[0].value == 0.3 and page.number_input[0].value == 5
    assert not page.exception


def test_the_api(address: str, sky: np.ndarray, tmp_path: Path) -> None:
    client = Client(address, verbose=False, download_files=tmp_path, analytics_enabled=False)
    result = client.predict(**VALUES, api_name="/sunshine_shine")
    assert np.array_equal(read_photo(result["picture"]), sky)


def test_mcp(address: str, sky: np.ndarray) -> None:
    async def call() -> Any:
        async with (
            streamablehttp_client(f"{address}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await session.call_tool("sunshine_shine", VALUES)

    # In a thread of its own, for Playwright's loop may run in this one.
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(asyncio.run, call()).result()
    assert np.array_equal(fetched(ast.literal_eval(answer.content[0].text)["picture"]["url"]), sky)


def test_the_command_line(sky: np.ndarray, tmp_path: Path) -> None:
    settings = [part for name, value in VALUES.items() for part in ("--set", f"{name}={value}")]
    arguments = ["run", "sunshine", "shine", *settings, "--out", str(tmp_path)]
    subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments], cwd=Path(__file__).parents[1], check=True, env=os.environ
    )
    assert np.array_equal(read_photo(tmp_path / "picture.png"), sky)
