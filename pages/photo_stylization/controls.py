"""What experiments of photo stylization share: photographs to start with, and checkpoints."""

from pages.checkpoints import badges_of
from pages.examples import examples
from studio.kinds import CheckpointChoice, Published

PICTURES = examples("temple", "flower", "coffee", "cat", "astronaut", "noon", "dusk", "night", "autumn")
CHECKPOINTS = badges_of("photowct")
OWN = Published(
    "photo-stylization-published",
    "the paper's own model",
    {
        "An encoder that knows ImageNet": "It tells sky from leaves and walls, so colours go to what they belong to.",
        "Twice as many features": "Each level is twice as wide as the bundled model's, which keeps more detail.",
        "The same smoothing": "The same filter follows either model; choose none to see the networks alone.",
    },
)
CHECKPOINT = CheckpointChoice(
    "Checkpoint",
    CHECKPOINTS,
    "photo-stylization-small",
    group="Size and checkpoint",
    advanced=True,
    published=OWN,
)
