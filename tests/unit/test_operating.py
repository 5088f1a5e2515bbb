"""docs/operating.md says what holds: its limits and variables are the studio's, and its blocks are taken."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages import panels
from studio.wire import startup, switches
from studio.wire.limits import LIMITS, table
from tests.support import ROOT

TEXT = (ROOT / "docs" / "operating.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
OF_RESEARCHERS = {"STUDIO_CIFAR10"}
"""Where a data set lies, for those who train and measure."""
SETTINGS = re.findall(r'`(STUDIO_\w+)="?([^"`]+)"?`', TEXT)
"""What the text sets within a sentence or a table."""
SWITCHES = re.findall(r"^\| `(STUDIO_\w+)`", TEXT, re.MULTILINE)


def test_its_table_of_limits_is_the_studios() -> None:
    assert table(LIMITS) in TEXT


def test_every_variable_of_the_studio_is_among_the_switches() -> None:
    used = set()
    for part in ("app.py", "studio", "engines"):
        for path in [ROOT / part] if part.endswith(".py") else (ROOT / part).rglob("*.py"):
            used |= set(re.findall(r'environ(?:\.get\(|\[)"(STUDIO_\w+)"', path.read_text()))
    assert used - OF_RESEARCHERS == set(SWITCHES)


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_each_setting_in_its_sentences_is_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert name in SWITCHES
    monkeypatch.setenv(name, value)
    assert startup.faults("127.0.0.1") == []
    assert len(switches.shown(panels())) > 1


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_each_block_is_taken_by_a_server(block: str, tmp_path: Path) -> None:
    """What a block exports and how it serves, but for folders that only a real server has, and without the network."""
    said = dict(re.findall(r"^export (\w+)=(\S+)$", block, re.MULTILINE))
    moved = {
        name: value.replace("/var/lib", str(tmp_path)).replace("/data", f"{tmp_path}/data")
        for name, value in said.items()
    }
    serving = re.findall(r"^studio serve(.*)$", block, re.MULTILINE)
    assert said or serving
    for name in re.findall(r"^studio weights fetch (\S+)$", block, re.MULTILINE):
        assert f'name = "{name}"' in (ROOT / "weights" / "manifest.toml").read_text()
    for arguments in serving or [""]:
        done = subprocess.run(
            [sys.executable, "app.py", "--check", *arguments.split()],
            cwd=ROOT,
            env={**os.environ, **moved},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        for value in moved.values():
            assert value in done.stdout
