"""Runs trainings that can be stopped at any time, and writes what they leave."""

import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

SAVE_EVERY = 120.0
"""Seconds between two saves."""
LOG_EVERY = 50
"""Steps between two lines of the log."""
REMEMBERED = 0.98
"""The share of the earlier steps in the mean of a loss that is logged."""


class Training(ABC):
    """Learns step by step; after a stop it continues with exactly the numbers it would have had.

    `step`, and `seconds` of computing, include earlier runs.
    """

    log_every = LOG_EVERY
    """Steps between two lines of the log."""
    exports_often = True
    """Whether the network is exported whenever the state is saved, or only at the end."""

    def __init__(self) -> None:
        self.step, self.seconds = 0, 0.0

    @property
    @abstractmethod
    def share(self) -> float:
        """Return how much of the training is done, in [0, 1]."""

    @abstractmethod
    def parts(self) -> dict[str, Any]:
        """Return everything that has a `state_dict`, by name."""

    @abstractmethod
    def draw(self) -> tuple[Any, ...]:
        """Draw what the next step learns from."""

    @abstractmethod
    def learn(self, *drawn: Any) -> dict[str, float]:
        """Learn from what was drawn, and return losses and figures by name."""

    @abstractmethod
    def export(self, path: Path) -> None:
        """Write the network, ready for use."""

    def advance(self) -> dict[str, float]:
        """Do one step, and return its losses and figures."""
        began = time.perf_counter()
        learned = self.learn(*self.draw())
        self.step += 1
        self.seconds += time.perf_counter() - began
        return learned

    def snapshot(self) -> str | None:
        """Name the file, beside the state, in which the network is kept after this step; None if it is not kept."""
        return None

    def state(self) -> dict[str, Any]:
        """Return everything that the training needs to continue from here."""
        state = {name: part.state_dict() for name, part in self.parts().items()}
        return state | {"step": self.step, "seconds": self.seconds, "random": torch.get_rng_state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from where `state` was taken."""
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.step, self.seconds = state["step"], state["seconds"]
        torch.set_rng_state(state["random"])

    def save(self, path: Path) -> None:
        """Write the state; whenever the process is stopped, the file is the old one or the new one."""
        torch.save(self.state(), path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)

    def load(self, path: Path) -> None:
        """Continue from where that file was written."""
        self.restore(torch.load(path, weights_only=True))


class TimedTraining(Training):
    """Trains for `minutes` of computing; it may be given more later."""

    def __init__(self, minutes: float) -> None:
        super().__init__()
        self.minutes = minutes

    @property
    def share(self) -> float:
        """Return the share of the time that has passed."""
        whole = 60 * self.minutes
        return 1.0 if self.seconds >= whole else self.seconds / whole


class EpochTraining(Training):
    """Trains for a number of `steps`, on batches of indices that follow from the step's number."""

    def __init__(self, count: int, batch: int, epochs: int) -> None:
        """Plan the steps of some epochs over `count` samples."""
        super().__init__()
        self.count, self.batch = count, batch
        self.steps = epochs * (count // batch)

    @property
    def share(self) -> float:
        """Return the share of the steps that are done."""
        return self.step / self.steps

    def draw(self) -> tuple[Tensor]:
        """Draw the indices of the next batch."""
        epoch, place = divmod(self.step, self.count // self.batch)
        order = torch.randperm(self.count, generator=torch.Generator().manual_seed(epoch))
        return (order[place * self.batch : (place + 1) * self.batch],)


def go_on(training: Training, state: Path, exported: Path) -> None:
    """Train to the end, from the saved `state` if there is one; it is saved again every few minutes."""
    if state.exists():
        training.load(state)
    saved = logged = time.perf_counter()
    logged_step = training.step
    means: dict[str, float] = {}
    while training.share < 1:
        learned = training.advance()
        means |= {
            name: means.get(name, value) * REMEMBERED + value * (1 - REMEMBERED) for name, value in learned.items()
        }
        if training.step % training.log_every == 0:
            rate = (training.step - logged_step) / (time.perf_counter() - logged)
            logged, logged_step = time.perf_counter(), training.step
            shown = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
            print(f"{training.seconds:.0f} s, step {training.step}, {rate:.2f} steps/s: {shown}", flush=True)
        if (name := training.snapshot()) is not None:
            training.export(state.parent / name)
        if time.perf_counter() - saved > SAVE_EVERY:
            training.save(state)
            if training.exports_often:
                training.export(exported)
            saved = time.perf_counter()
    training.save(state)
    training.export(exported)


def save_halved(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str]) -> None:
    """Write a network's tensors in half precision, as bundled checkpoints are."""
    halved = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
    save_file({key: tensor.contiguous() for key, tensor in halved.items()}, path, dict(metadata))


def follow(average: Iterable[Tensor], latest: Iterable[Tensor], step: int, slowest: float) -> None:
    """Move an average of weights towards the latest ones: fast in the first steps, then by 1 - `slowest`."""
    decay = min(slowest, (1 + step) / (10 + step))
    with torch.no_grad():
        for ours, theirs in zip(average, latest, strict=True):
            ours.lerp_(theirs, 1 - decay)


def cosine(share: float) -> float:
    """Compute what is left of a rate that falls to zero along a cosine, after `share` of the way."""
    return (1 + math.cos(math.pi * share)) / 2
