"""The loss that GANimation's published networks are trained with (Pumarola et al., 2018, arXiv:1807.09251, section 5),
with the constants of github.com/albertpumarola/GANimation.

The compact generator is trained otherwise (train.py); these are for whoever trains the paper's own networks.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from engines.ganimation.network import Generated, Judgement

PENALTY = 10.0
UNITS = 4000.0
"""Divided by the batch once more than a mean is: 160 in batches of 25."""
CYCLE = 10.0
ATTENTION = 0.1
SMOOTHNESS = 1e-5
"""Of a sum over all pixels of the batch."""

Judge = Callable[[Tensor], Judgement]
Generate = Callable[[Tensor, Tensor], Generated]


def unit_error(read: Tensor, units: Tensor) -> Tensor:
    """Of readings and units `(B, 17)`; equation 4."""
    return UNITS * functional.mse_loss(read, units) / len(units)


def critic_loss(judge: Judge, face: Tensor, units: Tensor, made: Tensor) -> Tensor:
    """The discriminator's: Wasserstein distance (equation 2), gradient penalty, and units read off real faces.

    `face` and `made` are `(B, 3, H, W)`, `units` `(B, 17)`. The published code takes two steps, one for the penalty.
    """
    of_face, of_made = judge(face), judge(made.detach())
    distance = of_made.realness.mean() - of_face.realness.mean()
    share = torch.rand(len(face), 1, 1, 1, device=face.device)
    between = (share * face + (1 - share) * made).detach().requires_grad_()
    (slope,) = torch.autograd.grad(judge(between).realness.sum(), between, create_graph=True)
    penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    return distance + PENALTY * penalty + unit_error(of_face.units, units)


def generator_loss(generate: Generate, judge: Judge, face: Tensor, units: Tensor, wanted: Tensor) -> Tensor:
    """The generator's: realness and wanted units of what it makes, the way back, and an attention that is bounded and
    smooth; equation 6. Shapes as in `critic_loss`."""
    there = generate(face, wanted)
    made = there.composite(face)
    back = generate(made, units)
    judged = judge(made)
    attentions = there.attention, back.attention
    bounded = torch.stack([ATTENTION * attention.mean() for attention in attentions]).sum()
    smooth = torch.stack([SMOOTHNESS * variation(attention) for attention in attentions]).sum()
    cycle = CYCLE * functional.l1_loss(back.composite(made), face)
    return -judged.realness.mean() + unit_error(judged.units, wanted) + cycle + bounded + smooth


def variation(attention: Tensor) -> Tensor:
    """Sum of the absolute differences of neighbours, as in the published code; equation 3 has squares."""
    return attention.diff(dim=2).abs().sum() + attention.diff(dim=3).abs().sum()
