"""Defines the networks of pix2pixHD as Everybody Dance Now has them, and the layers that vid2vid's networks also use.

pix2pixHD is Wang et al., 2018, arXiv:1711.11585, and Everybody Dance Now Chan et al., 2019, arXiv:1808.07371. Every
layer has a bias, also before a norm, because the published files have them.
"""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

PUBLISHED_WIDTH, LOCAL_WIDTH = 64, 32
LOCAL_BLOCKS = 3
"""The sizes of github.com/NVIDIA/pix2pixHD and github.com/carolineec/EverybodyDanceNow, as are the layouts below."""
WIDEST = 512
"""The largest number of channels in a discriminator."""
LEAK = 0.2

Norm = Callable[[int], nn.Module]
"""Makes the norm of a number of channels."""
NORMS: Mapping[str, Norm] = {"instance": nn.InstanceNorm2d, "batch": nn.BatchNorm2d}
"""The norms by their published names."""
State = dict[str, Tensor]


def encoder(inputs: int, width: int, halvings: int, norm: Norm) -> list[nn.Module]:
    """Build layers from `(B, inputs, H, W)` to `(B, width x 2^halvings, H / 2^halvings, W / 2^halvings)`."""
    layers = [nn.ReflectionPad2d(3), *_rectified(nn.Conv2d(inputs, width, 7), norm)]
    for step in range(halvings):
        narrow = width << step
        layers += _rectified(nn.Conv2d(narrow, 2 * narrow, 3, stride=2, padding=1), norm)
    return layers


def residual_blocks(channels: int, count: int, norm: Norm) -> list[nn.Module]:
    """Build a row of residual blocks."""
    return [ResidualBlock(channels, norm) for _ in range(count)]


def decoder(width: int, doublings: int, norm: Norm) -> list[nn.Module]:
    """Build layers from `(B, width x 2^doublings, H, W)` to `(B, width, H x 2^doublings, W x 2^doublings)`."""
    layers: list[nn.Module] = []
    for step in reversed(range(doublings)):
        narrow = width << step
        layers += _rectified(nn.ConvTranspose2d(2 * narrow, narrow, 3, 2, padding=1, output_padding=1), norm)
    return layers


def head(width: int, outputs: int) -> list[nn.Module]:
    """Build the layers to the outputs, unbounded."""
    return [nn.ReflectionPad2d(3), nn.Conv2d(width, outputs, 7)]


def _rectified(convolution: nn.Conv2d | nn.ConvTranspose2d, norm: Norm) -> list[nn.Module]:
    return [convolution, norm(convolution.out_channels), nn.ReLU(inplace=True)]


class ResidualBlock(nn.Module):
    """Adds to features what two convolutions make of them."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            *_rectified(nn.Conv2d(channels, channels, 3), norm),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            norm(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map the features, `(B, C, H, W)`."""
        return features + self.layers(features)


class GlobalGenerator(nn.Module):
    """Makes a picture `(B, outputs, H, W)` in [-1, 1] from a condition `(B, inputs, H, W)`.

    H and W are multiples of 2^halvings. Everybody Dance Now conditions on the stick figure and on the previous picture,
    which is zeros before the first: 182,452,675 parameters as published.
    """

    def __init__(
        self,
        inputs: int = 6,
        outputs: int = 3,
        width: int = PUBLISHED_WIDTH,
        halvings: int = 4,
        blocks: int = 9,
        norm: Norm = nn.InstanceNorm2d,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *encoder(inputs, width, halvings, norm),
            *residual_blocks(width << halvings, blocks, norm),
            *decoder(width, halvings, norm),
            *head(width, outputs),
            nn.Tanh(),
        )

    def forward(self, condition: Tensor) -> Tensor:
        """Make pictures of conditions."""
        return self.layers(condition)


class FaceGenerator(nn.Module):
    """Computes what Everybody Dance Now adds to the face of a picture, `(B, 3, H, W)` in [-1, 1].

    It takes the same box of the stick figure and of the picture. It is published for boxes of 128 pixels around the
    nose, with 26,724,291 parameters.
    """

    def __init__(self, width: int = PUBLISHED_WIDTH) -> None:
        super().__init__()
        self.layers = GlobalGenerator(6, 3, width, halvings=3, blocks=5).layers

    def forward(self, figure: Tensor, picture: Tensor) -> Tensor:
        """Compute what is added to the face."""
        return self.layers(torch.cat([figure, picture], 1))


class Enhancer(nn.Module):
    """Adds what a condition `(B, inputs, H, W)` shows to the features of the scale below, and doubles their size.

    These features are `(B, 2 x width, H / 2, W / 2)`. The last enhancer has an `end` that makes the picture.
    """

    def __init__(self, inputs: int, width: int, blocks: int, norm: Norm, end: list[nn.Module]) -> None:
        super().__init__()
        self.down = nn.Sequential(*encoder(inputs, width, 1, norm))
        self.up = nn.Sequential(*residual_blocks(2 * width, blocks, norm), *decoder(width, 1, norm), *end)

    def forward(self, condition: Tensor, features: Tensor) -> Tensor:
        """Enhance the features of the scale below."""
        return self.up(self.down(condition) + features)


class LocalEnhancer(nn.Module):
    """Is a `GlobalGenerator` without its head, at a fraction of the size, and enhancers that each double the size.

    The enhancers are numbered from one. H and W are multiples of 2^(halvings + enhancers).
    """

    def __init__(
        self,
        inputs: int = 6,
        outputs: int = 3,
        width: int = LOCAL_WIDTH,
        halvings: int = 4,
        blocks: int = 9,
        enhancers: int = 1,
        enhancer_blocks: int = LOCAL_BLOCKS,
        norm: Norm = nn.InstanceNorm2d,
    ) -> None:
        super().__init__()
        coarse = width << enhancers
        self.layers = nn.Sequential(
            *encoder(inputs, coarse, halvings, norm),
            *residual_blocks(coarse << halvings, blocks, norm),
            *decoder(coarse, halvings, norm),
        )
        self.enhancers = nn.ModuleDict()
        for number in range(1, enhancers + 1):
            end = [*head(width, outputs), nn.Tanh()] if number == enhancers else []
            self.enhancers[str(number)] = Enhancer(inputs, coarse >> number, enhancer_blocks, norm, end)

    def forward(self, condition: Tensor) -> Tensor:
        """Make pictures of conditions."""
        conditions = pyramid(condition, 1 + len(self.enhancers))
        features = self.layers(conditions.pop())
        for enhancer in self.enhancers.values():
            features = enhancer(conditions.pop(), features)
        return features


def pyramid(pictures: Tensor, scales: int) -> list[Tensor]:
    """Return the pictures, and the same at half the size, again and again: `scales` sizes in all."""
    found = [pictures]
    for _ in range(scales - 1):
        found.append(functional.avg_pool2d(found[-1], 3, stride=2, padding=1, count_include_pad=False))
    return found


class Judgement(NamedTuple):
    """Holds `realness` `(B, 1, h, w)` of patches, and the `features` of every layer before it, for feature matching."""

    realness: Tensor
    features: list[Tensor]


class PatchDiscriminator(nn.Module):
    """Judges patches of pictures with their condition, `(B, inputs, H, W)`, by `halvings` + 2 layers."""

    def __init__(self, inputs: int, width: int, halvings: int, norm: Norm) -> None:
        super().__init__()
        widths = [min(width << step, WIDEST) for step in range(halvings + 1)]
        self.layers = nn.ModuleList([nn.Sequential(_patches(inputs, width, 2), nn.LeakyReLU(LEAK, inplace=True))])
        for step, (narrow, wide) in enumerate(pairwise(widths), start=1):
            convolution = _patches(narrow, wide, stride=2 if step < halvings else 1)
            self.layers.append(nn.Sequential(convolution, norm(wide), nn.LeakyReLU(LEAK, inplace=True)))
        self.layers.append(nn.Sequential(_patches(widths[-1], 1, 1)))

    def forward(self, pictures: Tensor) -> Judgement:
        """Judge the patches of pictures."""
        features = [pictures]
        for layer in self.layers:
            features.append(layer(features[-1]))
        return Judgement(features[-1], features[1:-1])


def _patches(inputs: int, outputs: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 4, stride, padding=2)


class MultiscaleDiscriminator(nn.Module):
    """Applies the same discriminator at several sizes, `discriminators` from the coarsest to the finest.

    pix2pixHD shows it a condition and a picture; Everybody Dance Now shows it two stick figures and their two pictures,
    12 channels, so that it sees movement.
    """

    def __init__(
        self,
        inputs: int = 12,
        width: int = PUBLISHED_WIDTH,
        halvings: int = 3,
        scales: int = 2,
        norm: Norm = nn.InstanceNorm2d,
    ) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(PatchDiscriminator(inputs, width, halvings, norm) for _ in range(scales))

    def forward(self, pictures: Tensor) -> list[Judgement]:
        """Judge pictures at every size, from the finest to the coarsest."""
        finest_first = list(reversed(self.discriminators))
        sizes = pyramid(pictures, len(finest_first))
        return [discriminator(picture) for discriminator, picture in zip(finest_first, sizes, strict=True)]


PUBLISHED_NAMES = (
    (r"\.conv_block\.", ".layers."),
    (r"^model\.", "layers."),
    (r"^model(\d+)_1\.", r"enhancers.\1.down."),
    (r"^model(\d+)_2\.", r"enhancers.\1.up."),
    (r"^scale(\d+)_layer(\d+)\.", r"discriminators.\1.layers.\2."),
)
"""Patterns of published keys, and our names for them."""


def remap(state: State) -> State:
    """Translate the published keys into the networks'; ours stay as they are."""
    remapped = {}
    for key, value in state.items():
        for pattern, replacement in PUBLISHED_NAMES:
            key = re.sub(pattern, replacement, key)
        remapped[key] = value
    return remapped
