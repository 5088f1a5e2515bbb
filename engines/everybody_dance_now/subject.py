"""A subject of Everybody Dance Now (arXiv:1808.07371): one person or character whom a skeleton makes dance.

A subject is one safetensors file: the network's weights in half precision, its plate, and in the metadata the network's
configuration, the statistics of its poses, and how it was trained. Reading a file runs nothing of it.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from engines.everybody_dance_now.network import MULTIPLE, Poses, SubjectNetwork
from engines.everybody_dance_now.normalization import PoseStatistics
from engines.everybody_dance_now.skeleton import Skeleton, draw_figure
from engines.runtime.device import bfloat16_is_faster, device
from engines.runtime.errors import CheckpointError, StudioError
from engines.runtime.fitting import fit
from engines.shared.tensors import to_pictures, to_tensors

ARCHITECTURE = "everybody-dance-now-compact"
LARGEST_FILE = 8_000_000
"""Bytes."""
HEADER_BYTES = 8
"""Of a safetensors file: how long the JSON is that follows them."""
SMALLEST_SIDE, LARGEST_SIDE = 64, 512
LARGEST_WIDTH, MOST_BLOCKS = 256, 8
"""Of a network from a visitor's file."""
REMEDY = "Train the subject anew, or choose a file that the studio saved."


@dataclass(frozen=True)
class Subject:
    """`network` makes its pictures, `statistics` are of its poses in them, `about` tells how it was trained."""

    network: SubjectNetwork
    statistics: PoseStatistics
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def side(self) -> int:
        """Pixels of its pictures, which are square."""
        return self.network.side

    def save(self, path: Path) -> None:
        """Write its file; whenever the process is stopped, the file is the old one or the new one.

        Raises:
            OSError: the disk is full, or does not let itself be written.
        """
        beside = path.with_name(path.name + ".new")
        beside.write_bytes(self.content())
        os.replace(beside, path)

    def content(self) -> bytes:
        """Its file."""
        state = {
            key: (value.half() if value.is_floating_point() else value).cpu().contiguous()
            for key, value in self.network.state_dict().items()
        }
        own = {
            "architecture": ARCHITECTURE,
            "config": json.dumps(self.network.config),
            "statistics": json.dumps(self.statistics.to_dict()),
        }
        return save(state, {**self.about, **own})

    @classmethod
    def load(cls, file: Path | bytes) -> "Subject":
        """The subject in a file, which is not trusted.

        Raises:
            CheckpointError: it is no subject's file, damaged, cut short, or does not fit its network.
        """
        content = _content(file)
        try:
            metadata, state = _parsed(content)
        except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CheckpointError(f"This is not a subject's file, or it is damaged or cut short. {REMEDY}") from error
        if metadata.get("architecture") != ARCHITECTURE:
            raise CheckpointError(
                f"This file holds a model, but no subject of this panel: its architecture is "
                f"{metadata.get('architecture', 'not stated')!r}, not {ARCHITECTURE!r}. {REMEDY}"
            )
        network = build(_decoded(metadata, "config"))
        fit(network, state, "The subject's file")
        if not all(value.isfinite().all() for value in state.values()):
            raise CheckpointError(f"The subject's file has weights that are no numbers. {REMEDY}")
        try:
            statistics = PoseStatistics.from_dict(_decoded(metadata, "statistics"))
        except StudioError as error:
            raise CheckpointError(str(error)) from error
        about = {key: value for key, value in metadata.items() if key not in ("architecture", "config", "statistics")}
        return cls(network.eval(), statistics, about)

    def picture(self, skeleton: Skeleton, previous: np.ndarray | None = None, *, face: bool = True) -> np.ndarray:
        """The subject in the skeleton's pose, `(side, side, 3)` uint8 RGB.

        The skeleton is in pixels of such a picture; `previous` is the picture before, None before the first; `face`
        says whether the face residual is added.
        """
        poses, before = poses_of([skeleton], self.side), None
        if previous is not None:
            before = to_tensors(previous[None]).to(device())
        with torch.inference_mode():
            made = self._ready(Poses(*(part.to(device()) for part in poses)), before, face)
        return to_pictures(made)[0]

    @cached_property
    def _ready(self) -> SubjectNetwork:
        """The network where and how it computes fastest."""
        network = SubjectNetwork(**self.network.config)
        network.load_state_dict(self.network.state_dict())
        precision = torch.bfloat16 if bfloat16_is_faster() else torch.float32
        return network.eval().to(device(), precision, memory_format=torch.channels_last)


def build(config: Any) -> SubjectNetwork:
    """The network of a configuration, with random weights.

    Raises:
        CheckpointError: it is no configuration, or one beyond what the studio computes.
    """
    try:
        side, widths, blocks, face = (config[name] for name in ("side", "widths", "blocks", "face_width"))
        sound = (
            all(type(number) is int for number in (side, *widths, blocks, face))
            and SMALLEST_SIDE <= side <= LARGEST_SIDE
            and side % MULTIPLE == 0
            and len(widths) == 4
            and all(8 <= width <= LARGEST_WIDTH and width % 8 == 0 for width in (*widths, face))
            and 0 <= blocks <= MOST_BLOCKS
        )
    except (KeyError, TypeError):
        sound = False
    if not sound:
        raise CheckpointError(f"The subject's network is not one that the studio makes. {REMEDY}")
    return SubjectNetwork(side, tuple(widths), blocks, face)


def poses_of(skeletons: Sequence[Skeleton], side: int, window: int | None = None) -> Poses:
    """What the network sees of skeletons in pixels of a picture of that side, or of a square window in it."""
    figures = np.stack([draw_figure(skeleton, side, side)[:window, :window] for skeleton in skeletons])
    points = np.stack([skeleton.points for skeleton in skeletons]) / np.float32(side)
    seen = np.stack([skeleton.seen for skeleton in skeletons])
    return Poses(to_tensors(figures), torch.from_numpy(points), torch.from_numpy(seen))


def _content(file: Path | bytes) -> bytes:
    try:
        content = file if isinstance(file, bytes) else file.read_bytes()
    except OSError as error:
        raise CheckpointError(f"The subject's file cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST_FILE:
        raise CheckpointError(
            f"The file has {len(content) / 1e6:.1f} MB; a subject's has {LARGEST_FILE / 1e6:.0f} at most. {REMEDY}"
        )
    return content


def _parsed(content: bytes) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and tensors of a safetensors file; what is in half precision widened."""
    state = {key: value.float() if value.is_floating_point() else value for key, value in load(content).items()}
    length = int.from_bytes(content[:HEADER_BYTES], "little")
    metadata = json.loads(content[HEADER_BYTES : HEADER_BYTES + length]).get("__metadata__", {})
    return metadata, state


def _decoded(metadata: Mapping[str, str], key: str) -> Any:
    try:
        return json.loads(metadata[key])
    except (KeyError, ValueError, RecursionError) as error:
        raise CheckpointError(f"The subject's file does not say its {key}. {REMEDY}") from error
