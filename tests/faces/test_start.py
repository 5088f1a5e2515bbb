"""A server's start and end: what is wrong is said at once, and nothing of visitors stays behind."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from engines.runtime.disk import state_folder
from engines.runtime.errors import DeviceError
from engines.runtime.jobs import Jobs
from engines.runtime.scheduler import Scheduler
from studio.wire import startup, temporary
from studio.wire.origin import hosts, proxies
from tests.support import ROOT
from tests.support.disks import closed, reachable
from tests.support.servers import started

LONGEST_SECONDS = 5.0
"""How long a server may take to end."""


@pytest.mark.proof
@pytest.mark.slow
def test_killed_it_leaves_files_which_the_next_removes_and_stopped_it_leaves_none(tmp_path: Path) -> None:
    _, server = started(tmp_path / "files")
    (killed,) = (tmp_path / "files").glob(f"{temporary.PREFIX}*")
    (killed / "clip").write_bytes(b"a visitor's")
    server.kill()
    server.wait()
    assert killed.exists()

    address, server = started(tmp_path / "files")
    assert not killed.exists()
    files = {"files": ("clip.bin", b"a visitor's")}
    assert httpx.post(f"{address}/gradio_api/upload", files=files).status_code == 200
    with httpx.stream("GET", f"{address}/gradio_api/heartbeat/open", timeout=30):
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    assert time.monotonic() - began < LONGEST_SECONDS
    assert not list((tmp_path / "files").iterdir())


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("STUDIO_ANSWERS", "{folder}", "is a folder"),
        ("STUDIO_ANSWERS", "{file}/answers.sqlite3", "Answers cannot be kept"),
        ("STUDIO_JOBS", "{file}/jobs", "Jobs cannot be kept"),
        ("TMPDIR", "{file}", "takes no temporary files"),
        ("STUDIO_WEIGHTS", "{file}", "is no folder"),
        ("STUDIO_MEMORY", "abc", "no number of gigabytes"),
        ("STUDIO_LIMITS", "rooms=1", "limit.who=number"),
        ("STUDIO_HOSTS", "https://example.org/path", "neither a name"),
        ("STUDIO_PROXIES", "caddy", "neither an address"),
        ("STUDIO_WITHOUT", "vid2wid", "'vid2wid' is no panel"),
        ("STUDIO_FETCH", "me", "none of anyone, owner, nobody"),
        ("STUDIO_FETCH_GB", "much", "no number of gigabytes"),
        ("GRADIO_SERVER_PORT", "x", "'x' is not a port"),
    ],
)
def test_what_is_wrong_is_said_at_once(tmp_path: Path, variable: str, value: str, words: str) -> None:
    (tmp_path / "file").touch()
    surroundings = {**os.environ, variable: value.format(folder=tmp_path, file=tmp_path / "file")}
    done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 2 and words in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_and_no_other_is_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "app.py", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert re.fullmatch("The studio cannot listen there: .*in use.* Choose another --host or --port.\n", done.stderr)


def test_it_says_what_it_would_use_and_serves_nothing() -> None:
    command = [sys.executable, "app.py", "--check", "--host", "0.0.0.0"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for words in (
        "device: ",
        "GB free",
        "any address in numbers",
        "| `rooms` | 3,600 s |",
        "checkpoints here",
        "downloads may take: 5 GB",
    ):
        assert words in said


def test_a_home_that_may_not_be_written_is_told_of_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("STUDIO_ANSWERS")
    with reachable() as home:
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setattr(startup, "JOBS", Jobs(state_folder() / "jobs", Scheduler()))
        with closed(home):
            jobs, answers = startup.faults("127.0.0.1")
        assert startup.faults("127.0.0.1") == []
    assert "Permission denied. Name another folder in STUDIO_JOBS." in jobs
    assert "Permission denied. Name another file in STUDIO_ANSWERS." in answers


def test_what_a_server_left_that_was_killed_while_it_made_its_folder_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = [tmp_path / f"{dot}{temporary.PREFIX}{age}" for dot in ("", ".") for age in ("new", "old")]
    for folder in made:
        folder.mkdir()
        if folder.name.endswith("old"):
            os.utime(folder, (0, 0))
    temporary.sweep()
    assert [folder.exists() for folder in made] == [True, False, True, False]


def test_its_folder_is_locked_as_systemd_asks_of_what_shall_stay_in_tmp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("TMPDIR", "GRADIO_TEMP_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    folder = temporary.own_folder()
    descriptor = os.open(folder, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
    temporary.remove()
    assert not folder.exists()


def test_it_answers_under_its_own_names_only(monkeypatch: pytest.MonkeyPatch) -> None:
    local = hosts("127.0.0.1")
    assert all(map(local.is_own, ("localhost", "LOCALHOST:7860", "127.0.0.1:7860", "[::1]:7860")))
    assert not any(map(local.is_own, ("", "192.0.2.1", "studio.example.org", "localhost.example.org", "[", "a:b:c")))
    assert hosts("0.0.0.0").is_own("192.0.2.1:7860") and not hosts("0.0.0.0").is_own("studio.example.org")
    monkeypatch.setenv("STUDIO_HOSTS", "studio.example.org, https://course.example.org")
    named = hosts("127.0.0.1")
    assert named.is_own("studio.example.org")
    assert named.may_ask("https://studio.example.org", "studio.example.org")
    assert named.may_ask("https://course.example.org", "studio.example.org")
    assert not named.may_ask("https://studio.example.org", "127.0.0.1:7860")
    monkeypatch.delenv("STUDIO_HOSTS")
    monkeypatch.setenv("SPACE_HOST", "owner-studio.hf.space")
    assert hosts("0.0.0.0").is_own("owner-studio.hf.space")


def test_nobodys_forwarded_address_is_believed_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxies() == ""
    monkeypatch.setenv("STUDIO_PROXIES", "127.0.0.1 10.0.0.0/8")
    assert proxies() == "127.0.0.1,10.0.0.0/8"
    monkeypatch.setenv("STUDIO_PROXIES", "caddy")
    with pytest.raises(DeviceError, match="'caddy'"):
        proxies()
