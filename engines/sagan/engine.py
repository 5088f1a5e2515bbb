"""What the page on SAGAN asks for (Zhang et al., 2018, arXiv:1805.08318): pictures, and what their pixels attend to."""

from collections.abc import Iterator
from functools import partial
from math import isqrt, log2
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engines.runtime import networks
from engines.runtime.checkpoints import find
from engines.runtime.progress import Progress
from engines.sagan.architecture import ARCHITECTURES
from engines.sagan.network import SAGAN
from engines.shared.generative_adversarial.network import prepare

SLUG = "sagan"
BUNDLED = "sagan-small"
CHECKPOINTS = (BUNDLED,)
STEP_PIXELS = 16 * 32 * 32
"""Pixels that one step makes, at most, unless it makes one picture."""
MOST_COMPARED = 10
"""Classes; of a network that knows more, as many are taken, evenly spaced."""


def network(checkpoint: str) -> SAGAN:
    """The network of a checkpoint, ready for use.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    return networks.ready(checkpoint, ARCHITECTURES, partial(prepare, dtype=torch.float32))


def warm() -> None:
    """Load what the first visitor would wait for."""
    sample(network(BUNDLED), draw_latents(BUNDLED, 0, 1), class_id=0)


class Attended(NamedTuple):
    """A picture `(3, H, W)` in [-1, 1] and, of every pixel of the features that attend, `(h, w)`, what it takes from
    every key: `(h, w, h / 2, w / 2)`, which sums to 1."""

    picture: Tensor
    maps: Tensor


def draw_latents(checkpoint: str, seed: int, count: int) -> Tensor:
    """Latents `(count, latent_size)`; more of one seed begin with the same."""
    random = torch.Generator().manual_seed(seed)
    size = find(checkpoint).config["latent_size"]
    return torch.stack([torch.randn(size, generator=random) for _ in range(count)])


@torch.inference_mode()
def sample(made: SAGAN, latents: Tensor, class_id: int, strength: float = 1.0) -> list[Attended]:
    """A picture of each latent, with its attention, which adds `strength` times as much as was learnt."""
    place = next(made.parameters()).device
    classes = functional.one_hot(torch.full((len(latents),), class_id), made.classes).float()
    seen: list[Tensor] = []
    pictures = made(latents.to(place), classes.to(place), strength, seen).cpu()
    maps = seen[0].cpu()
    queries, keys = isqrt(maps.shape[1]), isqrt(maps.shape[2])
    return [
        Attended(picture, rows.reshape(queries, queries, keys, keys))
        for picture, rows in zip(pictures, maps, strict=True)
    ]


def attend(class_id: int, seed: int, count: int, strength: float, checkpoint: str) -> Iterator[Attended]:
    """`count` pictures of a class, as they come; the pictures of a seed are the same however many there are.

    At `strength` 0 they are what the network makes without attention; at 1, what was learnt.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    made = network(checkpoint)
    for latent in draw_latents(checkpoint, seed, count):
        yield from sample(made, latent[None], class_id, strength)


def learnt_sigma(checkpoint: str) -> float:
    """The sigma that the checkpoint has learnt, which the paper calls gamma (equation 3)."""
    (attention,) = network(checkpoint).generator.attentions.values()
    return attention.sigma.item()


def entropy(maps: Tensor) -> Tensor:
    """Entropy in bits of maps `(h, w, k, l)`, `(h, w)`: 0 where one key has all, log2(k l) where all have the same."""
    return torch.special.entr(maps.flatten(2)).sum(-1) / torch.log(torch.tensor(2.0))


def distance(maps: Tensor) -> Tensor:
    """How far from itself each place looks, on average, in sides of the picture: `(h, w)` of maps `(h, w, k, l)`."""
    places = [(torch.arange(side) + 0.5) / side for side in maps.shape]
    queries = torch.cartesian_prod(*places[:2])
    keys = torch.cartesian_prod(*places[2:])
    return (torch.cdist(queries, keys).reshape(maps.shape) * maps).sum((2, 3))


class Spread(NamedTuple):
    """How widely the pictures of a class attend: entropy in bits of every query of every picture, `(N, h, w)`, of
    `most` bits, and how far they look, `(N, h, w)`, as a share of the picture's side."""

    class_id: int
    entropy: Tensor
    distance: Tensor
    most: float


def compared_classes(checkpoint: str) -> list[int]:
    """The classes whose attention is compared."""
    classes = find(checkpoint).config["classes"]
    return list(range(0, classes, max(1, classes // MOST_COMPARED)))


def spread_by_class(seed: int, count: int, checkpoint: str) -> Iterator[Progress | Spread]:
    """How widely `count` pictures of each class attend, from the same latents.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    made = network(checkpoint)
    side = made.generator.bottom_side * 2 ** len(made.generator.blocks)
    latents = draw_latents(checkpoint, seed, count)
    classes = compared_classes(checkpoint)
    for place, class_id in enumerate(classes):
        attended: list[Attended] = []
        for part in latents.split(max(1, STEP_PIXELS // side**2)):
            yield Progress((place + len(attended) / count) / len(classes), f"Class {place + 1} of {len(classes)}")
            attended += sample(made, part, class_id)
        yield Spread(
            class_id,
            torch.stack([entropy(each.maps) for each in attended]),
            torch.stack([distance(each.maps) for each in attended]),
            log2(attended[0].maps[0, 0].numel()),
        )
