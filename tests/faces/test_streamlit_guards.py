"""The second face stands behind the same guards as the first: hosts, origins, cookies, limits, and an end in order."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import websockets
from fastapi import FastAPI, Request

from engines.runtime.images import MAXIMUM_BYTES
from studio.runs import visitors
from studio.wire import limits
from studio.wire.gate import FORM_BYTES, Gate
from studio.wire.limits import Limits
from tests.support.servers import served, started
from tests.support.waiting import run

pytestmark = pytest.mark.slow

UPLOAD = "/_stcore/upload_file/nobody/nothing"
LIMITS = "uploads.anonymous=3 sockets.anonymous=2"
END_SECONDS = 5.0


class Server(NamedTuple):
    address: str
    process: "subprocess.Popen[bytes]"
    files: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("streamlit")
    own = {"STUDIO_JOBS": str(folder / "jobs"), "STUDIO_LIMITS": LIMITS}
    address, process = started(folder / "files", own, face="streamlit")
    yield Server(address, process, folder / "files")
    process.kill()
    process.wait()


def test_another_host_and_a_page_elsewhere_are_refused(server: Server) -> None:
    assert httpx.get(server.address).status_code == 200
    for path in ("/", "/_stcore/health", "/_stcore/host-config"):
        assert httpx.get(server.address + path, headers={"Host": "rebound.example"}).status_code == 421
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert httpx.put(server.address + UPLOAD, headers=elsewhere).status_code == 403

    async def connect() -> None:
        async with websockets.connect(
            f"{server.address.replace('http', 'ws')}/_stcore/stream", origin=websockets.Origin("https://a.b")
        ):
            pass

    with pytest.raises(websockets.InvalidStatus, match="403"):
        run(connect())


def test_pages_say_what_they_may_do_and_bring_a_signed_cookie(server: Server) -> None:
    answer = httpx.get(server.address)
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy and "blob: data:;" in policy, "components bring what they share as text"
    cookie = answer.cookies[visitors.COOKIE]
    assert visitors.COOKIE not in httpx.get(server.address, cookies={visitors.COOKIE: cookie}).cookies
    assert visitors.COOKIE in httpx.get(server.address, cookies={visitors.COOKIE: f"{cookie}x"}).cookies


def test_uploads_are_counted(server: Server) -> None:
    sent = [httpx.put(server.address + UPLOAD, files={"f": b"x"}) for _ in range(5)]
    assert [answer.status_code == 429 for answer in sent] == [False] * 3 + [True] * 2
    assert "Come again in" in sent[-1].json()["error"]


def test_of_what_is_larger_than_a_file_may_be_no_more_is_received() -> None:
    received = 0
    app = FastAPI()

    @app.put(UPLOAD)
    async def receive(request: Request) -> None:
        nonlocal received
        async for part in request.stream():
            received += len(part)

    app.add_middleware(Gate, limits=Limits(limits.LIMITS))
    million, count = bytes(1_000_000), 2 * MAXIMUM_BYTES // 1_000_000
    with served(app) as host, httpx.Client(base_url=f"http://{host}", timeout=60) as client:
        assert client.put(UPLOAD, content=bytes(MAXIMUM_BYTES)).status_code == 200
        received = 0
        with suppress(httpx.TransportError):  # The server hangs up while the rest is on its way.
            large = client.put(UPLOAD, content=(million for _ in range(count)))
            assert large.status_code == 413 and "larger than 32 MB" in large.json()["error"]
    assert received <= MAXIMUM_BYTES + FORM_BYTES


def test_few_sockets_of_a_client_without_a_cookie_are_held(server: Server) -> None:
    async def opened() -> list[bool]:
        place = f"{server.address.replace('http', 'ws')}/_stcore/stream"
        sockets = [await websockets.connect(place) for _ in range(4)]
        held = []
        for each in sockets:
            try:
                await asyncio.wait_for(each.wait_closed(), 1)
                held.append(False)
            except TimeoutError:
                held.append(True)
                await each.close()
        return held

    assert run(opened()) == [True, True, False, False]


def test_it_ends_in_order_and_leaves_no_file(server: Server) -> None:
    assert list(server.files.iterdir())
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert time.monotonic() - began < END_SECONDS
    assert not list(server.files.iterdir())
