"""Drives through streets of labels (Video-to-Video Synthesis, Wang et al., 2018, arXiv:1808.06601).

Label maps are `(H, W)` uint8, 0 to 11, as engines/vid2vid/labels.py names them; heights and widths are multiples of 16,
which `labels.fitted` sees to. Pictures are `(H, W, 3)` uint8, flows `(H, W, 2)` float32 in pixels, x and y, from each
pixel to where it was in the frame before.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engines.runtime import networks
from engines.runtime.device import bfloat16_is_faster, device
from engines.runtime.errors import InputError
from engines.shared.flow import Flow, carried
from engines.shared.flow import places as sources
from engines.shared.tensors import to_picture
from engines.vid2vid.architecture import ARCHITECTURES
from engines.vid2vid.city import CityGenerator
from engines.vid2vid.data import Labels, Picture
from engines.vid2vid.street import LOOKS, MULTIPLE, NONE, StreetGenerator, compose, hints, motion_hint, places

SLUG = "vid2vid"
BUNDLED = "vid2vid-street"
CHECKPOINTS = (BUNDLED,)
WINTER_SUN = LOOKS - 1
"""The look with the most frames in training."""
FEWEST_SEEN, MOST_SEEN = 2, 4
"""Frames of a clip whose motion is gone on with."""

Weight = NDArray[np.float32]


class Frame(NamedTuple):
    """A frame made of `labels`: `final` = `weight` x `raw` + (1 - `weight`) x the picture before, carried by `flow`.
    `weight` `(H, W)` is in [0, 1]; `carried` is that picture, black before the first."""

    labels: Labels
    raw: Picture
    flow: Flow
    weight: Weight
    carried: Picture
    final: Picture


class Past(NamedTuple):
    """What the generator is given of the frames before, the last one last: two label maps `(2, H, W)`, `NONE` where
    there is none, and two pictures `(2, H, W, 3)`, in [-1, 1]."""

    labels: NDArray[np.uint8]
    pictures: NDArray[np.float32]


def nothing_before(labels: Labels) -> Past:
    """The past of a first frame."""
    return Past(np.full((2, *labels.shape), NONE, np.uint8), np.zeros((2, *labels.shape, 3), np.float32))


@torch.inference_mode()
def next_frame(
    labels: Labels,
    past: Past,
    *,
    weight: float | None = None,
    look: int = WINTER_SUN,
    network: nn.Module | None = None,
) -> tuple[Frame, Past]:
    """The frame of these labels, and the past of the next one.

    `weight` stands in for the network's own where there is a picture before: 0 only carries that, 1 only paints. `look`
    is a place in `data.LOOKS`. `network` is the bundled one unless it is given.

    Raises:
        CheckpointError: the bundled checkpoint is not here, altered, or does not fit.
    """
    generator = street_generator() if network is None else network
    where = next(generator.parameters()).device
    height, width = labels.shape
    before = torch.from_numpy(past.pictures).permute(0, 3, 1, 2).reshape(1, 6, height, width).to(where)
    maps = np.concatenate([past.labels, labels[None]])
    motion = torch.from_numpy(hints(maps, past.pictures)).permute(2, 0, 1)[None].to(where)
    looks = nn.functional.one_hot(torch.tensor([look]), LOOKS).float().to(where)
    made = generator(torch.from_numpy(maps)[None].to(where), before, motion, looks, places(height, width).to(where))
    assert made.flow is not None and made.weight is not None
    is_first = bool(past.labels[-1, 0, 0] == NONE)
    share = made.weight if weight is None or is_first else torch.full_like(made.weight, weight)
    final = compose(made.raw, before, made.flow, share)
    kept = compose(made.raw, before, made.flow, torch.zeros_like(share))
    picture = final[0].permute(1, 2, 0).cpu().numpy()
    frame = Frame(
        labels,
        to_picture(made.raw[0]),
        made.flow[0].permute(1, 2, 0).cpu().numpy(),
        share[0, 0].cpu().numpy(),
        np.zeros_like(to_picture(made.raw[0])) if is_first else to_picture(kept[0]),
        to_picture(final[0]),
    )
    return frame, Past(maps[1:], np.stack([past.pictures[-1], picture]))


def drive(
    labels: Iterable[Labels],
    *,
    weight: float | None = None,
    look: int = WINTER_SUN,
    steady: bool = True,
    past: Past | None = None,
    network: nn.Module | None = None,
) -> Generator[Frame, None, None]:
    """Every frame of a clip of labels, its own pictures given back to the network; arguments are `next_frame`'s.

    `past` is what was before the clip, if anything. Where not `steady`, each frame is made as if it were a first one.

    Raises:
        CheckpointError: as `next_frame`.
    """
    for each in labels:
        if past is None or not steady:
            past = nothing_before(each)
        frame, past = next_frame(each, past, weight=weight, look=look, network=network)
        yield frame


def repainted(labels: Sequence[Labels], place: int, painted: Labels) -> list[Labels]:
    """A clip with what was painted on one of its frames carried on along the labels' flow, and back.

    What a visitor changed in frame `place` is carried to every other one, as far as it stays in view.
    """
    clip = [each.copy() for each in labels]
    clip[place] = painted.copy()
    for direction in (1, -1):
        moved = np.where(painted != labels[place], painted, NONE).astype(np.uint8)
        last = place
        for now in range(place + direction, len(clip) if direction > 0 else -1, direction):
            moved = carried_labels(moved, motion_hint(labels[now], labels[last]))
            clip[now] = np.where(moved == NONE, labels[now], moved)
            last = now
    return clip


def carried_labels(labels: Labels, flow: Flow, outside: int = NONE) -> Labels:
    """The label of where each pixel was; `outside` of what was out of the frame."""
    return cv2.remap(labels, *sources(flow), cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=outside)


def future(labels: Sequence[Labels], count: int) -> Generator[Labels, None, None]:
    """Label maps of the frames to come: the last one, moved on as the last four moved.

    The paper predicts labels by a network; here every boundary goes on as it went. What comes into view is as what it
    borders on. Of CamVid's `val`, 94%, 88% and 80% of pixels come out right 2, 6 and 12 frames on, and 91%, 84% and 79%
    where nothing moves.

    Raises:
        InputError: fewer than two frames are given.
    """
    if len(labels) < FEWEST_SEEN:
        raise InputError(
            f"The future is told from motion, and so from {FEWEST_SEEN} frames; the clip has {len(labels)}."
        )
    last = labels[-1]
    flows = [motion_hint(last, labels[-1 - gap]) / gap for gap in range(1, min(MOST_SEEN, len(labels)))]
    flow = np.median(np.stack(flows), axis=0).astype(np.float32)
    for _ in range(count):
        last = carried(last, flow, cv2.INTER_NEAREST)
        # What is somewhere now will go on from where it has got to.
        flow = carried(flow, flow)
        yield last


def flicker(now: Picture, before: Picture) -> float:
    """The mean difference, in levels of 255, of a picture from the one before carried along their own flow: what no
    movement explains."""
    return float(cv2.absdiff(now, carried(before, motion_hint(now, before), cv2.INTER_CUBIC)).mean())


def wheel(flow: Flow, fastest: float = 12.0) -> Picture:
    """A flow in colours: the direction is the hue, white stands still, and full colour moves by `fastest` pixels."""
    length, angle = cv2.cartToPolar(flow[..., 0], flow[..., 1], angleInDegrees=True)
    saturation = 255 * np.minimum(1, length / fastest)
    hsv = np.stack([angle / 2 % 180, saturation, np.full_like(length, 255)], 2)
    return cv2.cvtColor(hsv.round().clip(0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)


def swapped(labels: Labels, one: int, other: int) -> Labels:
    """The map with two labels for each other."""
    return np.where(labels == one, other, np.where(labels == other, one, labels)).astype(np.uint8)


def street_generator() -> StreetGenerator:
    """The bundled generator, where and how it computes fastest.

    Raises:
        CheckpointError: it is not here, altered, or does not fit.
    """
    return networks.ready(BUNDLED, ARCHITECTURES, prepared)


def generator(checkpoint: str) -> nn.Module:
    """The generator of a checkpoint: the bundled one, or the paper's own.

    Raises:
        CheckpointError: it is not here, altered, or does not fit.
    """
    return street_generator() if checkpoint == BUNDLED else networks.ready(checkpoint, ARCHITECTURES, _of_city)


def _of_city(network: nn.Module) -> nn.Module:
    return prepared(CityGenerator(network))


def prepared(network: nn.Module) -> nn.Module:
    """The network where and in the precision in which it computes fastest."""
    precision = torch.bfloat16 if bfloat16_is_faster() else torch.float32
    return network.eval().to(device(), precision, memory_format=torch.channels_last)


def warm() -> None:
    """Load the generator and make a frame with its two before, so that the first visitor does not wait for it."""
    road = np.zeros((MULTIPLE, MULTIPLE), np.uint8)
    for _ in drive([road] * 3):
        pass
