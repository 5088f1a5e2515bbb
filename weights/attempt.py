"""Tries the way of a published file through the studio without the file: `weights try`.

A file of the published layout (weights/layouts, recorded by `weights layout` from the authors' code) is written at full
size with calm random weights, imported, and drawn from; with a checkout of the authors' code, that draws from the same.
"""

import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.checkpoints import Checkpoint, loaded
from engines.runtime.errors import InputError
from weights.keep import architecture, import_file
from weights.layouts import Layout, layout_file, layout_of, read_layout
from weights.parity import fill
from weights.peers import Peer, peer_of
from weights.samples import SAMPLES, Inputs

if TYPE_CHECKING:
    State = dict[str, Tensor]

AGREEMENT = 1e-5
"""The largest difference from the authors' code, in standard deviations of its output."""
ITERATIONS = 20
"""Of the power iteration that spectral norms wait for."""
TURNS = 4
"""In which both codes draw, one after the other."""


class Attempt(NamedTuple):
    """What came of trying: the bytes of the file, our sample, what a peer made of the same, and the peak of memory.

    `peak` is in bytes.
    """

    size: int
    sample: Tensor
    compared: "Compared | None"
    peak: int


class Compared(NamedTuple):
    """Our sample beside a peer's: how far they differ, in standard deviations of the peer's, and the seconds of each.

    Seconds are of float32, the least of a few turns.
    """

    difference: float
    ours: float
    theirs: float


def record(checkpoint: Checkpoint, root: Path) -> Path:
    """Record the layout of a checkpoint's file from a checkout of the authors' code; return where.

    Raises:
        InputError: there is no such code, or it is not in that folder.
    """
    peer = peer_of(checkpoint)
    with torch.device("meta"):
        network = _built(peer, root, checkpoint)
    tensors = {
        key: [str(value.dtype).removeprefix("torch."), list(value.shape)] for key, value in network.state_dict().items()
    }
    lines = ",\n".join(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in tensors.items())
    about = {"source": peer.repository, "commit": _commit(root), "inside": peer.inside, "prefix": peer.prefix}
    head = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in about.items())
    file = layout_file(checkpoint)
    file.parent.mkdir(exist_ok=True)
    file.write_text(f'{{\n{head}  "tensors": {{\n{lines}\n  }}\n}}\n')
    read_layout.cache_clear()
    return file


def _commit(root: Path) -> str:
    """Name what is in a checkout: its commit, or the version of an installed package."""
    named = root / "COMMIT"
    if named.is_file():
        return named.read_text().strip()
    git = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True)
    return git.stdout.strip() or ", ".join(sorted(each.name for each in root.glob("*.dist-info")))


def _built(peer: Peer, root: Path, checkpoint: Checkpoint) -> nn.Module:
    try:
        return peer.build(root, checkpoint)
    except ImportError as error:
        raise InputError(f"{root} is no checkout of github.com/{peer.repository}: {error}.") from error


def attempt(checkpoint: Checkpoint, root: Path | None = None) -> Attempt:
    """Write, import and draw from a file of the checkpoint's published layout; compare with the checkout in `root`.

    Raises:
        InputError: no layout of it is recorded; or as `record`.
    """
    layout = layout_of(checkpoint)
    if layout is None or checkpoint.architecture not in SAMPLES:
        raise InputError(f"No layout of {checkpoint.name}'s published file is recorded.")
    sample = SAMPLES[checkpoint.architecture]
    inputs = {name: value.to(sample.precision) for name, value in sample.inputs(checkpoint).items()}
    unsummed = Checkpoint(**{**vars(checkpoint), "sha256": None})
    with tempfile.TemporaryDirectory() as folder, _weights_in(Path(folder)), torch.inference_mode():
        file = Path(folder, f"published{Path(checkpoint.file).suffix}")
        write(layout, file)
        size = file.stat().st_size
        import_file(unsummed, file)
        network = loaded(unsummed, architecture(unsummed)).to(sample.precision)
        ours = sample.draw(network, inputs)
        compared = None if root is None else _compared(network, ours, inputs, checkpoint, layout, root)
    return Attempt(size, ours, compared, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def _compared(
    network: nn.Module, ours: Tensor, inputs: Inputs, checkpoint: Checkpoint, layout: Layout, root: Path
) -> Compared:
    """Let the authors' code draw from the same weights and inputs, and take the time of both."""
    sample, peer = SAMPLES[checkpoint.architecture], peer_of(checkpoint)
    theirs = _built(peer, root, checkpoint)
    theirs.load_state_dict(calm(layout))
    drawn = peer.draw(theirs.to(sample.precision), inputs)
    inputs = {name: value.float() for name, value in inputs.items()}
    fast, published = sample.prepare(network.float()), theirs.float()
    ways = partial(sample.draw, fast, inputs), partial(peer.draw, published, inputs)
    seconds = [[_seconds(way) for way in ways] for _ in range(TURNS)][1:]  # The first turn warms up.
    return Compared(float((ours - drawn).abs().max() / drawn.std()), *map(min, zip(*seconds, strict=True)))


def _seconds(draw: Callable[[], Tensor]) -> float:
    began = time.perf_counter()
    draw()
    return time.perf_counter() - began


class _weights_in:
    """Lets imported files be kept in a folder for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.before = folder, os.environ.get("STUDIO_WEIGHTS")

    def __enter__(self) -> None:
        os.environ["STUDIO_WEIGHTS"] = str(self.folder)

    def __exit__(self, *_: object) -> None:
        if self.before is None:
            del os.environ["STUDIO_WEIGHTS"]
        else:
            os.environ["STUDIO_WEIGHTS"] = self.before


def write(layout: Layout, file: Path) -> None:
    """Write a file of a layout, as its authors' code writes it, with calm random weights."""
    from safetensors.torch import save_file

    named = {layout.prefix + key: value for key, value in calm(layout).items()}
    if file.suffix == ".safetensors":
        save_file(named, file)
    else:
        torch.save({layout.inside: named} if layout.inside else named, file)


def calm(layout: Layout) -> "State":
    """Draw weights of a layout with which no feature overflows: spectral norms have converged."""
    state = {key: _drawn(key, shape).to(getattr(torch, kind)) for key, (kind, shape) in layout.tensors.items()}
    for key in [key for key in state if key.endswith(".weight_orig")]:
        _converge(state, key.removesuffix("_orig"))
    return state


def _drawn(key: str, shape: tuple[int, ...]) -> Tensor:
    value = fill(key, shape)
    return 0.5 + value.abs() if key.endswith(("running_vars", "stored_var")) else value


def _converge(state: "State", name: str) -> None:
    matrix = state[f"{name}_orig"].flatten(1)
    left = functional.normalize(state[f"{name}_u"], dim=0)
    for _ in range(ITERATIONS):
        right = functional.normalize(left @ matrix, dim=0)
        left = functional.normalize(matrix @ right, dim=0)
    state[f"{name}_u"], state[f"{name}_v"] = left, right


def row(checkpoint: Checkpoint, made: Attempt) -> str:
    """Write a line of the table of all that was tried."""
    sample = " x ".join(map(str, made.sample.shape))
    line = f"{checkpoint.name:34} {made.size / 1e6:6.1f} MB  {sample:17}  peak {made.peak / 1e9:.2f} GB"
    if made.compared is None:
        return line
    difference, ours, theirs = made.compared
    return f"{line}  differs {difference:.1e}  {ours:.3f} s against {theirs:.3f} s, {theirs / ours:.2f} times as fast"


def short_of(made: Attempt) -> bool:
    """Tell whether a sample has no numbers, or differs too much from the authors'."""
    return not made.sample.isfinite().all() or (made.compared is not None and made.compared.difference > AGREEMENT)
