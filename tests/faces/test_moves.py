"""Moved controls of a live experiment: the newest are answered, each once, and the last go on when they rest."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import websockets

from engines.runtime.scheduler import SCHEDULER
from studio.wire.visit import VISITS
from tests.support.shades import PANEL, STEPS
from tests.support.waiting import run, wait_until


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL)


def connected(address: str, path: str = "socket/shades?page=mine", origin: str | None = None) -> Any:
    return websockets.connect(address.replace("http", "ws") + path, origin=origin or address.rstrip("/"))  # type: ignore[arg-type]


def sent(kind: str, **values: Any) -> str:
    return json.dumps({"experiment": "shade", kind: values})


async def told(socket: Any, part: str, seconds: float = 60) -> Any:
    """The next of what is told that has this part."""
    async with asyncio.timeout(seconds):
        while part not in (message := json.loads(await socket.recv())):
            pass
    assert message["experiment"] == "shade"
    return message[part]


def words(outputs: Mapping[str, Any]) -> str:
    return outputs["words"]["html"]


def test_of_places_that_come_fast_the_newest_is_answered(address: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            for level in range(50):
                await socket.send(sent("moved", level=level))
            answers = [words(await told(socket, "passing"))]
            while "At 49." not in answers[-1]:
                answers.append(words(await told(socket, "passing")))
            assert len(answers) <= 3
            await socket.send(sent("moved", level=7))
            answer = await told(socket, "passing")
            assert answer["picture"]["picture"]["src"].startswith("data:image/jpeg;base64,")

    run(visit())


def test_a_place_is_left_once_it_was_shown_and_there_is_a_newer_one(address: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            await socket.send(sent("moved", level=255))
            assert "At 255." in words(await told(socket, "passing"))
            assert SCHEDULER._tasks
            await socket.send(sent("moved", level=3))
            assert "At 3." in words(await told(socket, "passing", 1))
        wait_until(lambda: not SCHEDULER._tasks)

    run(visit())


def test_what_was_shown_is_not_computed_again_when_the_control_rests(address: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            STEPS.clear()
            for level in (250, 251, 252):
                await socket.send(sent("moved", level=level))
                await told(socket, "passing")
            await socket.send(sent("rests", level=252))
            made = await told(socket, "made")
            assert made["query"]["level"] == "252"
            assert made["outputs"]["picture"]["picture"]["src"].startswith("pictures/")
            begun = [level for level, step in STEPS if step == 0]
            assert begun == [250, 251, 252], "each shown value once, and none again at rest"
            last = [step for level, step in STEPS if level == 252]
            assert last == sorted(set(last)), "the run went on where it was"

    run(visit())


def test_a_move_while_the_last_run_ends_takes_its_place(address: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            await socket.send(sent("rests", level=255))
            await told(socket, "outputs")
            await socket.send(sent("moved", level=9))
            assert "At 9." in words(await told(socket, "passing", 2))
            await socket.send(sent("rests", level=9))
            assert (await told(socket, "made"))["values"] == {"level": 9}

    run(visit())


def test_a_run_that_was_asked_for_since_a_move_is_not_taken_back_when_the_move_comes_to_rest(address: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            await socket.send(sent("moved", level=5))
            await told(socket, "passing")
            (asked,) = [each for each in VISITS._visits.values() if each.panel is PANEL]
            asked.runs += 1
            await socket.send(sent("rests", level=5))
            await socket.send(sent("written", level=6))
            assert (await told(socket, "query"))["level"] == "6"
            await socket.send(sent("moved", level=7))
            await told(socket, "passing")
            await socket.send(sent("rests", level=7))
            assert (await told(socket, "made"))["values"] == {"level": 7}

    run(visit())


def test_what_cannot_be_used_is_said_at_rest_and_a_flood_or_nonsense_ends_the_connection(address: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            for values in ({"level": "much"}, {"level": None}, {"nothing": 1}):
                await socket.send(sent("moved", **values))
                await asyncio.sleep(0.05)
            await socket.send(sent("rests", level="much"))
            assert "Level: " in await told(socket, "alert")
            await socket.send(sent("moved", level=3))
            assert "At 3." in words(await told(socket, "passing"))
        wrong = json.dumps({"experiment": "none", "moved": {}})
        for text in ("{", "[" * 5000, "[1]", wrong, sent("moved", level="9" * 200_000)):
            async with connected(address) as socket:
                await socket.send(text)
                with pytest.raises(websockets.ConnectionClosed):
                    await asyncio.wait_for(socket.recv(), 5)

    run(visit())


def test_the_address_of_what_a_page_has_is_written_without_computing(address: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            STEPS.clear()
            await socket.send(sent("written", level=77))
            assert await told(socket, "query") == {"panel": "shades", "experiment": "shade", "level": "77"}
            assert STEPS == []

    run(visit())


def test_only_pages_of_ours_have_a_socket(address: str) -> None:
    async def visit(**refused: str) -> None:
        with pytest.raises(websockets.InvalidStatus, match="403"):
            async with connected(address, **refused):
                pass

    run(visit(origin="http://elsewhere.example"))
    run(visit(path="socket/none?page=mine"))
    run(visit(path="socket/shades"))
