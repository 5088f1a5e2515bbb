"""Defines the discriminator of Projected GANs (Sauer, Chitta, Müller, Geiger, 2021, arXiv:2111.01007), conditional.

Several heads judge what a frozen network, trained on ImageNet, sees in a picture, each at its own scale.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.shared.efficientnet_lite import EfficientNetLite

STAGES = (1, 2, 4, 6)
"""The stages of EfficientNet-Lite after which its features are read: at 1/4, 1/8, 1/16 and 1/32 of the picture's
side."""
CHANNELS = (24, 40, 112, 320)
"""The channels of EfficientNet-Lite 0 after these stages."""
HALVINGS = (2, 1, 0, 0)
"""The number of times that each scale's head halves the side."""
SLOPE = 0.2
"""The slope of the leaky ReLUs."""


class Projection(nn.Module):
    """Mixes features at random, and frozen: across channels, then across scales, coarser into finer; section 3.2.

    No discriminator can then look at a few channels alone.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        widths = [width << index for index in range(len(channels))]
        self.channels = nn.ModuleList(nn.Conv2d(*sizes, 1, bias=False) for sizes in zip(channels, widths, strict=True))
        self.scales = nn.ModuleList(
            nn.Conv2d(coarse, fine, 1, bias=False) for fine, coarse in zip(widths, widths[1:], strict=False)
        )
        for convolution in [*self.channels, *self.scales]:
            nn.init.kaiming_normal_(convolution.weight)
        self.widths = widths
        self.requires_grad_(False)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Mix features from the finest to the coarsest, each half as wide as the one before."""
        own = [mix(map_) for mix, map_ in zip(self.channels, features, strict=True)]
        mixed = [own.pop()]
        for convolution, finer in zip(reversed(self.scales), reversed(own), strict=True):
            mixed.insert(0, finer + functional.interpolate(convolution(mixed[0]), scale_factor=2, mode="bilinear"))
        return mixed


class Head(nn.Module):
    """Judges one scale, place by place, with a projection of the class (Miyato and Koyama, 2018, arXiv:1802.05637)."""

    def __init__(self, inputs: int, width: int, halvings: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index in range(halvings):
            layers += self._layer(inputs if index == 0 else width, width, 4, 2)
        layers += self._layer(width if halvings else inputs, width, 3, 1)
        self.layers = nn.Sequential(*layers)
        self.realness = nn.Conv2d(width, 1, 1)
        self.embedding = nn.Embedding(classes, width)

    @staticmethod
    def _layer(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, outputs, kernel, stride, 1, bias=False),
            nn.BatchNorm2d(outputs, track_running_stats=False),
            nn.LeakyReLU(SLOPE),
        ]

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Judge how real each place looks, `(B, H, W)`."""
        hidden = self.layers(features)
        return self.realness(hidden)[:, 0] + torch.einsum("bchw,bc->bhw", hidden, self.embedding(labels))


class ProjectedDiscriminator(nn.Module):
    """Has a projection and a head for each scale; what is frozen in it is not trained, but saved with the rest."""

    def __init__(self, channels: Sequence[int], width: int, head_width: int, classes: int) -> None:
        super().__init__()
        self.projection = Projection(channels, width)
        self.heads = nn.ModuleList(
            Head(inputs, head_width, halvings, classes)
            for inputs, halvings in zip(self.projection.widths, HALVINGS, strict=True)
        )

    def forward(self, features: Sequence[Tensor], labels: Tensor) -> list[Tensor]:
        """Judge how real each place of each scale looks, `(B, H, W)` by scale."""
        return [head(map_, labels) for head, map_ in zip(self.heads, self.projection(features), strict=True)]


def seen_by(network: EfficientNetLite, pictures: Tensor) -> list[Tensor]:
    """Compute what the discriminator reads: the frozen network's features at four scales."""
    return network.maps(pictures, STAGES)
