"""Live streams and Views: a real server, a real WebSocket client, and a browser with a fake camera."""

import asyncio
import gc
import io
import json
import socket
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
import pytest
import uvicorn
import websockets
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from PIL import Image

from engines.runtime.errors import InputError
from engines.runtime.scheduler import SCHEDULER
from pages import _live, _results
from pages._panel import Camera, Number, Panel, Picture, Stream, Table, View
from tests import hard_experiments
from tests.browser import CHROMIUM, FLAGS
from tests.browser import TRIAL as TRIAL_PAGE

Result = TypeVar("Result")

WITNESSES: list["weakref.ref[Witness]"] = []
STEPS: list[float] = []


class Witness:
    """Something whose end can be seen."""


def count(memory: dict[str, Any], frame: np.ndarray, seconds: float) -> Iterator[dict[str, Any]]:
    if "witness" not in memory:
        memory["witness"] = Witness()
        WITNESSES.append(weakref.ref(memory["witness"]))
    memory["frames"] = memory.get("frames", 0) + 1
    for _ in range(round(seconds / 0.05)):
        time.sleep(0.05)
        STEPS.append(time.monotonic())
        yield {}
    yield {"picture": frame, "table": {"memory": {"frames": memory["frames"]}}}


def stumble(memory: dict[str, Any], frame: np.ndarray) -> Iterator[dict[str, Any]]:
    yield {"picture": frame, "table": 1 / 0}


COUNTING = Panel(
    slug="counting",
    title="Counting",
    paper=hard_experiments.PANEL.paper,
    story="It counts frames.",
    experiments=[
        Stream(
            name="count",
            title="Count",
            controls={"frame": Camera("Camera"), "seconds": Number("Seconds", 0, 60, 0, 0.05)},
            outputs={"picture": Picture("Picture"), "table": Table("Table")},
            presets={"fast": {}},
            run=count,
        ),
        Stream(
            name="stumble",
            title="Stumble",
            controls={"frame": Camera("Camera")},
            outputs={"picture": Picture("Picture")},
            presets={"only": {}},
            run=stumble,
        ),
    ],
)
MIRROR = hard_experiments.PANEL.experiment("mirror")
TRIAL = hard_experiments.PANEL.experiment("trial")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    web = tmp_path_factory.mktemp("web")
    (web.parent / "outside.txt").write_text("not for visitors")
    for source in (_live.WEB / "live.js", TRIAL_PAGE):
        (web / source.name).write_bytes(source.read_bytes())
    app = FastAPI()
    _live.add_routes(app, [hard_experiments.PANEL, COUNTING], web)

    @app.get("/page")
    def page() -> HTMLResponse:
        assert isinstance(MIRROR, Stream) and isinstance(TRIAL, View)
        stream = _live.stream_html(hard_experiments.PANEL, MIRROR, {})
        bodies = [stream, _live.view_html(hard_experiments.PANEL, TRIAL)]
        return HTMLResponse(f'<!doctype html>{"".join(bodies)}<script type="module" src="/web/live.js"></script>')

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started)
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def jpeg(colour: tuple[int, int, int] | int = 100) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((48, 64, 3), colour, dtype=np.uint8)).save(file, "JPEG")
    return file.getvalue()


def connect(host: str, path: str, origin: str | None = None) -> Any:
    given = websockets.Origin(origin or f"http://{host}")
    return websockets.connect(f"ws://{host}/live/{path}", origin=given, max_size=2**24)


def unpacked(message: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    length = int.from_bytes(message[:4], "little")
    header, rest, found = json.loads(message[4 : 4 + length]), message[4 + length :], []
    for _, _, size in header["pictures"]:
        found.append(np.asarray(Image.open(io.BytesIO(rest[:size]))))
        rest = rest[size:]
    assert not rest
    return header, found


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Its result; in a thread of its own, for Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


async def exchange(socket: Any, frame: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    await socket.send(frame)
    message = await asyncio.wait_for(socket.recv(), 10)
    assert isinstance(message, bytes), message
    return unpacked(message)


def wait_until(holds: Callable[[], Any], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_frame_gives_what_the_same_run_gives(host: str) -> None:
    async def visit() -> list[Any]:
        async with connect(host, "hard_experiments/mirror") as socket:
            return [await exchange(socket, jpeg(level)) for level in (40, 200)]

    memory: dict[str, Any] = {}
    for (header, found), level, number in zip(run(visit()), (40, 200), (1, 2), strict=True):
        values = {"frame": jpeg(level), "strength": 0.5}
        expected = _results.finished(_results.start(MIRROR, values, memory))["picture"]
        assert header["frame"] == number
        assert header["pictures"][0][:2] == ["picture", None]
        assert np.abs(found[0].astype(int) - expected).max() <= 2


def test_of_twenty_frames_at_once_the_newest_is_computed_and_most_are_dropped(host: str) -> None:
    async def visit() -> list[int]:
        async with connect(host, "counting/count") as socket:
            await socket.send(json.dumps({"seconds": 0.2}))
            for _ in range(20):
                await socket.send(jpeg())
            seen = [0]
            while seen[-1] < 20:
                seen.append(unpacked(await asyncio.wait_for(socket.recv(), 10))[0]["frame"])
            return seen[1:]

    seen = run(visit())
    assert seen[-1] == 20
    assert len(seen) <= 4


def test_controls_move_between_frames_and_a_bad_one_changes_nothing(host: str) -> None:
    async def visit() -> None:
        async with connect(host, "hard_experiments/mirror") as socket:
            await socket.send(json.dumps({"strength": 1}))
            await exchange(socket, jpeg(0))
            assert (await exchange(socket, jpeg(200)))[1][0].mean() == pytest.approx(200, abs=2)
            await socket.send(json.dumps({"strength": 0}))
            assert (await exchange(socket, jpeg(0)))[1][0].mean() == pytest.approx(200, abs=2)
            for bad, words in (
                ('{"strength": 7}', "Strength: 7 is out of bounds; give a number from 0 to 1."),
                ('{"speed": 7}', "'speed' is not a control of Mirror; there are frame, strength."),
                ('{"frame": "/etc/passwd"}', "Camera: a file cannot be sent among the controls."),
                ("[1]", "The controls: a JSON object was expected; reload the page and try again."),
                ("[" * 100_000, "The controls: a JSON object was expected; reload the page and try again."),
            ):
                await socket.send(bad)
                assert json.loads(await socket.recv()) == {"error": words}
            assert (await exchange(socket, jpeg(90)))[1][0].mean() == pytest.approx(0, abs=2)

    run(visit())


@pytest.mark.parametrize("garbage", [b"garbage", jpeg()[:200], b"\x89PNG", b"\0" * 1000])
def test_a_garbage_frame_gives_a_sentence_and_the_stream_goes_on(host: str, garbage: bytes) -> None:
    async def visit() -> dict[str, Any]:
        async with connect(host, "hard_experiments/mirror") as socket:
            await socket.send(garbage)
            answer = json.loads(await asyncio.wait_for(socket.recv(), 10))
            await exchange(socket, jpeg())
            return answer

    answer = run(visit())
    assert answer["error"].startswith("Camera: ") and answer["frame"] == 1


def test_two_visitors_do_not_see_each_other_and_memory_ends_with_the_visit(host: str) -> None:
    WITNESSES.clear()

    async def visit(colour: tuple[int, int, int]) -> None:
        async with connect(host, "counting/count") as socket:
            for number in range(1, 11):
                header, (picture,) = await exchange(socket, jpeg(colour))
                assert header["outputs"] == {"table": {"memory": {"frames": number}}}
                assert np.abs(picture.reshape(-1, 3).mean(axis=0) - colour).max() < 3

    async def both() -> None:
        await asyncio.gather(visit((250, 0, 0)), visit((0, 0, 250)))

    run(both())
    assert len(WITNESSES) == 2

    def gone() -> bool:
        gc.collect()
        return all(witness() is None for witness in WITNESSES)

    wait_until(gone)


def test_work_stops_when_its_visitor_leaves(host: str) -> None:
    async def visit() -> None:
        async with connect(host, "counting/count") as socket:
            await socket.send(json.dumps({"seconds": 60}))
            await socket.send(jpeg())
            STEPS.clear()
            while not STEPS:
                await asyncio.sleep(0.05)

    run(visit())
    left = time.monotonic()
    wait_until(lambda: not SCHEDULER._tasks)
    assert STEPS[-1] - left < 1


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "https://127.0.0.1", "null", "http://127.0.0.1:1"])
def test_another_origin_is_refused(host: str, origin: str) -> None:
    async def visit() -> None:
        async with connect(host, "hard_experiments/mirror", origin):
            pass

    with pytest.raises(websockets.InvalidStatus) as raised:
        run(visit())
    assert raised.value.response.status_code == 403


@pytest.mark.parametrize("path", ["hard_experiments/race", "hard_experiments/none", "none/mirror"])
def test_only_streams_have_a_live_route(host: str, path: str) -> None:
    async def visit() -> None:
        async with connect(host, path):
            pass

    with pytest.raises(websockets.InvalidStatus):
        run(visit())


def test_a_message_that_is_too_large_ends_the_stream(host: str) -> None:
    async def visit() -> int | None:
        async with connect(host, "hard_experiments/mirror") as socket:
            await socket.send(b"\0" * (_live.MESSAGE_BYTES + 1))
            await socket.wait_closed()
            return socket.close_code

    assert run(visit()) == 1009


def test_a_bug_is_an_apology_and_ends_the_stream(host: str) -> None:
    async def visit() -> tuple[str, int | None]:
        async with connect(host, "counting/stumble") as socket:
            await socket.send(jpeg())
            words = json.loads(await asyncio.wait_for(socket.recv(), 10))["error"]
            await socket.wait_closed()
            return words, socket.close_code

    words, code = run(visit())
    assert words.startswith("Sorry") and "bug" not in words
    assert code == 1011


def test_one_visitor_more_than_there_are_places_is_told_so(host: str) -> None:
    async def visit() -> None:
        opened = [await connect(host, "hard_experiments/mirror") for _ in range(_live.CONNECTIONS)]
        async with connect(host, "hard_experiments/mirror") as socket:
            assert "taken" in json.loads(await asyncio.wait_for(socket.recv(), 10))["error"]
            await socket.wait_closed()
            assert socket.close_code == 1013
        for socket in opened:
            await socket.close()
        async with connect(host, "hard_experiments/mirror") as socket:
            await exchange(socket, jpeg())

    run(visit())


def test_web_files_have_their_types_and_are_asked_about_again(host: str) -> None:
    script = httpx.get(f"http://{host}/web/live.js")
    assert "javascript" in script.headers["content-type"]
    assert script.headers["cache-control"] == "no-cache"
    assert httpx.get(f"http://{host}/web/trial-stub.html").headers["content-type"].startswith("text/html")
    again = httpx.get(f"http://{host}/web/live.js", headers={"if-none-match": script.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["../outside.txt", "%2e%2e/outside.txt", "..%2foutside.txt", "%5c..%5coutside.txt", ""]
)
def test_nothing_outside_the_web_folder_is_served(host: str, path: str) -> None:
    name, port = host.split(":")
    with socket.create_connection((name, int(port))) as raw:  # httpx would tidy the path
        raw.sendall(f"GET /web/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split()[1] == b"404"
    assert b"not for visitors" not in answer


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]", "a JSON object was expected"),
        ('"words"', "a JSON object was expected"),
        ("", "a JSON object was expected"),
        ("shown=64", "a JSON object was expected"),
        ("[" * 200_000, "a JSON object was expected"),
        (json.dumps({"shown": "x" * 300 * 1024}), "longer than 256 KB"),
    ],
)
def test_an_answer_that_is_no_object_or_too_long_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _live.read_answer(text)


def test_the_markup_escapes_what_stands_in_it() -> None:
    assert isinstance(TRIAL, View)
    html = _live.view_html(hard_experiments.PANEL, TRIAL, {"exposure": '"><script>alert(1)</script>'})
    assert "<script" not in html


@pytest.fixture(scope="module")
def browser(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Chromium whose camera shows our frames, and for which studio.test is this machine, without HTTPS."""
    camera = tmp_path_factory.mktemp("camera") / "camera.y4m"
    write_y4m(camera)
    launched = chromium.browser_type.launch(
        executable_path=CHROMIUM if CHROMIUM.exists() else None,
        args=[*FLAGS, f"--use-file-for-fake-video-capture={camera}", "--host-resolver-rules=MAP studio.test 127.0.0.1"],
    )
    yield launched
    launched.close()


def write_y4m(path: Path, width: int = 320, height: int = 240) -> None:
    """Two seconds of grey that grows brighter: Y from 60 to 119, U and V neutral."""
    chroma = bytes([128]) * (width * height // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420\n".encode())
        for number in range(60):
            file.write(b"FRAME\n" + bytes([60 + number]) * (width * height) + chroma)


BRIGHTNESS = """() => {
  const canvas = document.querySelector('figure[data-output="picture"] canvas');
  return [...canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data];
}"""
CONTROLS = """(detail) => document.querySelector(".studio-stream")
  .dispatchEvent(new CustomEvent("studio:controls", {detail}))"""


def opened(browser: Any, address: str, *scripts: str) -> Any:
    page = browser.new_page()
    page.add_init_script("window.errors = []; addEventListener('error', (event) => errors.push(event.message));")
    for script in scripts:
        page.add_init_script(script)
    page.goto(address)
    page.wait_for_selector(".studio-stream[data-alive]")
    return page


def says(page: Any, words: str) -> None:
    page.wait_for_function(
        "(words) => document.querySelector('[role=status]').textContent.includes(words)", arg=words, timeout=10_000
    )


def test_the_camera_is_mirrored_with_its_frame_rate_and_stops(host: str, browser: Any) -> None:
    page = opened(browser, f"http://{host}/page")
    page.click("text=Start camera")
    says(page, "Live.")
    page.wait_for_function("document.querySelector('.stream-numbers').textContent.includes('frames/s')")
    red, green, blue, _ = page.evaluate(BRIGHTNESS)
    assert 40 < red < 130 and max(red, green, blue) - min(red, green, blue) < 12
    page.evaluate(CONTROLS, {"strength": 7})
    says(page, "Strength: 7 is out of bounds")
    page.evaluate(CONTROLS, {"strength": 1})
    says(page, "Live.")
    page.click("text=Stop")
    says(page, "Stopped.")
    before = page.evaluate(BRIGHTNESS)
    page.wait_for_timeout(500)
    assert page.evaluate(BRIGHTNESS) == before
    assert page.is_disabled("text=Stop")
    assert page.evaluate("errors") == []
    page.close()


def test_a_lost_connection_comes_back_by_itself(host: str, browser: Any) -> None:
    page = opened(
        browser,
        f"http://{host}/page",
        "window.sockets = []; const Real = WebSocket;"
        "window.WebSocket = class extends Real { constructor(...given) { super(...given); sockets.push(this); } };",
    )
    page.click("text=Start camera")
    says(page, "Live.")
    page.evaluate("sockets[0].close()")
    says(page, "The connection is lost; trying again in 0.5 s.")
    says(page, "Live.")
    assert page.evaluate("sockets.length") == 2
    page.close()


def test_a_clip_stands_in_for_the_camera(host: str, browser: Any, tmp_path: Path) -> None:
    import imageio_ffmpeg

    clip = tmp_path / "clip.webm"
    writer = imageio_ffmpeg.write_frames(str(clip), (160, 120), fps=25, codec="libvpx")
    writer.send(None)
    for _ in range(25):
        writer.send(np.full((120, 160, 3), (200, 40, 40), dtype=np.uint8).tobytes())
    writer.close()
    page = opened(browser, f"http://{host}/page")
    page.set_input_files("input[type=file]", str(clip))
    page.wait_for_function("document.querySelector('.stream-numbers').textContent.includes('frames/s')")
    red, green, _, _ = page.evaluate(BRIGHTNESS)
    assert red > 150 and green < 90
    page.set_input_files("input[type=file]", __file__)
    says(page, "test_live.py cannot be played here. Choose a clip in MP4 or WebM.")
    page.close()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("NotAllowedError", "The camera was refused."),
        ("NotFoundError", "No camera was found."),
        ("NotReadableError", "The camera is in use elsewhere."),
    ],
)
def test_camera_trouble_is_told_in_words(host: str, browser: Any, trouble: str, words: str) -> None:
    page = opened(
        browser,
        f"http://{host}/page",
        f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{trouble}'); }};",
    )
    page.click("text=Start camera")
    says(page, words)
    page.close()


def test_a_camera_unplugged_midway_is_told_in_words(host: str, browser: Any) -> None:
    page = opened(
        browser,
        f"http://{host}/page",
        "const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
        "navigator.mediaDevices.getUserMedia = async (wish) => (window.stream = await ask(wish));",
    )
    page.click("text=Start camera")
    says(page, "Live.")
    page.evaluate("stream.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    says(page, "The camera is gone.")
    page.close()


def test_a_page_without_https_says_why_there_is_no_camera(host: str, browser: Any) -> None:
    page = opened(browser, f"http://studio.test:{host.split(':')[1]}/page")
    page.click("text=Start camera")
    says(page, "Browsers give a camera only to pages on HTTPS or localhost.")
    page.close()


def test_a_view_posts_its_result_once_and_it_reaches_the_outputs(host: str, browser: Any) -> None:
    page = opened(
        browser,
        f"http://{host}/page",
        "window.answers = []; addEventListener('studio:answer', ({detail}) => answers.push(detail));",
    )
    page.wait_for_function("answers.length")
    page.evaluate("postMessage({studio: 'answer', answer: {shown: [1]}}, '*')")
    page.wait_for_timeout(200)
    (text,) = page.evaluate("answers")
    answer = _live.read_answer(text)
    assert answer == {"shown": [64, 80], "words": "<script>alert(1)</script>"}
    result = _results.finished(_results.start(TRIAL, {"exposure": 64}, answer))
    assert result == {"trials": {"trial 1": {"asked": 64, "shown": 64}, "trial 2": {"asked": 64, "shown": 80}}}
    page.evaluate(
        "document.querySelector('.studio-view').dispatchEvent("
        "new CustomEvent('studio:controls', {detail: {exposure: 100}}))"
    )
    page.wait_for_function("answers.length === 2")
    assert json.loads(page.evaluate("answers[1]"))["shown"] == [100, 116]
    assert page.evaluate("errors") == []
    page.close()


def test_what_a_view_asks_its_service_replies_to_or_refuses_with_a_sentence(host: str, browser: Any) -> None:
    page = opened(browser, f"http://{host}/page")
    move = "(exposure) => document.querySelector('.studio-view').dispatchEvent(new CustomEvent('studio:controls', "
    replies = page.frame_locator(".studio-view iframe")
    for exposure, reply in ((100, '{"frames":6}'), (450, '{"error":"So long an exposure needs no frames."}')):
        page.evaluate(f"{move}{{detail: {{exposure}}}}))", exposure)
        replies.get_by_text(reply).wait_for()
    page.close()


def test_a_view_that_follows_its_controls_is_not_loaded_anew(host: str, browser: Any) -> None:
    page = opened(
        browser,
        f"http://{host}/page",
        "window.answers = []; addEventListener('studio:answer', ({detail}) => answers.push(detail));",
    )
    page.wait_for_function("answers.length")
    frame = next(frame for frame in page.frames if "trial" in frame.url)
    frame.evaluate(
        "addEventListener('message', ({data}) => data.studio === 'controls' && parent.postMessage("
        "{studio: 'answer', answer: {query: data.query}}, location.origin));"
        "parent.postMessage({studio: 'follows'}, location.origin); window.loaded = 1"
    )
    move = (
        "document.querySelector('.studio-view').dispatchEvent("
        "new CustomEvent('studio:controls', {{detail: {{exposure: {}}}}}))"
    )
    for turn, exposure in enumerate((100, 200), 2):
        page.evaluate(move.format(exposure))
        page.wait_for_function(f"answers.length === {turn}")
        assert json.loads(page.evaluate(f"answers[{turn - 1}]")) == {"query": f"exposure={exposure}"}
    assert frame.evaluate("window.loaded") == 1
    assert page.evaluate("errors") == []
    page.close()
