"""What the page on Group Normalization asks for (Wu and He, ECCV 2018, arXiv:1803.08494)."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from engines.group_normalization.architecture import ARCHITECTURES
from engines.group_normalization.data import read_digits
from engines.group_normalization.mates import Mates, draw_mates
from engines.group_normalization.network import Norm
from engines.group_normalization.normalization import normalize
from engines.runtime import networks
from engines.runtime.checkpoints import find
from engines.runtime.class_names import class_names
from engines.runtime.device import device
from engines.runtime.progress import Progress
from engines.shared.residual import IMAGENET_CLASSES, IMAGENET_DEVIATION, IMAGENET_MEAN, ResidualNetwork
from engines.shared.tensors import middle_square

SLUG = "group_normalization"
READERS = {"BN": "group-normalization-digits-batch", "GN": "group-normalization-digits-group"}
"""The bundled networks that read digits."""
CHECKPOINTS = tuple(READERS.values())
BATCH_SIZES = (2, 4, 8, 16, 32)
DRAWS = 40
ANSWERS = 5
PUBLISHED_SIDE, SMALL_SIDE = 224, 32


def network(checkpoint: str) -> ResidualNetwork:
    """The network of a checkpoint, in evaluation mode; whoever changes it takes a copy.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    return networks.ready(checkpoint, ARCHITECTURES, networks.channels_last)


def warm() -> None:
    """Load what the first visitor would wait for."""
    for checkpoint in CHECKPOINTS:
        network(checkpoint)
    read_digits()


class Among(NamedTuple):
    """A held-out digit, `(1, 8, 8)`, and its class, among so many of the digits that were learned, `others`, `(N, 1, 8,
    8)`: its answers from each reader."""

    picture: Tensor
    label: int
    others: Tensor
    batch_size: int
    readers: Mapping[str, Mates]


def read_among_mates(digit: int, seed: int) -> Iterator[Progress | Among]:
    """The held-out digit of that number, read in batches of 2, 4, 8, 16 and 32 drawn at random, the same for each
    reader."""
    networks = {name: network(checkpoint) for name, checkpoint in READERS.items()}
    data = read_digits()
    picture, others = data.held_out[digit].to(device()), data.pictures.to(device())
    for step, batch_size in enumerate(BATCH_SIZES):
        readers = {}
        for name, reader in networks.items():
            yield Progress(step / len(BATCH_SIZES), f"{name} among batches of {batch_size}")
            generator = torch.Generator().manual_seed(seed)
            readers[name] = draw_mates(reader, picture, others, batch_size, DRAWS, generator)
        yield Among(data.held_out[digit], int(data.held_out_labels[digit]), data.pictures, batch_size, readers)


class Inside(NamedTuple):
    """What a norm in a network sees of one picture: for each group its mean, its deviation, and, `(G, H, W)`, the
    average of its channels once they are normalized; and the network's likeliest classes, with their probabilities."""

    mean: Tensor
    deviation: Tensor
    maps: Tensor
    answers: Mapping[str, float]


@torch.no_grad()
def look_inside(picture: Tensor, checkpoint: str, stage: int) -> Inside:
    """What the last norm of a stage, 1 to 4 (to 3 in the small network), sees of a picture `(3, H, W)` in [-1, 1], of
    which the middle square is looked at.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    seen: list[Tensor] = []
    looked_at = network(checkpoint)
    norm = Norm("group", find(checkpoint).config["groups"])
    stage = min(stage, looked_at.stages)
    layer = looked_at.get_submodule(f"layer{stage}")[-1].last_norm
    prepared = _prepare(picture, published=looked_at.fc.out_features == IMAGENET_CLASSES).to(device())
    with layer.register_forward_pre_hook(lambda module, given: seen.append(given[0])):
        probabilities = looked_at(prepared)[0].softmax(0)
    made = normalize(seen[0].cpu(), norm)
    maps = made.values[0].unflatten(0, (norm.groups, -1)).mean(1)
    names, likeliest = class_names(len(probabilities)), probabilities.topk(ANSWERS)
    answers = {names[place]: share for share, place in zip(*(each.tolist() for each in likeliest), strict=True)}
    return Inside(made.mean[0], made.deviation[0], maps, answers)


def _prepare(picture: Tensor, published: bool) -> Tensor:
    """The middle square as the network has learned to see pictures, `(1, 3, S, S)`."""
    small = middle_square(picture, PUBLISHED_SIDE if published else SMALL_SIDE)[None]
    if not published:
        return small
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_DEVIATION))
    return ((small + 1) / 2 - mean) / deviation
