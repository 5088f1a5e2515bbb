"""What experiments of BigGAN share: checkpoints, their classes, and how far latents are truncated."""

from typing import Any

from engines.runtime.class_names import class_id
from pages.checkpoints import badges_of, classes_of
from studio.kinds import CheckpointChoice, ImageClass, Number, Published

CHECKPOINTS = badges_of("biggan", "biggan-deep", "biggan-studio")
NAMES = classes_of(CHECKPOINTS)
BUNDLED = "biggan-small"
LEAST, MOST = 0.02, 2.0
"""Of truncations; beyond 2 lies one normal number in 22."""
SAMPLINGS = {"paper": "the paper's: as if drawn anew beyond it", "published": "the published code's: shrunk by it"}
OWN = Published(
    "biggan-deep-128",
    "the paper's own model",
    {
        "A thousand classes": "Pictures of 128 by 128 pixels of any class of ImageNet, from goldfish to castle.",
        "At low truncation": "Nearly every picture could pass for a photograph, and those of a class are alike.",
        "At high truncation": "Poses and backgrounds vary, and some animals fall apart.",
    },
)
CHECKPOINT = CheckpointChoice("Checkpoint", CHECKPOINTS, BUNDLED, group="Checkpoint", advanced=True, published=OWN)


def class_number(label: str, checkpoint: str) -> int:
    """Find the number that the checkpoint has for a class."""
    return class_id(label, NAMES[checkpoint])


def image_class(label: str, default: str, **words: Any) -> ImageClass:
    """Declare the class of pictures, of those that the chosen checkpoint knows."""
    return ImageClass(label, NAMES, "checkpoint", default, **words)


def truncation_number(default: float, **words: Any) -> Number:
    """Declare how far latents are truncated: no number of one is larger."""
    return Number("Truncation", LEAST, MOST, default, LEAST, **words)
