"""The checkpoints of SAGAN and the classes that each knows."""

from pages.checkpoints import badges, classes_of
from studio.kinds import CheckpointChoice, Published

CHECKPOINTS = badges("sagan-small", "sagan-openmmlab", "sagan-studio")
NAMES = classes_of(CHECKPOINTS)
FULL = Published(
    "sagan-openmmlab",
    "OpenMMLab's SAGAN",
    {
        "A thousand classes": "Pictures of 128 by 128 pixels of any class of ImageNet.",
        "Parts that look at each other": "Click on an animal's leg or eye, and see which other places it is made from.",
        "Not the paper's own weights": "OpenMMLab trained the paper's network anew, and published it.",
    },
)
CHECKPOINT = CheckpointChoice("Checkpoint", CHECKPOINTS, "sagan-small", advanced=True, published=FULL)
