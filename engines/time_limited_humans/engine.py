"""Makes a picture that fools classifiers which never saw the attack (arXiv:1802.08195), and shows what a retina keeps.

Pictures of CIFAR-10's kind are `(N, 3, 32, 32)` in [-1, 1]; whatever is made is on the CPU.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

from engines.runtime.checkpoints import find, loaded
from engines.runtime.device import device
from engines.runtime.resident import RESIDENT
from engines.time_limited_humans.architecture import ARCHITECTURES
from engines.time_limited_humans.attack import group_logarithms, seen
from engines.time_limited_humans.classifiers import GROUPS
from engines.time_limited_humans.retina import Retina, Viewing

KEPT_RETINAS = 8


def checkpoint(kind: str) -> str:
    """The name of the bundled classifier of that kind."""
    return f"time-limited-{kind}"


def network(kind: str) -> nn.Module:
    """The bundled classifier of that kind, in evaluation mode; it must not be changed.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    place = device()

    def build() -> nn.Module:
        record = find(checkpoint(kind))
        return loaded(record, ARCHITECTURES[record.architecture]).requires_grad_(False).to(place)

    return RESIDENT.get((checkpoint(kind), place), build)


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
def read_groups(levels: Tensor, kinds: Sequence[str]) -> Tensor:
    """Each classifier's probabilities of the groups, `(K, N, G)`, of levels `(N, 3, 32, 32)` in [0, 255]."""
    groups = list(GROUPS.values())
    return torch.stack([group_logarithms(member(kind, None)(seen(levels)), groups).exp() for kind in kinds])
