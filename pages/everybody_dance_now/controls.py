"""What experiments of Everybody Dance Now share: clips, who dances, and switches of the method."""

from collections.abc import Mapping

from pages.checkpoints import badges_of
from pages.everybody_dance_now.subject_file import SubjectFile
from pages.examples import examples
from studio.kinds import CheckpointChoice, Control, Switch

CLIPS = examples("dancer", "child")
SUBJECTS = badges_of("everybody-dance-now-compact")
BUNDLED = next(iter(SUBJECTS))
CONSENT = "Film yourself, or somebody who agreed; every picture says that it is synthetic."


def switches() -> Mapping[str, Control]:
    """Declare what of the method can be switched off."""
    return {
        "normalization": Switch(
            "Pose normalisation",
            True,
            group="Method",
            help="Off, your skeleton is used as the frame shows it, whatever your size and place.",
        ),
        "smoothing": Switch(
            "Smoothing", True, group="Method", help="Off, every frame's pose stands alone and jitters."
        ),
        "previous": Switch(
            "Previous frame", True, group="Method", help="Off, every picture is made without the one before."
        ),
        "face": Switch("Face residual", True, group="Method", help="A second network's detail for the face."),
    }


def who_dances() -> Mapping[str, Control]:
    """Declare who is made to dance: a character, or a subject of the visitor's."""
    return {
        "checkpoint": CheckpointChoice(
            "Target",
            SUBJECTS,
            BUNDLED,
            group="Who dances",
            help="Characters that this project drew: no real person.",
            where={"subject": False},
        ),
        "subject": SubjectFile(
            "A subject of yours",
            optional=True,
            instead_of="checkpoint",
            group="Who dances",
            help="Its file, in place of the characters.",
        ),
    }
