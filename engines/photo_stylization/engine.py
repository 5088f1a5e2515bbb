"""Photorealistic stylization from two pictures to a finished one ("A Closed-form Solution to Photorealistic Image
Stylization", Li et al., ECCV 2018, arXiv:1802.06474): PhotoWCT, then smoothing, then the filter that follows it.
"""

import time
from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from engines.photo_stylization import post_filter as filtering
from engines.photo_stylization import smoothing, transform
from engines.photo_stylization.architecture import ARCHITECTURES
from engines.photo_stylization.network import LEVELS, MINIMUM_SIDE, PhotoWCT
from engines.runtime import networks
from engines.runtime.device import device
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress

SLUG = "photo_stylization"
BUNDLED = "photo-stylization-small"
CHECKPOINTS = (BUNDLED,)
FULL_EDGE = 98
"""The percentile of a picture's own gradients that is drawn in full ink: a mere change of contrast loses no edge."""


class Stage(NamedTuple):
    """A picture on the way, `(3, H, W)` in [-1, 1], and the seconds that this stage alone computed.

    `name` is "level 4" to "level 1", "guided", "exact" or "filtered"; `spectra` are the eigenvalues of content and
    style features at that level, by region (None is the whole picture).
    """

    name: str
    picture: Tensor
    seconds: float
    spectra: Mapping[int | None, transform.Spectra] = {}


def stylize(
    content: Tensor,
    style: Tensor,
    *,
    regions: transform.Regions | None = None,
    strengths: Mapping[int, float],
    smoother: str,
    smoothing_weight: float,
    post_filter: bool,
    checkpoint: str = BUNDLED,
) -> Generator[Progress | Stage, None, None]:
    """The content in the look of the style, stage by stage.

    `content` and `style` are `(3, H, W)` in [-1, 1]; every stage has the content's size. `strengths` are in [0, 1] by
    level 1 to 4; `smoother` is "none", "guided" or "exact", which the guided picture precedes; `smoothing_weight` is
    the beta of equation 6, in [0, 1).

    Raises:
        InputError: a picture is smaller than 16 pixels a side.
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    for name, picture in (("content", content), ("style", style)):
        if min(picture.shape[1:]) < MINIMUM_SIDE:
            raise InputError(
                f"The {name} has {picture.shape[2]} x {picture.shape[1]} pixels; {MINIMUM_SIDE} a side are needed."
            )
    yield Progress(0, "Loading the network")
    place = device()
    network = _network(checkpoint)
    levels = transform.stylize(
        network,
        (content.to(place) + 1) / 2,
        (style.to(place) + 1) / 2,
        regions,
        [strengths[level] for level in LEVELS],
    )
    end = {"none": 1.0, "guided": 0.9, "exact": 0.4}[smoother] - 0.2 * post_filter
    picture = content
    for made, seconds in _timed(levels, 0, end):
        if isinstance(made, Progress):
            yield made
        else:
            picture = 2 * made.picture.clamp(0, 1).cpu() - 1
            yield Stage(f"level {made.level}", picture, seconds, made.spectra)
    rows = _rows(content)
    stylized = _rows(picture)
    if smoother != "none":
        began = time.perf_counter()
        smoothed = smoothing.smooth_guided(stylized, rows)
        yield Stage("guided", _tensor(smoothed), time.perf_counter() - began)
        if smoother == "exact":
            exact = smoothing.smooth_exact(stylized, rows, smoothing_weight, place.type)
            smoothed = yield from _last("exact", exact, end, 1 - 0.2 * post_filter)
        stylized = smoothed
    if post_filter:
        yield from _last("filtered", filtering.post_filter(stylized, rows), 0.8, 1)


def carry(finished: Tensor, content: Tensor, full: np.ndarray) -> np.ndarray:
    """The look of `finished`, made from `content`, both `(3, h, w)`, on the photograph at `full` size, `(H, W, 3)`
    uint8, as it is given back."""
    return smoothing.carry(_rows(finished), _rows(content), full)


def difference(content: Tensor, finished: Tensor) -> Tensor:
    """How much every pixel changed, `(3, H, W)` in [-1, 1]: -1 where it did not."""
    return (finished - content).abs().clamp(0, 2) - 1


def edges(content: Tensor, finished: Tensor) -> Tensor:
    """What became of the content's edges, `(3, H, W)` in [-1, 1]: kept ones black, new ones red, lost ones blue."""
    before, after = _edge_strength(content), _edge_strength(finished)
    kept = np.minimum(before, after)
    new, lost = after - kept, before - kept
    ink = np.stack([kept + lost, kept + new + lost, kept + new], axis=2)
    return _tensor(np.clip(1 - ink, 0, 1))


def warm() -> None:
    """Load the bundled network and compile what is compiled, so that the first visitor does not wait for it."""
    _network(BUNDLED)
    smoothing.warm()


def _network(checkpoint: str) -> PhotoWCT:
    return networks.ready(checkpoint, ARCHITECTURES, networks.channels_last)


def _timed(steps: Generator[Any, None, Any], low: float, high: float) -> Generator[tuple[Any, float], None, Any]:
    """What `steps` makes, each with the seconds computed since the last result; progress is scaled to [low, high].

    Time between steps belongs to others and is not counted.
    """
    seconds = 0.0
    while True:
        began = time.perf_counter()
        try:
            made = next(steps)
        except StopIteration as done:
            return done.value, seconds + time.perf_counter() - began
        seconds += time.perf_counter() - began
        if isinstance(made, Progress):
            yield Progress(low + (high - low) * made.fraction, made.words), seconds
        else:
            yield made, seconds
            seconds = 0.0


def _last(
    name: str, steps: Generator[Progress, None, np.ndarray], low: float, high: float
) -> Generator[Progress | Stage, None, np.ndarray]:
    """Pass the progress of `steps` on, and what it returns as a stage of that name."""
    timed = _timed(steps, low, high)
    while True:
        try:
            progress, _ = next(timed)
        except StopIteration as done:
            picture, seconds = done.value
            yield Stage(name, _tensor(picture), seconds)
            return picture
        yield progress


def _rows(picture: Tensor) -> np.ndarray:
    """(3, H, W) in [-1, 1] as (H, W, 3) in [0, 1]."""
    return ((picture.cpu() + 1) / 2).permute(1, 2, 0).contiguous().numpy()


def _tensor(rows: np.ndarray) -> Tensor:
    return 2 * torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float32)).clamp(0, 1).permute(2, 0, 1) - 1


def _edge_strength(picture: Tensor) -> np.ndarray:
    luminance = cv2.cvtColor(_rows(picture), cv2.COLOR_RGB2GRAY)
    gradient = np.hypot(*(cv2.Scharr(luminance, cv2.CV_32F, *order) for order in ((1, 0), (0, 1))))
    return np.clip(gradient / max(np.percentile(gradient, FULL_EDGE), 1e-6), 0, 1)
