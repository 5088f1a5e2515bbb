"""Modules that pages import when they are first used."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engines.runtime import lazy

SLOW = "import time\ntime.sleep(0.3)\ndef answer():\n    return 42\n"


def test_a_module_is_imported_when_something_of_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "first_used.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = lazy.load("first_used")
    assert "first_used" not in sys.modules
    assert module.VALUE == 1 and "first_used" in sys.modules
    with pytest.raises(AttributeError):
        _ = module.ABSENT


def test_threads_that_use_a_module_at_once_find_it_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slowly_imported.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    module = lazy.load("slowly_imported")
    with ThreadPoolExecutor(4) as threads:
        assert [each.result() for each in [threads.submit(lambda: module.answer()) for _ in range(4)]] == [42] * 4


def test_declaring_every_panel_imports_no_network_library() -> None:
    heavy = ("torch", "mediapipe", "cv2", "numba", "scipy", "skimage", "sklearn", "safetensors")
    script = f"import pages, sys; pages.panels(); print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
