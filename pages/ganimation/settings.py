"""The size and the checkpoint with which a face is animated."""

from collections.abc import Mapping

from pages.checkpoints import badges_of
from studio.kinds import CheckpointChoice, Control, Number

BUNDLED = "ganimation-compact"
CHECKPOINTS = badges_of("ganimation", "ganimation-compact")


def settings() -> Mapping[str, Control]:
    """Declare the size that is computed at and the checkpoint."""
    return {
        "longest": Number(
            "Made at",
            256,
            4096,
            1024,
            64,
            unit="pixels",
            group="Size and checkpoint",
            advanced=True,
            help="The photograph's longer side, at most; larger ones answer later.",
        ),
        "checkpoint": CheckpointChoice("Checkpoint", CHECKPOINTS, BUNDLED, group="Size and checkpoint", advanced=True),
    }
