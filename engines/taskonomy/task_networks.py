"""The small world's networks: one encoder and decoder for each task, and what reads frozen encoders for another task
(arXiv:1804.08328, sections 3.1 and 3.2).

As in the paper all encoders are alike, a representation is small, decoders are shallow beside the encoders, and nothing
but the representation passes from one to the other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from engines.taskonomy.rendered_rooms import rendered
from engines.taskonomy.tasks import TASKS, Task, given, given_of, said, shown, wanted

WIDTHS = (24, 48, 56)
REPRESENTATION = 16
"""Channels, at an eighth of the picture's sides."""
POOLED = 4
"""Places along each side that answers without pixels are read from."""


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, features: Tensor) -> Tensor:
        inner = functional.relu(self.first_norm(self.first(features)))
        return functional.relu(features + self.second_norm(self.second(inner)))


class Encoder(nn.Sequential):
    """From `(B, 3, H, W)` in [-1, 1] to `(B, 16, H / 8, W / 8)`, whose channels have mean zero and spread one."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for before, after in zip((3, *WIDTHS[:-1]), WIDTHS, strict=True):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        last = [nn.Conv2d(WIDTHS[-1], REPRESENTATION, 1, bias=False), nn.BatchNorm2d(REPRESENTATION, affine=False)]
        super().__init__(*layers, Residual(WIDTHS[-1]), *last)


class Decoder(nn.Sequential):
    """From representations of `sources` encoders, one after another `(B, 16 x sources, h, w)`, to a task's answers:
    `(B, channels, 8 h, 8 w)` of dense tasks, `(B, channels)` of others."""

    def __init__(self, task: Task, size: int, sources: int = 1) -> None:
        wide = 56 if task.dense else 32
        first = [nn.Conv2d(REPRESENTATION * sources, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
        if not task.dense:
            pooled = min(POOLED, size // 8)
            last = nn.Linear(wide * pooled**2, task.channels)
            super().__init__(*first, nn.AdaptiveAvgPool2d(pooled), nn.Flatten(), last)
            return
        super().__init__(
            *first,
            nn.Conv2d(wide, 80, 3, padding=1),
            nn.PixelShuffle(2),
            nn.ReLU(),
            nn.Conv2d(20, 64, 3, padding=1),
            nn.PixelShuffle(2),
            nn.ReLU(),
            nn.Conv2d(16, 4 * task.channels, 3, padding=1),
            nn.PixelShuffle(2),
        )


class TaskNetwork(nn.Module):
    """A task's own encoder and decoder, for pictures of `size` x `size`."""

    def __init__(self, task: Task, size: int) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder(task, size)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.decoder(self.encoder(pictures))


class SmallWorld(nn.ModuleDict):
    """The networks of the tasks of these names, as they are bundled."""

    def __init__(self, size: int, tasks: Sequence[str]) -> None:
        super().__init__({name: TaskNetwork(TASKS[name], size) for name in tasks})
        self.size = size


class Answer(NamedTuple):
    """What a task was given, and an answer to it, as pictures `(H, W, 3)`; a class or a pose in `words` too."""

    given: NDArray[np.uint8]
    found: NDArray[np.uint8]
    words: str


@torch.no_grad()
def answer(networks: SmallWorld, name: str, picture: Tensor, seed: int = 0) -> Answer:
    """One task's answer to any picture `(3, size, size)` in [-1, 1]; `seed` decides the noise and the tiles' order."""
    task = TASKS[name]
    seen = given_of(task, picture[None], torch.Generator().manual_seed(seed))
    return _answer(task, seen[0], networks[name](seen)[0])


def exact(seed: int, size: int) -> dict[str, Answer]:
    """Every task's exact answer in the room of a seed."""
    rooms, first = {name: values[None] for name, values in rendered(seed, size).items()}, torch.tensor([0])
    return {
        name: _answer(task, given(task, rooms, first)[0], wanted(task, rooms, first)[0]) for name, task in TASKS.items()
    }


def _answer(task: Task, seen: Tensor, found: Tensor) -> Answer:
    return Answer(shown(TASKS["autoencoding"], seen, seen), shown(task, found, seen), said(task, found))
