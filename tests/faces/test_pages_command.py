"""The studio without a browser: what `python -m pages` writes, prints and refuses."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.runtime.images import read_parameters
from pages import panels
from studio.faces.command import README, with_table
from tests.support import ROOT


def pages(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "pages", *arguments], cwd=ROOT, capture_output=True, text=True)


def photograph(path: Path, seed: int) -> Path:
    draw = np.random.default_rng(seed)
    small = Image.fromarray(draw.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    small.resize((96, 72), Image.Resampling.BICUBIC).save(path)
    return path


def test_list_names_every_control() -> None:
    printed = pages("list").stdout
    assert "photo_stylization" in printed and "--set smoothing_weight=..." in printed


def test_run_writes_every_output_with_its_parameters(tmp_path: Path) -> None:
    content, style = photograph(tmp_path / "a.png", 1), photograph(tmp_path / "b.jpg", 2)
    out = tmp_path / "out"
    run = pages("run", "photo_stylization", "stylize", "--set", f"content={content}", "--set", f"style={style}",
                "--set", "strength_4=0.5", "--out", str(out))  # fmt: skip
    assert run.returncode == 0, run.stderr
    result = out / "result-filtered.png"
    assert Image.open(result).size == (96, 72)
    controls = read_parameters(result)["controls"]
    assert controls["strength_4"] == 0.5 and controls["content"] == "uploaded file"
    document = json.loads((out / "result.json").read_text())
    assert set(document["outputs"]) == {"result", "stages", "views", "seconds", "spectra"}
    for line in run.stdout.split():
        assert Path(line).is_file()


def test_bad_input_is_one_clear_line_and_exit_2(tmp_path: Path) -> None:
    text = tmp_path / "a.jpg"
    text.write_text("no picture")
    stylize = ("run", "photo_stylization", "stylize", "--out", str(tmp_path / "out"))
    for arguments, words in [
        ((*stylize, "--set", f"content={text}"), "content: "),
        ((*stylize, "--set", "content=/nowhere.png"), "No such file"),
        ((*stylize, "--set", "strength_4=much"), "strength_4: 'much' is not a number"),
        ((*stylize, "--set", "depth=7"), "'depth' is not a control"),
        ((*stylize, "--set", "strength_4"), "not of the form control=value"),
        ((*stylize, "--preset", "x"), "not a preset"),
        (("run", "biggest_gan", "x", "--out", "y"), "no panel 'biggest_gan'"),
        ((*stylize[:-1], str(text)), "--out: nothing can be written into"),
    ]:
        run = pages(*arguments)
        assert run.returncode == 2 and words in run.stderr, run.stderr
        assert len(run.stderr.strip().splitlines()) == 1 and not run.stdout
    assert not (tmp_path / "out").exists()


def test_a_preset_is_listed_as_it_is_given_back(tmp_path: Path) -> None:
    listed = [line.strip() for line in pages("list").stdout.splitlines()]
    every = [name for panel in panels() for experiment in panel.experiments for name in experiment.presets]
    assert [shlex.split(line)[1] for line in listed if line.startswith("--preset")] == every


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_a_reader_that_goes_away_a_hand_that_stops_it_and_a_plain_terminal_end_it_quietly(tmp_path: Path) -> None:
    listing = subprocess.run(
        f"{shlex.quote(sys.executable)} -m pages list | head -1", shell=True, cwd=ROOT, capture_output=True, text=True
    )
    assert listing.stdout.count("\n") == 1 and not listing.stderr
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    ascii_only = subprocess.run([sys.executable, "-m", "pages", "list"], cwd=ROOT, capture_output=True, env=plain)
    assert ascii_only.returncode == 0 and not ascii_only.stderr and ascii_only.stdout.isascii()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    stylize = ("run", "photo_stylization", "stylize", "--set", f"content={pipe}", "--out", str(tmp_path))
    command = [sys.executable, "-m", "pages", *stylize]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        with pipe.open("w"):  # It opens once the command reads the photograph.
            process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=60)
    assert process.returncode == 130 and not complained


def test_the_readme_s_table_is_what_the_panels_say() -> None:
    assert README.read_text() == with_table(README.read_text(), panels())
