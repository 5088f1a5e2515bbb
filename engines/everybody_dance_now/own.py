"""A visitor's own subject of Everybody Dance Now (arXiv:1808.07371): from a recording to frames that can be learnt
from, and the training that can be watched, paused and continued."""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from typing import Any, NamedTuple

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from engines.everybody_dance_now.normalization import has_feet
from engines.everybody_dance_now.skeleton import Skeleton, find_skeleton, scaled
from engines.everybody_dance_now.training import FEWEST_FRAMES, Film, SubjectTraining, framed
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress, Saved
from engines.runtime.video import Clip
from engines.shared.landmarks.detection import find_other_pose

MOST_FRAMES = 900
"""Learnt from: more would take more memory than they teach."""
RUN = 12
"""Frames in a row, of a recording of which not all are looked at: pairs of neighbours are learnt from."""
SEARCHED_SIDE = 480
"""Pixels of the longer side in which a person is looked for."""
KEPT_SIDES = 1.8
"""The longer side that is kept of a frame, in sides of the subject's pictures: it is cut to a square."""
ALONE_EVERY = 30
"""Frames between two looks for a second person."""
DARK = 24.0
"""Levels of 255: a recording whose brightest pixels stay below on average is called nearly black."""
TOLD_EVERY = 15.0
"""Seconds of training between two previews."""
SAVED_EVERY = 60.0
STEADY = 0.95
"""Of the mean of a loss that its curve shows, how much is of the steps before."""
SIMILARITY = "similarity of held-out frames"
READ, CUT, NOBODY = "the whole body is seen", "head or feet are not seen", "nobody is seen"


class Recorded(NamedTuple):
    """What a recording gives: square `film`, how many frames were good or bad in which way, `counts`, and in how many
    of the looks for one a second person was there."""

    film: Film
    counts: Mapping[str, int]
    others: int


class Learnt(NamedTuple):
    """A training so far: `pairs` of held-out frames, real and made, the `curves` {name: (minutes, values)}, and the
    subject's file."""

    pairs: list[tuple[np.ndarray, np.ndarray]]
    curves: dict[str, tuple[list[float], list[float]]]
    file: bytes


def look_through(clip: Clip, side: int) -> Generator[Progress, None, Recorded]:
    """Find the person in a recording; the frames in which the whole body is seen, cut to a square of `side` pixels.

    Raises:
        InputError: too few frames show the whole body; the sentence says what is seen instead, and what to do.
    """
    wanted = chosen_frames(clip.count)
    longest = max(SEARCHED_SIDE, round(KEPT_SIDES * side))
    frames: list[np.ndarray] = []
    skeletons: list[Skeleton | None] = []
    counts: Counter[str] = Counter({READ: 0, CUT: 0, NOBODY: 0})
    others = 0
    for place, frame in enumerate(clip.frames(longest)):
        if place not in wanted:
            continue
        skeleton = find_skeleton(frame)
        kind = NOBODY if skeleton is None else READ if has_feet(skeleton) else CUT
        counts[kind] += 1
        if skeleton is not None and len(frames) % ALONE_EVERY == 0:
            others += find_other_pose(frame, skeleton.points) is not None
        factor = min(1.0, KEPT_SIDES * side / max(frame.shape[:2]))
        frames.append(cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))
        skeletons.append(scaled(skeleton, factor) if skeleton is not None and kind == READ else None)
        yield Progress(len(frames) / len(wanted), f"looking at frame {len(frames)} of {len(wanted)}")
    _check(counts, frames)
    return Recorded(framed(frames, skeletons, side), dict(counts), others)


def chosen_frames(count: int) -> set[int]:
    """Places of the frames that are looked at: all, or runs of neighbours spread evenly over a long recording."""
    if count <= MOST_FRAMES:
        return set(range(count))
    starts = np.linspace(0, count - RUN, MOST_FRAMES // RUN).round().astype(int)
    return {int(start) + step for start in starts for step in range(RUN)}


def _check(counts: Mapping[str, int], frames: list[np.ndarray]) -> None:
    if counts[READ] >= FEWEST_FRAMES:
        return
    total = sum(counts.values())
    found = f"Of {total} frames only {counts[READ]} show a whole body from head to foot; {FEWEST_FRAMES} are needed."
    if total < FEWEST_FRAMES:
        remedy = "Record for longer."
    elif np.mean([np.percentile(frame, 99) for frame in frames]) < DARK:
        remedy = "The recording is nearly black: turn on a light."
    elif counts[CUT] > counts[NOBODY]:
        remedy = "Step back until head and feet are in the picture."
    else:
        remedy = "In most of them nobody is found: stand in the middle, well lit, before a plain wall."
    raise InputError(f"{found} {remedy}")


def learn(
    film: Film, side: int, minutes: float, seed: int, about: Mapping[str, str], saved: Mapping[str, Any] | None
) -> Iterator[Progress | Saved | Learnt]:
    """Train a subject for so many minutes of computing, from the beginning or from what was `saved`."""
    training = SubjectTraining(*film, side, seed, minutes=minutes, about=about)
    curves: dict[str, tuple[list[float], list[float]]] = {}
    if saved is not None:
        training.restore(saved["training"])
        curves = {name: (list(xs), list(ys)) for name, (xs, ys) in saved["curves"].items()}
    means = {name: ys[-1] for name, (_, ys) in curves.items()}
    told = kept = training.seconds
    while training.share < 1:
        for name, loss in training.advance().items():
            means[name] = STEADY * means.get(name, loss) + (1 - STEADY) * loss
        left = 60 * minutes - training.seconds
        yield Progress(training.share, f"step {training.step}, {_lasting(left)} of computing left")
        if training.seconds - told >= TOLD_EVERY:
            told = training.seconds
            yield _learnt(training, means, curves)
        if training.seconds - kept >= SAVED_EVERY:
            kept = training.seconds
            yield Saved({"training": training.state(), "curves": curves})
    yield _learnt(training, means, curves)


def _learnt(
    training: SubjectTraining,
    means: dict[str, float],
    curves: dict[str, tuple[list[float], list[float]]],
) -> Learnt:
    pairs = training.preview()
    similar = [structural_similarity(real, made, channel_axis=2) for real, made in pairs]
    figures = {**means, SIMILARITY: float(np.mean(similar))}
    for name, figure in figures.items():
        minutes, values = curves.setdefault(name, ([], []))
        minutes.append(training.seconds / 60)
        values.append(figure)
    shown = {name: (list(xs), list(ys)) for name, (xs, ys) in curves.items()}
    return Learnt(pairs, shown, training.subject().content())


def _lasting(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
