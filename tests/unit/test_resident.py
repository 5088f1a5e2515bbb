"""Networks stay resident within their bound, and work stays within the memory."""

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engines.photo_stylization.network import PhotoWCT
from engines.photo_stylization.transform import Stage, stylize
from engines.runtime.errors import DeviceError
from engines.runtime.resident import HOST, Resident, copy_to, place, size
from tests.support import ROOT

WIDTHS = [(16, 32, 48, 64 + 2 * more) for more in range(10)]
"""Over a megabyte each: fifty that did not leave would be seen."""
CALLS = 200


def network(kilobytes: int) -> nn.Module:
    return nn.Linear(256 * kilobytes, 1, bias=False)


def keys(resident: Resident) -> list[object]:
    return [found.key for found in resident.loaded()]


def test_a_network_is_built_once_and_counted_with_its_buffers() -> None:
    resident = Resident(limit=10_000)
    built = resident.get("norm", lambda: nn.BatchNorm1d(10, affine=False))
    assert resident.get("norm", lambda: nn.BatchNorm1d(10, affine=False)) is built
    assert size(built) == 2 * 10 * 4 + 8
    assert [(found.key, found.bytes) for found in resident.loaded()] == [("norm", 88)]


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
    assert keys(resident) == ["fast"]
    release.set()
    slow.join()
    assert keys(resident) == ["slow", "fast"]


def test_the_least_recently_used_leaves_when_the_bound_is_passed() -> None:
    resident = Resident(limit=3 * 1024)
    for key in "abc":
        resident.get(key, lambda: network(1))
    resident.get("a", lambda: network(1))
    resident.get("d", lambda: network(1))
    assert keys(resident) == ["c", "a", "d"]


def test_cycling_networks_never_exceeds_the_bound() -> None:
    resident = Resident(limit=10 * 1024)
    for call in range(200):
        kilobytes = 1 + call % 7
        assert size(resident.get(kilobytes, partial(network, kilobytes))) == kilobytes * 1024
        assert sum(found.bytes for found in resident.loaded()) <= 10 * 1024


def test_a_network_larger_than_the_bound_is_kept_alone() -> None:
    resident = Resident(limit=1024)
    resident.get("small", lambda: network(1))
    large = resident.get("large", lambda: network(4))
    assert [(found.key, found.bytes) for found in resident.loaded()] == [("large", 4096)]
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
    command = "from engines.runtime.memory import MEMORY; print(MEMORY.limit)"
    run = subprocess.run(
        [sys.executable, "-c", command],
        env={**os.environ, "STUDIO_MEMORY": value},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.stdout == expected
    assert bool(expected) or "STUDIO_MEMORY='much' is no number of gigabytes" in run.stderr


def test_what_is_in_memory_is_told() -> None:
    resident = Resident(limit=10_000)

    def build() -> nn.Module:
        time.sleep(0.05)
        return network(1)

    resident.get("slow", build)
    time.sleep(0.02)
    (found,) = resident.loaded()
    assert (found.key, found.bytes, found.device) == ("slow", 1024, HOST)
    assert 0.05 <= found.seconds < 1 and 0.02 <= found.idle < 1


def photowct(widths: tuple[int, ...]) -> PhotoWCT:
    torch.manual_seed(widths[-1])
    return PhotoWCT(widths).eval().requires_grad_(False)


def resident_set() -> int:
    """Bytes of this process in main memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the process's memory is read from Linux's /proc")
def test_ten_networks_in_turn_stay_within_the_bound_and_compute_what_they_always_do() -> None:
    pictures = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))

    def compute(network: PhotoWCT) -> Tensor:
        return [step for step in stylize(network, *pictures) if isinstance(step, Stage)][-1].picture

    expected = {widths: compute(photowct(widths)) for widths in WIDTHS}
    bytes_of = {widths: size(photowct(widths)) for widths in WIDTHS}
    resident = Resident(limit=sum(bytes_of.values()) // 3)
    alive: weakref.WeakSet[nn.Module] = weakref.WeakSet()
    builds = 0

    def build(widths: tuple[int, ...]) -> PhotoWCT:
        nonlocal builds
        builds += 1
        module = photowct(widths)
        alive.add(module)
        return module

    at_half = 0
    for call in range(CALLS):
        widths = WIDTHS[(call // 2 * 7) % 10]
        module = resident.get(widths, partial(build, widths))
        assert sum(size(other) for other in alive) <= resident.limit + bytes_of[widths]
        assert torch.equal(compute(module), expected[widths])
        if call + 1 == CALLS // 2:
            gc.collect()
            at_half = resident_set()
    gc.collect()
    assert resident_set() - at_half < 50e6
    assert len(WIDTHS) < builds < CALLS, "networks must both leave and stay for the test to show anything"


def test_a_copy_shares_nothing_and_computes_the_same() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval().requires_grad_(False)
    module.to(memory_format=torch.channels_last)
    copied = copy_to(module, HOST)
    picture = torch.rand(1, 3, 8, 8)
    assert torch.equal(copied(picture), module(picture))
    assert not any(tensor.requires_grad for tensor in copied.parameters())
    assert copied[0].weight.is_contiguous(memory_format=torch.channels_last)
    for tensor in module.state_dict().values():
        tensor.zero_()
    assert not torch.equal(copied(picture), module(picture))


@pytest.mark.skipif(not torch.accelerator.is_available(), reason="this machine has no accelerator")
def test_the_least_recently_used_leaves_the_accelerator_for_the_main_memory_and_comes_back() -> None:
    accelerator = torch.accelerator.current_accelerator()
    resident = Resident(limit=2 * 1024)
    first = resident.get("a", lambda: network(1).to(accelerator))
    weight = first.weight.cpu().clone()
    for key in "bcd":
        resident.get(key, lambda: network(1).to(accelerator))
    assert [(found.key, found.device.type) for found in resident.loaded()] == [
        ("a", "cpu"),
        ("b", "cpu"),
        ("c", accelerator.type),
        ("d", accelerator.type),
    ]
    assert place(first).type == accelerator.type, "whoever computes with it must not lose it"
    back = resident.get("a", lambda: pytest.fail("it is in the main memory"))
    assert place(back).type == accelerator.type and torch.equal(back.weight.cpu(), weight)
    resident.get("e", lambda: network(1).to(accelerator))
    assert keys(resident) == ["c", "d", "a", "e"], "the main memory is bounded too"


class Memory:
    """Doubles pictures, but never more than `most` at once."""

    def __init__(self, most: int, error: BaseException) -> None:
        self.most, self.error = most, error
        self.batches: list[int] = []

    def double(self, pictures: Tensor, factors: Tensor) -> Tensor:
        self.batches.append(len(pictures))
        if len(pictures) > self.most:
            raise self.error
        return pictures * factors[:, None]


OUT = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to ..."),
]


@pytest.mark.parametrize("error", OUT, ids=["accelerator", "python", "main memory"])
def test_a_batch_that_is_too_large_is_halved_until_it_fits(error: BaseException) -> None:
    resident, memory = Resident(limit=10_000), Memory(2, error)
    pictures, factors = torch.rand(7, 3), torch.rand(7)
    assert torch.equal(resident.within_memory(memory.double, pictures, factors), pictures * factors[:, None])
    assert memory.batches == [7, 7, 4, 2, 2, 3, 2, 1]


def test_networks_that_wait_leave_before_a_batch_is_halved() -> None:
    resident = Resident(limit=10_000)
    for key in "abc":
        resident.get(key, lambda: network(1))

    def compute(pictures: Tensor) -> Tensor:
        if len(resident.loaded()) > 1:
            raise torch.OutOfMemoryError
        return pictures

    pictures = torch.rand(4, 3)
    assert torch.equal(resident.within_memory(compute, pictures), pictures)
    assert keys(resident) == ["c"], "the one in use stays"


def test_a_picture_that_does_not_fit_alone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DEVICE", "cpu")
    memory = Memory(0, OUT[0])
    with pytest.raises(DeviceError, match=r"Not even one picture .* fits the main memory\. Choose a smaller one"):
        Resident(limit=1).within_memory(memory.double, torch.rand(2, 3), torch.rand(2))
    assert memory.batches == [2, 2, 1]


def test_torch_says_that_the_main_memory_is_full_in_words_that_are_known() -> None:
    def compute(pictures: Tensor) -> Tensor:
        return torch.empty(len(pictures), 1 << 50) if len(pictures) > 1 else pictures

    assert Resident(limit=1).within_memory(compute, torch.rand(3, 2)).shape == (3, 2)


def test_another_error_of_the_computation_is_not_taken_for_a_lack_of_memory() -> None:
    memory = Memory(1, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        Resident(limit=1).within_memory(memory.double, torch.rand(2, 3), torch.rand(2))
    assert memory.batches == [2]
