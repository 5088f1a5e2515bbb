"""The compact generator of this project for Video-to-Video Synthesis (Wang et al., 2018, arXiv:1808.06601): streets.

As in the paper, a frame is made of the label maps up to it and of the two pictures made before it (section 3, with
L = 2): a raw picture, a flow, and a weight; final = weight x raw + (1 - weight) x warped previous picture. The first
frame has no picture before it, so that its weight is 1. Unlike the paper's 411 million parameters, two million must do:

- It works at half the resolution and below, and one decoder makes picture, flow and weight.
- It need not find by itself what moved: it is told where the two pictures before moved, and where the labels do, as
  OpenCV's DIS sees it (`motion_hint`), and corrects that.
- A frame is normalized place by place, so that a window of it gets what the whole frame gets, and so it is told where
  in the frame it is.
"""

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from engines.shared.flow import dense_flow
from engines.shared.hourglass import Block, Hourglass, ResidualBlock
from engines.shared.tensors import to_levels
from engines.vid2vid.labels import COLOURS, LABELS
from engines.vid2vid.network import FRAMES, NO_FEATURES, Synthesis, blended, warped

LOOKS = 3
"""Kinds of light that it can paint: as many as drives it was trained on."""
NONE = len(LABELS)
"""The label of a frame that is not there."""
FLOW_UNIT = 8.0
"""Pixels that the flow's head calls one."""
LEAST_WEIGHT = 0.1
"""Of the raw picture: what is carried on and on is renewed within some frames, so that no drive drifts away."""
MULTIPLE = 16
"""Of which heights and widths are."""
FINEST_SCALE = 1
"""DIS looks down to half the size, in 5 ms at 256 x 192; its error is 4.1 levels of 255 against 3.5 in 30 ms."""


class StreetGenerator(Hourglass):
    """Makes a frame from its labels and the two before, and from the two pictures before."""

    def __init__(self, widths: tuple[int, int, int, int] = (40, 80, 128, 160), blocks: int = 2) -> None:
        super().__init__()
        self.config: dict[str, Any] = {"widths": list(widths), "blocks": blocks}
        first = widths[0]
        now = 4 * (len(LABELS) + 1 + 3 * 3)
        before = (FRAMES - 1) * (len(LABELS) + 1)
        self.enter = Block(now + before + 4 + 2 + LOOKS, first)
        self.add_hourglass(widths, blocks)
        self.refine = ResidualBlock(first)
        self.paint = nn.Conv2d(first, 4 * 3, 3, padding=1)
        self.move = nn.Conv2d(first, 3, 3, padding=1)
        nn.init.zeros_(self.move.weight)
        nn.init.zeros_(self.move.bias)

    def forward(self, labels: Tensor, previous: Tensor, motion: Tensor, look: Tensor, place: Tensor) -> Synthesis:
        """The frame whose labels come last.

        `labels` `(B, 3, H, W)` integers, `NONE` where there is no frame; `previous` `(B, 6, H, W)` in [-1, 1], zeros
        where there is none; `motion` `(B, 4, H, W)` in pixels: hints from the pictures, and from the labels; `look`
        `(B, 3)`, shares of each; `place` `(B, 2, H / 2, W / 2)`, as `places` gives it.
        """
        dtype = self.paint.weight.dtype
        classes = [one_hot(labels[:, frame], dtype) for frame in range(FRAMES)]
        carried = warped(previous[:, -3:], motion[:, :2])
        now = torch.cat([classes[-1], previous.to(dtype), carried.to(dtype)], 1)
        seen = torch.cat(
            [
                functional.pixel_unshuffle(now, 2),
                functional.avg_pool2d(torch.cat(classes[:-1], 1), 2),
                functional.avg_pool2d(motion / FLOW_UNIT, 2).to(dtype),
                place.to(dtype),
                look.to(dtype)[:, :, None, None].expand(-1, -1, *place.shape[2:]),
            ],
            1,
        ).contiguous(memory_format=torch.channels_last)
        features = self.refine(self.through_hourglass(self.enter(seen)))
        raw = functional.pixel_shuffle(self.paint(features), 2).float().tanh()
        moved = functional.interpolate(self.move(features).float(), scale_factor=2.0, mode="bilinear")
        flow = motion[:, :2] + FLOW_UNIT * moved[:, :2]
        is_first = (labels[:, -2, :1, :1] == NONE)[:, None]
        weight = torch.where(is_first, 1.0, LEAST_WEIGHT + (1 - LEAST_WEIGHT) * moved[:, 2:].sigmoid())
        return Synthesis(compose(raw, previous, flow, weight), raw, flow, weight, NO_FEATURES)


def compose(raw: Tensor, previous: Tensor, flow: Tensor, weight: Tensor) -> Tensor:
    """The final picture; the paper's section 3. A cubic warp, though sharper, lets ripples grow on long drives."""
    return blended(raw, warped(previous[:, -3:], flow), weight)


def one_hot(labels: Tensor, dtype: torch.dtype) -> Tensor:
    """Label maps `(B, H, W)` as `(B, 13, H, W)`: the labels, and their edges towards the right and below."""
    edges = torch.zeros_like(labels, dtype=torch.bool)
    edges[:, :, :-1] = labels[:, :, 1:] != labels[:, :, :-1]
    edges[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    classes = torch.arange(len(LABELS), device=labels.device, dtype=labels.dtype)
    found = torch.cat([labels[..., None] == classes, edges[..., None]], 3)
    return found.to(dtype).permute(0, 3, 1, 2)


def places(height: int, width: int, corner: tuple[int, int] = (0, 0), whole: tuple[int, int] | None = None) -> Tensor:
    """Where in the whole frame, x and y in [-1, 1], each second pixel of a window lies, `(1, 2, H / 2, W / 2)`.

    `corner` is the window's top and left, `whole` the frame's height and width, without which the window is the frame.
    """
    rows = (2 * torch.arange(height // 2) + 1 + corner[0]) * 2 / (whole or (height, width))[0] - 1
    columns = (2 * torch.arange(width // 2) + 1 + corner[1]) * 2 / (whole or (height, width))[1] - 1
    down, right = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([right, down])[None]


def motion_hint(now: NDArray[np.uint8], before: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Where in the picture before each pixel was, as OpenCV's DIS sees it: `(H, W, 2)`, x and y in pixels; of pictures
    `(H, W, 3)` or label maps `(H, W)`, uint8."""
    grey = [cv2.cvtColor(COLOURS[frame] if frame.ndim == 2 else frame, cv2.COLOR_RGB2GRAY) for frame in (now, before)]
    return dense_flow(grey[0], grey[1], FINEST_SCALE)


def hints(labels: NDArray[np.uint8], pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the generator is told of motion, `(H, W, 4)`: where the two `pictures` before, in [-1, 1], moved, and where
    the last two of three label maps did; zeros where there are no two."""
    found = np.zeros((*labels.shape[1:], 4), np.float32)
    if labels[1, 0, 0] != NONE:
        found[..., 2:] = motion_hint(labels[2], labels[1])
        if labels[0, 0, 0] != NONE:
            before, last = to_levels(torch.from_numpy(pictures)).numpy()
            found[..., :2] = motion_hint(last, before)
    return found
