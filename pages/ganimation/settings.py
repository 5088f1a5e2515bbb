"""The size and the checkpoint with which a face is animated."""

from collections.abc import Mapping

from pages.checkpoints import badges_of
from studio.kinds import CheckpointChoice, Control, Number, Published

BUNDLED = "ganimation-compact"
CHECKPOINTS = badges_of("ganimation", "ganimation-compact")
FULL = Published(
    "ganimation-replicate",
    "a generator of the paper's size",
    {
        "All 17 action units": "The bundled model moves 13 of them.",
        "Colour": "It makes the face anew in colour; the bundled model makes only its light and dark.",
        "Not the paper's own weights": "The authors published none: others trained the paper's network.",
    },
)


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
        "checkpoint": CheckpointChoice(
            "Checkpoint",
            CHECKPOINTS,
            BUNDLED,
            group="Size and checkpoint",
            advanced=True,
            published=FULL,
        ),
    }
