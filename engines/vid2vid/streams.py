"""Moving streets to train on: windows of drives, frame after frame.

A drive is CamVid's own, whose flow OpenCV's DIS finds, or a still frame through which a camera is made to go: its
labels say how near each pixel is, as in a pop-up book. Road and pavement lie flat, all else stands on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines.shared.flow import carried
from engines.shared.tensors import to_tensors
from engines.vid2vid.data import HEIGHT, WIDTH, Streets
from engines.vid2vid.labels import LABELS
from engines.vid2vid.street import motion_hint, places

GROUND = (LABELS.index("road"), LABELS.index("pavement"))
SKY = LABELS.index("sky")
HORIZON = 0.46
"""Of the height: where CamVid's roads vanish."""
FASTEST = 0.11
"""Share of its way to the vanishing point that the nearest road goes in a frame: 11 pixels, as in CamVid."""
TURN, NOD = 2.0, 0.3
"""Pixels that everything moves aside, or up and down, in a frame: standard deviations."""
STANDING_SHARE = 0.2
MOVING_SHARE = 0.4
"""Of the streams, those of CamVid's own motion."""
SHORTEST, LONGEST = 3, 60
"""Frames of a stream, evenly spread by their logarithm. Where no stream was longer than 32, walls of long drives turned
into scales, which the generator sharpened again and again."""
STILL_REACH = 8
"""Frames at full speed that a still lasts; in a longer stream, all goes as much slower."""
LARGEST_ZOOM = 1.3
AGREEMENT = 0.08
"""Of a level from -1 to 1, by which a pixel may differ from where its flow points for the flow to be trusted."""


class Shot(NamedTuple):
    """The next frame of every stream: `pictures` `(B, 3, h, w)` in [-1, 1], `labels` `(B, h, w)` uint8, `flow`
    `(B, 2, h, w)` to the frame before, in pixels, `sure` `(B, 1, h, w)` where that is known, `is_first` `(B,)`, `look`
    `(B, 3)`, `place` `(B, 2, h / 2, w / 2)`."""

    pictures: Tensor
    labels: Tensor
    flow: Tensor
    sure: Tensor
    is_first: Tensor
    look: Tensor
    place: Tensor


@dataclass
class Stream:
    """One window of one drive: frames of its part of the pictures, larger than the window, and how far it is."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    velocity: NDArray[np.float32] | None
    """Pixels (HEIGHT, WIDTH, 2) from each place to where a still frame's camera was before; None of a real drive."""
    top: int
    left: int
    look: int
    length: int
    done: int = 0
    before: NDArray[np.uint8] | None = None

    def state_dict(self) -> dict[str, Any]:
        return {
            name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> "Stream":
        return cls(**{name: value.numpy() if isinstance(value, Tensor) else value for name, value in state.items()})


class Streams:
    """Windows `(height, width)` of several drives at once; each ends after some frames, and another begins.

    `stills` and `drive` may be larger than the generator's frames; what is drawn depends on the seed alone.
    """

    def __init__(self, stills: Streets, drive: Streets, count: int, height: int, width: int, seed: int) -> None:
        self.stills, self.drive, self.height, self.width = stills, drive, height, width
        self.random = np.random.default_rng(seed)
        self.streams = [self._begin() for _ in range(count)]

    def state_dict(self) -> dict[str, Any]:
        """Where all streams are, and what is drawn next."""
        return {"random": self.random.bit_generator.state, "streams": [each.state_dict() for each in self.streams]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.random.bit_generator.state = state["random"]
        self.streams = [Stream.of_state(each) for each in state["streams"]]

    def next(self) -> Shot:
        self.streams = [self._begin() if each.done == each.length else each for each in self.streams]
        shown = [self._advance(each) for each in self.streams]
        pictures, labels, flows, sure = (np.stack(part) for part in zip(*shown, strict=True))
        look = torch.zeros(len(shown), 3)
        look[range(len(shown)), [each.look for each in self.streams]] = 1
        place = [places(self.height, self.width, (each.top, each.left), (HEIGHT, WIDTH)) for each in self.streams]
        return Shot(
            to_tensors(pictures),
            torch.from_numpy(labels),
            torch.from_numpy(flows).permute(0, 3, 1, 2),
            torch.from_numpy(sure)[:, None].float(),
            torch.tensor([each.done == 1 for each in self.streams]),
            look,
            torch.cat(place),
        )

    def _begin(self) -> Stream:
        random = self.random
        is_moving = random.random() < MOVING_SHARE
        length = round(np.exp(random.uniform(np.log(SHORTEST), np.log(LONGEST))))
        if is_moving:
            length = min(length, len(self.drive.looks))
            start = int(random.integers(len(self.drive.looks) - length + 1))
            chosen = self.drive.part(slice(start, start + length))
        else:
            start = int(random.integers(len(self.stills.looks)))
            chosen = self.stills.part(slice(start, start + 1))
        zoom = random.uniform(1, LARGEST_ZOOM)
        rows, columns = (round(side / zoom) for side in chosen.labels.shape[1:])
        above = int(random.integers(chosen.labels.shape[1] - rows + 1))
        beside = int(random.integers(chosen.labels.shape[2] - columns + 1))
        part = np.s_[:, above : above + rows, beside : beside + columns]
        pictures, labels = chosen.pictures[part], chosen.labels[part]
        if random.random() < 0.5:
            pictures, labels = pictures[:, :, ::-1], labels[:, :, ::-1]
        return Stream(
            np.ascontiguousarray(pictures),
            np.ascontiguousarray(labels),
            None if is_moving else self._velocity(labels[0], length),
            2 * int(random.integers((HEIGHT - self.height) // 2 + 1)),
            2 * int(random.integers((WIDTH - self.width) // 2 + 1)),
            int(chosen.looks[0]),
            length,
        )

    def _velocity(self, labels: NDArray[np.uint8], length: int) -> NDArray[np.float32]:
        labels = cv2.resize(labels, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
        aside, up = self.random.normal(0, (TURN, NOD))
        if self.random.random() < STANDING_SHARE:
            return np.zeros((HEIGHT, WIDTH, 2), np.float32)
        down, right = np.indices((HEIGHT, WIDTH), np.float32)
        to_vanishing = np.stack([WIDTH / 2 - right, HEIGHT * HORIZON - down], 2)
        speed = self.random.uniform(0, FASTEST)
        velocity = to_vanishing * nearness(labels)[..., None] * speed + np.array([aside, up], np.float32)
        return velocity * np.float32(min(1, STILL_REACH / length))

    def _advance(self, stream: Stream) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        frame = stream.done if stream.velocity is None else 0
        window = np.s_[stream.top : stream.top + self.height, stream.left : stream.left + self.width]
        down, right = np.indices((HEIGHT, WIDTH), np.float32)
        velocity = None if stream.velocity is None else stream.velocity[window]
        x, y = right[window], down[window]
        if velocity is not None:
            x, y = x + stream.done * velocity[..., 0], y + stream.done * velocity[..., 1]
        rows, columns = stream.labels.shape[1:]
        x, y = (x + 0.5) * np.float32(columns / WIDTH) - 0.5, (y + 0.5) * np.float32(rows / HEIGHT) - 0.5
        picture = cv2.remap(stream.pictures[frame], x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        labels = cv2.remap(stream.labels[frame], x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        flow, sure = np.zeros((*picture.shape[:2], 2), np.float32), np.zeros(picture.shape[:2], bool)
        if stream.before is not None:
            flow = motion_hint(picture, stream.before) if velocity is None else _last_step(velocity, stream.done)
            change = picture.astype(np.float32) - carried(stream.before.astype(np.float32), flow)
            sure = np.abs(change).mean(2) < 127.5 * AGREEMENT
        stream.done += 1
        stream.before = picture
        return picture, labels, flow, sure


def nearness(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How near each pixel is, 1 at the lower edge of the road, 0 of what is infinitely far: `(H, W)` label maps."""
    height = len(labels)
    rows = np.arange(height)[:, None]
    feet = np.where(np.isin(labels, GROUND), rows, height - 1)
    feet = np.minimum.accumulate(feet[::-1], axis=0)[::-1]
    # What stands has its feet on the nearest ground below it.
    feet = np.where(np.isin(labels, GROUND), rows, np.maximum(feet, rows))
    near = ((feet - HORIZON * height) / ((1 - HORIZON) * height)).clip(0.03, 1)
    return cv2.blur(np.where(labels == SKY, 0, near).astype(np.float32), (7, 5))


def _last_step(velocity: NDArray[np.float32], done: int) -> NDArray[np.float32]:
    """The flow between the last two frames of which each takes its pixels from `done` times the velocity."""
    there = carried(velocity, velocity)
    return done * velocity - (done - 1) * there
