"""What experiments of photo stylization share: photographs to start with, and checkpoints."""

from pages.checkpoints import badges_of
from pages.examples import examples
from studio.kinds import CheckpointChoice

PICTURES = examples("temple", "flower", "coffee", "cat", "astronaut", "noon", "dusk", "night", "autumn")
CHECKPOINTS = badges_of("photowct")
CHECKPOINT = CheckpointChoice(
    "Checkpoint", CHECKPOINTS, "photo-stylization-small", group="Size and checkpoint", advanced=True
)
