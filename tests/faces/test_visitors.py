"""Many visitors at once: who is who, and that nobody sees another's result."""

import asyncio
import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.testclient import TestClient

from studio.declared import Experiment, Panel, Stream
from studio.kinds import Camera, Number, Table
from studio.runs import run as runs
from studio.runs import visitors
from studio.wire import socket
from tests.support import hard_experiments
from tests.support.servers import served
from tests.support.streams import connect, jpeg, unpacked
from tests.support.waiting import cancelled, run, wait, wait_until

VISITORS = 10
POSITIONS = 20
LIVE_SECONDS, CLIP_SECONDS = 0.01, 0.05


def tune(memory: dict[str, Any], frame: np.ndarray, position: int, visitor: int) -> Iterator[dict[str, Any]]:
    time.sleep(LIVE_SECONDS)
    memory.setdefault("visitors", set()).add(visitor)
    yield {"made": {"here": {"position": position, "visitor": visitor, "seen": len(memory["visitors"])}}}


def clip(frames: int) -> Iterator[dict[str, Any]]:
    for frame in range(frames):
        time.sleep(CLIP_SECONDS)
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
    socket.add_routes(app, [PANEL])
    with served(app) as host:
        yield host


async def drag(host: str, visitor: int) -> list[dict[str, int]]:
    """Move the control faster than is computed; returns what came back."""
    cookie = f"{visitors.COOKIE}={visitors.signed_cookie()}"
    async with connect(host, "crowd/tune", Cookie=cookie) as live:

        async def move() -> None:
            for position in range(1, POSITIONS + 1):
                await live.say(moved={"position": position, "visitor": visitor})
                await live.send(jpeg())
                await asyncio.sleep(0.03)

        moves = asyncio.create_task(move())
        answers: list[dict[str, int]] = []
        while not answers or answers[-1]["position"] < POSITIONS:
            message = await live.recv()
            assert isinstance(message, bytes), message
            answers.append(unpacked(message)[0]["outputs"]["made"]["here"])
        await moves
        return answers


def test_ten_visitors_drag_a_live_control_while_another_runs_a_long_clip(
    host: str,
) -> None:
    async def all_visitors() -> list[list[dict[str, int]]]:
        return await asyncio.gather(*(drag(host, visitor) for visitor in range(VISITORS)))

    long = runs.start(PANEL.experiments[1], {}, visitor="the one with the clip")
    wait_until(lambda: long.result)
    before = long.result["made"]["frame"]["number"]
    visits = run(all_visitors())
    frames = long.result["made"]["frame"]["number"] - before
    wait(cancelled(long))

    for visitor, answers in enumerate(visits):
        assert {(made["visitor"], made["seen"]) for made in answers} == {(visitor, 1)}
        positions = [made["position"] for made in answers]
        assert positions == sorted(positions) and positions[-1] == POSITIONS
    assert frames >= 3


def test_what_a_visitor_starts_takes_that_visitors_share() -> None:
    tasks = [
        runs.start(PANEL.experiments[1], {"frames": 2}, visitor="a"),
        runs.start(hard_experiments.PANEL.experiment("race"), {}, visitor="b"),
    ]
    assert [task.visitor for task in tasks] == ["a", "b"]
    for task in tasks:
        wait(cancelled(task))


@pytest.fixture
def pages() -> FastAPI:
    app = FastAPI()
    app.add_middleware(visitors.Cookies)
    app.add_api_route("/", lambda: HTMLResponse("<!doctype html>"))
    app.add_api_route("/config", lambda: {})
    return app


def test_a_browser_gets_one_cookie_with_its_first_page_and_keeps_it(pages: FastAPI) -> None:
    client = TestClient(pages)
    assert "set-cookie" not in client.get("/config").headers
    given = client.get("/").headers["set-cookie"]
    assert re.fullmatch(r"studio_visitor=[\w-]{43}\.[\w-]{43}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax", given)
    assert "set-cookie" not in client.get("/").headers
    assert TestClient(pages).get("/").headers["set-cookie"] != given


def test_over_https_the_cookie_also_goes_into_a_frame_on_another_site(pages: FastAPI) -> None:
    given = TestClient(pages, "https://studio").get("/").headers["set-cookie"]
    assert given.endswith("; HttpOnly; SameSite=None; Secure; Partitioned")
    # What anybody may say of a proxy is not believed; uvicorn believes those of STUDIO_PROXIES.
    given = TestClient(pages, "http://studio").get("/", headers={"x-forwarded-proto": "https"}).headers["set-cookie"]
    assert given.endswith("; HttpOnly; SameSite=Lax")


def test_a_visitor_is_known_by_a_signed_cookie_alone_or_without_one_by_the_session() -> None:
    name, one, other = visitors.visitor, visitors.signed_cookie(), visitors.signed_cookie()
    assert name({"studio_visitor": one}, "1") == name({"studio_visitor": one, "theme": "dark"}, "2")
    assert name({"studio_visitor": one}, "1") != name({"studio_visitor": other}, "1")
    assert name({}, "1") != name({}, "2")
    assert name({"studio_visitor": "1"}, "") != name({}, "1"), "a cookie cannot be made up to be another's session"
    invented = [{"studio_visitor": each} for each in ("x", one[:-1], f"{one}x", "x" + one)]
    assert {name(cookies, "1") for cookies in invented} == {name({}, "1")}, "nor to be a visitor"


def test_a_browser_that_brings_an_invented_cookie_gets_a_signed_one(pages: FastAPI) -> None:
    client = TestClient(pages, cookies={"studio_visitor": "invented"})
    assert "set-cookie" in client.get("/").headers
    signed = TestClient(pages, cookies={"studio_visitor": visitors.signed_cookie()})
    assert "set-cookie" not in signed.get("/").headers
