"""Every paper's engine fulfils one contract, and starting the studio says nothing."""

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import pages
from engines.biggan import engine as biggan
from engines.everybody_dance_now import engine as everybody_dance_now
from engines.ganimation import engine as ganimation
from engines.group_normalization import engine as group_normalization
from engines.photo_stylization import engine as photo_stylization
from engines.runtime import engine
from engines.runtime.checkpoints import find
from engines.runtime.engine import Engine
from engines.runtime.log_lines import FOREIGN
from engines.sagan import engine as sagan
from engines.spherical_cnn import engine as spherical_cnn
from engines.taskonomy import engine as taskonomy
from engines.time_limited_humans import engine as time_limited_humans
from engines.vid2vid import engine as vid2vid

ROOT = Path(__file__).parents[2]
ENGINES: list[Engine] = [
    biggan,
    everybody_dance_now,
    ganimation,
    group_normalization,
    photo_stylization,
    sagan,
    spherical_cnn,
    taskonomy,
    time_limited_humans,
    vid2vid,
]


@pytest.mark.parametrize("each", ENGINES, ids=lambda each: each.SLUG)
def test_an_engine_says_whose_it_is_and_which_checkpoints_it_begins_with(each: Engine) -> None:
    assert engine.find(each.SLUG) is each
    assert each.CHECKPOINTS and all(find(name).bundled for name in each.CHECKPOINTS)
    assert callable(each.warm)


def test_every_page_of_the_studio_has_an_engine() -> None:
    assert {panel.slug for panel in pages.panels()} == {each.SLUG for each in ENGINES}
    assert engine.find("nobody") is None


@pytest.mark.slow
def test_warming_says_nothing() -> None:
    command = [sys.executable, "-c", "import app; app.warm()"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_named_lines_are_left_out_of_the_standard_error() -> None:
    lines = [b"before", FOREIGN[0], b"W0000 00:00:17 5 " + FOREIGN[2] + b" Disabling.", b"after", b"no end"]
    written = b"\n".join(lines).decode()
    program = f"""
import os, sys
from engines.runtime.log_lines import leave_foreign_out
leave_foreign_out()
os.write(2, {written.encode()!r})
os.abort()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode != 0 and done.stderr == b"before\nafter\nno end"


def test_no_module_of_the_engines_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph("engines", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # raises a CycleError, which names the circle
