"""A subject of the visitor's own, learned from a recording."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy, video
from engines.runtime.errors import InputError
from pages.everybody_dance_now.controls import CLIPS, CONSENT
from studio.declared import LongExperiment
from studio.kinds import Choice, Consent, Curves, File, Footage, Notices, Number, Seed, Strip, Table

if TYPE_CHECKING:
    from engines.everybody_dance_now import own
    from engines.everybody_dance_now.own import Learnt, Recorded
    from engines.ganimation import mark as marks
else:
    own = lazy.load("engines.everybody_dance_now.own")
    marks = lazy.load("engines.ganimation.mark")

SIZES = {"128": "128 pixels", "256": "256 pixels: finer, and slower to learn"}
MOST_MINUTES = 60
SHORT_SECONDS = 30
USABLE_SHARE = 0.7
"""Of a recording's frames: below, its maker is told why the others cannot be used."""
AGREED = "Who is seen in it agreed to be made to dance"


def run(
    saved: Mapping[str, Any] | None, recording: video.Clip, consent: bool, size: str, minutes: float, seed: int
) -> Iterator[Any]:
    if not consent:
        raise InputError(f"{AGREED}: tick this first. Nobody is made to dance without having agreed to it.")
    recorded = yield from own.look_through(recording, int(size))
    yield {"frames": _frames(recorded.counts), "words": _about_recording(recorded, recording)}
    about = {"trained_on": "a visitor's recording", "seed": str(seed)}
    for made in own.learn(recorded.film, int(size), minutes, seed, about, saved):
        yield _shown(made) if isinstance(made, own.Learnt) else made


def _shown(learnt: "Learnt") -> dict[str, Any]:
    pairs = {
        f"frame {number}": np.concatenate([real, marks.mark(made)], axis=1)
        for number, (real, made) in enumerate(learnt.pairs, 1)
    }
    losses = {name: curve for name, curve in learnt.curves.items() if name != own.SIMILARITY}
    return {
        "pairs": pairs,
        "subject": learnt.file,
        "similarity": {own.SIMILARITY: learnt.curves[own.SIMILARITY]},
        "losses": losses,
    }


def _frames(counts: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    total = sum(counts.values())
    return {kind: {"frames": count, "%": round(100 * count / total)} for kind, count in counts.items()}


def _about_recording(recorded: "Recorded", recording: video.Clip) -> dict[str, str]:
    words = {}
    seconds = float(recording.count / recording.rate)
    if seconds < SHORT_SECONDS:
        words["short"] = (
            f"The recording lasts {seconds:.0f} seconds: poses that it does not show will be guessed. "
            f"{SHORT_SECONDS} seconds to 5 minutes of many moves are better."
        )
    if recorded.counts[own.READ] < USABLE_SHARE * sum(recorded.counts.values()):
        words["usable"] = (
            "Many frames cannot be used; the table says why. Step back until head and feet are always in the picture."
        )
    if recorded.others:
        words["others"] = (
            "A second person is seen at times; only the most prominent one is learnt, with traces of others."
        )
    return words


EXPERIMENT = LongExperiment(
    name="train",
    title="Train your own",
    action="Train",
    controls={
        "recording": Footage(
            "Recording",
            examples=CLIPS,
            default="dancer",
            group="Who is learnt",
            help="30 seconds to 5 minutes of one person, head to foot, before a camera at rest: many moves.",
        ),
        "consent": Consent(
            AGREED,
            to="recording",
            group="Who is learnt",
            help="The recording is kept for this training alone, and deleted with it or after a day.",
        ),
        "size": Choice("Pictures", SIZES, "128", group="Training"),
        "minutes": Number(
            "Time",
            1,
            MOST_MINUTES,
            10,
            1,
            unit="min",
            group="Training",
            help="Of computing; waiting not included.",
        ),
        "seed": Seed("Seed", 0, group="Training"),
    },
    outputs={
        "pairs": Strip("Frames it never saw", help="Left the real one, right what is made of its pose."),
        "subject": File("Your subject", "subject.safetensors", ("dance", "subject")),
        "words": Notices("About the recording"),
        "similarity": Curves("How alike made and real are", x="minutes", y="structural similarity"),
        "losses": Curves("Losses", x="minutes", y="loss", logarithmic=True),
        "frames": Table("Frames of the recording"),
    },
    presets={
        "The dancer": {"minutes": 5},
        "A recording of yours": {},
    },
    notes=(
        "A network learns to draw one person from stick figures; the last frames are kept from it as a test.",
        "Pause, close the page, come back: it goes on. The file holds the subject; load it again under Dance.",
        CONSENT,
    ),
    run=run,
)
