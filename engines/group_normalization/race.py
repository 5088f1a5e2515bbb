"""A race between norms (Group Normalization, Wu and He, ECCV 2018, arXiv:1803.08494, section 4): the same network,
start and batches, and only the norm differs.
"""

import copy
import math
import time
from collections.abc import Generator, Iterator, Mapping
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engines.group_normalization.network import SMALL_WIDTH, Norm, initialize, small
from engines.runtime.device import device
from engines.runtime.progress import Progress, Saved
from engines.shared.cifar import Data
from engines.shared.residual import ResidualNetwork

REFERENCE_BATCH = 32
"""The batch that a learning rate is given for: the paper's 0.1 is that of 32 pictures a GPU (section 4.1)."""
MOMENTUM = 0.9
DECAY = 1e-4
DROPS = (0.3, 0.6, 0.9)
"""After these parts of the training the learning rate is divided by 10: epochs 30, 60 and 90 of 100 (section 4.1)."""
PERCENTILES = (1, 20, 80, 99)
"""Those that the paper follows over the training."""
DIVERGED = 100.0
"""A loss beyond this is lost: to guess among ten classes costs 2.3."""
MATES = 256
"""So many held-out pictures are looked at in training mode."""
CHUNK = 256
"""Pictures that are evaluated at once."""
LAST = "layer3.0.conv2"
"""The last convolution."""
PAUSE_SECONDS = 0.1


class Rules(NamedTuple):
    """How all learn: `rate` is the learning rate, where `scaled` that of 32 pictures a batch, and in proportion to the
    batch; `points` is how often an epoch a network is measured."""

    batch_size: int
    rate: float
    scaled: bool
    epochs: int
    seed: int
    points: int = 2

    @property
    def first_rate(self) -> float:
        return self.rate * self.batch_size / REFERENCE_BATCH if self.scaled else self.rate


class Point(NamedTuple):
    """Where a network stands after so many epochs; errors are shares of wrong answers.

    `loss` and `training_error` are those of the batches it learned from since the point before. `evaluation_error` is
    that on the held-out pictures, in evaluation mode; on the first of them, in batches of the training's size,
    `mates_training` is the error in training mode, and `mates_evaluation` that in evaluation mode. `percentiles` are
    those of the last convolution's output on these, before its norm. `speed` is in pictures a second.
    """

    epoch: float
    loss: float
    training_error: float
    evaluation_error: float
    mates_evaluation: float
    mates_training: float
    percentiles: tuple[float, ...]
    speed: float


class Racer:
    """A network that learns; all that is random follows from the seed and is the same for every norm."""

    def __init__(self, data: Data, norm: Norm, rules: Rules, width: int = SMALL_WIDTH) -> None:
        self.rules = rules
        self.points: list[Point] = []
        self.diverged: float | None = None
        """The epoch in which the loss was lost."""
        place = device()
        self._data = Data(*(part.to(place) if isinstance(part, Tensor) else part for part in data))
        self.network = small(norm, data.pictures.shape[1], width)
        initialize(self.network, _generator(rules.seed))
        self.network.to(place, memory_format=torch.channels_last)
        self._optimizer = torch.optim.SGD(
            self.network.parameters(), rules.first_rate, MOMENTUM, weight_decay=DECAY, fused=True
        )
        self._step = 0
        self._epoch = Epoch(-1, torch.empty(0), torch.empty(0))

    @property
    def done(self) -> bool:
        return self.diverged is not None or len(self.points) == self.rules.epochs * self.rules.points

    @property
    def progress(self) -> float:
        """How much of all is learned, in [0, 1]."""
        return 1.0 if self.done else self._step / (self._steps_per_epoch * self.rules.epochs)

    @property
    def state(self) -> dict[str, Any]:
        """What `load` needs; to be asked for between two points."""
        return {
            "network": dict(self.network.state_dict()),
            "optimizer": self._optimizer.state_dict(),
            "step": self._step,
            "points": [tuple(point) for point in self.points],
            "diverged": self.diverged,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from where another racer of the same norm and rules stood."""
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        for weight, kept in self._optimizer.state.items():
            # A fused optimizer takes its buffers to lie in memory as the weights do, and kept ones need not.
            kept["momentum_buffer"] = torch.empty_like(weight).copy_(kept["momentum_buffer"])
        self._step = state["step"]
        self.points = [Point(*point) for point in state["points"]]
        self.diverged = state["diverged"]

    def advance(self) -> Iterator[None]:
        """Learn until the next point, or until the loss is lost; yields every tenth of a second or so."""
        steps = math.ceil(self._steps_per_epoch * (len(self.points) + 1) / self.rules.points) - self._step
        losses, wrong, seconds = 0.0, 0, 0.0
        self.network.train()
        began = time.perf_counter()
        for _ in range(steps):
            loss, missed = self._learn()
            if not loss < DIVERGED:
                self.diverged = self._step / self._steps_per_epoch
                return
            losses, wrong = losses + loss, wrong + missed
            if time.perf_counter() - began > PAUSE_SECONDS:
                seconds += time.perf_counter() - began
                yield
                began = time.perf_counter()
        seconds += time.perf_counter() - began
        seen = steps * self.rules.batch_size
        evaluation, mates_evaluation, mates_training, percentiles = yield from self._measure()
        self.points.append(
            Point(
                epoch=self._step / self._steps_per_epoch,
                loss=losses / steps,
                training_error=wrong / seen,
                evaluation_error=evaluation,
                mates_evaluation=mates_evaluation,
                mates_training=mates_training,
                percentiles=percentiles,
                speed=seen / seconds,
            )
        )

    def finish(self) -> None:
        """Learn to the end, for somebody who does nothing meanwhile."""
        while not self.done:
            for _ in self.advance():
                pass

    @property
    def _steps_per_epoch(self) -> int:
        return len(self._data.pictures) // self.rules.batch_size

    def _learn(self) -> tuple[float, int]:
        """One step: the batch's loss, and how many of its pictures were taken for something else."""
        pictures, labels = self._batch()
        for group in self._optimizer.param_groups:
            group["lr"] = self.rules.first_rate * 0.1 ** sum(self.progress >= drop for drop in DROPS)
        answers = self.network(pictures)
        loss = functional.cross_entropy(answers, labels)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self._step += 1
        return loss.item(), int(_missed(answers, labels).sum())

    def _batch(self) -> tuple[Tensor, Tensor]:
        number, place = divmod(self._step, self._steps_per_epoch)
        if self._epoch.number != number:
            self._epoch = Epoch.draw(number, self.rules.seed, self._data)
        chosen = self._epoch.order[place * self.rules.batch_size :][: self.rules.batch_size]
        pictures = self._data.pictures[chosen]
        if self._data.mirrored:
            pictures = torch.where(self._epoch.mirrored[chosen, None, None, None], pictures.flip(3), pictures)
        return pictures.contiguous(memory_format=torch.channels_last), self._data.labels[chosen]

    @torch.no_grad()
    def _measure(self) -> Generator[None, None, tuple[float, float, float, tuple[float, ...]]]:
        """From time to time nothing; at last the errors and percentiles of a `Point`."""
        data, size = self._data, self.rules.batch_size
        self.network.eval()
        missed = []
        for pictures, labels in _batches(data, CHUNK, len(data.held_out)):
            missed.append(_missed(self.network(pictures), labels))
            yield
        evaluation = torch.cat(missed)
        # A copy, for training mode would move the running statistics.
        learning = copy.deepcopy(self.network).train()
        mates = []
        for pictures, labels in _batches(data, size, min(MATES, len(data.held_out)) // size * size):
            mates.append(_missed(learning(pictures), labels))
            yield
        training = torch.cat(mates)
        percentiles = np.percentile(_last_responses(self.network, data.held_out[:MATES]).cpu(), PERCENTILES)
        errors = _share(evaluation), _share(evaluation[: len(training)]), _share(training)
        return *errors, tuple(percentiles.tolist())


def race(
    data: Data, norms: Mapping[str, Norm], rules: Rules, saved: Mapping[str, Any] | None
) -> Iterator[Progress | Saved | dict[str, Racer]]:
    """Let networks with these norms learn side by side, from their start or from where they were saved; all racers, by
    name, whenever one of them has got a point further.

    Raises:
        InputError: groups do not divide the channels.
    """
    racers = {name: Racer(data, norm, rules) for name, norm in norms.items()}
    if saved is not None:
        for name, racer in racers.items():
            racer.load(saved[name])
        yield racers
    while not all(racer.done for racer in racers.values()):
        for name, racer in racers.items():
            if racer.done:
                continue
            for _ in racer.advance():
                done = fmean(other.progress for other in racers.values())
                yield Progress(done, f"{name}, epoch {rules.epochs * racer.progress:.1f} of {rules.epochs}")
            yield racers
        yield Saved({name: racer.state for name, racer in racers.items()})


class Epoch(NamedTuple):
    """The order of an epoch's pictures, and which of them are mirrored."""

    number: int
    order: Tensor
    mirrored: Tensor

    @classmethod
    def draw(cls, number: int, seed: int, data: Data) -> "Epoch":
        generator, count = _generator(seed, number), len(data.labels)
        order, mirrored = torch.randperm(count, generator=generator), torch.rand(count, generator=generator) < 0.5
        return cls(number, order.to(data.labels.device), mirrored.to(data.labels.device))


def _generator(*seeds: int) -> torch.Generator:
    return torch.Generator().manual_seed(int(np.random.SeedSequence(seeds).generate_state(1)[0]))


def _batches(data: Data, size: int, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The first held-out pictures with their labels."""
    return zip(data.held_out[:count].split(size), data.held_out_labels[:count].split(size), strict=True)


def _missed(answers: Tensor, labels: Tensor) -> Tensor:
    return answers.argmax(1) != labels


def _share(missed: Tensor) -> float:
    return int(missed.sum()) / len(missed)


def _last_responses(network: ResidualNetwork, pictures: Tensor) -> Tensor:
    """What the last convolution makes of the pictures, before its norm."""
    responses = []
    with network.get_submodule(LAST).register_forward_hook(lambda module, given, made: responses.append(made)):
        network(pictures)
    return responses[0]
