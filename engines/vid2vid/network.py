"""The networks of Video-to-Video Synthesis (Wang et al., NeurIPS 2018, arXiv:1808.06601).

A generator paints a raw picture, says by a flow where the previous picture's pixels go, and by a weight how much of the
raw picture is seen: final = weight x raw + (1 - weight) x warped. At twice the size, a local one adds to its features.
Constants and layouts are those of github.com/NVIDIA/vid2vid.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.shared.pix2pixhd.network import (
    PUBLISHED_WIDTH,
    MultiscaleDiscriminator,
    Norm,
    State,
    decoder,
    encoder,
    head,
    residual_blocks,
)

FRAMES = 3
"""A generator sees the conditions of as many, and the pictures of all but the last; a temporal discriminator sees the
pictures of as many, and the flows between them."""
COLOURS = 3
CONDITION = 35 + 1
"""Channels a frame: Cityscapes' labels, one-hot, and the edges of instances."""
WIDTH = 128
HALVINGS = 3
BLOCKS, LOCAL_BLOCKS = 9, 3
FLOW_UNIT = 20.0
"""Pixels that the flow's head calls one, at the coarsest scale; at each further scale they are twice as many."""
FLOW_CHANNELS = 2

NORMS: Mapping[str, Norm] = {
    "batch": nn.BatchNorm2d,
    "instance": partial(nn.InstanceNorm2d, track_running_stats=True),
}
"""By their published names; in use, either takes its statistics from training."""


class Features(NamedTuple):
    """What a generator hands on to the one at twice the size, `(B, width, H, W)` each; None from a branch it lacks."""

    image: Tensor | None = None
    flow: Tensor | None = None
    foreground: Tensor | None = None


NO_FEATURES = Features()
"""What the coarsest generator is given."""


class Synthesis(NamedTuple):
    """A frame: `final` and `raw`, `(B, 3, H, W)` in [-1, 1]; `flow` `(B, 2, H, W)`, from each pixel to where it was
    before, x and y in pixels; `weight` `(B, 1, H, W)` in [0, 1], of the raw picture. No flow, no weight."""

    final: Tensor
    raw: Tensor
    flow: Tensor | None
    weight: Tensor | None
    features: Features


def blended(picture: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """weight x picture + (1 - weight) x other."""
    return weight * picture + (1 - weight) * other


def warped(picture: Tensor, flow: Tensor) -> Tensor:
    """The picture `(B, C, H, W)`, each pixel taken from where the flow `(B, 2, H, W)`, in pixels, points; what lies
    beyond the border is as the border."""
    height, width = picture.shape[2:]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype) + flow[:, 0]
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None] + flow[:, 1]
    places = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], -1)
    return functional.grid_sample(picture, places, padding_mode="border", align_corners=False)


class Branch(nn.Module):
    """From encoded features, and what the scale below adds to them, to features `(B, width, H, W)`."""

    def __init__(self, blocks: list[nn.Module], up: list[nn.Module]) -> None:
        super().__init__()
        self.blocks, self.up = nn.Sequential(*blocks), nn.Sequential(*up)

    def forward(self, encoded: Tensor, coarse: Tensor | None) -> Tensor:
        return self.up(self.blocks(encoded if coarse is None else encoded + coarse))


class Generator(nn.Module):
    """Makes a frame from its condition and the two before it, and from the two pictures before it.

    At `scale` 0 it encodes by `halvings`, and image and flow share half of the blocks. The local ones, at 1, 2, and so
    on, halve once, share no block, and are published half as wide at each. A `foreground` is painted by a branch that
    sees the condition only. Without `flow`, the raw picture is the final one.
    """

    def __init__(
        self,
        inputs: int = FRAMES * CONDITION,
        outputs: int = COLOURS,
        previous: int = (FRAMES - 1) * COLOURS,
        width: int = WIDTH,
        halvings: int = HALVINGS,
        blocks: int = BLOCKS,
        scale: int = 0,
        foreground: bool = False,
        flow: bool = True,
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        steps = halvings if scale == 0 else 1
        own_blocks = blocks // 2 if scale == 0 else blocks
        self.flow_unit = FLOW_UNIT * 2**scale

        def encoding(channels: int, width: int, blocks: int) -> nn.Sequential:
            layers = encoder(channels, width, steps, norm) + residual_blocks(width << steps, blocks, norm)
            return nn.Sequential(*layers)

        def branch(width: int, blocks: int) -> Branch:
            residual, up = residual_blocks(width << steps, blocks, norm), decoder(width, steps, norm)
            # The local ones' files count both in one sequence.
            return Branch(residual, up) if scale == 0 else Branch([], residual + up)

        self.condition_encoder = encoding(inputs, width, blocks - own_blocks)
        self.previous_encoder = encoding(previous, width, blocks - own_blocks)
        self.image = branch(width, own_blocks)
        self.image_head = nn.Sequential(*head(width, outputs), nn.Tanh())
        self.flow = branch(width, own_blocks) if flow else None
        if flow:
            self.flow_head = nn.Sequential(*head(width, FLOW_CHANNELS))
            self.weight_head = nn.Sequential(*head(width, 1), nn.Sigmoid())
        narrow = width // 2 if halvings > 2 else width
        self.foreground = branch(narrow, blocks) if foreground else None
        if foreground:
            self.foreground_encoder = encoding(inputs, narrow, 0)
            self.foreground_head = nn.Sequential(*head(narrow, outputs), nn.Tanh())

    def forward(
        self,
        condition: Tensor,
        previous: Tensor,
        coarse: Features = NO_FEATURES,
        foreground_mask: Tensor | None = None,
        raw_only: bool = False,
    ) -> Synthesis:
        """The frame at time t.

        `condition` `(B, inputs, H, W)` ends with t, and `previous` `(B, previous, H, W)` with t - 1; H and W are
        multiples of 2^halvings. `coarse` comes from the scale below. `foreground_mask` `(B, 1, H, W)` in [0, 1] says
        where the foreground is at t. `raw_only` leaves the flow out of the picture, as where there is none before it.
        """
        encoded = self.condition_encoder(condition) + self.previous_encoder(previous)
        image_features = self.image(encoded, coarse.image)
        final = raw = self.image_head(image_features)
        flow = weight = flow_features = foreground_features = None
        if self.flow is not None:
            flow_features = self.flow(encoded, coarse.flow)
            flow = self.flow_head(flow_features) * self.flow_unit
            weight = self.weight_head(flow_features)
            if not raw_only:
                final = blended(raw, warped(previous[:, -raw.shape[1] :], flow), weight)
        if self.foreground is not None:
            assert foreground_mask is not None, "a generator with a foreground is told where it is"
            foreground_features = self.foreground(self.foreground_encoder(condition), coarse.foreground)
            foreground = self.foreground_head(foreground_features)
            final, raw = blended(foreground, final, foreground_mask), blended(foreground, raw, foreground_mask)
        return Synthesis(final, raw, flow, weight, Features(image_features, flow_features, foreground_features))


def image_discriminator(condition: int = CONDITION, width: int = PUBLISHED_WIDTH) -> MultiscaleDiscriminator:
    """Judges a picture behind its condition, `(B, condition + 3, H, W)`."""
    return MultiscaleDiscriminator(condition + COLOURS, width, norm=nn.BatchNorm2d)


def temporal_discriminator(width: int = PUBLISHED_WIDTH) -> MultiscaleDiscriminator:
    """Judges three pictures and the two flows between them, in units of `FLOW_UNIT`: `(B, 13, H, W)`. There is one for
    neighbouring frames, and one for every third."""
    return MultiscaleDiscriminator(FRAMES * COLOURS + (FRAMES - 1) * FLOW_CHANNELS, width, norm=nn.BatchNorm2d)


PUBLISHED_NAMES = (
    (r"\.conv_block\.", ".layers."),
    (r"^model_down_seg\.", "condition_encoder."),
    (r"^model_down_img\.", "previous_encoder."),
    (r"^model_final_img\.", "image_head."),
    (r"^model_final_flow\.", "flow_head."),
    (r"^model_final_w\.", "weight_head."),
    (r"^model_res_(img|flow)\.", r"\1.blocks."),
    (r"^model_up_(img|flow)\.", r"\1.up."),
    (r"^img\.", "image."),
    (r"^indv_down\.", "foreground_encoder."),
    (r"^indv_res\.", "foreground.blocks."),
    (r"^indv_up\.", "foreground.up."),
    (r"^indv_final\.", "foreground_head."),
)
"""Published key of a generator and ours; the discriminators' are pix2pixHD's."""


def remap(state: State) -> State:
    """A generator's keys from the published ones; ours stay as they are.

    Files of PyTorch before 0.4.1 lack the counts of training batches, which say nothing in use: they become 0.
    """
    remapped: State = {}
    for key, value in state.items():
        for pattern, replacement in PUBLISHED_NAMES:
            key = re.sub(pattern, replacement, key)
        remapped[key] = value
        if key.endswith(".running_mean"):
            remapped.setdefault(key.replace("running_mean", "num_batches_tracked"), torch.tensor(0))
    return remapped
