"""Live streams and Views: a real server, a real WebSocket client, and a browser with a fake camera."""

import asyncio
import gc
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import websockets

from engines.runtime.errors import InputError
from engines.runtime.scheduler import SCHEDULER
from studio.declared import View
from studio.runs import run as runs
from studio.wire import live
from studio.wire.socket import FRAME_BYTES
from tests.support import hard_experiments
from tests.support.streams import (
    MIRROR,
    STEPS,
    TRIAL,
    WITNESSES,
    Channel,
    connect,
    exchange,
    jpeg,
    stream_server,
    unpacked,
)
from tests.support.waiting import run, wait_until


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with stream_server(tmp_path_factory.mktemp("live") / "web") as host:
        yield host


def test_a_frame_gives_what_the_same_run_gives(host: str) -> None:
    async def visit() -> list[Any]:
        async with connect(host, "hard_experiments/mirror") as socket:
            return [await exchange(socket, jpeg(level)) for level in (40, 200)]

    memory: dict[str, Any] = {}
    for (header, found), level, number in zip(run(visit()), (40, 200), (1, 2), strict=True):
        values = {"frame": jpeg(level), "strength": 0.5}
        expected = runs.finished(runs.start(MIRROR, values, memory))["picture"]
        assert header["frame"] == number
        assert header["pictures"][0][:2] == ["picture", None]
        assert np.abs(found[0].astype(int) - expected).max() <= 2


def test_of_twenty_frames_at_once_the_newest_is_computed_and_most_are_dropped(host: str) -> None:
    async def visit() -> list[int]:
        async with connect(host, "counting/count") as socket:
            await socket.say(moved={"seconds": 0.2})
            for _ in range(20):
                await socket.send(jpeg())
            seen = [0]
            while seen[-1] < 20:
                seen.append(unpacked(await socket.recv())[0]["frame"])
            return seen[1:]

    seen = run(visit())
    assert seen[-1] == 20
    assert len(seen) <= 4


def test_controls_move_between_frames_and_a_bad_one_changes_nothing(host: str) -> None:
    async def visit() -> None:
        async with connect(host, "hard_experiments/mirror") as socket:
            await socket.say(moved={"strength": 1})
            await exchange(socket, jpeg(0))
            assert (await exchange(socket, jpeg(200)))[1][0].mean() == pytest.approx(200, abs=2)
            await socket.say(moved={"strength": 0})
            assert (await exchange(socket, jpeg(0)))[1][0].mean() == pytest.approx(200, abs=2)
            for bad, words in (
                ({"strength": "7x"}, "Strength: '7x' is not a number; give one from 0 to 1."),
                ({"speed": 7}, "'speed' is not a control of Mirror; there are frame, strength."),
                ({"frame": "/etc/passwd"}, "Camera: a file cannot be sent among the controls."),
                ([1], "The controls: a JSON object was expected; reload the page and try again."),
            ):
                await socket.say(moved=bad)
                assert await socket.recv() == {"experiment": "mirror", "error": words}
            assert (await exchange(socket, jpeg(90)))[1][0].mean() == pytest.approx(0, abs=2)

    run(visit())


@pytest.mark.parametrize("garbage", [b"garbage", jpeg()[:200], b"\x89PNG", b"\0" * 1000])
def test_a_garbage_frame_gives_a_sentence_and_the_stream_goes_on(host: str, garbage: bytes) -> None:
    async def visit() -> dict[str, Any]:
        async with connect(host, "hard_experiments/mirror") as socket:
            await socket.send(garbage)
            answer: dict[str, Any] = await socket.recv()
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
            await socket.say(moved={"seconds": 60})
            await socket.send(jpeg())
            STEPS.clear()
            while not STEPS:
                await asyncio.sleep(0.05)

    run(visit())
    wait_until(lambda: not SCHEDULER._tasks)


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "https://127.0.0.1", "null", "http://127.0.0.1:1"])
def test_another_origin_is_refused(host: str, origin: str) -> None:
    async def visit() -> None:
        async with connect(host, "hard_experiments/mirror", origin):
            pass

    with pytest.raises(websockets.InvalidStatus) as raised:
        run(visit())
    assert raised.value.response.status_code == 403


@pytest.mark.parametrize("path", ["hard_experiments/race", "hard_experiments/none"])
def test_what_is_no_stream_takes_no_frames(host: str, path: str) -> None:
    async def visit() -> None:
        async with connect(host, path) as socket:
            await asyncio.wait_for(exchange(socket, jpeg()), 1)

    with pytest.raises((websockets.ConnectionClosed, TimeoutError)):
        run(visit())


def test_a_message_that_is_too_large_ends_the_socket(host: str) -> None:
    async def visit() -> int | None:
        async with connect(host, "hard_experiments/mirror") as socket:
            await socket.send(b"\0" * (FRAME_BYTES + 1))
            await socket.connection.wait_closed()
            return socket.connection.close_code

    assert run(visit()) == 1009


def test_a_bug_is_an_apology_and_ends_the_stream_alone(host: str) -> None:
    async def visit() -> tuple[dict[str, Any], dict[str, Any]]:
        async with connect(host, "counting/stumble") as socket:
            await socket.send(jpeg())
            apology = await socket.recv()
            await socket.send(jpeg())  # It is late: nobody takes it.
            other = Channel(socket.connection, "count")
            await other.say(start=True)
            header, _ = await exchange(other, jpeg())
            return apology, header

    apology, header = run(visit())
    assert apology["error"].startswith("Sorry") and "bug" not in apology["error"]
    assert apology["ended"] == live.MISTAKE
    assert header["experiment"] == "count" and header["frame"] == 1


def test_a_stream_that_starts_again_has_forgotten_and_one_that_stopped_is_over(host: str) -> None:
    async def visit() -> list[int]:
        async with connect(host, "counting/count") as socket:
            seen = []
            for beginning in ({"start": True}, {"stop": True, "start": True}):
                await socket.say(**beginning)
                for _ in range(2):
                    header, _ = await exchange(socket, jpeg())
                    seen.append(header["outputs"]["table"]["memory"]["frames"])
            await socket.say(stop=True)
            await socket.send(jpeg())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.5)
            return seen

    assert run(visit()) == [1, 2, 1, 2]


def test_a_stream_to_which_no_frame_comes_gives_its_place_back(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "IDLE_SECONDS", 0.1)

    async def visit() -> Any:
        async with connect(host, "counting/count") as socket:
            return await socket.recv()

    assert run(visit())["ended"] == live.IDLE


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
        live.read_answer(text)


def test_the_markup_escapes_what_stands_in_it() -> None:
    assert isinstance(TRIAL, View)
    html = live.view_html(hard_experiments.PANEL, TRIAL, {"exposure": '"><script>alert(1)</script>'})
    assert "<script" not in html
