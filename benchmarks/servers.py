"""Servers and browsers that benchmarks start for themselves, and the memory that servers hold."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
LONGEST_START = 120.0
"""Seconds that a start may take."""
LOOK_SECONDS = 0.02


def launched(playwright: Any, *arguments: str) -> Any:
    """Return a Chromium that was started with these arguments: the system's, or else Playwright's own."""
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    return playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", *arguments])


class Served(NamedTuple):
    """A server that answers: its address, with a slash at the end, and its process."""

    address: str
    process: int

    @property
    def host(self) -> str:
        """The host and port."""
        return self.address.removeprefix("http://").rstrip("/")

    @property
    def memory(self) -> int:
        """The bytes of main memory that the server's process holds."""
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    @property
    def seconds_of_children(self) -> float:
        """The seconds of the processor that the programs took that it started, and that have ended."""
        text = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(text[13]) + int(text[14])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(*command: str, environment: Mapping[str, str] | None = None, log: Path | None = None) -> Iterator[Served]:
    """Run `python command` until the end of the block, which begins when the server has answered a first request.

    Args:
        command: what follows `python`; the studio itself where nothing is given.
        environment: variables beside those of this process.
        log: the file of what it writes to its standard error; this process's own, where nothing is given.

    Raises:
        TimeoutError: it does not answer in time.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    variables = {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", **(environment or {})}
    with open(log or os.devnull, "wb") as written:
        server = subprocess.Popen(
            [sys.executable, *(command or ["app.py"])],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdout=subprocess.DEVNULL,
            stderr=written if log else None,
        )
    try:
        address = f"http://127.0.0.1:{port}/"
        _wait_for(address)
        yield Served(address, server.pid)
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str) -> None:
    end = time.monotonic() + LONGEST_START
    while time.monotonic() < end:
        try:
            urlopen(address, timeout=LONGEST_START).close()
            return
        except OSError:
            time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"{address} did not answer within {LONGEST_START:.0f} s.")
