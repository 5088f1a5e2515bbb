"""Residual networks with any norm (Group Normalization, Wu and He, ECCV 2018, arXiv:1803.08494).

The published ResNet-50 with groups; and a small one for small pictures, of the kind of He et al. (2016,
arXiv:1512.03385, section 4.2).
"""

import math
from typing import Literal, NamedTuple

import torch
from torch import nn

from engines.runtime.errors import InputError
from engines.shared.residual import IMAGENET_CLASSES, Basic, Bottleneck, ResidualNetwork

EPSILON = 1e-5
"""Section 3.1."""
PUBLISHED_GROUPS = 32
"""Section 3.2."""
PUBLISHED_BLOCKS = (3, 4, 6, 3)
PUBLISHED_WIDTH = 64
SMALL_BLOCKS = (1, 1, 1)
SMALL_WIDTH = 16
CLASSES = 10
CLASSIFIER_DEVIATION = 0.01
"""As Goyal et al. (2017, arXiv:1706.02677, section 5.1) start the last layer."""


Kind = Literal["batch", "group", "layer", "instance"]


class Norm(NamedTuple):
    """Which numbers share a mean and a variance: a channel's in the whole batch ("batch"); or, of each picture alone,
    a group of channels' ("group"), all channels' ("layer") or one channel's ("instance"). `groups` is for "group" only.
    """

    kind: Kind
    groups: int = 0

    def layer(self, channels: int) -> nn.Module:
        """torch's own layer for so many channels, with a scale and a shift for each.

        Raises:
            InputError: the groups do not divide the channels.
        """
        match self.kind:
            case "batch":
                return nn.BatchNorm2d(channels, EPSILON)
            case "instance":
                return nn.InstanceNorm2d(channels, EPSILON, affine=True)
            case "layer":
                return nn.GroupNorm(1, channels, EPSILON)
            case "group":
                check_groups(self.groups, channels)
                return nn.GroupNorm(self.groups, channels, EPSILON)


def check_groups(groups: int, channels: int) -> None:
    """
    Raises:
        InputError: the groups do not divide the channels.
    """
    if groups < 1 or channels % groups:
        possible = ", ".join(str(number) for number in divisors(channels))
        raise InputError(f"Groups: {groups} groups cannot share {channels} channels equally; choose from {possible}.")


def divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


def published(norm: Norm, classes: int = IMAGENET_CLASSES) -> ResidualNetwork:
    """ResNet-50, in the layout of the paper's reproduction (ppwwyyxx/GroupNorm-reproduce) and of timm's `resnet50_gn`.

    Pictures have 3 channels; published ones 224 pixels a side.
    """
    first = nn.Conv2d(3, PUBLISHED_WIDTH, 7, 2, 3, bias=False)
    return ResidualNetwork(first, nn.MaxPool2d(3, 2, 1), Bottleneck, PUBLISHED_BLOCKS, classes, norm.layer)


def small(norm: Norm, channels: int, width: int = SMALL_WIDTH) -> ResidualNetwork:
    """The network that races: three stages of one block each, for pictures of 8 to 32 pixels a side."""
    first = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
    return ResidualNetwork(first, nn.Identity(), Basic, SMALL_BLOCKS, CLASSES, norm.layer)


@torch.no_grad()
def initialize(network: ResidualNetwork, draw: torch.Generator) -> None:
    """Start as in section 4.1: convolutions of k a side and c channels out from N(0, 2 / (k^2 c)); scales of 1, but of
    0 in the last norm of each block, so that each block begins as its shortcut."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            deviation = math.sqrt(2 / (module.kernel_size[0] ** 2 * module.out_channels))
            module.weight.normal_(0, deviation, generator=draw)
    for module in network.modules():
        if isinstance(module, Basic | Bottleneck):
            nn.init.zeros_(module.last_norm.weight)
    network.fc.weight.normal_(0, CLASSIFIER_DEVIATION, generator=draw)
    network.fc.bias.zero_()
