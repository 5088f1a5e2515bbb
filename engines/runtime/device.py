"""Chooses the device, and measures once on this machine which number of threads and which precision are fast."""

import os
import time
from functools import cache

import torch
from torch import nn

from engines.runtime.errors import DeviceError

CHANNELS, SIDE = 64, 96
"""A 3x3 convolution of this size stands for the networks of the papers: it takes about 3 ms on one core."""
REPETITIONS = 20
"""The number of runs that are timed; the shortest counts, so that a server that starts in a busy moment stays fast."""
WORTHWHILE_GAIN = 1.15
"""Below this gain, a second thread or bf16 is not worth what it takes from other visitors or from precision."""


def device() -> torch.device:
    """Return the device to compute on: the one that the variable STUDIO_DEVICE names, or else cuda, mps or cpu.

    It also limits the calling thread to `threads()` CPU threads, because torch keeps that number for each thread and
    passes it on only to threads that start later.

    Raises:
        DeviceError: STUDIO_DEVICE names a device that this machine does not have.
    """
    torch.set_num_threads(threads())
    return _choose(os.environ.get("STUDIO_DEVICE", ""))


@cache
def _choose(wanted: str) -> torch.device:
    available = ["cuda"] * torch.cuda.is_available() + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    available += ["mps"] * torch.backends.mps.is_available() + ["cpu"]
    if wanted and wanted not in available:
        raise DeviceError(f"STUDIO_DEVICE={wanted!r} is no device of this machine; choose from {', '.join(available)}.")
    return torch.device(wanted or available[0])


@cache
def threads() -> int:
    """Measure how many threads a CPU convolution should get.

    It is the smallest of 1, 2, 4, ... up to torch's own choice (the physical cores, or OMP_NUM_THREADS) beyond which
    the time shows no worthwhile gain.
    """
    limit = torch.get_num_threads()
    convolution, image = _convolution(torch.device("cpu"))
    best, best_seconds = 1, 0.0
    count = 1
    while count <= limit:
        torch.set_num_threads(count)
        seconds = _seconds(convolution, image)
        if count == 1 or seconds * WORTHWHILE_GAIN < best_seconds:
            best, best_seconds = count, seconds
        count *= 2
    torch.set_num_threads(best)
    return best


def bfloat16_is_faster() -> bool:
    """Tell whether a channels-last convolution in bf16 beats one in fp32 on `device()` by a worthwhile gain."""
    return _bfloat16_is_faster(device())


@cache
def _bfloat16_is_faster(where: torch.device) -> bool:
    convolution, image = _convolution(where)
    single = _seconds(convolution, image)
    return _seconds(convolution.bfloat16(), image.bfloat16()) * WORTHWHILE_GAIN < single


def _convolution(where: torch.device) -> tuple[nn.Conv2d, torch.Tensor]:
    image = torch.zeros(1, CHANNELS, SIDE, SIDE, device=where)
    convolution = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, device=where)
    return convolution.to(memory_format=torch.channels_last), image.to(memory_format=torch.channels_last)


def _seconds(convolution: nn.Conv2d, image: torch.Tensor) -> float:
    """Measure the shortest of several runs; reading one number back waits until any device is done."""
    seconds = []
    with torch.inference_mode():
        convolution(image)[0, 0, 0, 0].item()
        for _ in range(REPETITIONS):
            start = time.perf_counter()
            convolution(image)[0, 0, 0, 0].item()
            seconds.append(time.perf_counter() - start)
    return min(seconds)


def describe() -> str:
    """Describe the device in a visitor's words, such as "CPU, 2 threads".

    Raises:
        DeviceError: as for `device`.
    """
    where = device()
    if where.type == "cuda":
        return str(torch.cuda.get_device_name(where))
    if where.type == "mps":
        return "Apple GPU"
    return f"CPU, {threads()} thread{'s' if threads() > 1 else ''}"
