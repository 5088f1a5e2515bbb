"""A server against one client that wants all of it, and against pages elsewhere."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from gradio.state_holder import SessionState

from studio.declared import Experiment, Panel, Stream, View
from studio.faces.gradio.page import build
from studio.kinds import Camera, Number, Table
from studio.runs import visitors
from studio.wire import gate, limits
from studio.wire.live import BUSY
from tests.support import hard_experiments
from tests.support.servers import studio
from tests.support.streams import connect
from tests.support.waiting import run, wait_until

API = "/gradio_api"


def slow(steps: int) -> Iterator[dict[str, Any]]:
    import time

    for step in range(steps):
        time.sleep(0.05)
        yield {"made": {"here": {"step": step}}}


def seen(memory: dict[str, Any], frame: Any) -> Iterator[dict[str, Any]]:
    yield {"made": {"here": {"frame": 1}}}


def opened(request: Mapping[str, Any]) -> dict[str, Any]:
    limits.take("rooms")
    return {"room": "here"}


def answered(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"made": {"here": {"answer": 1}}}


PANEL = Panel(
    slug="door",
    title="Door",
    paper=hard_experiments.PANEL.paper,
    story="Who may come in.",
    experiments=[
        Experiment(
            name="slow",
            title="Slow",
            controls={"steps": Number("Steps", 1, 10_000, 2, 1)},
            outputs={"made": Table("Made")},
            presets={"short": {}},
            run=slow,
        ),
        Stream(
            name="seen",
            title="Seen",
            controls={"frame": Camera("Camera")},
            outputs={"made": Table("Made")},
            presets={"plain": {}},
            run=seen,
        ),
        View(
            name="asked",
            title="Asked",
            page="experiment.html",
            service=opened,
            controls={},
            outputs={"made": Table("Made")},
            presets={"plain": {}},
            run=answered,
        ),
    ],
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        few = "waiting.anonymous=8 runs.anonymous=60 bodies.anonymous=5 upload_bytes.anonymous=1e6"
        patch.setenv("STUDIO_LIMITS", f"{few} program_bytes.anonymous=1e6")
        with studio([PANEL], tmp_path_factory.mktemp("guards")) as address:
            yield address.rstrip("/")


@pytest.fixture
def visitor(address: str) -> Iterator[httpx.Client]:
    """A browser that has opened the page."""
    with httpx.Client(base_url=address, timeout=60) as client:
        assert visitors.COOKIE in client.get("/").cookies
        yield client


def start(client: httpx.Client, session: str, steps: int = 2) -> httpx.Response:
    config = client.get("/config").json()
    index = next(each["id"] for each in config["dependencies"] if each["api_name"] == "door_slow")
    body = {"data": [steps], "fn_index": index, "session_hash": session}
    return client.post(f"{API}/queue/join", json=body)


def ended(client: httpx.Client, session: str) -> bool:
    """Whether the session's run came to its end."""
    with client.stream("GET", f"{API}/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            if "process_completed" in line:
                return json.loads(line.removeprefix("data: "))["success"] is True
    return False


def test_invented_sessions_do_not_stop_the_studio_for_a_visitor(address: str, visitor: httpx.Client) -> None:
    with httpx.Client(base_url=address, timeout=60) as program:
        answers = [start(program, f"invented {number}", 10_000) for number in range(40)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 32
        assert "Come again in" in refused[0].json()["detail"] and int(refused[0].headers["Retry-After"]) > 0
        invented = httpx.Client(base_url=address, cookies={visitors.COOKIE: "invented"})
        assert start(invented, "with a cookie of its own").status_code == 429
    assert start(visitor, "own").status_code == 200
    assert ended(visitor, "own")


def test_a_page_that_opens_has_no_component_described_anew(address: str) -> None:
    """Of all pages' components that took as long as a run, on the thread that answers everybody."""
    built = build([PANEL])
    began = SessionState(built)
    assert list(began.components) == []
    assert began.blocks_config.fns.keys() == built.fns.keys()


def test_runs_whose_client_never_listens_are_forgotten(
    address: str, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.faces.gradio import waiting

    monkeypatch.setattr(waiting, "UNHEARD_SECONDS", 0.0)
    with httpx.Client(base_url=address, timeout=60) as program:
        wait_until(lambda: start(program, "heard").status_code == 200)
        assert ended(program, "heard")


def test_a_room_too_many_is_refused_in_a_sentence(address: str, visitor: httpx.Client) -> None:
    own = {"Origin": address}
    with httpx.Client(base_url=address, headers=own) as program:
        answers = [program.post("/services/door/asked", json={}) for _ in range(20)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [422] * 14
    assert "Come again in 10 minutes" in answers[-1].json()["error"]
    assert visitor.post("/services/door/asked", json={}, headers=own).json() == {"room": "here"}


def test_streams_of_one_client_leave_places_to_others(address: str) -> None:
    host = address.removeprefix("http://").rstrip("/")

    async def try_all() -> tuple[list[Any], Any]:
        async with AsyncExitStack() as opened:
            streams = [await opened.enter_async_context(connect(host, "door/seen")) for _ in range(6)]
            said = [await each.recv() for each in streams[4:]]
            cookie = f"{visitors.COOKIE}={visitors.signed_cookie()}"
            own = await opened.enter_async_context(connect(host, "door/seen", Cookie=cookie))
            await own.say(moved="nothing")
            return said, await own.recv()

    said, other = run(try_all())
    for each in said:
        assert "All live places are taken by programs" in each["error"] and each["ended"] == BUSY
    assert "JSON object" in other["error"], "a visitor has a place still"


def test_an_idle_socket_is_closed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "IDLE_SECONDS", 0.2)

    async def idle() -> int | None:
        place = address.replace("http", "ws") + "/socket/door?page=mine"
        async with websockets.connect(place, origin=websockets.Origin(address)) as socket:
            await asyncio.wait_for(socket.wait_closed(), 30)
            return socket.close_code

    assert run(idle()) == gate.BUSY


def unfinished(address: str) -> Callable[[], Any]:
    async def send() -> bytes:
        host, port = address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /photographs HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\n\r\nx" % host.encode())
        return await asyncio.wait_for(reader.read(), 60)

    return send


def test_bodies_that_do_not_arrive_are_few_and_given_up(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BODY_PAUSE", 1.0)

    async def many() -> list[bytes]:
        return await asyncio.gather(*(unfinished(address)() for _ in range(12)))

    answers = run(many())
    statuses = sorted(answer.split()[1] for answer in answers)
    assert set(statuses) == {b"408", b"429"} and statuses.count(b"429") >= 2
    assert any(b"did not arrive in time" in answer for answer in answers)


def test_one_client_does_not_send_as_much_as_it_likes(address: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as program:
        sent = [program.post("/photographs", content=bytes(300_000)).status_code for _ in range(6)]
        files = {"files": ("noise.bin", bytes(300_000))}
        stored = [program.post(f"{API}/upload", files=files).status_code for _ in range(6)]
    assert sent == [422] * 3 + [429] * 3, "a file that is no picture counts as well"
    assert stored == [200] * 3 + [429] * 3


@pytest.mark.parametrize("path", ["/", "/config", "/web/studio.css", f"{API}/info", "/memory"])
def test_a_name_that_is_not_the_servers_is_refused(address: str, path: str) -> None:
    assert httpx.get(address + path).status_code == 200
    rebound = httpx.get(address + path, headers={"Host": "rebound.example", "Origin": "http://rebound.example"})
    assert rebound.status_code == 421 and "STUDIO_HOSTS" in rebound.text


@pytest.mark.parametrize(
    "path", ["/photographs", "/services/door/asked", "/checkpoints/x", f"{API}/queue/join", f"{API}/mcp"]
)
def test_a_page_elsewhere_may_ask_nothing(address: str, path: str) -> None:
    for origin in ("https://elsewhere.example", "null", "http://127.0.0.1:1"):
        assert httpx.post(address + path, headers={"Origin": origin}, json={}).status_code == 403


@pytest.mark.parametrize("path", ["/socket/door?page=mine", "/socket/none?page=mine"])
def test_nor_open_a_socket(address: str, path: str) -> None:
    async def open_one(**headers: str) -> None:
        async with websockets.connect(address.replace("http", "ws") + path, additional_headers=headers):
            pass

    with pytest.raises(websockets.InvalidStatus, match="403"):
        run(open_one(Origin="https://elsewhere.example"))


def test_pages_say_what_they_may_do(address: str) -> None:
    for path in ("/", "/web/experiment.html"):
        headers = httpx.get(address + path).headers
        assert "frame-ancestors 'self' https://huggingface.co" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    for path in ("/openapi.json", f"{API}/deep_link?session_hash=anybody"):
        assert httpx.get(address + path).status_code == 404


def test_a_forwarded_address_is_believed_of_known_proxies_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_LIMITS", "visitors.address=1")

    def given(server: str, *forwarded: str) -> list[bool]:
        asked = [httpx.get(server, headers={"X-Forwarded-For": each}) for each in forwarded]
        return [visitors.COOKIE in answer.cookies for answer in asked]

    with studio([PANEL], tmp_path / "unknown") as server:
        assert given(server, "192.0.2.1", "192.0.2.2").count(True) <= 1
    monkeypatch.setenv("STUDIO_PROXIES", "127.0.0.1")
    with studio([PANEL], tmp_path / "known") as server:
        assert given(server, "192.0.2.1", "192.0.2.2", "192.0.2.2", "invented, 192.0.2.3") == [True, True, False, True]
