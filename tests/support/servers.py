"""Servers on the loopback interface: the studio in this process or in one of its own, and bare routes."""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.request import urlopen

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from gradio import networking

from engines.runtime.device import describe
from studio import WEB
from studio.declared import Panel
from studio.faces.gradio.page import serve
from tests.support import ROOT
from tests.support.waiting import PATIENCE, wait_until

TRIAL = Path(__file__).parent / "trial-stub.html"
TRIES = 5
"""Times that another port is tried, for between the search and the start somebody else may take the one found."""

Started = TypeVar("Started")


def answers(address: str) -> bool:
    """Whether a server answers; Gradio's own look gives up after three seconds, which a busy machine may need."""
    return httpx.head(address, timeout=60).status_code < 400


def on_a_free_port(start: Callable[[int], Started]) -> Started:
    """What `start` returns of a port on which nobody listens; it raises OSError where that was taken meanwhile."""
    for remaining in reversed(range(TRIES)):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(networking, "url_ok", answers)
                return start(port)
        except OSError:
            if not remaining:
                raise
    raise AssertionError("there is one try at least")


@cache
def web_files() -> Path:
    """A copy of what browsers load, with the tests' own page, which lasts as long as this process."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    web = Path(folder.name, "web")
    shutil.copytree(WEB, web)
    shutil.copy(TRIAL, web)
    return web


@contextmanager
def studio(panels: Sequence[Panel], folder: Path) -> Iterator[str]:
    """The address of a studio with these panels, which keeps what is sent to it in `folder`."""
    describe()  # It imports torch, for which no test should wait.
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    running = on_a_free_port(lambda port: serve(panels, port, web_files()))
    try:
        yield running.local_url
    finally:
        running.close(verbose=False)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The host and port where these routes are served."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started)
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@contextmanager
def process(
    command: Callable[[int], Sequence[str]],
    environment: Callable[[int], Mapping[str, str]] = lambda port: {},
    folder: Path = ROOT,
    path: str = "/",
    at: int | None = None,
) -> Iterator[str]:
    """The address of a server in a process of its own, once it answers at `path`; at the end it is killed.

    It listens at the port that `command` or `environment` is given: `at`, or a free one.
    """

    def start(port: int) -> tuple[str, subprocess.Popen[bytes]]:
        address = f"http://127.0.0.1:{port}"
        surroundings = {**os.environ, **environment(port)}
        server = subprocess.Popen(command(port), cwd=folder, env=surroundings, stdout=subprocess.DEVNULL)
        try:
            wait_for_answer(address + path, server)
        except BaseException:
            server.kill()
            server.wait()
            raise
        return address, server

    address, server = on_a_free_port(start) if at is None else start(at)
    try:
        yield address
    finally:
        server.kill()
        server.wait()


def started(
    files: Path, variables: Mapping[str, str] | None = None, log: Path | None = None, face: str = "gradio"
) -> tuple[str, subprocess.Popen[bytes]]:
    """The whole studio in a process of its own, whose temporary files lie in `files`, and what it writes in `log`."""
    files.mkdir(exist_ok=True)
    surroundings = {**os.environ, "TMPDIR": str(files), **(variables or {})}

    def start(port: int) -> tuple[str, subprocess.Popen[bytes]]:
        command = [sys.executable, "app.py", "--port", str(port), "--face", face]
        with open(log or os.devnull, "wb") as written:
            server = subprocess.Popen(
                command, cwd=ROOT, env=surroundings, stdout=subprocess.DEVNULL, stderr=written if log else None
            )
        address = f"http://127.0.0.1:{port}"
        wait_for_answer(address, server)
        return address, server

    return on_a_free_port(start)


def wait_for_answer(address: str, server: subprocess.Popen[bytes], seconds: float = PATIENCE) -> None:
    """Wait until something is answered there.

    Raises:
        OSError: the server ended before.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            urlopen(address, timeout=10).close()
            return
        except OSError:
            if server.poll() is not None:
                raise
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.1)
