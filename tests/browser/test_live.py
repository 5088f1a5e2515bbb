"""Live streams and Views: a real server, a real WebSocket client, and a browser with a fake camera."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.runtime.video import read_clip, read_clip_parameters
from studio.runs import run as runs
from studio.wire import live
from tests.support.browser import CHROMIUM, FLAGS
from tests.support.streams import (
    TRIAL,
    stream_server,
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with stream_server(tmp_path_factory.mktemp("live") / "web") as host:
        yield host


@pytest.fixture(scope="module")
def browser(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Chromium whose camera shows our frames, and for which studio.test is this machine, without HTTPS."""
    camera = tmp_path_factory.mktemp("camera") / "camera.y4m"
    write_y4m(camera)
    launched = chromium.browser_type.launch(
        executable_path=CHROMIUM,
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
    page.wait_for_function("(words) => document.querySelector('[role=status]').textContent.includes(words)", arg=words)


def test_the_camera_is_mirrored_with_its_frame_rate_and_stops(host: str, browser: Any) -> None:
    page = opened(browser, f"http://{host}/page")
    page.click("text=Start camera")
    says(page, "Live.")
    page.wait_for_function("document.querySelector('.stream-numbers').textContent.includes('frames/s')")
    red, green, blue, _ = page.evaluate(BRIGHTNESS)
    assert 40 < red < 130 and max(red, green, blue) - min(red, green, blue) < 12
    page.evaluate(CONTROLS, {"strength": "much"})
    says(page, "Strength: 'much' is not a number")
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


def test_what_a_stream_shows_is_kept_as_a_film(host: str, browser: Any, tmp_path: Path) -> None:
    page = opened(browser, f"http://{host}/page")
    assert page.is_disabled("text=Record")
    page.click("text=Start camera")
    says(page, "Live.")
    page.click("text=Record")
    page.wait_for_timeout(1500)
    with page.expect_download() as kept:
        page.click("text=Keep the film")
    film = Path(kept.value.path())
    clip = read_clip(film)
    assert clip.count >= 3 and 40 < next(iter(clip.frames(160))).mean() < 130
    made = read_clip_parameters(film)
    assert (made["experiment"], made["controls"]["strength"]) == ("mirror", 0.5)
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
    answer = live.read_answer(text)
    assert answer == {"shown": [64, 80], "words": "<script>alert(1)</script>"}
    result = runs.finished(runs.start(TRIAL, {"exposure": 64}, answer))
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
