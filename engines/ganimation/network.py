"""The networks of GANimation (Pumarola et al., 2018, arXiv:1807.09251), and a compact generator of this project's own.

A generator makes two pictures of a face: a colour, and an attention that says how much of the photograph stays:
composite = attention x photograph + (1 - attention) x colour (as in the published code; the paper's equation 1 has it
the other way round).
"""

import re
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.ganimation.action_units import UNITS
from engines.ganimation.alignment import SIDE

RESIDUAL_BLOCKS = 6
"""In the generator; section 4, and github.com/albertpumarola/GANimation, as the layouts below."""
LEAK = 0.01
DISCRIMINATOR_LAYERS = 6
UNCOVERED = -4.0
"""The logit of the compact generator's cover before it is trained."""
CHANNELS_A_GROUP = 8
"""In the compact networks: torch normalizes groups in half precision faster than instances."""

State = dict[str, Tensor]


class Generated(NamedTuple):
    """`colour` `(B, C, H, W)` in [-1, 1] and `attention` `(B, 1, H, W)` in [0, 1]."""

    colour: Tensor
    attention: Tensor

    def composite(self, face: Tensor) -> Tensor:
        return self.attention * face + (1 - self.attention) * self.colour


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.InstanceNorm2d(channels, affine=True),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.InstanceNorm2d(channels, affine=True),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.layers(features)


class Generator(nn.Module):
    """The published generator: the units are planes beside the colours, and tell nothing of the units there are.

    `width` is 64 as published, which makes 8,471,296 parameters with 6 `blocks` and 17 `units`.
    """

    channels = 3

    def __init__(self, width: int = 64, blocks: int = RESIDUAL_BLOCKS, units: int = len(UNITS)) -> None:
        super().__init__()
        wide = 4 * width
        self.layers = nn.Sequential(
            *self._enter(nn.Conv2d(self.channels + units, width, 7, padding=3, bias=False)),
            *self._enter(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False)),
            *self._enter(nn.Conv2d(2 * width, wide, 4, 2, 1, bias=False)),
            *(ResidualBlock(wide) for _ in range(blocks)),
            *self._enter(nn.ConvTranspose2d(wide, 2 * width, 4, 2, 1, bias=False)),
            *self._enter(nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False)),
        )
        self.colour = nn.Conv2d(width, self.channels, 7, padding=3, bias=False)
        self.attention = nn.Conv2d(width, 1, 7, padding=3, bias=False)

    @staticmethod
    def _enter(convolution: nn.Module) -> tuple[nn.Module, ...]:
        return convolution, nn.InstanceNorm2d(convolution.out_channels, affine=True), nn.ReLU()

    def forward(self, face: Tensor, units: Tensor) -> Generated:
        """A face `(B, 3, H, W)` in [-1, 1] with units `(B, 17)` in [0, 1]; H and W are multiples of 4."""
        planes = units[..., None, None].expand(-1, -1, *face.shape[2:])
        features = self.layers(torch.cat([face, planes], 1))
        return Generated(torch.tanh(self.colour(features)), torch.sigmoid(self.attention(features)))


class Judgement(NamedTuple):
    """`realness` `(B, 1, h, w)` of patches, and `units` `(B, 17)`."""

    realness: Tensor
    units: Tensor


class Discriminator(nn.Module):
    """The published discriminator, 44,860,352 parameters for faces of 128 pixels: realness of patches, and units."""

    def __init__(self, width: int = 64, side: int = SIDE) -> None:
        super().__init__()
        widths = [3, *(width * 2**layer for layer in range(DISCRIMINATOR_LAYERS))]
        layers: list[nn.Module] = []
        for inputs, outputs in zip(widths, widths[1:], strict=False):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(LEAK)]
        self.layers = nn.Sequential(*layers)
        self.realness = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        self.units = nn.Conv2d(widths[-1], len(UNITS), side >> DISCRIMINATOR_LAYERS, bias=False)

    def forward(self, face: Tensor) -> Judgement:
        features = self.layers(face)
        return Judgement(self.realness(features), self.units(features).flatten(1))


PUBLISHED_NAMES = (
    (r"^main\.(\d+)\.main\.", r"layers.\1.layers."),
    (r"^main\.", "layers."),
    (r"^img_reg\.0\.", "colour."),
    (r"^attetion_reg\.0\.", "attention."),
    (r"^conv1\.", "realness."),
    (r"^conv2\.", "units."),
)
"""Published key and ours; "attetion" is how it is spelt there."""


REPLICATE_NAMES = (
    (r"^model\.(\d+)\.conv_block\.", r"layers.\1.layers."),
    (r"^model\.", "layers."),
    (r"^color_top\.0\.", "colour."),
    (r"^au_top\.0\.", "attention."),
)
"""The generator's keys in github.com/donydchen/ganimation_replicate, and ours."""


def remap(state: State) -> State:
    """The networks' keys from those of the published code or of ganimation_replicate; ours stay as they are."""
    if "color_top.0.weight" in state:
        return _of_replicate(state)
    remapped = {}
    for key, value in state.items():
        for pattern, replacement in PUBLISHED_NAMES:
            key = re.sub(pattern, replacement, key)
        remapped[key] = value
    return remapped


def _of_replicate(state: State) -> State:
    """The generator's keys from those of ganimation_replicate, whose norms have no scale and no offset.

    Its convolutions have biases before norms, which take them away again.
    """
    remapped: State = {}
    for key, value in state.items():
        for pattern, replacement in REPLICATE_NAMES:
            key = re.sub(pattern, replacement, key)
        if key.endswith(".bias"):
            name, place, _ = key.rsplit(".", 2)
            norm = f"{name}.{int(place) + 1}"
            remapped |= {f"{norm}.weight": torch.ones_like(value), f"{norm}.bias": torch.zeros_like(value)}
        else:
            remapped[key] = value
    return remapped


def group_norm(channels: int, affine: bool) -> nn.GroupNorm:
    return nn.GroupNorm(channels // CHANNELS_A_GROUP, channels, affine=affine)


class ConditionalBlock(nn.Module):
    """A convolution, group norm, and a gain and an offset that the units choose."""

    def __init__(self, inputs: int, outputs: int, condition: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = group_norm(outputs, affine=False)
        self.modulation = nn.Linear(condition, 2 * outputs)

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        gain, offset = self.modulation(condition)[..., None, None].chunk(2, 1)
        return functional.relu(self.norm(self.convolution(features)) * (1 + gain) + offset)


class Moved(NamedTuple):
    """What the compact generator makes of a face: `flow` `(B, 2, H, W)`, whence each pixel is taken, x and y in
    half-sides of the picture; how much of the moved picture is covered, `cover` `(B, 1, H, W)` in [0, 1]; what is
    painted over it, `paint` `(B, 1, H, W)`; and `attention` `(B, 1, H, W)`."""

    flow: Tensor
    cover: Tensor
    paint: Tensor
    attention: Tensor

    def apply(self, face: Tensor) -> Generated:
        """To a face `(B, C, H, W)` of this size."""
        return Generated((1 - self.cover) * warp(face, self.flow) + self.paint, self.attention)


def warp(picture: Tensor, flow: Tensor) -> Tensor:
    """The picture `(B, C, H, W)`, each pixel taken from where the flow `(B, 2, H, W)` points."""
    height, width = picture.shape[2:]
    rows = (torch.arange(height, device=flow.device, dtype=flow.dtype) * 2 + 1) / height - 1
    columns = (torch.arange(width, device=flow.device, dtype=flow.dtype) * 2 + 1) / width - 1
    places = torch.stack([columns.expand(height, -1), rows[:, None].expand(-1, width)]) + flow
    return functional.grid_sample(picture, places.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)


def smooth(picture: Tensor) -> Tensor:
    """The picture `(B, 1, H, W)` without what changes from each pixel to the next, as a checkerboard does."""
    padded = functional.pad(picture, (1, 1, 1, 1), mode="replicate")
    return functional.avg_pool2d(functional.avg_pool2d(padded, 2, 1), 2, 1)


class CompactGenerator(nn.Module):
    """A small generator of luminance whose colour picture is the photograph moved by a flow and painted over.

    Because it moves what is there, a face keeps its detail at any resolution, and chroma goes along with luminance. It
    sees the wanted units and their difference to those there are: without a difference flow, cover and paint are
    multiplied by nothing, and the face stays as it is. What no movement can bring, a mouth's inside, it covers.
    """

    def __init__(self, widths: tuple[int, int, int] = (24, 64, 128), blocks: int = 4) -> None:
        super().__init__()
        fine, middle, coarse = widths
        condition = 2 * len(UNITS)
        self.enter = nn.Conv2d(1, fine, 4, 2, 1)
        self.narrow1 = nn.Conv2d(fine, middle, 4, 2, 1, bias=False)
        self.narrow2 = nn.Conv2d(middle, coarse, 4, 2, 1, bias=False)
        self.norm1, self.norm2 = group_norm(middle, affine=True), group_norm(coarse, affine=True)
        self.blocks = nn.ModuleList(
            nn.ModuleList(ConditionalBlock(coarse, coarse, condition) for _ in range(2)) for _ in range(blocks)
        )
        self.widen1 = ConditionalBlock(coarse + middle, middle, condition)
        self.widen2 = ConditionalBlock(middle + fine, 2 * fine, condition)
        self.flow = nn.Conv2d(2 * fine, 2, 3, padding=1)
        self.paint = nn.Conv2d(2 * fine, 4, 3, padding=1)
        self.attention = nn.Conv2d(2 * fine, 4, 3, padding=1)
        self.cover = nn.Conv2d(2 * fine, 4, 3, padding=1)
        for head in (self.flow, self.paint, self.attention, self.cover):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
        nn.init.constant_(self.cover.bias, UNCOVERED)

    def forward(self, luminance: Tensor, units: Tensor, current: Tensor) -> Moved:
        """`luminance` `(B, 1, H, W)`, of mean 0 and deviation 1/2, H and W multiples of 8; the wanted and the current
        units, `(B, 17)` in [0, 1]."""
        change = units - current
        condition = torch.cat([units, change], 1)
        fine = functional.leaky_relu(self.enter(luminance), 0.2)
        middle = functional.relu(self.norm1(self.narrow1(fine)))
        features = functional.relu(self.norm2(self.narrow2(middle)))
        for first, second in self.blocks:
            features = features + second(first(features, condition), condition)
        features = functional.interpolate(features, scale_factor=2.0, mode="bilinear")
        features = self.widen1(torch.cat([features, middle], 1), condition)
        features = functional.interpolate(features, scale_factor=2.0, mode="bilinear")
        features = self.widen2(torch.cat([features, fine], 1), condition)
        # Intensities add up: twice the change is about twice the flow, and none is none.
        strength = change.norm(dim=1)[:, None, None, None]
        flow = functional.interpolate(self.flow(features) * strength, scale_factor=2.0, mode="bilinear")
        paint = smooth(functional.pixel_shuffle(self.paint(features) * strength, 2))
        cover = torch.sigmoid(smooth(functional.pixel_shuffle(self.cover(features), 2))) * torch.tanh(3 * strength)
        attention = torch.sigmoid(smooth(functional.pixel_shuffle(self.attention(features), 2)))
        return Moved(flow.float(), cover.float(), paint.float(), attention.float())


class CompactDiscriminator(nn.Module):
    """As the published one, of luminance: realness of patches, and units."""

    def __init__(self, widths: tuple[int, int, int, int] = (32, 64, 128, 128)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((1, *widths), widths, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.realness = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.narrow = nn.Conv2d(widths[-1], 64, 3, padding=1)
        self.units = nn.Linear(64 * (SIDE >> len(widths)) ** 2, len(UNITS))

    def forward(self, luminance: Tensor) -> Judgement:
        features = self.layers(luminance)
        seen = functional.leaky_relu(self.narrow(features), 0.2)
        return Judgement(self.realness(features), self.units(seen.flatten(1)))
