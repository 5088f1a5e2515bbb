"""Residual networks with any norm (Group Normalization, Wu and He, ECCV 2018, arXiv:1803.08494).

The published ResNet-50 with groups; and a small one for small pictures, of the kind of He et al. (2016,
arXiv:1512.03385, section 4.2).
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.errors import InputError

EPSILON = 1e-5
"""Section 3.1."""
PUBLISHED_GROUPS = 32
"""Section 3.2."""
PUBLISHED_BLOCKS = (3, 4, 6, 3)
PUBLISHED_WIDTH = 64
PUBLISHED_CLASSES = 1000
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""With which timm prepares pictures in [0, 1]."""
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


MakeNorm = Callable[[int], nn.Module]
"""From the channels to their norm."""


class Basic(nn.Module):
    """Two 3x3 convolutions, a norm after each, and a shortcut."""

    growth = 1

    def __init__(self, inputs: int, width: int, stride: int, norm: MakeNorm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.norm1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm2 = norm(width)
        self.downsample = _shortcut(inputs, width, stride, norm)

    def forward(self, features: Tensor) -> Tensor:
        made = functional.relu(self.norm1(self.conv1(features)))
        return functional.relu(self.norm2(self.conv2(made)) + self.downsample(features))

    @property
    def last_norm(self) -> nn.Module:
        return self.norm2


class Bottleneck(nn.Module):
    """Convolutions of 1x1, 3x3 and 1x1, a norm after each, and a shortcut; four times as many channels come out."""

    growth = 4

    def __init__(self, inputs: int, width: int, stride: int, norm: MakeNorm) -> None:
        super().__init__()
        outputs = self.growth * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.norm1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.norm2 = norm(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.norm3 = norm(outputs)
        self.downsample = _shortcut(inputs, outputs, stride, norm)

    def forward(self, features: Tensor) -> Tensor:
        made = functional.relu(self.norm1(self.conv1(features)))
        made = functional.relu(self.norm2(self.conv2(made)))
        return functional.relu(self.norm3(self.conv3(made)) + self.downsample(features))

    @property
    def last_norm(self) -> nn.Module:
        return self.norm3


def _shortcut(inputs: int, outputs: int, stride: int, norm: MakeNorm) -> nn.Sequential:
    """A projection where the shape changes, else nothing."""
    if stride == 1 and inputs == outputs:
        return nn.Sequential()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm(outputs))


class ResidualNetwork(nn.Module):
    """A classifier of pictures: a first convolution, stages of blocks, the average over places, a linear layer.

    From `(N, C, H, W)` to `(N, classes)`. Each stage but the first halves the sides and doubles the width.
    """

    def __init__(
        self,
        first: nn.Conv2d,
        pooling: nn.Module,
        block: type[Basic] | type[Bottleneck],
        blocks: Sequence[int],
        classes: int,
        norm: MakeNorm,
    ) -> None:
        super().__init__()
        width = inputs = first.out_channels
        self.conv1 = first
        self.norm1 = norm(width)
        self.pooling = pooling
        self.stages = len(blocks)
        for stage, count in enumerate(blocks):
            strides = [2 if stage else 1] + [1] * (count - 1)
            layer = nn.Sequential()
            for stride in strides:
                layer.append(block(inputs, width << stage, stride, norm))
                inputs = block.growth * width << stage
            self.add_module(f"layer{stage + 1}", layer)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.fc(self.features(pictures)[-1].mean((2, 3)))

    def features(self, pictures: Tensor) -> list[Tensor]:
        """What each stage makes."""
        made = self.pooling(functional.relu(self.norm1(self.conv1(pictures))))
        stages = []
        for stage in range(1, self.stages + 1):
            made = self.get_submodule(f"layer{stage}")(made)
            stages.append(made)
        return stages


def published(norm: Norm, classes: int = PUBLISHED_CLASSES) -> ResidualNetwork:
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


def remap(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """Published keys, in which norms are called bn, or in later code gn, as this network has them."""
    return {re.sub(r"\b[bg]n(\d)", r"norm\1", key): tensor for key, tensor in published.items()}
