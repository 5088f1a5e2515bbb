"""A clip goes into every face and a movie comes out, in parts, kept when paused, saved with its parameters."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import fastapi
import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from engines.photo_stylization.engine import warm
from engines.runtime.checkpoints import find, present
from engines.runtime.memory import Memory
from engines.runtime.video import Recording, read_clip, read_clip_parameters
from pages import photo_stylization
from studio.wire import files
from studio.wire.files import Film
from studio.wire.shelf import Shelf
from tests.support import ROOT
from tests.support.streamlit import made, sheet, task, visit, widget, words
from tests.support.tools import session
from tests.support.waiting import run

STYLE = ROOT / "assets/examples/dusk.jpg"
HOSTILE = b"ffconcat version 1.0\nfile /etc/passwd\n"
REFUSAL = "this is not a clip the studio reads; choose an MP4, MOV, WebM, MKV, AVI or GIF file."
PARAMETERS = {"panel": "photo_stylization", "experiment": "clip", "controls": {"clip": "lake", "longest": 128}}


def filmed(count: int = 6) -> Recording:
    with Recording(Fraction(12)) as recording:
        for level in np.linspace(40, 200, count):
            frame = np.full((48, 64, 3), level, np.uint8)
            frame[10:30, 10:40] //= 2
            recording.add(frame)
    return recording


@pytest.fixture(scope="module", autouse=True)
def checkpoint() -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")
    warm()


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(photo_stylization.PANEL)


@pytest.fixture
def routes() -> TestClient:
    app = fastapi.FastAPI()
    files.add_routes(app)
    return TestClient(app)


def test_a_browser_gets_the_part_of_a_movie_that_it_asks_for(routes: TestClient) -> None:
    addresses = files.HeldAddresses(PARAMETERS).movie(filmed())
    whole = routes.get(addresses["movie"])
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = routes.get(addresses["movie"], headers={"Range": "bytes=100-299"})
    assert part.status_code == 206 and part.content == whole.content[100:300]
    assert part.headers["content-range"] == f"bytes 100-299/{len(whole.content)}"
    assert routes.get(addresses["movie"], headers={"Range": "bytes=99999999-"}).status_code == 416
    assert read_clip_parameters(whole.content) == PARAMETERS
    assert getattr(Image.open(io.BytesIO(routes.get(addresses["gif"]).content)), "n_frames", 0) == 6
    assert Image.open(io.BytesIO(routes.get(addresses["src"]).content)).size == (64, 48)
    for name in (f"{'A' * 22}.mp4", Path(addresses["movie"]).stem + ".png"):
        assert routes.get(f"films/{name}").status_code == 404


def test_a_movie_gives_its_room_to_newer_ones_and_its_files_go_with_it() -> None:
    shelf: Shelf[Film] = Shelf(Memory(1), 60)
    token = shelf.put(Film(filmed(), PARAMETERS), 1)
    film = shelf.get(token)
    assert film is not None
    path = film.file(".mp4")
    assert path.exists()
    del film
    shelf.put(Film(filmed(), PARAMETERS), 1)
    assert shelf.get(token) is None and not path.parent.exists()


def test_what_was_sent_is_forgotten_after_its_time_and_on_demand() -> None:
    shelf: Shelf[bytes] = Shelf(Memory(100), seconds=0.2)
    first, second = shelf.put(b"one", 3), shelf.put(b"two", 3)
    shelf.drop(first)
    shelf.drop(first)
    assert shelf.get(first) is None and shelf.get(second) == b"two"
    time.sleep(0.25)
    assert shelf.get(second) is None


def test_a_movie_that_was_saved_tells_how_it_was_made(routes: TestClient) -> None:
    saved = routes.get(files.HeldAddresses(PARAMETERS).movie(filmed())["movie"]).content
    query = {"panel": "photo_stylization", "experiment": "clip", "clip": "lake", "longest": "128"}
    assert routes.post("saved", content=saved).json() == {"query": query}
    answer = routes.post("saved", content=filmed().content)
    assert (answer.status_code, answer.json()["error"]) == (
        422,
        "clip: it carries no parameters; choose one that the studio saved.",
    )


def test_the_endpoint_takes_an_uploaded_clip_and_gives_the_movie_as_a_file(address: str, tmp_path: Path) -> None:
    client = Client(address, verbose=False, download_files=tmp_path, analytics_enabled=False)
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(filmed().content)
    answer = client.predict(clip=handle_file(str(mine)), style="dusk", longest=128, api_name="/photo_stylization_clip")
    movie = read_clip(answer["movie"])
    assert (movie.count, movie.rate) == (6, 12)
    assert read_clip_parameters(answer["movie"])["controls"]["clip"] == "uploaded file"
    assert list(answer["flicker"]) == ["original", "stylized"]
    mine.write_bytes(HOSTILE)
    for clip, sentence in [(handle_file(str(mine)), REFUSAL), ("/etc/passwd", "is not among the examples lake")]:
        with pytest.raises(AppError, match=sentence):
            client.predict(clip=clip, style="dusk", api_name="/photo_stylization_clip")


def test_the_tool_gives_the_movie_s_address(address: str) -> None:
    async def call() -> Any:
        async with session(address) as opened:
            tools = {tool.name: tool for tool in (await opened.list_tools()).tools}
            assert "name of an example: lake" in str(tools["photo_stylization_clip"].inputSchema)
            values = {"clip": "lake", "style": "dusk", "longest": 128}
            return await opened.call_tool("photo_stylization_clip", values)

    url = json.loads(run(call()).content[0].text)["movie"]["url"]
    assert read_clip(httpx.get(url).content).count == 72


@pytest.mark.proof
def test_the_command_line_writes_the_movie_with_its_parameters(tmp_path: Path) -> None:
    mine, hostile, out = tmp_path / "mine.mp4", tmp_path / "hostile.mp4", tmp_path / "out"
    mine.write_bytes(filmed().content)
    hostile.write_bytes(HOSTILE)

    def pages(clip: Path) -> "subprocess.CompletedProcess[str]":
        settings = [f"clip={clip}", f"style={STYLE}", "longest=128"]
        command = [sys.executable, "-m", "pages", "run", "photo_stylization", "clip", "--out", str(out)]
        command += [word for setting in settings for word in ("--set", setting)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    refused = pages(hostile)
    assert (refused.returncode, refused.stderr) == (2, f"clip: {REFUSAL}\n") and not out.exists()
    done = pages(mine)
    assert done.returncode == 0, done.stderr
    movie = read_clip(out / "movie.mp4")
    assert (movie.count, movie.rate) == (6, 12)
    assert read_clip_parameters(out / "movie.mp4")["controls"]["longest"] == 128
    assert str(out / "movie.mp4") in done.stdout.splitlines()


def until(page: Any, holds: Any) -> None:
    """Rerun the page, as its fragments would, until it holds."""
    end = time.monotonic() + 300
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
        page.run()


def test_streamlit_opens_with_a_movie_and_makes_one_of_an_uploaded_clip() -> None:
    page = visit(panel="photo_stylization", experiment="clip")
    assert not page.exception and len(page.get("video")) == 1
    widget(page, "selectbox", "Clip").set_value("a clip of your own")
    page.run()
    widget(page, "file_uploader", "Clip").set_value(("mine.mp4", HOSTILE, "video/mp4"))
    page.run()
    assert f"Clip: {REFUSAL}" in words(page)
    widget(page, "file_uploader", "Clip").set_value(("mine.mp4", filmed().content, "video/mp4"))
    page.run()
    assert REFUSAL not in words(page)
    widget(page, "slider", "Made at (pixels)").set_value(128)
    page.run()
    widget(page, "button", "Stylize the clip").click().run()
    until(page, lambda: sheet(page).task is None)
    assert not page.exception and len(page.get("video")) == 1
    download = made(page).download_movie(made(page).result["movie"], ".mp4")
    assert (read_clip(download).count, read_clip(download).rate) == (6, 12)
    assert read_clip_parameters(download)["controls"]["clip"] == "uploaded file"
    assert made(page).download_movie(made(page).result["movie"], ".gif").startswith(b"GIF8")


@pytest.mark.proof
def test_streamlit_keeps_the_frames_of_a_paused_clip_and_goes_on() -> None:
    page = visit(panel="photo_stylization", experiment="clip", steady="false", longest="128")
    widget(page, "selectbox", "Clip").set_value("a clip of your own")
    page.run()
    widget(page, "file_uploader", "Clip").set_value(("mine.mp4", filmed(24).content, "video/mp4"))
    widget(page, "button", "Stylize the clip").click().run()
    running = task(page)
    until(page, lambda: "movie" in running.result and running.result["movie"].count >= 2)
    widget(page, "button", "Pause").click().run()
    until(page, lambda: sheet(page).task is None)
    movie = made(page).result["movie"]
    assert running.state.value == "cancelled" and len(page.get("video")) == 1
    assert 2 <= read_clip(movie.content).count == movie.count < 24
    widget(page, "button", "Continue").click().run()
    until(page, lambda: sheet(page).task is None)
    assert read_clip(made(page).result["movie"].content).count == 24
