"""A paper that is only declared is on both faces, in the API, among the MCP tools and on the command line."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client

from engines.runtime.images import read_photo
from tests.support import ROOT
from tests.support.streamlit import made, until_ended, visit
from tests.support.sunshine import VALUES, added, fetched, panels, sky
from tests.support.tools import session
from tests.support.waiting import run


@pytest.fixture(scope="module", autouse=True)
def paper() -> Iterator[None]:
    with added():
        yield


@pytest.fixture(scope="module")
def address(paper: None, studio_of: Callable[..., str]) -> str:
    return studio_of(*panels())


def script() -> None:
    """What `streamlit run app.py` draws."""
    import pages
    from studio.faces.streamlit import page as streamlit_page

    streamlit_page.serve(pages.panels())


def test_streamlit() -> None:
    page = until_ended(visit(script, panel="sunshine", experiment="shine", height="0.3", seed="5"))
    assert np.array_equal(made(page).result["picture"], sky())
    assert page.slider[0].value == 0.3 and page.number_input[0].value == 5
    assert not page.exception


def test_the_api(address: str, tmp_path: Path) -> None:
    client = Client(address, verbose=False, download_files=tmp_path, analytics_enabled=False)
    result = client.predict(**VALUES, api_name="/sunshine_shine")
    assert np.array_equal(read_photo(result["picture"]), sky())


def test_mcp(address: str) -> None:
    async def call() -> Any:
        async with session(address) as opened:
            return await opened.call_tool("sunshine_shine", VALUES)

    answer = run(call())
    assert np.array_equal(fetched(json.loads(answer.content[0].text)["picture"]["url"]), sky())


def test_the_command_line(tmp_path: Path) -> None:
    settings = [part for name, value in VALUES.items() for part in ("--set", f"{name}={value}")]
    arguments = ["run", "sunshine", "shine", *settings, "--out", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "tests.support.sunshine", *arguments], cwd=ROOT, check=True)
    assert np.array_equal(read_photo(tmp_path / "picture.png"), sky())
