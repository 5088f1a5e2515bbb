"""What group norm sees of a photograph, group by group."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from pages.checkpoints import badges
from pages.examples import examples
from studio.declared import Experiment
from studio.kinds import CheckpointChoice, Curves, Number, Photo, Picture, Published, Table

if TYPE_CHECKING:
    from torch import Tensor

    from engines.group_normalization import engine
    from engines.shared import tensors
else:
    tensors = lazy.load("engines.shared.tensors")
    engine = lazy.load("engines.group_normalization.engine")

PICTURES = examples("cat", "astronaut", "coffee", "flower", "temple")
CHECKPOINTS = badges("group-normalization-cifar", "group-normalization-resnet50")
SEAM = 4
MAP_SIDE, MAPS_ACROSS = 112, 8
"""Pixels, at least, of one group's map, and maps in a row."""
FULL_MAP = 2.0
"""Deviations that are drawn in full black or white."""
FULL = Published(
    "group-normalization-resnet50",
    "a ResNet-50 with group norm",
    {
        "Thirty-two groups": "Every norm has the paper's 32 groups; those of the bundled network have eight.",
        "ImageNet's thousand classes": "It takes a cat for a tabby or an Egyptian cat, not only for a cat.",
        "Not the paper's recipe": "timm trained this network, and not as the paper did.",
    },
)


def run(photo: np.ndarray, stage: int, checkpoint: str) -> Iterator[dict[str, Any]]:
    seen = engine.look_inside(tensors.to_tensor(photo), checkpoint, stage)
    numbers = list(range(1, len(seen.mean) + 1))
    yield {
        "maps": _sheet_of_maps(seen.maps),
        "statistics": {"mean": (numbers, seen.mean.tolist()), "deviation": (numbers, seen.deviation.tolist())},
        "answers": {name: {"probability": round(share, 3)} for name, share in seen.answers.items()},
    }


def _sheet_of_maps(maps: "Tensor") -> np.ndarray:
    """One picture of all groups' maps `(G, H, W)`, dark below the group's mean and bright above."""
    levels = ((maps / FULL_MAP).clamp(-1, 1) + 1) * 127.5
    scale = -(-MAP_SIDE // maps.shape[2])
    tiles = levels.round().byte().numpy().repeat(scale, 1).repeat(scale, 2)
    across = min(MAPS_ACROSS, len(tiles) // 2)
    high, wide = tiles.shape[1:]
    sheet = np.full((len(tiles) // across * (high + SEAM), across * (wide + SEAM)), 255, dtype=np.uint8)
    for place, tile in enumerate(tiles):
        top, left = divmod(place, across)
        sheet[top * (high + SEAM) :, left * (wide + SEAM) :][:high, :wide] = tile
    return np.stack([sheet[:-SEAM, :-SEAM]] * 3, axis=2)


EXPERIMENT = Experiment(
    name="inside",
    title="Inside a real one",
    live=True,
    controls={
        "photo": Photo("Photograph", examples=PICTURES, help="Its middle square is looked at."),
        "stage": Number("Stage", 1, 4, 1, 1, help="The small network has three."),
        "checkpoint": CheckpointChoice("Checkpoint", CHECKPOINTS, "group-normalization-cifar", published=FULL),
    },
    outputs={
        "maps": Picture("The groups, normalized", help="The average of each group's channels: bright above 0."),
        "statistics": Curves("Their means and deviations before", "group", "of all numbers of a group"),
        "answers": Table("What it takes the photograph for", help="The five likeliest of its classes."),
    },
    presets={
        "Cat": {"photo": "cat"},
        "Cat, ResNet-50": {"photo": "cat", "checkpoint": "group-normalization-resnet50"},
        "Astronaut, stage 3": {"photo": "astronaut", "stage": 3},
    },
    notes=(
        "What the last norm of a stage sees of one photograph, group by group.",
        "Each group is normalized by a mean and a deviation of its own, which no other photograph can change.",
        "Try: the ResNet-50 that learned ImageNet with 32 groups.",
    ),
    run=run,
)
