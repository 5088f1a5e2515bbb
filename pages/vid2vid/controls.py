"""Controls that experiments of video-to-video share."""

from collections.abc import Mapping

from pages.checkpoints import badges
from pages.vid2vid.course import PACES
from pages.vid2vid.label_clip import LabelClip
from pages.vid2vid.label_examples import CLIPS
from studio.kinds import CheckpointChoice, Choice, Control, Notices, Number, Seed, Switch

BUNDLED = "vid2vid-street"
CHECKPOINTS = badges(BUNDLED, "vid2vid-published")
LIGHTS = {"dusk": "dusk", "white": "a white sky", "winter": "winter's sun"}
"""In the order of `engines.vid2vid.data.LOOKS`."""
WEIGHTS = {"own": ("the network's own", None), "carried": ("0: only carried", 0.0), "painted": ("1: only painted", 1.0)}
NOTICES = Notices("Labels")
PACE_WORDS = {name: words for name, (words, _) in PACES.items()}
ALONE = {"clip": False}
"""Where labels are those of the street."""


def source() -> Mapping[str, Control]:
    """Declare where labels come from: a street and the drive through it, or a clip of the visitor's."""
    return {
        "seed": Seed(
            "Street", group="Street", help="Each number is another street of our little world of labels.", where=ALONE
        ),
        "begin": Number(
            "Starts at", 0, 120, 0, 1, unit="s", group="Street", help="Seconds into the drive.", where=ALONE
        ),
        "camera": Choice("The camera", PACE_WORDS, "forward", group="Street", where=ALONE),
        "clip": LabelClip(
            "Labels of your own",
            optional=True,
            group="Street",
            examples=CLIPS,
            help="Ten seconds of a clip, or a picture, in the colours of labels; it takes the street's place.",
        ),
    }


def light_control() -> Mapping[str, Control]:
    """Declare the light that the pictures are made in."""
    return {"light": Choice("Light", LIGHTS, "winter", group="Picture", help="As in the drives that were learnt from.")}


def weight_controls() -> Mapping[str, Control]:
    """Declare how pictures are put together from frame to frame, and whether that is measured."""
    return {
        "weight": Choice(
            "Weight of the raw picture",
            {name: words for name, (words, _) in WEIGHTS.items()},
            "own",
            group="Picture",
            help="The rest is the picture before, carried along the flow.",
        ),
        "metered": Switch(
            "Flicker meter", True, group="Picture", help="Makes frames alone, too, to compare; off, it is faster."
        ),
    }


def checkpoint_control() -> Mapping[str, Control]:
    """Declare the checkpoint, so that its badge is shown."""
    return {"checkpoint": CheckpointChoice("Checkpoint", CHECKPOINTS, BUNDLED, group="Checkpoint", advanced=True)}
