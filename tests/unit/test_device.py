"""The device is chosen, capped and timed."""

import os
import subprocess
import sys
import threading

import pytest
import torch

from engines.runtime import device as runtime
from engines.runtime.errors import DeviceError
from tests.support import ROOT

pytestmark = pytest.mark.slow


def test_the_variable_names_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DEVICE", "cpu")
    assert runtime.device() == torch.device("cpu")
    assert runtime.describe().startswith("CPU, ")


@pytest.mark.parametrize("name", ["tpu", "cuda:97", "meta", "no such thing"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("STUDIO_DEVICE", name)
    with pytest.raises(DeviceError, match=rf"STUDIO_DEVICE='{name}' is no device of this machine; choose from .*cpu"):
        runtime.device()


def test_threads_stay_capped_in_a_thread_that_was_running_before() -> None:
    seen: list[int] = []

    def work() -> None:
        torch.set_num_threads(3)
        ready.set()
        asked.wait()
        runtime.device()
        seen.append(torch.get_num_threads())

    ready, asked = threading.Event(), threading.Event()
    worker = threading.Thread(target=work)
    worker.start()
    ready.wait()
    count = runtime.threads()
    asked.set()
    worker.join()
    assert seen == [count]


def test_the_operators_own_limit_on_threads_is_kept() -> None:
    command = "from engines.runtime.device import threads; print(threads())"
    run = subprocess.run(
        [sys.executable, "-c", command],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.stdout == "1\n", run.stderr


def test_timings_are_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = runtime.threads(), runtime.bfloat16_is_faster()
    monkeypatch.setattr("engines.runtime.device.time.perf_counter", lambda: pytest.fail("it is timed again"))
    assert (runtime.threads(), runtime.bfloat16_is_faster()) == first
