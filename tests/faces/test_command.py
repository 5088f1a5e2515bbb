"""The `studio` command: what it has, what it is given and what it refuses; and the older ways to the same."""

import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from studio import VERSION
from tests.support import ROOT
from tests.support.servers import process

STUDIO = ("-c", "import app, sys; sys.exit(app.main())")
COMMANDS = ("serve", "run", "list", "render", "weights", "bench", "check", "space")


def python(*arguments: str, code: int = 0) -> str:
    """What Python printed, which must end with this status."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def test_its_help_names_every_command_and_imports_none() -> None:
    code = "import app, sys\ntry: app.main()\nfinally: print({'numpy', 'gradio', 'streamlit'} & {*sys.modules})"
    printed = python("-c", code, "--help")
    assert all(f"\n    {command} " in printed for command in COMMANDS)
    assert printed.endswith("set()\n")


@pytest.mark.parametrize(
    ("studio", "old"),
    [
        (("serve",), ("app.py",)),
        (("run",), ("-m", "pages", "run")),
        (("weights",), ("-m", "weights")),
        (("weights", "fetch"), ("-m", "weights", "fetch")),
        (("bench",), ("-m", "benchmarks")),
        (("check",), ("check.py",)),
        (("space",), ("-m", "space")),
    ],
)
def test_the_older_ways_take_what_the_command_takes(studio: tuple[str, ...], old: tuple[str, ...]) -> None:
    """Each says the same of itself, but for its name, by which lines are broken."""
    own, other = python(*STUDIO, *studio, "--help").split(), python(*old, "--help").split()
    assert own[: len(studio) + 2] == ["usage:", "studio", *studio]
    assert own[own.index("[-h]") :] == other[other.index("[-h]") :]


def test_a_benchmark_is_given_what_follows_its_name() -> None:
    assert "--only" in python(*STUDIO, "bench", "proof", "--help")


def test_what_it_does_not_know_is_refused() -> None:
    assert VERSION in python(*STUDIO, "--version")
    for arguments, words in [
        (STUDIO, "COMMAND"),
        ((*STUDIO, "sevre"), "sevre"),
        (("app.py", "list"), "unrecognized arguments: list"),
        (("app.py", "--port", "x"), "'x' is not a port"),
        (("app.py", "--port", "65536"), "from 1 to 65535"),
        ((*STUDIO, "serve", "--face", "tk"), "'tk'"),
        ((*STUDIO, "bench", "nothing"), "nothing"),
        ((*STUDIO, "space", "space"), "is there already"),
    ]:
        assert words in python(*arguments, code=2)


@pytest.mark.parametrize("face", ["gradio", "streamlit"])
def test_where_nobody_can_listen_it_says_so_in_one_line(face: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = python("app.py", "--face", face, "--port", str(port), code=2)
    assert str(port) in said and "--port" in said and len(said.splitlines()) == 1


def test_it_serves_the_other_face_from_any_folder(tmp_path: Path) -> None:
    def command(port: int) -> list[str]:
        return [sys.executable, str(ROOT / "app.py"), "--face", "streamlit", "--port", str(port)]

    with process(command, folder=tmp_path, path="/_stcore/health") as address:
        assert b"streamlit" in urlopen(address, timeout=30).read().lower()
