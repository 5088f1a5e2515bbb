"""Photo stylization beside the published formulation: seconds, memory, and how far the pictures are apart.

`python -m benchmarks photo_stylization [--peer DIR]`, DIR being a checkout of the published code. The largest published
solve takes minutes and about 5 GB of memory; `--sizes 256x256` leaves it out.
"""

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engines.runtime.progress import finish

Array = NDArray[Any]

SIZES = ("256x256", "512x512", "1024x512")
WEIGHT = 0.9999
PEER_LIMIT = (
    512 * 512
)  # pixels: beyond, the published code itself would only repeat the published formulation's minutes


def photograph(width: int, height: int) -> tuple[Array, Array]:
    """A stylized picture with noise, and the content it was made from, both uint8."""
    from skimage import data

    content = Image.fromarray(data.astronaut()).resize((width, height), Image.Resampling.BILINEAR)
    colours = np.asarray(content) / 255
    noise = np.random.default_rng(0).normal(0, 0.1, colours.shape)
    initial = np.clip(colours[..., [1, 2, 0]] ** 1.5 + noise, 0, 1)
    return (initial * 255).astype(np.uint8), np.asarray(content)


def fitted(initial: Array, content: Array) -> tuple[Array, Array]:
    """What the published code solves for: the picture without its border, the content resized to that; in [0, 1]."""
    inner = initial[2:-2, 2:-2]
    height, width = inner.shape[:2]
    resized = Image.fromarray(content).resize((width, height), Image.Resampling.BILINEAR)
    return inner / 255, np.asarray(resized) / 255


def solve_ours(initial: Array, content: Array) -> Array:
    from engines.photo_stylization.smoothing import smooth_exact

    return finish(smooth_exact(*fitted(initial, content), WEIGHT))


def solve_guided(initial: Array, content: Array) -> Array:
    from engines.photo_stylization.smoothing import smooth_guided

    return smooth_guided(*fitted(initial, content))


def solve_published_formulation(initial: Array, content: Array) -> Array:
    """Equation 7 with the matrix in scipy's sparse form, factorized with its default options."""
    from scipy import sparse
    from scipy.sparse.linalg import factorized

    border = ((2, 2), (2, 2), (0, 0))
    target, guide = (np.pad(each, border, mode="edge") for each in fitted(initial, content))
    height, width, _ = guide.shape
    count = height * width
    pixels = np.arange(count).reshape(height, width)
    members = np.lib.stride_tricks.sliding_window_view(pixels, (3, 3)).reshape(-1, 9)
    centred = guide.reshape(-1, 3)[members]
    centred = centred - centred.mean(1, keepdims=True)
    covariance = np.einsum("wia,wib->wab", centred, centred) / 9 + 1e-7 / 9 * np.eye(3)
    values = (1 + centred @ np.linalg.inv(covariance) @ centred.transpose(0, 2, 1)) / 9
    rows, columns = np.repeat(members, 9, axis=1).ravel(), np.tile(members, (1, 9)).ravel()
    affinity = sparse.coo_matrix((values.ravel(), (rows, columns)), shape=(count, count)).tocsc()
    root = sparse.diags_array(np.asarray(affinity.sum(0)).ravel() ** -0.5)
    solve = factorized((sparse.eye_array(count) - WEIGHT * root @ affinity @ root).tocsc())
    solution = np.stack([solve(target[..., c].ravel()) for c in range(3)], axis=1) * (1 - WEIGHT)
    return solution.reshape(target.shape)[2:-2, 2:-2]


def stand_in_for_what_is_gone() -> None:
    """The published code wants functions that scipy has since removed."""
    import scipy

    gone: Any = ModuleType("scipy.misc")
    gone.imresize = lambda picture, size: np.asarray(
        Image.fromarray(picture).resize(size[::-1], Image.Resampling.BILINEAR)
    )
    sys.modules["scipy.misc"] = gone
    scipy.misc = gone
    scipy.asarray = np.asarray


def solve_peer(initial: Array, content: Array) -> Array:
    stand_in_for_what_is_gone()
    return np.asarray(importlib.import_module("photo_smooth").Propagator(WEIGHT).process(initial, content)) / 255


def transform_side_by_side() -> dict[str, float]:
    """The faster of two passes of the published PhotoWCT and of ours at 512x256, with the same random weights."""
    import torch

    from engines.photo_stylization.network import PhotoWCT, remap
    from engines.photo_stylization.transform import Stage, stylize

    torch.manual_seed(0)
    peer = importlib.import_module("photo_wct").PhotoWCT()
    ours = PhotoWCT()
    ours.load_state_dict(remap(peer.state_dict()), strict=True)
    content, style = torch.rand(1, 3, 256, 512), torch.rand(1, 3, 256, 512)
    whole = np.asarray([])
    seconds: dict[str, list[float]] = {"peer": [], "ours": []}
    with torch.no_grad():
        for _ in range(2):
            start = time.perf_counter()
            theirs = peer.transform(content, style, whole, whole)
            middle = time.perf_counter()
            made = [step for step in stylize(ours, content[0], style[0]) if isinstance(step, Stage)][-1].picture
            seconds["peer"].append(middle - start)
            seconds["ours"].append(time.perf_counter() - middle)
    apart = float((made - theirs[0]).abs().max() / theirs.std())
    return {
        **{name: min(values) for name, values in seconds.items()},
        "apart": apart,
        "threads": torch.get_num_threads(),
    }


SOLVERS = {
    "ours": solve_ours,
    "guided": solve_guided,
    "published formulation": solve_published_formulation,
    "published code": solve_peer,
}


def measure(solver: str, size: str, output: str) -> None:
    """One measurement, in a process of its own so that peaks of memory do not mix; prints JSON."""
    width, height = map(int, size.split("x"))
    solve = SOLVERS[solver]
    start = time.perf_counter()
    if solver in ("ours", "guided"):  # these compile on first use and keep that on disk; what is measured is the work
        solve(*photograph(96, 96))
    prepared = time.perf_counter() - start
    pictures = photograph(width, height)
    before = peak()
    start = time.perf_counter()
    result = solve(*pictures)
    seconds = time.perf_counter() - start
    np.save(output, result)
    print(json.dumps({"seconds": seconds, "peak": peak(), "before": before, "prepared": prepared}))


def peak() -> float:
    """GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def in_own_process(peer: str | None, *arguments: str) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), peer]))}
    command = [sys.executable, "-m", "benchmarks", "photo_stylization", "--measure", *arguments]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def grey_levels(one: Array, other: Array) -> int:
    """The largest difference once truncated to 8 bits, as the published code does; what came as 8 bits stays."""
    first, second = (np.floor(np.clip(each * 255 + 1e-9, 0, 255)) for each in (one, other))
    return int(np.abs(first - second).max())


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks photo_stylization")
    parser.add_argument("--peer", help="a checkout of the published code")
    parser.add_argument("--sizes", nargs="*", default=SIZES, help="WIDTHxHEIGHT")
    parser.add_argument("--measure", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        if options.measure[0] == "transform":
            print(json.dumps(transform_side_by_side()))
        else:
            measure(*options.measure)
        return
    peer = str(Path(options.peer).resolve()) if options.peer else None
    threads = os.environ.get("OMP_NUM_THREADS", "unset")
    print(f"{os.cpu_count()} cores; our solver runs a thread on each; OMP_NUM_THREADS {threads} for the others")
    print(f"{'size':>9}  {'solver':<22} {'seconds':>8} {'ratio':>6} {'peak GB':>8}  grey levels from ours")
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            width, height = map(int, size.split("x"))
            solvers = [name for name in SOLVERS if name != "published code" or (peer and width * height <= PEER_LIMIT)]
            base, picture = 0.0, np.empty(0)
            for name in solvers:
                output = str(Path(folder) / "result.npy")
                figures = in_own_process(peer, name, size, output)
                result = np.load(output)
                if name == "ours":
                    base, picture = figures["seconds"], result
                print(
                    f"{size:>9}  {name:<22} {figures['seconds']:8.2f} {figures['seconds'] / base:6.2f}"
                    f" {figures['peak']:8.2f}  {grey_levels(result, picture)}",
                    flush=True,
                )
    if peer:
        figures = in_own_process(peer, "transform")
        print(
            f"PhotoWCT at 512x256, {figures['threads']:.0f} torch threads: published {figures['peer']:.2f} s,"
            f" ours {figures['ours']:.2f} s, ratio {figures['peer'] / figures['ours']:.2f};"
            f" apart by {figures['apart']:.1e} of the standard deviation"
        )
