"""Pictures that fool several classifiers at once (Elsayed et al., arXiv:1802.08195, the section on the attack).

Pixels are in [0, 255] here, as the paper's bounds are, and in [-1, 1] for the classifiers.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engines.shared.tensors import from_levels

DARKEST, BRIGHTEST = 40, 215
"""Into which a picture's pixels are scaled, so that no bound of the paper's reaches beyond black or white."""
DIVERSE_SMALLEST = 0.8
"""Of the side, to which a picture is reduced at random and then padded; Xie et al. (arXiv:1803.06978)."""
DIVERSE_SHARE = 0.5
"""How often it is."""
TRANSLATION_KERNEL, TRANSLATION_DEVIATION = 5, 1.0
"""Pixels of the Gaussian that gradients are smoothed with, as Dong et al. (arXiv:1904.02884) do; small, as pictures
are."""

Classifier = Callable[[Tensor], Tensor]
"""From pictures `(N, 3, H, W)` in [-1, 1] to scores `(N, classes)`."""


@dataclass(frozen=True)
class Attack:
    """How pictures are changed: by at most `bound` levels of 255 in `steps` steps of `step` levels each.

    `momentum` is Dong et al.'s decay (arXiv:1710.06081; 0: none); `diverse` and `translation_invariant` change what
    gradients are taken of.
    """

    bound: int = 16
    steps: int = 20
    step: float = 2.0
    momentum: float = 0.0
    diverse: bool = False
    translation_invariant: bool = False


class Attacked(NamedTuple):
    """After so many steps: pictures `(N, 3, H, W)`, of whole levels in [0, 255], and the mean loss before the last."""

    steps: int
    pictures: Tensor
    loss: float


def prepared(pictures: Tensor) -> Tensor:
    """Pictures in [-1, 1], of whole levels in [40, 215]."""
    return (DARKEST + (pictures + 1) / 2 * (BRIGHTEST - DARKEST)).round()


def seen(levels: Tensor) -> Tensor:
    """Levels in [0, 255] as classifiers take them, in [-1, 1]."""
    return from_levels(levels)


def group_logarithms(scores: Tensor, groups: Sequence[Sequence[int]]) -> Tensor:
    """The logarithm of each group's probability, `(..., G)`: the sum of its classes', of scores `(..., classes)`.

    Classes in no group are left out: the groups' probabilities sum to 1, as a viewer has to choose among them.
    """
    return torch.stack([scores[..., list(group)].logsumexp(-1) for group in groups], -1).log_softmax(-1)


def ensemble_logarithms(scores: Sequence[Tensor], groups: Sequence[Sequence[int]]) -> Tensor:
    """log P_ens `(N, G)`, where P_ens is proportional to exp(mean_k log P_k), of each classifier's scores."""
    return torch.stack([group_logarithms(one, groups) for one in scores]).mean(0).log_softmax(-1)


def attack(
    start: Tensor,
    targets: Tensor,
    classifiers: Sequence[Classifier],
    groups: Sequence[Sequence[int]],
    how: Attack,
    seed: int = 0,
) -> Generator[Attacked, None, Tensor]:
    """Descend on J = -log P_ens(target) by the sign of its gradient, within the bound; yields after every step.

    `start` is as `prepared` gives it, `targets` `(N,)` are indices of groups. Every picture yielded is within the bound
    to the last level. Each classifier has the retina, if any, before it.
    """
    generator = torch.Generator().manual_seed(seed)
    pictures, velocity = start.clone(), torch.zeros_like(start)
    for step in range(how.steps):
        gradient, loss = ascent(pictures, targets, classifiers, groups, how, generator)
        velocity = how.momentum * velocity + gradient / gradient.abs().mean((1, 2, 3), keepdim=True).clamp(min=1e-12)
        changed = pictures + how.step * velocity.sign()
        pictures = torch.minimum(torch.maximum(changed, start - how.bound), start + how.bound).clamp(0, 255)
        yield Attacked(step + 1, pictures.round(), loss)
    return pictures.round()


def ascent(
    pictures: Tensor,
    targets: Tensor,
    classifiers: Sequence[Classifier],
    groups: Sequence[Sequence[int]],
    how: Attack,
    generator: torch.Generator,
) -> tuple[Tensor, float]:
    """The direction `(N, 3, H, W)` in which log P_ens(target) grows, and the mean of -log P_ens(target)."""
    with torch.enable_grad():
        levels = pictures.detach().requires_grad_()
        varied = _diverse(levels, generator) if how.diverse else levels
        scores = [classifier(seen(varied)) for classifier in classifiers]
        loss = -ensemble_logarithms(scores, groups).gather(1, targets[:, None]).sum()
        (gradient,) = torch.autograd.grad(loss, levels)
    if how.translation_invariant:
        gradient = _smoothed(gradient)
    return -gradient, loss.item() / len(pictures)


def flipped(start: Tensor, attacked: Tensor) -> Tensor:
    """The paper's control: the same perturbation upside down, on the same picture."""
    return (start + (attacked - start).flip(-2)).clamp(0, 255)


def _diverse(pictures: Tensor, generator: torch.Generator) -> Tensor:
    if torch.rand(1, generator=generator) >= DIVERSE_SHARE:
        return pictures
    side = pictures.shape[-1]
    reduced = int(torch.randint(round(DIVERSE_SMALLEST * side), side, (1,), generator=generator))
    left, top = torch.randint(0, side - reduced + 1, (2,), generator=generator).tolist()
    small = functional.interpolate(pictures, (reduced, reduced), mode="bilinear", antialias=True)
    return functional.pad(small, (left, side - reduced - left, top, side - reduced - top), value=127.5)


def _smoothed(gradient: Tensor) -> Tensor:
    places = torch.arange(TRANSLATION_KERNEL) - TRANSLATION_KERNEL // 2
    line = torch.exp(-0.5 * (places / TRANSLATION_DEVIATION) ** 2).to(gradient)
    line /= line.sum()
    channels = gradient.shape[1]
    for kernel, padding in ((line[None, :], (0, len(line) // 2)), (line[:, None], (len(line) // 2, 0))):
        weights = kernel.expand(channels, 1, *kernel.shape)
        gradient = functional.conv2d(gradient, weights, padding=padding, groups=channels)
    return gradient
