"""The device is chosen, capped and timed; networks stay resident within their bound."""

import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from engines.runtime import device as runtime
from engines.runtime.errors import DeviceError
from engines.runtime.resident import Resident, size

ROOT = Path(__file__).parents[1]


def network(kilobytes: int) -> nn.Module:
    return nn.Linear(256 * kilobytes, 1, bias=False)


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


def test_timings_are_taken_once() -> None:
    first = runtime.threads(), runtime.bfloat16_is_faster()
    start = time.perf_counter()
    assert (runtime.threads(), runtime.bfloat16_is_faster()) == first
    assert time.perf_counter() - start < 0.01


def test_a_network_is_built_once_and_counted_with_its_buffers() -> None:
    resident = Resident(limit=10_000)
    built = resident.get("norm", lambda: nn.BatchNorm1d(10, affine=False))
    assert resident.get("norm", lambda: nn.BatchNorm1d(10, affine=False)) is built
    assert size(built) == 2 * 10 * 4 + 8
    assert resident.loaded() == [("norm", 88)]


def test_two_threads_that_ask_for_one_key_build_it_once() -> None:
    resident, builds, results = Resident(limit=10_000), [], []
    second_asks = threading.Event()

    def build() -> nn.Module:
        builds.append(1)
        second_asks.wait(5)
        time.sleep(0.05)
        return network(1)

    threads = [threading.Thread(target=lambda: results.append(resident.get("one", build))) for _ in range(2)]
    for thread in threads:
        thread.start()
    second_asks.set()
    for thread in threads:
        thread.join()
    assert len(builds) == 1 and results[0] is results[1]


def test_a_slow_build_does_not_hold_up_another_key() -> None:
    resident, release = Resident(limit=10_000), threading.Event()

    def slow_build() -> nn.Module:
        assert release.wait(5)
        return network(1)

    slow = threading.Thread(target=lambda: resident.get("slow", slow_build))
    slow.start()
    assert isinstance(resident.get("fast", lambda: network(1)), nn.Module)
    assert [key for key, _ in resident.loaded()] == ["fast"]
    release.set()
    slow.join()
    assert [key for key, _ in resident.loaded()] == ["slow", "fast"]


def test_the_least_recently_used_leaves_when_the_bound_is_passed() -> None:
    resident = Resident(limit=3 * 1024)
    for key in "abc":
        resident.get(key, lambda: network(1))
    resident.get("a", lambda: network(1))
    resident.get("d", lambda: network(1))
    assert [key for key, _ in resident.loaded()] == ["c", "a", "d"]


def test_cycling_networks_never_exceeds_the_bound() -> None:
    resident = Resident(limit=10 * 1024)
    for call in range(200):
        kilobytes = 1 + call % 7
        assert size(resident.get(kilobytes, partial(network, kilobytes))) == kilobytes * 1024
        assert sum(count for _, count in resident.loaded()) <= 10 * 1024


def test_a_network_larger_than_the_bound_is_kept_alone() -> None:
    resident = Resident(limit=1024)
    resident.get("small", lambda: network(1))
    large = resident.get("large", lambda: network(4))
    assert resident.loaded() == [("large", 4096)]
    assert resident.get("large", lambda: network(4)) is large


def test_a_failed_build_is_told_and_tried_again() -> None:
    resident = Resident(limit=1024)

    def fail() -> nn.Module:
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        resident.get("key", fail)
    assert resident.loaded() == []
    assert isinstance(resident.get("key", lambda: network(1)), nn.Module)


@pytest.mark.parametrize(("value", "expected"), [("0.5", "500000000\n"), ("much", "")])
def test_the_memory_bound_is_read_from_the_variable(value: str, expected: str) -> None:
    command = "from engines.runtime.resident import RESIDENT; print(RESIDENT.limit)"
    run = subprocess.run(
        [sys.executable, "-c", command],
        env={**os.environ, "STUDIO_MEMORY": value},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.stdout == expected
    assert bool(expected) or "STUDIO_MEMORY='much' is no number of gigabytes" in run.stderr
