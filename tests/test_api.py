"""The API endpoints and MCP tools, by their real clients against a server on the loopback interface."""

import ast
import asyncio
import base64
import io
import json
import logging
import socket
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from PIL import Image

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from engines.runtime.scheduler import SCHEDULER
from pages import _results
from pages._api import add_endpoints
from pages._panel import Experiment, Number, Panel, Strip, Switch, Table
from tests import hard_experiments
from tests.pictures import png

CLICK = hard_experiments.PANEL.experiment("click")
STEPS: list[int] = []


def dawdle(steps: int, stumble: bool) -> Iterator[Any]:
    for step in range(steps):
        STEPS.append(step)
        time.sleep(0.05)
        yield Progress(step / steps, f"step {step}")
    if stumble:
        raise RuntimeError("a bug, with /secret/path in its words")
    picture = np.full((20, 30, 3), 7, dtype=np.uint8)
    yield {"strip": {"a first": picture, "second": picture + 1}, "table": {"row": {"column": np.float32(0.5)}}}


PANEL = Panel(
    slug="slow",
    title="Slow",
    paper=hard_experiments.PANEL.paper,
    story="It takes its time.",
    experiments=[
        Experiment(
            name="dawdle",
            title="Dawdle",
            controls={
                "steps": Number("Steps", 1, 1000, 3, 1, unit="steps", help="How long it takes."),
                "stumble": Switch("Stumble", False),
            },
            outputs={"strip": Strip("Strip"), "table": Table("Table")},
            presets={"short": {}},
            run=dawdle,
        )
    ],
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with gr.Blocks(analytics_enabled=False) as demo:
        add_endpoints([hard_experiments.PANEL, PANEL])
    _, url, _ = demo.launch(
        server_name="127.0.0.1", server_port=port, mcp_server=True, prevent_thread_lock=True, quiet=True
    )
    yield url
    demo.close()


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("downloads"), analytics_enabled=False)


def raw(address: str, endpoint: str, data: list[Any]) -> str:
    """What a hand-made request is answered: the last event of the endpoint's stream."""
    call = f"{address}gradio_api/call/{endpoint}"
    event = httpx.post(call, json={"data": data}).json()["event_id"]
    return httpx.get(f"{call}/{event}", timeout=20).text


def test_an_endpoint_gives_the_picture_that_the_same_run_gives(client: Client) -> None:
    values = {"photo": "noise", "place": [0.2, 0.8]}
    answer = client.predict(**values, api_name="/hard_experiments_click")
    expected = _results.finished(_results.start(CLICK, values))
    assert list(answer) == ["picture"]
    assert np.array_equal(np.asarray(Image.open(answer["picture"])), expected["picture"])
    assert json.loads(Image.open(answer["picture"]).info["parameters"])["controls"] == values


def test_an_uploaded_file_and_a_data_text_are_the_same_picture(client: Client, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    path = tmp_path / "<img src=x onerror=alert(1)>.png"
    path.write_bytes(png(picture))
    text = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    for photo in (handle_file(str(path)), text):
        answer = client.predict(photo, api_name="/hard_experiments_click")
        assert np.array_equal(np.asarray(Image.open(answer["picture"])), picture)


def test_an_endpoint_gives_every_output_by_its_name(client: Client) -> None:
    answer = client.predict(steps=1, api_name="/slow_dawdle")
    assert {caption: np.asarray(Image.open(path)).mean() for caption, path in answer["strip"].items()} == {
        "a first": 7,
        "second": 8,
    }
    assert answer["table"] == {"row": {"column": 0.5}}


@pytest.mark.parametrize(
    "values",
    [
        {"steps": 1001},
        {"steps": 2.5},
        {"steps": "many"},
        {"steps": [1]},
        {"stumble": "perhaps"},
        {"stumble": {"path": "/etc/passwd"}},
    ],
)
def test_a_bad_value_is_answered_by_the_sentence_of_its_control(client: Client, values: dict[str, Any]) -> None:
    with pytest.raises(InputError) as expected:
        PANEL.experiment("dawdle").check(values)
    with pytest.raises(AppError) as raised:
        client.predict(**values, api_name="/slow_dawdle")
    assert str(raised.value) == str(expected.value)


@pytest.mark.parametrize("place", [[2, 0], "here", [1], {"x": 1}])
def test_a_place_outside_the_picture_is_answered_by_a_sentence(client: Client, place: Any) -> None:
    with pytest.raises(AppError, match="Place: .* is no place on the picture"):
        client.predict("noise", place, api_name="/hard_experiments_click")


def test_a_bug_is_an_apology_with_an_id_that_the_log_knows(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(AppError, match="Sorry") as raised:
        client.predict(1, True, api_name="/slow_dawdle")
    assert "secret" not in str(raised.value)
    (record,) = [record for record in caplog.records if record.name == "pages._results"]
    assert record.getMessage().split()[-1] in str(raised.value)
    assert record.exc_info


def test_no_file_of_the_server_and_no_address_is_read(address: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(np.zeros((20, 20, 3), dtype=np.uint8)))
    meta = {"_type": "gradio.FileData"}
    for sent in (
        {"path": str(secret)},
        {"path": str(secret), "meta": meta},
        {"path": str(secret), "meta": meta, "is_stream": True},
        {"path": "../../../../../../etc/passwd", "meta": meta},
        {"path": f"{address}config", "meta": meta},
        {"path": "http://169.254.169.254/latest", "meta": meta},
        {"path": "x", "url": "file:///etc/passwd", "meta": meta},
        f"file://{secret}",
        "http://169.254.169.254/latest",
        str(secret),
        17,
        ["noise"],
    ):
        answer = raw(address, "hard_experiments_click", [sent, None])
        assert answer.startswith("event: error"), answer
    assert "event: error" not in raw(address, "hard_experiments_click", ["noise", None])


def test_a_file_inside_another_value_is_not_read_either(address: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("words nobody should read")
    answer = raw(address, "slow_dawdle", [1, {"deep": [{"path": str(secret), "meta": {"_type": "gradio.FileData"}}]}])
    assert answer.startswith("event: error") and "words" not in answer


def test_progress_is_told_and_a_cancel_stops_the_work_within_a_second(client: Client) -> None:
    STEPS.clear()
    job = client.submit(1000, api_name="/slow_dawdle")
    try:
        wait_until(lambda: any(unit.desc.startswith("step ") for unit in job.status().progress_data or []))
    finally:
        job.cancel()
    time.sleep(1)
    count = len(STEPS)
    time.sleep(0.3)
    assert len(STEPS) == count
    assert not SCHEDULER._tasks


def test_the_work_of_a_client_that_went_away_stops(address: str) -> None:
    STEPS.clear()
    call = f"{address}gradio_api/call/slow_dawdle"
    event = httpx.post(call, json={"data": [1000, False]}).json()["event_id"]
    with httpx.stream("GET", f"{call}/{event}", timeout=20):
        wait_until(lambda: len(STEPS) > 3)
    wait_until(lambda: not SCHEDULER._tasks, seconds=5)


def test_a_waiting_client_holds_no_thread(address: str, client: Client) -> None:
    """More clients than any pool has threads wait at once, and a short request still gets through."""
    call = f"{address}gradio_api/call/slow_dawdle"
    with httpx.Client(limits=httpx.Limits(max_connections=100), timeout=30) as session:
        events = [session.post(call, json={"data": [1, False]}).json()["event_id"] for _ in range(60)]
        for event in events:
            assert "event: complete" in session.get(f"{call}/{event}").text


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Its result; in a thread of its own, for Playwright's loop may run in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@asynccontextmanager
async def session(address: str) -> Any:
    async with (
        streamablehttp_client(f"{address}gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write) as opened,
    ):
        await opened.initialize()
        yield opened


def test_each_experiment_that_needs_no_browser_is_a_tool_that_describes_itself(address: str) -> None:
    async def tools() -> dict[str, Any]:
        async with session(address) as opened:
            return {tool.name: tool for tool in (await opened.list_tools()).tools}

    found = run(tools())
    assert sorted(found) == ["hard_experiments_click", "hard_experiments_race", "slow_dawdle"]
    schema = found["slow_dawdle"].inputSchema
    assert schema["properties"]["steps"]["type"] == "integer"
    assert schema["properties"]["steps"]["default"] == 3
    assert schema["properties"]["steps"]["description"] == "Steps. How long it takes. From 1 to 1000 steps."
    assert "required" not in schema
    click = found["hard_experiments_click"]
    assert click.inputSchema["required"] == ["photo"]
    assert "noise" in click.inputSchema["properties"]["photo"]["description"]
    assert "It takes its time." in found["slow_dawdle"].description


def test_a_tool_gives_pictures_that_can_be_fetched_and_sentences_about_bad_values(address: str) -> None:
    async def calls() -> tuple[Any, Any, Any]:
        async with session(address) as opened:
            return (
                await opened.call_tool("hard_experiments_click", {"photo": "noise"}),
                await opened.call_tool("hard_experiments_click", {"photo": "dog"}),
                await opened.call_tool("slow_dawdle", {"steps": 1, "speed": 3}),
            )

    good, bad, unknown = run(calls())
    assert not good.isError
    picture = httpx.get(ast.literal_eval(good.content[0].text)["picture"]["url"]).content
    expected = _results.finished(_results.start(CLICK, {"photo": "noise"}))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(picture))), expected["picture"])
    assert bad.isError and bad.content[0].text == "Photo: 'dog' is not among the examples noise."
    assert unknown.isError and "speed" in unknown.content[0].text


def wait_until(holds: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
