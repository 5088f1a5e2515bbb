"""A small network that reads the labels of street frames: trained on real ones, it judges what the generator makes.

It shares nothing with the generator, and the generator is never trained against it.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from engines.shared.hourglass import Block, Hourglass
from engines.shared.tensors import from_levels
from engines.vid2vid.labels import LABELS, VOID
from engines.vid2vid.street import places


class StreetReader(Hourglass):
    """Scores every pixel's label, all but void."""

    def __init__(self, widths: tuple[int, int, int, int] = (24, 40, 64, 80), blocks: int = 2) -> None:
        super().__init__()
        self.config: dict[str, Any] = {"widths": list(widths), "blocks": blocks}
        first = widths[0]
        self.enter = Block(4 * 3 + 2, first)
        self.add_hourglass(widths, blocks)
        self.score = nn.Conv2d(first, VOID, 3, padding=1)

    def forward(self, pictures: Tensor, place: Tensor) -> Tensor:
        """Scores `(B, 11, H / 2, W / 2)` of pictures `(B, 3, H, W)` in [-1, 1], multiples of 16; `place` is as
        `street.places` gives it, for each."""
        seen = torch.cat([functional.pixel_unshuffle(pictures, 2), place], 1).to(self.score.weight.dtype)
        half = self.enter(seen.contiguous(memory_format=torch.channels_last))
        return self.score(self.through_hourglass(half)).float()


@torch.inference_mode()
def read_labels(reader: StreetReader, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The label of every pixel of a picture `(H, W, 3)` uint8, `(H, W)`; heights and widths are multiples of 16."""
    height, width = picture.shape[:2]
    given = from_levels(torch.from_numpy(picture).permute(2, 0, 1)[None])
    scores = reader(given, places(height, width))
    return functional.interpolate(scores, (height, width), mode="bilinear")[0].argmax(0).byte().numpy()


def most_common(labels: NDArray[np.uint8], count: int) -> list[int]:
    """The labels that cover most, void apart."""
    counts = np.bincount(labels.ravel(), minlength=len(LABELS))[:VOID]
    return [int(label) for label in np.argsort(-counts)[:count]]


def class_accuracy(intended: NDArray[np.uint8], read: NDArray[np.uint8], classes: list[int]) -> dict[str, float]:
    """Of each class's pixels, the share that is read as that class."""
    return {LABELS[each]: float((read[intended == each] == each).mean()) for each in classes}
