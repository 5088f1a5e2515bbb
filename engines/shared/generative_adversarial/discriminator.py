"""Defines the projection discriminator (Miyato and Koyama, 2018, arXiv:1802.05637), as SAGAN and BigGAN have it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.shared.generative_adversarial.network import SelfAttention, summed_taps


class PoolingConvolution(nn.Conv2d):
    """Computes the mean over 2x2 pixels of a 3x3 convolution, as one convolution of stride 2."""

    def forward(self, features: Tensor) -> Tensor:
        """Map `(B, I, H, W)` to `(B, O, H / 2, W / 2)`."""
        return functional.conv2d(features, summed_taps(self.weight) / 4, self.bias, stride=2, padding=1)


class DownBlock(nn.Module):
    """Maps `(B, I, H, W)` to `(B, O, H / 2, W / 2)`, or to the same size.

    The first block takes pictures and has no ReLU.
    """

    def __init__(self, inputs: int, outputs: int, smaller: bool, first: bool) -> None:
        super().__init__()
        self.smaller, self.first = smaller, first
        self.convolution1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.convolution2 = (PoolingConvolution if smaller else nn.Conv2d)(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """Map the features, `(B, I, H, W)`."""
        hidden = functional.relu(self.convolution1(features if self.first else functional.relu(features)))
        shortcut = self.shortcut(functional.avg_pool2d(features, 2) if self.smaller else features)
        return self.convolution2(hidden) + shortcut


class Judgement(NamedTuple):
    """Holds `realness` `(B,)` for the class that was asked for, and `class_scores` `(B, N)`."""

    realness: Tensor
    class_scores: Tensor


class ProjectionDiscriminator(nn.Module):
    """Judges 32x32 pictures of a class by four blocks, of which the first `halvings` halve the side.

    Attention follows the first block, and a classifier stands beside the projection.
    """

    def __init__(self, widths: Sequence[int], halvings: int, classes: int) -> None:
        super().__init__()
        blocks: list[nn.Module] = [
            DownBlock(inputs, outputs, smaller=index < halvings, first=index == 0)
            for index, (inputs, outputs) in enumerate(pairwise((3, *widths)))
        ]
        self.blocks = nn.Sequential(blocks[0], SelfAttention(widths[0], bias=False), *blocks[1:])
        self.realness = nn.Linear(widths[-1], 1)
        self.embedding = nn.Embedding(classes, widths[-1])
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, pictures: Tensor, labels: Tensor) -> Judgement:
        """Judge pictures `(B, 3, 32, 32)` of the classes `labels` `(B,)`."""
        features = functional.relu(self.blocks(pictures)).float()
        summed = features.sum((2, 3))
        with torch.autocast(summed.device.type, enabled=False):
            realness = self.realness(summed)[:, 0] + (self.embedding(labels) * summed).sum(1)
            return Judgement(realness, self.classifier(summed))
