"""Spherical CNNs' MNIST network beside the published code on the CPU: the same weights and signals, in turn.

`python -m benchmarks spherical_cnn --peer DIR [--rounds N] [--threads N]`. DIR holds the packages `s2cnn`
(github.com/jonkhler/s2cnn, commit 126af39) and `lie_learn` 0.0.2. Three things that Python, NumPy and torch no longer
have are given back to them: `collections.Iterable`, `np.float`, and `rfftn` of what is complex. Memory is that of a
process of its own each, which takes one training step.
"""

import argparse
import collections.abc
import importlib
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.spherical_cnn.network import BANDWIDTHS, CHANNELS, DIGITS, SphericalNetwork

BATCH = 32
UNCOUNTED = 2


def published(peer: Path) -> nn.Module:
    """The published code's original network for MNIST, examples/mnist/run.py."""
    rfftn = torch.fft.rfftn
    torch.fft.rfftn = lambda x, dim: (torch.fft.fftn if x.is_complex() else rfftn)(x, dim=dim)
    np.float = float  # type: ignore[attr-defined]
    collections.Iterable = collections.abc.Iterable  # type: ignore[attr-defined]
    sys.path.insert(0, str(peer.resolve()))
    os.chdir(tempfile.mkdtemp(prefix="s2cnn-cache-"))
    code = importlib.import_module("s2cnn")

    class Published(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            first, second, third = BANDWIDTHS
            self.conv1 = code.S2Convolution(1, CHANNELS[0], first, second, code.s2_near_identity_grid())
            self.conv2 = code.SO3Convolution(*CHANNELS, second, third, code.so3_near_identity_grid())
            self.out_layer = nn.Linear(CHANNELS[1], DIGITS)

        def forward(self, signals: Tensor) -> Tensor:
            features = functional.relu(self.conv2(functional.relu(self.conv1(signals))))
            return self.out_layer(code.so3_integrate(features))

    return Published()


def peak_of_a_step(peer: Path | None, threads: int) -> float:
    """Megabytes."""
    torch.set_num_threads(threads)
    network = SphericalNetwork() if peer is None else published(peer)
    step(network, *batch())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def batch() -> tuple[Tensor, Tensor]:
    side = 2 * BANDWIDTHS[0]
    generator = torch.Generator().manual_seed(0)
    return torch.rand(BATCH, 1, side, side, generator=generator), torch.arange(BATCH) % DIGITS


def step(network: nn.Module, signals: Tensor, labels: Tensor) -> None:
    network.zero_grad()
    functional.cross_entropy(network(signals), labels).backward()


def forward(network: nn.Module, signals: Tensor, labels: Tensor) -> Any:
    with torch.no_grad():
        return network(signals)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks spherical_cnn")
    parser.add_argument("--peer", type=Path, required=True, help="the folder of the published code and of lie_learn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    peer = options.peer.resolve()
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        peaks = [pool.apply(peak_of_a_step, (folder, options.threads)) for folder in (None, peer)]
    torch.manual_seed(0)
    ours, theirs = SphericalNetwork(), published(peer)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    given = batch()
    scores, published_scores = forward(ours, *given), forward(theirs, *given)
    print(f"threads {options.threads}, batch {BATCH}, medians of {options.rounds} rounds in turn")
    difference = float((scores - published_scores).abs().max() / published_scores.std())
    print(f"{'scores':14} differ by {difference:.1e} of their deviation")
    tasks: dict[str, Callable[..., Any]] = {"forward": forward, "training step": step}
    for name, task in tasks.items():
        seconds: dict[nn.Module, list[float]] = {ours: [], theirs: []}
        for _ in range(UNCOUNTED + options.rounds):
            for network, taken in seconds.items():
                began = time.perf_counter()
                task(network, *given)
                taken.append(time.perf_counter() - began)
        mine, its = (statistics.median(taken[UNCOUNTED:]) for taken in seconds.values())
        print(f"{name:14} {mine:.3f} s, published {its:.3f} s: {its / mine:.1f} times as fast")
    print(f"{'peak memory':14} {peaks[0]:.0f} MB, published {peaks[1]:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
