"""The dance of a clip, danced by another."""

import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy, video
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress, Saved
from pages.everybody_dance_now.controls import CLIPS, CONSENT, switches, who_dances
from pages.everybody_dance_now.seen import NO_FEET, SECOND_PERSON, views
from studio.declared import LongExperiment
from studio.kinds import Choice, Clip, Movie, Notices, Strip, Table

if TYPE_CHECKING:
    from engines.everybody_dance_now import engine
    from engines.everybody_dance_now import normalization as pose_normalization
    from engines.everybody_dance_now import skeleton as skeletons
    from engines.everybody_dance_now.engine import Choreography
    from engines.everybody_dance_now.skeleton import Skeleton
    from engines.everybody_dance_now.subject import Subject
else:
    engine = lazy.load("engines.everybody_dance_now.engine")
    pose_normalization = lazy.load("engines.everybody_dance_now.normalization")
    skeletons = lazy.load("engines.everybody_dance_now.skeleton")

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


def run(
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
    target = subject or engine.load_subject(checkpoint)
    if saved is None:
        saved = yield from _poses(clip)
        yield Saved(saved)
    found = [each and skeletons.Skeleton(*each) for each in saved["found"]]
    chosen = engine.Switches(normalization, smoothing, previous, face)
    choreography = engine.Choreography(found, saved["shape"], chosen)
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
            shown = views(frame, danced, target)
            movie.add(shown["target"] if view == "target" else np.concatenate(list(shown.values()), axis=1))
            if place % every == 0:
                pair = np.concatenate([shown["source"], shown["target"]], axis=1)
                yield {"movie": movie, "frames": {f"{float(place / clip.rate):.1f} s": pair}}
            if movie.count % FRAMES_A_PART == 0:
                movie.cut()
                yield Saved({**saved, "parts": list(movie.parts), "before": before, "place": movie.count})
    yield {"movie": movie}


def _poses(clip: video.Clip) -> Generator[Progress, None, dict[str, Any]]:
    """What a transfer saves when it has looked at every frame, and begins to make pictures."""
    found: list[tuple[np.ndarray, ...] | None] = []
    is_alone = is_black = True
    with closing(clip.frames(SOURCE_SIDE)) as frames:
        for place, frame in enumerate(frames):
            yield Progress(POSE_SHARE * place / clip.count, f"Pose {place + 1} of {clip.count}")
            skeleton = skeletons.find_skeleton(frame)
            found.append(skeleton and tuple(skeleton))
            is_black = is_black and engine.is_black(frame)
            if skeleton is not None and is_alone and place % math.ceil(clip.count / LOOKS) == 0:
                is_alone = engine.is_alone(frame, skeleton)
    if is_black:
        raise InputError("The clip is black from the first frame to the last; choose another.")
    return {"found": found, "shape": frame.shape, "is_alone": is_alone, "before": None, "parts": [], "place": 0}


def _counted(found: Sequence["Skeleton | None"]) -> dict[str, dict[str, int]]:
    """In how many of a clip's frames how much of somebody is seen."""
    people = [skeleton for skeleton in found if skeleton is not None]
    counts = {
        "all": len(found),
        "with somebody": len(people),
        "from head to foot": sum(map(pose_normalization.has_feet, people)),
    }
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


EXPERIMENT = LongExperiment(
    name="transfer",
    title="Transfer a clip",
    action="Transfer",
    controls={
        "clip": Clip("Clip", examples=CLIPS, default="dancer", group="Source", help=f"Ten seconds. {CONSENT}"),
        **who_dances(),
        "view": Choice("Film", VIEWS, "row", group="Who dances"),
        **switches(),
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
    run=run,
)
