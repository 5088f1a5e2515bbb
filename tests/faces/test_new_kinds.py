"""Kinds of control and output that a test adds are on both faces, in the API, among the MCP tools and on the command
line, and their values make the whole way."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client

import pages
from studio.kinds import Captioned, Control, Output
from studio.runs import permalink
from studio.runs.run import finished, start
from tests.support import ROOT
from tests.support.streamlit import made, query, until_ended, visit
from tests.support.sunshine import added, panels
from tests.support.tools import session
from tests.support.waiting import run

HOURS = [0.3, 0.6]
LIGHT = {"evening": 0.1, "midnight": 0.3, "morning": 0.0}


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


def test_they_are_special_cases_of_no_other_kind() -> None:
    (experiment,) = pages.panel("moonlight").experiments
    control, output = experiment.controls["hours"], experiment.outputs["light"]
    assert type(control).__bases__ == (Control,)
    assert type(output).__bases__ == (Output,) and not isinstance(output, Captioned)


def test_a_link_carries_the_value() -> None:
    panel = pages.panel("moonlight")
    (experiment,) = panel.experiments
    written = permalink.write(panel, experiment, {"hours": HOURS})
    assert written["hours"] == "0.3,0.6"
    assert permalink.read(experiment, written) == ({"hours": (0.3, 0.6)}, [])
    assert "is no part of 0 to 1" in permalink.read(experiment, {"hours": "0.6,0.3"})[1][0]


def test_what_is_no_value_of_the_kind_is_a_mistake_of_the_page() -> None:
    (experiment,) = pages.panel("moonlight").experiments
    wrong: dict[str, Any]
    for wrong in ({"light": {"noon": 7}}, {"lihgt": {}}):
        with pytest.raises(TypeError, match="experiment watch"):
            experiment.check_made(wrong)
    assert finished(start(experiment, {"hours": HOURS})) == {"light": LIGHT}


def test_streamlit() -> None:
    page = until_ended(visit(script, panel="moonlight", experiment="watch", hours="0.3,0.6"))
    assert made(page).result == {"light": LIGHT} and query(page)["hours"] == "0.3,0.6"
    assert not page.exception


def test_the_api(address: str, tmp_path: Path) -> None:
    client = Client(address, verbose=False, download_files=tmp_path, analytics_enabled=False)
    assert client.predict(hours=HOURS, api_name="/moonlight_watch") == {"light": LIGHT}


def test_mcp(address: str) -> None:
    async def call() -> Any:
        async with session(address) as opened:
            return await opened.call_tool("moonlight_watch", {"hours": HOURS})

    assert json.loads(run(call()).content[0].text) == {"light": LIGHT}


def test_the_command_line(tmp_path: Path) -> None:
    arguments = ["run", "moonlight", "watch", "--set", "hours=0.3,0.6", "--out", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "tests.support.sunshine", *arguments], cwd=ROOT, check=True)
    assert json.loads((tmp_path / "result.json").read_text())["outputs"] == {"light": LIGHT}
