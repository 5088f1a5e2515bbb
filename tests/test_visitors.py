"""Many visitors at once: who is who, that nobody sees another's result, and that nobody waits for long."""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import uvicorn
import websockets
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.testclient import TestClient

from engines.runtime.scheduler import Priority, Scheduler
from pages import _live, _results, _visitors
from pages._panel import Camera, Experiment, Number, Panel, Stream, Table
from tests import hard_experiments
from tests.test_live import jpeg, run, unpacked, wait_until
from tests.test_scheduler import cancelled, hold, wait

VISITORS = 10
POSITIONS = 40
LIVE_SECONDS, CLIP_SECONDS = 0.03, 0.15
TOOK: dict[str, list[float]] = {"live": [], "clip": []}
"""Seconds that each step took."""


def tune(memory: dict[str, Any], frame: np.ndarray, position: int, visitor: int) -> Iterator[dict[str, Any]]:
    began = time.monotonic()
    time.sleep(LIVE_SECONDS)
    memory.setdefault("visitors", set()).add(visitor)
    TOOK["live"].append(time.monotonic() - began)
    yield {"made": {"here": {"position": position, "visitor": visitor, "seen": len(memory["visitors"])}}}


def clip(frames: int) -> Iterator[dict[str, Any]]:
    for frame in range(frames):
        began = time.monotonic()
        time.sleep(CLIP_SECONDS)
        TOOK["clip"].append(time.monotonic() - began)
        yield {"made": {"frame": {"number": frame}}}


PANEL = Panel(
    slug="crowd",
    title="Crowd",
    paper=hard_experiments.PANEL.paper,
    story="Many visitors at once.",
    experiments=[
        Stream(
            name="tune",
            title="Tune",
            controls={
                "frame": Camera("Camera"),
                "position": Number("Position", 0, POSITIONS, 0, 1),
                "visitor": Number("Visitor", 0, VISITORS, 0, 1),
            },
            outputs={"made": Table("Made")},
            presets={"left": {}},
            run=tune,
        ),
        Experiment(
            name="clip",
            title="Clip",
            controls={"frames": Number("Frames", 1, 10_000, 10_000, 1)},
            outputs={"made": Table("Made")},
            presets={"long": {}},
            run=clip,
        ),
    ],
)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    app = FastAPI()
    _live.add_routes(app, [PANEL])
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started)
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


async def drag(host: str, visitor: int) -> tuple[list[dict[str, int]], list[float]]:
    """Move the control faster than is computed; returns what came back, and how long each wait for it was."""
    origin = websockets.Origin(f"http://{host}")
    async with websockets.connect(f"ws://{host}/live/crowd/tune", origin=origin) as live:

        async def move() -> None:
            for position in range(1, POSITIONS + 1):
                await live.send(json.dumps({"position": position, "visitor": visitor}))
                await live.send(jpeg())
                await asyncio.sleep(0.1)

        moves = asyncio.create_task(move())
        answers: list[dict[str, int]] = []
        waits: list[float] = []
        last = time.monotonic()
        while not answers or answers[-1]["position"] < POSITIONS:
            message = await asyncio.wait_for(live.recv(), 30)
            assert isinstance(message, bytes), message
            answers.append(unpacked(message)[0]["outputs"]["made"]["here"])
            waits.append(time.monotonic() - last)
            last = time.monotonic()
        await moves
        return answers, waits


def test_ten_visitors_drag_a_live_control_while_another_runs_a_long_clip(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def all_visitors() -> list[tuple[list[dict[str, int]], list[float]]]:
        return await asyncio.gather(*(drag(host, visitor) for visitor in range(VISITORS)))

    long = _results.start(PANEL.experiments[1], {}, visitor="the one with the clip")
    wait_until(lambda: long.result)
    for took in TOOK.values():
        took.clear()
    visits = run(all_visitors())
    frames = len(TOOK["clip"])
    wait(cancelled(long))

    for visitor, (answers, _) in enumerate(visits):
        assert {(made["visitor"], made["seen"]) for made in answers} == {(visitor, 1)}
        positions = [made["position"] for made in answers]
        assert positions == sorted(positions) and positions[-1] == POSITIONS
    fair = VISITORS * float(np.mean(TOOK["live"])) + float(np.mean(TOOK["clip"]))
    longest = max(max(waits) for _, waits in visits)
    with capsys.disabled():
        print(
            f"\n{VISITORS} visitors: {len(TOOK['live'])} live answers, {frames} frames of a clip, no result astray; "
            f"a turn of each takes {fair:.2f} s, the longest wait was {longest / fair:.2f} times that"
        )
    assert longest < 3 * fair
    assert frames >= 3


def test_the_scheduler_takes_little_of_what_ten_visitors_compute(capsys: pytest.CaptureFixture[str]) -> None:
    """CPU seconds of steps that compute nothing, against the steps of a live control; calls are not merged."""
    steps = 200

    def idle() -> Iterator[dict[str, Any]]:
        for step in range(steps):
            yield {"step": step}

    scheduler = Scheduler()
    gate = hold(scheduler)
    tasks = [scheduler.submit(idle, Priority.LIVE, f"visitor {number}") for number in range(VISITORS)]
    began = time.process_time()
    gate.set()
    for task in tasks:
        wait(task)
    taken = (time.process_time() - began) / (VISITORS * steps)
    throughput = LIVE_SECONDS / (LIVE_SECONDS + taken)
    with capsys.disabled():
        print(
            f"\nthe scheduler takes {taken * 1e6:.0f} microseconds a step: of steps of {LIVE_SECONDS * 1e3:.0f} ms, as "
            f"many a second are computed for ten visitors as in a plain loop, times {throughput:.3f}"
        )
    assert throughput >= 0.95


def test_what_a_visitor_starts_takes_that_visitors_share() -> None:
    tasks = [
        _results.start(PANEL.experiments[1], {"frames": 2}, visitor="a"),
        _results.start(hard_experiments.PANEL.experiment("race"), {}, visitor="b"),
    ]
    assert [task.visitor for task in tasks] == ["a", "b"]
    for task in tasks:
        wait(cancelled(task))


@pytest.fixture
def pages() -> FastAPI:
    app = FastAPI()
    app.add_middleware(_visitors.Cookies)
    app.add_api_route("/", lambda: HTMLResponse("<!doctype html>"))
    app.add_api_route("/config", lambda: {})
    return app


def test_a_browser_gets_one_cookie_with_its_first_page_and_keeps_it(pages: FastAPI) -> None:
    client = TestClient(pages)
    assert "set-cookie" not in client.get("/config").headers
    given = client.get("/").headers["set-cookie"]
    assert re.fullmatch(r"studio_visitor=[\w-]{43}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax", given)
    assert "set-cookie" not in client.get("/").headers
    assert TestClient(pages).get("/").headers["set-cookie"] != given


@pytest.mark.parametrize(
    ("address", "headers"), [("https://studio", {}), ("http://studio", {"x-forwarded-proto": "https,http"})]
)
def test_over_https_the_cookie_also_goes_into_a_frame_on_another_site(
    pages: FastAPI, address: str, headers: dict[str, str]
) -> None:
    given = TestClient(pages, address).get("/", headers=headers).headers["set-cookie"]
    assert given.endswith("; HttpOnly; SameSite=None; Secure; Partitioned")


def test_a_visitor_is_known_by_the_cookie_alone_or_without_one_by_the_session() -> None:
    name = _visitors.visitor
    assert name({"studio_visitor": "x"}, "1") == name({"studio_visitor": "x", "theme": "dark"}, "2")
    assert name({"studio_visitor": "x"}, "1") != name({"studio_visitor": "y"}, "1")
    assert name({}, "1") != name({}, "2")
    assert name({"studio_visitor": "1"}, "") != name({}, "1"), "a cookie cannot be made up to be another's session"
