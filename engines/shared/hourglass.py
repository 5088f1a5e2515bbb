"""Defines a small network of convolutions that narrows and widens, with norms that act on each place by itself."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlaceNorm(nn.Module):
    """Normalizes the channels of each place by themselves, so that a window gets what the whole picture gets."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, features: Tensor) -> Tensor:
        """Normalize the features, `(B, C, H, W)`."""
        return self.norm(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """Is a convolution, its norm, and a rectifier; with a stride of 2 it halves the size."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = PlaceNorm(outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Map the features, `(B, I, H, W)`."""
        return functional.relu(self.norm(self.convolution(features)))


class ResidualBlock(nn.Module):
    """Adds to features what two convolutions make of them: nothing, before it is trained."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = Block(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Map the features, `(B, C, H, W)`."""
        return features + self.second(self.first(features))


class Hourglass(nn.Module):
    """Has a middle that narrows features of half the size to a sixteenth of it, and widens them again.

    Widening, it reads the features of the same size from before. The parts of the middle are the network's own
    attributes.
    """

    def add_hourglass(self, widths: tuple[int, int, int, int], blocks: int) -> None:
        """Build the middle of `blocks` blocks; `widths` are the channels at half the size and below."""
        first, second, third, fourth = widths
        self.narrow1, self.narrow2, self.narrow3 = (
            Block(first, second, 2),
            Block(second, third, 2),
            Block(third, fourth, 2),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(fourth) for _ in range(blocks)))
        self.widen3, self.widen2 = Block(fourth + third, third), Block(third + second, second)
        self.widen1 = Block(second + first, first)

    def through_hourglass(self, half: Tensor) -> Tensor:
        """Map features `(B, first width, H / 2, W / 2)` to features of the same shape."""
        quarter = self.narrow1(half)
        eighth = self.narrow2(quarter)
        features = self.blocks(self.narrow3(eighth))
        for widen, beside in ((self.widen3, eighth), (self.widen2, quarter), (self.widen1, half)):
            larger = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = widen(torch.cat([larger, beside], 1))
        return features
