"""The API endpoints and MCP tools, by their real clients against a server on the loopback interface."""

import base64
import io
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from engines.runtime.scheduler import SCHEDULER
from studio.declared import Experiment, Panel
from studio.faces.api import add_endpoints
from studio.faces.gradio.blocks import Blocks
from studio.faces.gradio.mcp import connect
from studio.kinds import Number, Strip, Switch, Table
from studio.runs import run as runs
from studio.runs import visitors
from tests.support import hard_experiments
from tests.support.pictures import png
from tests.support.servers import on_a_free_port
from tests.support.tools import session
from tests.support.waiting import run, wait_until

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
    with Blocks(analytics_enabled=False) as demo:
        add_endpoints([hard_experiments.PANEL, PANEL])

    def start(port: int) -> str:
        here = {"server_name": "127.0.0.1", "server_port": port}
        address = demo.launch(**here, mcp_server=True, prevent_thread_lock=True, quiet=True)[1]
        connect(demo)
        return address

    url = on_a_free_port(start)
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
    expected = runs.finished(runs.start(CLICK, values))
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
    (name,) = values
    assert str(raised.value) == f"{name}: {str(expected.value).partition(': ')[2]}"


def test_a_number_beyond_the_bounds_is_held_within_them_and_said(client: Client) -> None:
    answer = client.predict(steps=0, api_name="/slow_dawdle")
    assert answer["notice"] == "Steps: 0 is beyond 1 to 1000 steps; 1 is used." and len(answer["strip"]) == 2


def test_too_few_values_are_answered_by_a_sentence(address: str) -> None:
    answer = raw(address, "slow_dawdle", [1])
    assert "event: error" in answer and "slow_dawdle takes 2 values, and got 1; missing: stumble." in answer


@pytest.mark.parametrize("place", [[2, 0], "here", [1], {"x": 1}])
def test_a_place_outside_the_picture_is_answered_by_a_sentence(client: Client, place: Any) -> None:
    with pytest.raises(AppError, match="place: .* is no place on the picture"):
        client.predict("noise", place, api_name="/hard_experiments_click")


def test_a_bug_is_an_apology_with_an_id_that_the_log_knows(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(AppError, match="Sorry") as raised:
        client.predict(1, True, api_name="/slow_dawdle")
    assert "secret" not in str(raised.value)
    (record,) = [record for record in caplog.records if record.name == "engines.runtime.bugs"]
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


def test_progress_is_told_and_a_cancel_stops_the_work(client: Client) -> None:
    STEPS.clear()
    job = client.submit(1000, api_name="/slow_dawdle")
    try:
        wait_until(lambda: any(unit.desc.startswith("step ") for unit in job.status().progress_data or []))
    finally:
        job.cancel()
    wait_until(lambda: not SCHEDULER._tasks)
    assert 0 < len(STEPS) < 1000


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
        events = []
        for _ in range(60):
            visitor = {"Cookie": f"{visitors.COOKIE}={visitors.signed_cookie()}"}
            answer = session.post(call, json={"data": [1, False]}, headers=visitor)
            events.append(answer.json()["event_id"])
        for event in events:
            assert "event: complete" in session.get(f"{call}/{event}").text


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
    picture = httpx.get(json.loads(good.content[0].text)["picture"]["url"]).content
    expected = runs.finished(runs.start(CLICK, {"photo": "noise"}))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(picture))), expected["picture"])
    assert base64.b64decode(good.content[1].data) == picture and good.content[1].mimeType == "image/png"
    assert bad.isError and bad.content[0].text == "photo: 'dog' is not among the examples noise."
    assert unknown.isError and "speed" in unknown.content[0].text
