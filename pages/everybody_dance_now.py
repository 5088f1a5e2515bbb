"""Everybody Dance Now: one dances, and another is seen dancing."""

import math
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import video
from engines.runtime.checkpoints import catalogue
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress, Saved
from pages._examples import examples
from pages._panel import (
    Camera,
    CheckpointChoice,
    Choice,
    Clip,
    Control,
    Curves,
    File,
    Footage,
    Job,
    Movie,
    Notices,
    Number,
    Panel,
    Paper,
    Picture,
    Seed,
    Stream,
    Strip,
    SubjectFile,
    Switch,
    Table,
)

if TYPE_CHECKING:
    from engines.everybody_dance_now.engine import Choreography, Danced
    from engines.everybody_dance_now.own import Learnt, Recorded
    from engines.everybody_dance_now.skeleton import Skeleton
    from engines.everybody_dance_now.subject import Subject

CLIPS = examples("dancer", "child")
SUBJECTS = {
    name: each.badge for name, each in catalogue().items() if each.architecture == "everybody-dance-now-compact"
}
BUNDLED = next(iter(SUBJECTS))
VIEWS = {"target": "the target alone", "row": "source, skeletons and target in a row"}
SOURCE_SIDE = 640
"""Pixels of a clip's longer side at which poses are looked for."""
POSE_SHARE = 0.3
"""Of a transfer's time, about, what finding the poses takes."""
FRAMES_SHOWN = 6
FRAMES_A_PART = 32
"""So many frames are done anew, at most, where a clip goes on after a pause or a restart."""
LOOKS = 5
"""Frames of a clip in which a second person is looked for."""
SIZES = {"128": "128 pixels", "256": "256 pixels: finer, and slower to learn"}
MOST_MINUTES = 60
SHORT_SECONDS = 30
USABLE_SHARE = 0.7
"""Of a recording's frames: below, its maker is told why the others cannot be used."""
AGREED = "Who is seen in it agreed to be made to dance"
CONSENT = "Film yourself, or somebody who agreed; every picture says that it is synthetic."
NOBODY = "Nobody is seen; step back until you are in the picture from head to foot, in good light."
NO_FEET = "No feet are seen: the target's legs stand still. Step back until you are in the picture from head to foot."
SECOND_PERSON = "Two people are seen; the more prominent one is followed, and may change."


def dance(
    memory: dict[str, Any],
    frame: np.ndarray,
    checkpoint: str,
    subject: "Subject | None",
    normalization: bool,
    smoothing: bool,
    previous: bool,
    face: bool,
) -> Iterator[dict[str, Any]]:
    from engines.everybody_dance_now import engine
    from engines.everybody_dance_now.normalization import has_feet

    target = subject or engine.load_subject(checkpoint)
    dancer = memory.setdefault("dancer", engine.Dancer())
    switches = engine.Switches(normalization, smoothing, previous, face)
    danced = dancer.dance(frame, time.monotonic(), target, switches)
    if danced is None:
        words = {"person": NOBODY}
        yield {"source": _small(frame, target.side)}
    else:
        words = {} if has_feet(danced.skeleton) else {"feet": NO_FEET}
        words |= {} if dancer.is_alone else {"second": SECOND_PERSON}
        yield _views(frame, danced, target)
    if words != memory.get("words", {}):
        memory["words"] = words
        yield {"words": words}


def transfer(
    saved: Mapping[str, Any] | None,
    clip: video.Clip,
    checkpoint: str,
    subject: "Subject | None",
    view: str,
    normalization: bool,
    smoothing: bool,
    previous: bool,
    face: bool,
) -> Generator[Progress | Saved | dict[str, Any], None, None]:
    from engines.everybody_dance_now import engine
    from engines.everybody_dance_now.skeleton import Skeleton

    target = subject or engine.load_subject(checkpoint)
    if saved is None:
        saved = yield from _poses(clip)
        yield Saved(saved)
    found = [each and Skeleton(*each) for each in saved["found"]]
    switches = engine.Switches(normalization, smoothing, previous, face)
    choreography = engine.Choreography(found, saved["shape"], switches)
    yield {"poses": _counted(found), "notices": _notices(choreography, saved["is_alone"])}
    every = math.ceil(clip.count / FRAMES_SHOWN)
    before = saved["before"]
    with (
        closing(clip.frames(SOURCE_SIDE)) as frames,
        video.Recording(clip.rate, clip, saved["parts"], saved["place"]) as movie,
    ):
        for place, frame in enumerate(frames):
            yield Progress(POSE_SHARE + (1 - POSE_SHARE) * place / clip.count, f"Frame {place + 1} of {clip.count}")
            if place < saved["place"]:
                continue
            danced = choreography.dance(place, target, before)
            before = None if danced is None else danced.picture
            views = _views(frame, danced, target)
            shown = views["target"] if view == "target" else np.concatenate(list(views.values()), axis=1)
            movie.add(shown)
            if place % every == 0:
                pair = np.concatenate([views["source"], views["target"]], axis=1)
                yield {"movie": movie, "frames": {f"{float(place / clip.rate):.1f} s": pair}}
            if movie.count % FRAMES_A_PART == 0:
                movie.cut()
                yield Saved({**saved, "parts": list(movie.parts), "before": before, "place": movie.count})
    yield {"movie": movie}


def _poses(clip: video.Clip) -> Generator[Progress, None, dict[str, Any]]:
    """What a transfer saves when it has looked at every frame, and begins to make pictures."""
    from engines.everybody_dance_now import engine
    from engines.everybody_dance_now.skeleton import find_skeleton

    found: list[tuple[np.ndarray, ...] | None] = []
    is_alone = is_black = True
    with closing(clip.frames(SOURCE_SIDE)) as frames:
        for place, frame in enumerate(frames):
            yield Progress(POSE_SHARE * place / clip.count, f"Pose {place + 1} of {clip.count}")
            skeleton = find_skeleton(frame)
            found.append(skeleton and tuple(skeleton))
            is_black = is_black and engine.is_black(frame)
            if skeleton is not None and is_alone and place % math.ceil(clip.count / LOOKS) == 0:
                is_alone = engine.is_alone(frame, skeleton)
    if is_black:
        raise InputError("The clip is black from the first frame to the last; choose another.")
    return {"found": found, "shape": frame.shape, "is_alone": is_alone, "before": None, "parts": [], "place": 0}


def _views(frame: np.ndarray, danced: "Danced | None", target: "Subject") -> dict[str, np.ndarray]:
    """Source, its skeleton, the normalised one and the target, all as high as the target; nobody on an empty stage."""
    from engines.everybody_dance_now import engine
    from engines.everybody_dance_now.skeleton import draw_figure, scaled
    from engines.ganimation.mark import mark

    scale = target.side / frame.shape[0]
    source = _small(frame, target.side)
    if danced is None:
        nothing = np.zeros((target.side, target.side, 3), np.uint8)
        return {
            "source": source,
            "skeleton": np.zeros_like(source),
            "normalized": nothing,
            "target": engine.stage(target),
        }
    return {
        "source": source,
        "skeleton": draw_figure(scaled(danced.skeleton, scale), *source.shape[:2]),
        "normalized": draw_figure(danced.pose, target.side, target.side),
        "target": mark(danced.picture),
    }


def train(
    saved: Mapping[str, Any] | None, recording: video.Clip, consent: bool, size: str, minutes: float, seed: int
) -> Iterator[Any]:
    from engines.everybody_dance_now import own

    if not consent:
        raise InputError(f"{AGREED}: tick this first. Nobody is made to dance without having agreed to it.")
    recorded = yield from own.look_through(recording, int(size))
    yield {"frames": _frames(recorded.counts), "words": _about_recording(recorded, recording)}
    about = {"trained_on": "a visitor's recording", "seed": str(seed)}
    for made in own.learn(recorded.film, int(size), minutes, seed, about, saved):
        yield _shown(made) if isinstance(made, own.Learnt) else made


def _shown(learnt: "Learnt") -> dict[str, Any]:
    from engines.everybody_dance_now.own import SIMILARITY
    from engines.ganimation.mark import mark

    pairs = {
        f"frame {number}": np.concatenate([real, mark(made)], axis=1)
        for number, (real, made) in enumerate(learnt.pairs, 1)
    }
    losses = {name: curve for name, curve in learnt.curves.items() if name != SIMILARITY}
    return {
        "pairs": pairs,
        "subject": learnt.file,
        "similarity": {SIMILARITY: learnt.curves[SIMILARITY]},
        "losses": losses,
    }


def _frames(counts: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    total = sum(counts.values())
    return {kind: {"frames": count, "%": round(100 * count / total)} for kind, count in counts.items()}


def _about_recording(recorded: "Recorded", recording: video.Clip) -> dict[str, str]:
    from engines.everybody_dance_now.own import READ

    words = {}
    seconds = float(recording.count / recording.rate)
    if seconds < SHORT_SECONDS:
        words["short"] = (
            f"The recording lasts {seconds:.0f} seconds: poses that it does not show will be guessed. "
            f"{SHORT_SECONDS} seconds to 5 minutes of many moves are better."
        )
    if recorded.counts[READ] < USABLE_SHARE * sum(recorded.counts.values()):
        words["usable"] = (
            "Many frames cannot be used; the table says why. Step back until head and feet are always in the picture."
        )
    if recorded.others:
        words["others"] = (
            "A second person is seen at times; only the most prominent one is learnt, with traces of others."
        )
    return words


def _small(frame: np.ndarray, height: int) -> np.ndarray:
    import cv2

    size = round(frame.shape[1] * height / frame.shape[0]), height
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA if height < frame.shape[0] else cv2.INTER_LINEAR)


def _counted(found: Sequence["Skeleton | None"]) -> dict[str, dict[str, int]]:
    """In how many of a clip's frames how much of somebody is seen."""
    from engines.everybody_dance_now.normalization import has_feet

    people = [skeleton for skeleton in found if skeleton is not None]
    counts = {"all": len(found), "with somebody": len(people), "from head to foot": sum(map(has_feet, people))}
    return {name: {"frames": count} for name, count in counts.items()}


def _notices(choreography: "Choreography", is_alone: bool) -> dict[str, str]:
    empty = sum(skeleton is None for skeleton in choreography.skeletons)
    notices = {} if is_alone else {"second": SECOND_PERSON}
    if empty:
        notices["empty"] = (
            f"In {empty} of {len(choreography.skeletons)} frames nobody is found; the stage is empty there."
        )
    if choreography.source.statistics is None:
        notices["feet"] = NO_FEET
    return notices


def _switches() -> Mapping[str, Control]:
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


def _target() -> Mapping[str, Control]:
    return {
        "checkpoint": CheckpointChoice(
            "Target", SUBJECTS, BUNDLED, group="Who dances", help="Characters that this project drew: no real person."
        ),
        "subject": SubjectFile(
            "A subject of yours",
            optional=True,
            instead_of="checkpoint",
            group="Who dances",
            help="Its file, in place of the characters.",
        ),
    }


PANEL = Panel(
    slug="everybody_dance_now",
    title="Everybody Dance Now",
    paper=Paper(
        number=9,
        title="Everybody Dance Now",
        authors="Caroline Chan, Shiry Ginosar, Tinghui Zhou, Alexei A. Efros",
        venue="ICCV 2019",
        arxiv="1808.07371",
    ),
    story="One dances, and another is seen dancing: a stick figure is all that goes between them.",
    experiments=[
        Stream(
            name="dance",
            title="Dance",
            controls={"frame": Camera("Camera", clips=CLIPS), **_target(), **_switches()},
            outputs={
                "source": Picture("Source"),
                "skeleton": Picture("Skeleton"),
                "normalized": Picture("Normalised"),
                "target": Picture("Target"),
                "words": Notices("Seen"),
            },
            presets={
                "All of the method": {},
                "Without normalisation": {"normalization": False},
                "Without smoothing": {"smoothing": False},
                "Every frame alone": {"previous": False},
            },
            notes=(
                "Stand where your feet are seen; before a desk, your upper body dances on legs of the target.",
                "Try: step back and forth with normalisation on and off; watch the hands without smoothing.",
                CONSENT,
            ),
            run=dance,
        ),
        Job(
            name="transfer",
            title="Transfer a clip",
            action="Transfer",
            controls={
                "clip": Clip("Clip", examples=CLIPS, default="dancer", group="Source", help=f"Ten seconds. {CONSENT}"),
                **_target(),
                "view": Choice("Film", VIEWS, "row", group="Who dances"),
                **_switches(),
            },
            outputs={
                "movie": Movie("Film", help="An MP4 with the clip's sound; a paused run leaves what it finished."),
                "frames": Strip("Source and target"),
                "notices": Notices("Seen"),
                "poses": Table("Poses found"),
            },
            presets={
                "An adult's dance": {},
                "A child's dance": {"clip": "child"},
                "A child's, without normalisation": {"clip": "child", "normalization": False},
                "Every frame alone": {"previous": False, "smoothing": False},
            },
            notes=(
                "All poses are known beforehand: each is the median of seven frames, and the floor is the clip's.",
                "Feet stay on the target's floor, and a child grows to its size; without normalisation it stays small.",
                CONSENT,
            ),
            run=transfer,
        ),
        Job(
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
                "consent": Switch(
                    AGREED,
                    False,
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
                "The dancer": {"consent": True, "minutes": 5},
                "A recording of yours": {},
            },
            notes=(
                "A network learns to draw one person from stick figures; the last frames are kept from it as a test.",
                "Pause, close the page, come back: it goes on. The file holds the subject; load it again under Dance.",
                CONSENT,
            ),
            run=train,
        ),
    ],
    shows_people=True,
)
