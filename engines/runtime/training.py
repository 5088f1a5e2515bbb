"""A training of one network over epochs: how it goes on after it was stopped, and what it leaves."""

import math
import os
import time
from abc import ABC, abstractmethod
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

SAVE_EVERY = LOG_EVERY = 60.0
"""Seconds."""


class Training(ABC):
    """`steps` steps on batches that a step's number decides, so that one that was stopped goes on with the very numbers
    it would have had; `step` and `seconds` count earlier runs in. `figure` names what is reported beside the loss."""

    figure: str

    def __init__(self, count: int, batch: int, epochs: int) -> None:
        """Of `count` samples."""
        self.count, self.batch = count, batch
        self.steps = epochs * (count // batch)
        self.step, self.seconds = 0, 0.0

    @abstractmethod
    def parts(self) -> dict[str, Any]:
        """All that has a state, by its name."""

    @abstractmethod
    def learn(self, chosen: Tensor) -> tuple[float, float]:
        """Learn from the samples of these indices; returns the loss and the figure."""

    @abstractmethod
    def exported(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """The network's tensors, and what its file says of them."""

    def advance(self) -> tuple[float, float]:
        """One step on the next batch; returns its loss and the figure."""
        began = time.perf_counter()
        learned = self.learn(self._chosen())
        self.step += 1
        self.seconds += time.perf_counter() - began
        return learned

    def _chosen(self) -> Tensor:
        epoch, place = divmod(self.step, self.count // self.batch)
        order = torch.randperm(self.count, generator=torch.Generator().manual_seed(epoch))
        return order[place * self.batch : (place + 1) * self.batch]

    def save(self, path: Path) -> None:
        """Write the state; whenever the process is stopped, the file is the old one or the new one."""
        state = {name: part.state_dict() for name, part in self.parts().items()}
        torch.save(state | {"step": self.step, "seconds": self.seconds}, path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)

    def load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.step, self.seconds = state["step"], state["seconds"]

    def export(self, path: Path) -> None:
        """Write the network in half precision, as bundled checkpoints are."""
        tensors, metadata = self.exported()
        halved = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
        contiguous = {key: tensor.contiguous() for key, tensor in halved.items()}
        save_file(contiguous, path, {**metadata, "steps": str(self.step)})


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
            loss, figure = (fmean(values) for values in zip(*recent, strict=True))
            print(
                f"{training.seconds:.0f} s, step {training.step} of {training.steps}: "
                f"loss {loss:.3f}, {training.figure} {figure:.3f}",
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


def cosine(share: float) -> float:
    """What is left of a rate that falls to zero along a cosine, when that share of the way is done."""
    return (1 + math.cos(math.pi * share)) / 2
