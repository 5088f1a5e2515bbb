"""The PhotoWCT encoders and decoders of "A Closed-form Solution to Photorealistic Image Stylization"
(Li et al., ECCV 2018, arXiv:1802.06474), section 3.1.

Encoder L is VGG-19 up to relu{L}_1 and remembers where each max-pooling found its maximum; decoder L is its mirror, and
unpools to those places, so that fine structure survives.
"""

from collections.abc import Generator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.progress import finish

LEVELS = (1, 2, 3, 4)
PUBLISHED_WIDTHS = (64, 128, 256, 512)
STAGE_DEPTHS = (2, 2, 4, 1)
"""Convolutions of VGG-19 at each resolution, as far as relu4_1."""
MINIMUM_SIDE = 16
"""Pixels: level 4 works at an eighth of the size, and reflection padding needs two of its pixels."""


class Pooling(NamedTuple):
    """Where one max-pooling found its maxima, and the size of what it pooled."""

    indices: Tensor
    size: torch.Size


class Encoded(NamedTuple):
    """`features[i]` is relu{i+1}_1, `(B, C, H / 2^i, W / 2^i)`; `poolings` go from fine to coarse."""

    features: list[Tensor]
    poolings: list[Pooling]


def layer_names(level: int) -> list[tuple[int, int]]:
    """VGG's (stage, place) of every 3x3 convolution up to relu{level}_1, counted from 1."""
    depths = (*STAGE_DEPTHS[: level - 1], 1)
    return [(stage, place) for stage, depth in enumerate(depths, 1) for place in range(1, depth + 1)]


def layer_widths(widths: tuple[int, ...], stage: int, place: int) -> tuple[int, int]:
    """Input and output channels of an encoder's convolution; a decoder's are the same, swapped."""
    before = widths[stage - 1] if place > 1 else (3, *widths)[stage - 1]
    return before, widths[stage - 1]


def convolve(image: Tensor, convolution: nn.Conv2d) -> Tensor:
    return convolution(functional.pad(image, (1, 1, 1, 1), mode="reflect"))


class Encoder(nn.Module):
    """RGB in [0, 1], `(B, 3, H, W)`, to the features of `level`; `conv0` is a change of colour space."""

    def __init__(self, level: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = layer_names(level)
        self.conv0 = nn.Conv2d(3, 3, 1)
        for stage, place in self.layers:
            self.add_module(f"conv{stage}_{place}", nn.Conv2d(*layer_widths(widths, stage, place), 3))

    def steps(self, image: Tensor) -> Generator[None, None, Encoded]:
        """Encode, pausing after every convolution so that a caller can report or stop."""
        features, poolings = [], []
        hidden = self.conv0(image)
        for stage, place in self.layers:
            if stage > 1 and place == 1:
                size = hidden.size()
                hidden, indices = functional.max_pool2d(hidden, 2, return_indices=True)
                poolings.append(Pooling(indices, size))
            hidden = functional.relu(convolve(hidden, self.get_submodule(f"conv{stage}_{place}")))
            if place == 1:
                features.append(hidden)
            yield
        return Encoded(features, poolings)

    def forward(self, image: Tensor) -> Encoded:
        return finish(self.steps(image))


class Decoder(nn.Module):
    """Features of `level` and the encoder's poolings to RGB, nominally in [0, 1], `(B, 3, H, W)`."""

    def __init__(self, level: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = layer_names(level)[::-1]
        for stage, place in self.layers:
            inputs, outputs = layer_widths(widths, stage, place)
            self.add_module(f"conv{stage}_{place}", nn.Conv2d(outputs, inputs, 3))

    def steps(self, features: Tensor, poolings: list[Pooling]) -> Generator[None, None, Tensor]:
        """Decode, pausing after every convolution."""
        hidden = features
        for stage, place in self.layers:
            hidden = convolve(hidden, self.get_submodule(f"conv{stage}_{place}"))
            if (stage, place) != (1, 1):
                hidden = functional.relu(hidden)
            if stage > 1 and place == 1:
                pooling = poolings[stage - 2]
                hidden = functional.max_unpool2d(hidden, pooling.indices, 2, output_size=pooling.size[2:])
            yield
        return hidden

    def forward(self, features: Tensor, poolings: list[Pooling]) -> Tensor:
        return finish(self.steps(features, poolings))


class PhotoWCT(nn.Module):
    """Encoders `e1` to `e4` and decoders `d1` to `d4`, under the published names."""

    def __init__(self, widths: tuple[int, ...] = PUBLISHED_WIDTHS) -> None:
        super().__init__()
        for level in LEVELS:
            self.add_module(f"e{level}", Encoder(level, widths))
            self.add_module(f"d{level}", Decoder(level, widths))

    def encoder(self, level: int) -> Encoder:
        return self.get_submodule(f"e{level}")

    def decoder(self, level: int) -> Decoder:
        return self.get_submodule(f"d{level}")


def remap(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The published key layout from a file that stores only `e4`, of which `e1` to `e3` are the first layers.

    A file with encoders of its own at every level, such as the published one, is returned as it is.
    """
    if any(key.startswith(("e1.", "e2.", "e3.")) for key in state):
        return state
    shared = {
        f"e{level}.{layer}.{kind}": state[f"e4.{layer}.{kind}"]
        for level in LEVELS[:-1]
        for layer in ["conv0", *(f"conv{stage}_{place}" for stage, place in layer_names(level))]
        for kind in ("weight", "bias")
        if f"e4.{layer}.{kind}" in state
    }
    return {**state, **shared}
