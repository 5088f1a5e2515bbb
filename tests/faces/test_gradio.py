"""The Gradio face over HTTP: what is refused, what is not read, and what is not imported."""

import socket
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from tests.support import ROOT, hard_experiments
from tests.support.pictures import png


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(hard_experiments.PANEL)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(address: str) -> None:
    announced = _refusal(address, "Content-Length: 2000000000\r\n", b"")
    assert announced.startswith("HTTP/1.1 413")
    assert "The file is larger than 32 MB; choose a smaller one." in announced
    chunk = b"100000\r\n" + bytes(2**20) + b"\r\n"
    assert _refusal(address, "Transfer-Encoding: chunked\r\n", chunk * 31).startswith("HTTP/1.1 413")
    upload = httpx.post(f"{address}gradio_api/upload", files={"files": ("large.png", bytes(33 * 2**20))}, timeout=10)
    assert upload.status_code == 413
    assert httpx.post(f"{address}photographs", content=png(np.zeros((64, 64, 3), dtype=np.uint8))).status_code == 200


def _refusal(address: str, header: str, body: bytes) -> str:
    """What the server answers to a file whose end it has not seen."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(f"POST /photographs HTTP/1.1\r\nHost: {where.netloc}\r\n{header}\r\n".encode() + body)
        answer = b""
        while not answer.endswith(b"}"):
            received = connection.recv(4096)
            if not received:
                break
            answer += received
        return answer.decode()


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../etc/passwd"])
def test_no_file_outside_the_uploads_is_read(address: str, path: str) -> None:
    for route in (f"gradio_api/file={path}", f"web/{path}", f"pictures/{path}"):
        assert httpx.get(f"{address}{route}").status_code in (403, 404)
    photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
    call = httpx.post(f"{address}gradio_api/call/hard_experiments_click", json={"data": [photo, None]})
    if call.status_code == 200:
        events = httpx.get(
            f"{address}gradio_api/call/hard_experiments_click/{call.json()['event_id']}", timeout=10
        ).text
        assert "event: error" in events
        assert "root:" not in events


def test_importing_the_app_imports_nothing_heavy() -> None:
    heavy = ("torch", "mediapipe", "cv2", "numba", "scipy", "streamlit")
    script = f"import app, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
