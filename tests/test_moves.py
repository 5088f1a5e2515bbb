"""Moved controls of a live experiment: answered at once, the newest alone, and then by one run when they rest."""

import asyncio
import dataclasses
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import websockets
from playwright.sync_api import Browser, expect

from engines.runtime.progress import Progress
from engines.runtime.scheduler import SCHEDULER
from pages._panel import Experiment, Notices, Number, Picture
from tests import hard_experiments
from tests.browser import Visit, studio
from tests.test_live import run

LONG = 100


def shade(level: int) -> Iterator[Any]:
    """A grey picture in 30 ms; at the highest level there is a first one, and then work that is long."""
    time.sleep(0.03)
    yield {"picture": np.full((8, 8, 3), level, np.uint8), "words": {"level": f"At {level}."}}
    for _ in range(LONG if level == 255 else 0):
        time.sleep(0.03)
        yield Progress(0.5, "Waiting")


PANEL = dataclasses.replace(
    hard_experiments.PANEL,
    slug="shades",
    title="Shades",
    experiments=[
        Experiment(
            name="shade",
            title="Shade",
            controls={"level": Number("Level", 0, 255, 10, 1)},
            outputs={"picture": Picture("Picture"), "words": Notices("Words")},
            presets={"dark": {}},
            run=shade,
            live=True,
        )
    ],
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with studio([PANEL], tmp_path_factory.mktemp("shades")) as served:
        yield served


def connected(address: str, path: str = "moves/shades/shade", origin: str | None = None) -> Any:
    return websockets.connect(address.replace("http", "ws") + path, origin=origin or address.rstrip("/"))  # type: ignore[arg-type]


def words(message: str | bytes) -> str:
    return json.loads(message)["words"]["html"]


def test_of_places_that_come_fast_the_newest_is_answered(address: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            for level in range(50):
                await socket.send(json.dumps({"level": level}))
            answers = [words(await socket.recv())]
            while "At 49." not in answers[-1]:
                answers.append(words(await socket.recv()))
            assert len(answers) <= 3
            await socket.send(json.dumps({"level": 7}))
            answer = json.loads(await socket.recv())
            assert answer["picture"]["picture"]["src"].startswith("data:image/jpeg;base64,")

    run(visit())


@pytest.mark.parametrize("message", ['{"level": 3}', "null"])
def test_a_place_is_left_once_it_was_shown_and_there_is_a_newer_one_or_none(address: str, message: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            await socket.send('{"level": 255}')
            assert "At 255." in words(await socket.recv())
            assert SCHEDULER._tasks
            await socket.send(message)
            if message != "null":
                assert "At 3." in words(await asyncio.wait_for(socket.recv(), 1))
            await asyncio.sleep(0.5)
            assert not SCHEDULER._tasks

    run(visit())


def test_what_cannot_be_used_is_left_to_the_run_and_a_flood_or_nonsense_ends_the_connection(address: str) -> None:
    async def visit() -> None:
        async with connected(address) as socket:
            for values in ({"level": 999}, {"level": None}, {"nothing": 1}, [1]):
                await socket.send(json.dumps(values))
                await asyncio.sleep(0.05)
            await socket.send('{"level": 3}')
            assert "At 3." in words(await socket.recv())
        for text in ("{", "[" * 5000, json.dumps({"level": "9" * 200_000})):
            async with connected(address) as socket:
                await socket.send(text)
                with pytest.raises(websockets.ConnectionClosed):
                    await asyncio.wait_for(socket.recv(), 5)

    run(visit())


def test_only_pages_of_ours_and_live_experiments_are_answered(address: str) -> None:
    async def visit(**refused: str) -> None:
        with pytest.raises(websockets.InvalidStatus, match="403"):
            async with connected(address, **refused):
                pass

    run(visit(origin="http://elsewhere.example"))
    run(visit(path="moves/shades/none"))


def test_one_run_follows_when_the_controls_rest_and_says_what_is_wrong(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=shades")
    page = visit.page
    expect(page.get_by_text("At 10.")).to_be_visible()
    slider = page.get_by_role("slider", name="Level")
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("At 22.")).to_be_visible()
    page.wait_for_function("location.search.includes('level=22')")
    picture = page.get_by_role("img", name="Picture", exact=False).locator("visible=true").first
    expect(picture).to_have_attribute("src", re.compile(r"^pictures/"))
    field = page.get_by_label("number input for Level")
    field.fill("999")
    field.press("Tab")
    expect(page.get_by_text("At 255.").or_(page.get_by_role("alert").filter(has_text="Level")).first).to_be_visible()
    assert visit.complaints == []
    visit.context.close()
