"""A clip goes into every face and a movie comes out: played, sought, kept when cancelled, saved with its parameters."""

import ast
import io
import re
import subprocess
import sys
import time
from collections.abc import Iterator
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
from playwright.sync_api import Browser, expect

from engines.photo_stylization.engine import warm
from engines.runtime.checkpoints import find, present
from engines.runtime.video import Recording, read_clip, read_clip_parameters
from pages import _pictures, photo_stylization
from pages._pictures import Film, Shelf
from tests.browser import Visit, drop, studio
from tests.test_api import run, session
from tests.test_streamlit import made, sheet, task, visit, widget, words

ROOT = Path(__file__).parents[1]
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
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with studio([photo_stylization.PANEL], tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.fixture
def routes() -> TestClient:
    app = fastapi.FastAPI()
    _pictures.add_routes(app)
    return TestClient(app)


def test_a_browser_gets_the_part_of_a_movie_that_it_asks_for(routes: TestClient) -> None:
    addresses = _pictures.hold(filmed(), PARAMETERS)
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
    shelf: Shelf[Film] = Shelf(limit=1)
    token = shelf.put(Film(filmed(), PARAMETERS), 1)
    film = shelf.get(token)
    assert film is not None
    path = film.file(".mp4")
    assert path.exists()
    del film
    shelf.put(Film(filmed(), PARAMETERS), 1)
    assert shelf.get(token) is None and not path.parent.exists()


def test_what_was_sent_is_forgotten_after_its_time_and_on_demand() -> None:
    shelf: Shelf[bytes] = Shelf(limit=100, seconds=0.2)
    first, second = shelf.put(b"one", 3), shelf.put(b"two", 3)
    shelf.drop(first)
    shelf.drop(first)
    assert shelf.get(first) is None and shelf.get(second) == b"two"
    time.sleep(0.25)
    assert shelf.get(second) is None


def test_a_movie_that_was_saved_tells_how_it_was_made(routes: TestClient) -> None:
    saved = routes.get(_pictures.hold(filmed(), PARAMETERS)["movie"]).content
    query = {"panel": "photo_stylization", "experiment": "clip", "clip": "lake", "longest": "128"}
    assert routes.post("saved", content=saved).json() == {"query": query}
    answer = routes.post("saved", content=filmed().content)
    assert (answer.status_code, answer.json()["error"]) == (
        422,
        "clip: it carries no parameters; choose one that the studio saved.",
    )


def test_the_panel_opens_with_a_movie_that_can_be_played(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=photo_stylization&experiment=clip")
    film = visit.page.get_by_label("Film", exact=True)
    expect(film).to_be_visible()
    visit.page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert film.evaluate("film => film.duration") == pytest.approx(3, abs=0.05)
    assert visit.complaints == []
    visit.context.close()


def test_a_dance_becomes_a_playable_movie_of_its_length_and_a_paused_one_keeps_its_frames(
    chromium: Browser, address: str, dance: Path
) -> None:
    original = read_clip(dance)
    visit = Visit(chromium, address, "?panel=photo_stylization&experiment=clip")
    page = visit.page
    field = page.get_by_role("group", name="Clip", exact=True)
    field.get_by_label("Choose a file").set_input_files(dance)
    expect(page.get_by_role("img", name="Clip: your clip")).to_be_visible()
    page.get_by_role("button", name="More").locator("visible=true").click()
    size = page.get_by_role("slider", name="Made at")
    expect(size).to_have_value("512")
    page.wait_for_function("location.search.includes('clip=')")  # The link has been followed.
    size.fill("128")
    page.wait_for_function("location.search.includes('longest=128')")
    link = page.get_by_role("link", name="Download MP4").locator("visible=true")

    def movie_after(before: str) -> bytes:
        expect(link).not_to_have_attribute("href", before, timeout=60_000)
        page.wait_for_function("document.querySelector('video').readyState >= 2")
        return visit.context.request.get(address + str(link.get_attribute("href"))).body()

    before = str(link.get_attribute("href"))
    page.get_by_role("button", name="Stylize the clip").click()
    whole = movie_after(before)
    clip = read_clip(whole)
    assert (clip.count, clip.rate, clip.sound) == (original.count, original.rate, original.sound)
    assert page.locator("video").evaluate("film => film.duration") == pytest.approx(26 / clip.rate, abs=0.05)
    assert read_clip_parameters(whole)["controls"] == {
        **photo_stylization.PANEL.experiment("clip").opening(),
        "clip": "uploaded file",
        "longest": 128,
    }
    fresh = Visit(chromium, address)
    drop(fresh.page, whole, name="saved.mp4")
    expect(fresh.page.get_by_role("alert").filter(has_text="choose it again")).to_contain_text("Clip: ")
    fresh.page.get_by_role("button", name="More").locator("visible=true").click()
    expect(fresh.page.get_by_role("slider", name="Made at")).to_have_value("128")
    assert fresh.complaints == []
    fresh.context.close()
    before = str(link.get_attribute("href"))
    page.get_by_label("Steady in time").uncheck()
    size.fill("512")  # So large that it cannot end before the hand is at Pause.
    page.wait_for_function("location.search.includes('steady=false') && !location.search.includes('longest')")
    page.get_by_role("button", name="Stylize the clip").click()
    expect(page.get_by_role("status").filter(has_text=re.compile(r"Frame ([4-9]|1\d) of 26"))).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    part = read_clip(movie_after(before))
    assert 3 <= part.count < 26 and part.rate == original.rate
    assert len(list(part.frames(512))) == part.count
    expect(page.get_by_text("Paused; what was finished stays.")).to_be_visible()
    assert visit.complaints == []
    visit.context.close()


def test_a_file_that_is_no_clip_is_one_sentence_and_the_clip_before_stays(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=photo_stylization&experiment=clip")
    field = visit.page.get_by_role("group", name="Clip", exact=True)
    file = {"name": "<img src=x onerror=alert(1)>.mp4", "mimeType": "video/mp4", "buffer": HOSTILE}
    field.get_by_label("Choose a file").set_input_files(file)  # type: ignore[arg-type]
    expect(field.get_by_role("alert")).to_have_text(f"The file: {REFUSAL}")
    expect(field.get_by_role("button", name="lake")).to_have_attribute("aria-pressed", "true")
    assert all("422" in complaint for complaint in visit.complaints)
    visit.context.close()


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

    url = ast.literal_eval(run(call()).content[0].text)["movie"]["url"]
    assert read_clip(httpx.get(url).content).count == 72


def test_the_command_line_writes_the_movie_with_its_parameters(tmp_path: Path) -> None:
    mine, hostile, out = tmp_path / "mine.mp4", tmp_path / "hostile.mp4", tmp_path / "out"
    mine.write_bytes(filmed().content)
    hostile.write_bytes(HOSTILE)

    def pages(clip: Path) -> "subprocess.CompletedProcess[str]":
        settings = [f"clip={clip}", f"style={STYLE}", "longest=128"]
        command = [sys.executable, "-m", "pages", "run", "photo_stylization", "clip", "--out", str(out)]
        command += [word for setting in settings for word in ("--set", setting)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    refused = pages(hostile)
    assert (refused.returncode, refused.stderr) == (2, f"Clip: {REFUSAL}\n") and not out.exists()
    done = pages(mine)
    assert done.returncode == 0, done.stderr
    movie = read_clip(out / "movie.mp4")
    assert (movie.count, movie.rate) == (6, 12)
    assert read_clip_parameters(out / "movie.mp4")["controls"]["longest"] == 128
    assert str(out / "movie.mp4") in done.stdout.splitlines()


def until(page: Any, holds: Any) -> None:
    """Rerun the page, as its fragments would, until it holds."""
    end = time.monotonic() + 60
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


def test_streamlit_keeps_the_frames_of_a_paused_clip_and_goes_on() -> None:
    page = visit(panel="photo_stylization", experiment="clip", steady="false", longest="256")
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
