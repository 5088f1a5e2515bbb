"""The Space: a folder that can be installed and started, and that computes where ZeroGPU lends a GPU."""

import json
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest

from engines.runtime.checkpoints import catalogue
from engines.runtime.scheduler import SCHEDULER
from pages import photo_stylization
from space.__main__ import PYTHON, readme, requirements, write
from studio.runs import run as runs
from tests.support import ROOT
from tests.support.servers import process
from tests.support.waiting import cancelled, hold, wait

PIP = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "--retries", "0", "--timeout", "15"]


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "space"
    write(folder)
    return folder


def front_matter(text: str) -> dict[str, str]:
    _, matter, _ = text.split("---\n")
    return dict(re.findall(r"^(\w+): (.+)$", matter, re.MULTILINE))


def test_the_folder_holds_what_a_space_needs_and_no_tests(space: Path) -> None:
    assert {path.name for path in space.iterdir()} == {
        *("app.py", "assets", "engines", "pages", "studio", "weights", "LICENSE"),
        *("README.md", "requirements.txt", "packages.txt"),
    }
    assert not [path for path in space.rglob("*") if path.name.startswith((".", "__pycache__", "test"))]
    assert (space / "packages.txt").read_text().split() == ["libgl1", "libglib2.0-0"]
    matter = front_matter((space / "README.md").read_text())
    assert (matter["sdk"], matter["app_file"], matter["python_version"]) == ("gradio", "app.py", PYTHON)
    assert f"gradio[mcp]=={matter['sdk_version']}\n" in (space / "requirements.txt").read_text()
    assert len(matter["short_description"]) <= 60, "the Hub refuses a longer one"


def test_the_readme_has_the_checkpoints_of_model_repositories_downloaded_while_the_space_is_built() -> None:
    some = next(iter(catalogue().values()))
    checkpoints = [
        replace(some, repo=None),
        replace(some, repo="one/a", repo_type="model", file="x/y.pt", revision="0" * 40),
        replace(some, repo="one/b", repo_type="model", file="z.safetensors", revision=None),
        replace(some, repo="one/c", repo_type="space"),
    ]
    text = readme("gradio[mcp]==6.31.0\n", checkpoints)
    assert f"preload_from_hub:\n  - one/a x/y.pt {'0' * 40}\n  - one/b z.safetensors\n---\n" in text
    assert "preload_from_hub" not in readme("gradio==6.31.0\n", checkpoints[:1])


def test_only_torch_differs_from_the_studio_s_own_requirements() -> None:
    own = (ROOT / "requirements.txt").read_text()
    added = set(requirements(own).splitlines()) - set(own.splitlines())
    assert {line for line in added if not line.startswith("#")} == {"torch>=2.8,<=2.11.0", "spaces>=0.51"}


@pytest.mark.proof
def test_the_requirements_can_be_installed_together(space: Path, tmp_path: Path) -> None:
    """A dry run, which passes over what is installed; of an index without metadata files, pip fetches whole wheels."""
    if subprocess.run([*PIP, "index", "versions", "spaces"], capture_output=True).returncode:
        pytest.skip("no package index can be reached")
    report = tmp_path / "report.json"
    resolving = [*PIP, "install", "--dry-run", "--quiet", "--report", str(report), "-r", "requirements.txt"]
    subprocess.run(resolving, cwd=space, check=True, capture_output=True)
    chosen = {
        entry["metadata"]["name"]: entry["metadata"]["version"] for entry in json.loads(report.read_text())["install"]
    }
    assert chosen["torch"] == "2.11.0" and "spaces" in chosen


@pytest.mark.proof
def test_the_folder_s_app_starts_and_answers(space: Path, tmp_path: Path) -> None:
    environment = {"STUDIO_JOBS": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    with process(
        lambda port: [sys.executable, "app.py", "--port", str(port)], lambda port: environment, space
    ) as address:
        assert b"Ten Papers Studio" in urlopen(address, timeout=30).read()


LENDING = """
import multiprocessing

def GPU(task):
    '''As ZeroGPU's decorator: the generator runs in a fork of this process, what it is given and yields is pickled.'''
    def lent(*arguments):
        fork = multiprocessing.get_context("fork")
        given, made = fork.SimpleQueue(), fork.SimpleQueue()
        def work():
            for value in task(*given.get()):
                made.put(value)
            made.put(None)
        process = fork.Process(target=work)
        process.start()
        given.put(arguments)
        while (value := made.get()) is not None:
            yield value
        process.join()
    return lent
"""
ASKING = """
import os, sys
from functools import partial
from engines.runtime.errors import InputError
from engines.runtime.scheduler import Priority, Scheduler

def steps(refuse):
    yield {"process": os.getpid()}
    if refuse:
        raise InputError("Gain: no; give more.")

for refuse in (False, True):
    task = Scheduler().submit(partial(steps, refuse), Priority.RUN)
    while not task.ended:
        task.wait(task.version, 0.1)
    print(task.result["process"] == os.getpid(), task.state.value, repr(task.error), "spaces" in sys.modules)
"""


@pytest.mark.parametrize(("zero", "elsewhere"), [("", False), ("true", True)])
def test_steps_are_computed_where_zerogpu_lends_a_gpu_and_elsewhere_at_home(
    tmp_path: Path, zero: str, elsewhere: bool
) -> None:
    (tmp_path / "spaces.py").write_text(LENDING)
    environment = {**os.environ, "SPACES_ZERO_GPU": zero, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.getcwd()}"}
    asked = subprocess.run([sys.executable, "-c", ASKING], env=environment, capture_output=True, text=True, check=True)
    assert asked.stdout.splitlines() == [
        f"{not elsewhere} done None {elsewhere}",
        f"{not elsewhere} failed InputError('Gain: no; give more.') {elsewhere}",
    ]


@pytest.mark.parametrize("name", [experiment.name for experiment in photo_stylization.PANEL.experiments])
def test_what_a_run_is_given_can_be_sent_to_another_process(name: str) -> None:
    experiment = photo_stylization.PANEL.experiment(name)
    gate = hold(SCHEDULER)
    task = runs.start(experiment, experiment.opening())
    given: Any = pickle.loads(pickle.dumps(task._start)).keywords
    cancelled(task)
    gate.set()
    wait(task)
    for name, value in experiment.check(experiment.opening()).items():
        assert np.array_equal(value, given[name]) if isinstance(value, np.ndarray) else value == given[name]
