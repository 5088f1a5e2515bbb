"""Makes a picture that fools classifiers which never saw the attack (arXiv:1802.08195), and shows what a retina keeps.

Pictures that are attacked are levels in [0, 255], `(N, 3, H, W)`; whatever is made is on the CPU.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from engines.runtime import networks
from engines.runtime.checkpoints import find, present
from engines.runtime.device import device
from engines.runtime.downloads import download, latest
from engines.runtime.errors import CheckpointError, InputError
from engines.runtime.progress import Progress
from engines.shared.tensors import middle_square, to_picture, to_tensor
from engines.time_limited_humans import imagenet
from engines.time_limited_humans.architecture import ARCHITECTURES
from engines.time_limited_humans.attack import Attack, attack, flipped, group_logarithms, prepared, seen
from engines.time_limited_humans.classifiers import ATTACKED, GROUPS, HELD_OUT
from engines.time_limited_humans.retina import Looked, Retina, Viewing

SLUG = "time_limited_humans"
KEPT_RETINAS = 8
KEPT_PHOTOGRAPHS = 2
"""With what the retina's filters make of each: 100 MB of one of 768 pixels a side, and twice as much where a retina
loses most."""
FLAT = 2
"""Levels of 255 within which a picture is all of one colour."""


class Ensemble(NamedTuple):
    """Classifiers of pictures of `side` pixels a side: some that can be attacked, and others that never are; and the
    groups of classes that a viewer has to choose among."""

    attacked: Sequence[str]
    held_out: Sequence[str]
    groups: Mapping[str, Sequence[int]]
    side: int
    read_every: int = 1
    """Steps of an attack, since to ask all of them takes about as long as a step."""

    @property
    def kinds(self) -> Sequence[str]:
        return (*self.attacked, *self.held_out)

    @property
    def classes(self) -> Sequence[Sequence[int]]:
        """Of each group."""
        return list(self.groups.values())


def checkpoint(kind: str) -> str:
    """The name of the classifier of that kind."""
    return f"time-limited-{kind}"


SMALL = Ensemble(ATTACKED, HELD_OUT, GROUPS, 32)
CHECKPOINTS = tuple(map(checkpoint, SMALL.kinds))
LARGE = Ensemble(imagenet.ATTACKED, imagenet.HELD_OUT, imagenet.GROUPS, 224, read_every=5)
"""Of ImageNet, from the Hub."""


class Fooling(NamedTuple):
    """Where an attack is after so many steps: picture and control, levels `(3, H, W)` in [0, 255], and what is read.

    What each classifier of the ensemble reads in both are the probabilities of the groups, `(K, 2, G)`.
    """

    steps: int
    picture: Tensor
    control: Tensor
    read: Tensor


def network(kind: str) -> nn.Module:
    """The classifier of that kind, in evaluation mode; it must not be changed.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    return networks.ready(checkpoint(kind), ARCHITECTURES)


def check_here(ensemble: Ensemble) -> None:
    """Begin, without waiting, to download the classifiers of an ensemble that are not on this machine.

    Raises:
        CheckpointError: some are not here; the message says how far they are.
    """
    missing = [record for record in map(find, map(checkpoint, ensemble.kinds)) if present(record) is None]
    if not missing:
        return
    words = " ".join(str(latest(record) or download(record)) for record in missing)
    for record in missing:
        download(record)  # Once more, where an earlier one failed.
    raise CheckpointError(
        f"{len(missing)} of {len(ensemble.kinds)} classifiers are not on this machine; attack again when they are. "
        f"{words}"
    )


def warm() -> None:
    """Load what the first visitor would wait for."""
    for kind in SMALL.kinds:
        network(kind)


@lru_cache(KEPT_RETINAS)
@torch.inference_mode(False)
def retina(height: int, width: int, viewing: Viewing) -> Retina:
    return Retina(height, width, viewing)


def member(kind: str, viewing: Viewing | None) -> Callable[[Tensor], Tensor]:
    """The classifier of that kind, seen through a retina where one is looked through."""
    classify = network(kind)

    def scores(pictures: Tensor) -> Tensor:
        if viewing is not None:
            pictures = retina(*pictures.shape[-2:], viewing)(pictures)
        return classify(pictures.to(device())).cpu()

    return scores


@torch.inference_mode()
def read_groups(levels: Tensor, kinds: Sequence[str], groups: Sequence[Sequence[int]] = SMALL.classes) -> Tensor:
    """Each classifier's probabilities of the groups, `(K, N, G)`, of levels `(N, 3, H, W)` in [0, 255]."""
    return torch.stack([group_logarithms(member(kind, None)(seen(levels)), groups).exp() for kind in kinds])


def start(photo: np.ndarray, side: int) -> Tensor:
    """The middle square of a photograph as attacks begin with it: levels `(1, 3, side, side)` in [0, 255].

    Raises:
        InputError: it is all of one colour.
    """
    levels = prepared(middle_square(to_tensor(photo), side)[None])
    if (levels.amax((2, 3)) - levels.amin((2, 3))).max() <= FLAT:
        raise InputError(
            "The picture's middle is all of one colour, and shows nothing that could be taken for something else; "
            "choose another."
        )
    return levels


def fool(
    start: Tensor,
    target: int,
    kinds: Sequence[str],
    ensemble: Ensemble,
    how: Attack,
    viewing: Viewing | None,
    seed: int,
) -> Iterator[Progress | Fooling]:
    """The attack on the classifiers of these kinds, step by step, and how the whole ensemble takes it."""
    members = [member(kind, viewing) for kind in kinds]
    for made in attack(start, torch.tensor([target]), members, ensemble.classes, how, seed):
        yield Progress(made.steps / how.steps, f"step {made.steps} of {how.steps}")
        if made.steps % ensemble.read_every == 0 or made.steps == how.steps:
            control = flipped(start, made.pictures)
            read = read_groups(torch.cat([made.pictures, control]), ensemble.kinds, ensemble.classes)
            yield Fooling(made.steps, made.pictures[0], control[0], read)


@torch.inference_mode()
def look(photo: np.ndarray, viewing: Viewing) -> np.ndarray:
    """A photograph, (H, W, 3) uint8, as the retina has it; fast while only the viewing changes."""
    return to_picture(_looked(photo.tobytes(), photo.shape).through(viewing))


@lru_cache(KEPT_PHOTOGRAPHS)
def _looked(content: bytes, shape: tuple[int, ...]) -> Looked:
    return Looked(to_tensor(np.frombuffer(content, np.uint8).reshape(shape).copy()))
