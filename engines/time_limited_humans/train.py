"""Train the small classifiers of CIFAR-10 that are attacked together or held out (arXiv:1802.08195).

    python -m engines.time_limited_humans.train time-limited-plain --data DIR --out DIR --epochs 10

Cross entropy and AdamW in batches of 128; the rate rises over the first tenth and falls to zero along a cosine.
Pictures are mirrored and shifted at random. DIR of --out gets NAME.safetensors, and NAME.pt, from which the same
command goes on after it was stopped, with the very numbers it would have had.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from engines.group_normalization.data import Data, read_cifar
from engines.runtime.errors import InputError
from engines.runtime.progress import finish
from engines.time_limited_humans.classifiers import KINDS

BATCH = 128
RATE, WEIGHT_DECAY = 4e-3, 0.05
WARM = 0.1
"""Of the steps, in which the rate rises."""
SHIFT = 4
"""Pixels, at most, in each direction."""
LEARNED, HELD_OUT = 50_000, 10_000
SAVE_EVERY = LOG_EVERY = 60.0
"""Seconds."""
NAMES = {f"time-limited-{kind}": kind for kind in KINDS}
"""From the checkpoints' names to their kinds."""


class Training:
    """The training of one classifier over `epochs`; `step` and `seconds` count earlier runs in."""

    def __init__(self, kind: str, data: Data, epochs: int) -> None:
        torch.manual_seed(0)
        self.kind, self.data = kind, data
        self.network = KINDS[kind]().to(memory_format=torch.channels_last).train()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), RATE, weight_decay=WEIGHT_DECAY)
        self.steps = epochs * (len(data.labels) // BATCH)
        self.step, self.seconds = 0, 0.0

    def advance(self) -> tuple[float, float]:
        """One step on the next batch; returns its loss and accuracy."""
        began = time.perf_counter()
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * self._share()
        pictures, labels = self._batch()
        scores = self.network(pictures)
        loss = functional.cross_entropy(scores, labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        self.seconds += time.perf_counter() - began
        return loss.item(), (scores.argmax(1) == labels).float().mean().item()

    def _share(self) -> float:
        done = self.step / self.steps
        return done / WARM if done < WARM else (1 + math.cos(math.pi * (done - WARM) / (1 - WARM))) / 2

    def _batch(self) -> tuple[Tensor, Tensor]:
        """What the step's number says, so that a training that was stopped goes on with the same pictures."""
        count = len(self.data.labels)
        epoch, place = divmod(self.step, count // BATCH)
        order = torch.randperm(count, generator=torch.Generator().manual_seed(epoch))
        chosen = order[place * BATCH : (place + 1) * BATCH]
        return varied(self.data.pictures[chosen], self.step), self.data.labels[chosen]

    def save(self, path: Path) -> None:
        """Write the state; whenever the process is stopped, the file is the old one or the new one."""
        state: dict[str, Any] = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save(state | {"step": self.step, "seconds": self.seconds}, path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)

    def load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def export(self, path: Path) -> None:
        """Write the network in half precision, as bundled checkpoints are."""
        metadata = {
            "architecture": "time-limited-classifier",
            "config": json.dumps({"kind": self.kind}),
            "steps": str(self.step),
            "seconds": str(round(self.seconds)),
        }
        tensors = {
            key: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
            for key, tensor in self.network.state_dict().items()
        }
        save_file(tensors, path, metadata)


def varied(pictures: Tensor, seed: int) -> Tensor:
    """Pictures `(N, 3, H, W)`, each mirrored or not and shifted by up to 4 pixels, as the seed says."""
    generator = torch.Generator().manual_seed(seed)
    count, _, height, width = pictures.shape
    padded = functional.pad(pictures, (SHIFT,) * 4, mode="reflect")
    top, left = torch.randint(0, 2 * SHIFT + 1, (2, count, 1), generator=generator)
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    moved = padded.permute(0, 2, 3, 1)[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def train(training: Training, out: Path, name: str) -> None:
    """Go on to the last step; the network is exported whenever the state is saved."""
    state, exported = out / f"{name}.pt", out / f"{name}.safetensors"
    if state.exists():
        training.load(state)
    saved = logged = time.perf_counter()
    recent: list[tuple[float, float]] = []
    while training.step < training.steps:
        recent.append(training.advance())
        if time.perf_counter() - logged > LOG_EVERY:
            loss, accuracy = (fmean(values) for values in zip(*recent, strict=True))
            print(
                f"{training.seconds:.0f} s, step {training.step} of {training.steps}: "
                f"loss {loss:.3f}, accuracy {accuracy:.3f}",
                flush=True,
            )
            logged = time.perf_counter()
            recent.clear()
        if time.perf_counter() - saved > SAVE_EVERY:
            training.save(state)
            training.export(exported)
            saved = time.perf_counter()
    training.save(state)
    training.export(exported)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=NAMES, help="the checkpoint's name")
    parser.add_argument("--data", type=Path, required=True, help="the folder of cifar10/")
    parser.add_argument("--out", type=Path, required=True, help="where the state and the network are kept")
    parser.add_argument("--epochs", type=int, default=10, help="in all, earlier runs included")
    parser.add_argument("--threads", type=int, default=1, help="more are slower where the cores are shared")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        data = finish(read_cifar(arguments.data, LEARNED, HELD_OUT))
    except InputError as error:
        parser.exit(1, f"{error}\n")
    train(Training(NAMES[arguments.name], data, arguments.epochs), arguments.out, arguments.name)


if __name__ == "__main__":
    main()
