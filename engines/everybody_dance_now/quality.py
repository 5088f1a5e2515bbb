"""How well a subject dances what it was not trained on (Everybody Dance Now, arXiv:1808.07371).

    python -m engines.everybody_dance_now.quality CLIP --out FOLDER --minutes 10

Trains on a clip's first 400 frames, and compares its frames from 450 on with what the subject makes of their poses,
each with the picture before: structural similarity and, carried along the real frames' flow, flicker. Beside it stand
what a subject must beat: the mean of the frames trained on, and the one among them whose pose is nearest. FOLDER gets
the training, which is gone on with if it is there, and `frames.png`, to be looked at.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from skimage.metrics import structural_similarity

from engines.everybody_dance_now.character.body import CHARACTERS
from engines.everybody_dance_now.character.film import picture
from engines.everybody_dance_now.network import SubjectNetwork
from engines.everybody_dance_now.normalization import PoseStatistics
from engines.everybody_dance_now.skeleton import Skeleton, find_skeleton
from engines.everybody_dance_now.subject import ARCHITECTURE, Subject
from engines.everybody_dance_now.train import read_film, train
from engines.everybody_dance_now.training import Film, SubjectTraining
from engines.runtime.checkpoints import Quality
from engines.runtime.errors import InputError, StudioError
from engines.runtime.images import write_picture
from engines.shared.flow import detail, flicker

TRAINED, TESTED = 400, 450
"""How many frames are trained on, and the first one that is compared."""
FILM_RATE = 15
"""Frames a second of the films that bundled subjects were trained on."""
HELD_OUT = (64, 72)
"""Seconds of a character's dance that are compared; the first 60 are trained on."""
SHOWN = 6
"""Frames of the picture to be looked at."""


def dance(subject: Subject, skeletons: Sequence[Skeleton], *, previous: bool, face: bool = True) -> list[np.ndarray]:
    """What the subject makes of skeletons one after the other, each with the picture before or without."""
    pictures: list[np.ndarray] = []
    for skeleton in skeletons:
        before = pictures[-1] if previous and pictures else None
        pictures.append(subject.picture(skeleton, before, face=face))
    return pictures


def similarity(real: Sequence[np.ndarray], made: Sequence[np.ndarray]) -> float:
    """Mean structural similarity of frames `(H, W, 3)` uint8 and pictures of them."""
    return float(
        np.mean([structural_similarity(one, other, channel_axis=2) for one, other in zip(real, made, strict=True)])
    )


def nearest(skeleton: Skeleton, among: Sequence[Skeleton | None]) -> int:
    """The place of the skeleton whose points lie nearest, on the mean of those that both see."""

    def distance(other: Skeleton | None) -> float:
        if other is None:
            return np.inf
        both = skeleton.is_seen & other.is_seen
        return float(np.linalg.norm(skeleton.points - other.points, axis=1)[both].mean()) if both.any() else np.inf

    return int(np.argmin([distance(other) for other in among]))


def figures(subject: Subject, film: Film) -> dict[str, float]:
    """Of all frames in which somebody is seen: similarity, flicker and detail, with the picture before and without."""
    seen = [(frame, each) for frame, each in zip(*film, strict=True) if each is not None]
    if len(seen) < 2:
        raise InputError("Nobody is seen in the frames to be compared.")
    real, skeletons = [frame for frame, _ in seen], [each for _, each in seen]
    clips = {
        "real": real,
        "made": dance(subject, skeletons, previous=True),
        "without previous": dance(subject, skeletons, previous=False),
        "without face": dance(subject, skeletons, previous=True, face=False),
    }
    steady = flicker(real, {name: clips[name] for name in ("real", "made", "without previous")})
    return (
        {f"similarity, {name}": similarity(real, clip) for name, clip in clips.items() if name != "real"}
        | {f"flicker, {name}": value for name, value in steady.items()}
        | {f"detail, {name}": detail(clips[name]) for name in ("real", "made")}
    )


def rivals(film: Film, trained: Film) -> dict[str, float]:
    """The similarity of what needs no network: the mean frame, and the one of the nearest pose."""
    mean = trained.frames.mean(axis=0).round().astype(np.uint8)
    seen = [(frame, each) for frame, each in zip(*film, strict=True) if each is not None]
    near = [trained.frames[nearest(each, trained.skeletons)] for _, each in seen]
    real = [frame for frame, _ in seen]
    return {
        "similarity, mean frame": similarity(real, [mean] * len(real)),
        "similarity, nearest pose": similarity(real, near),
    }


def measure_character(network: SubjectNetwork, data: Path | None = None) -> Quality:
    """The figures of a bundled subject on seconds of its character's film that it was not trained on; the similarity of
    what it makes decides."""
    character = CHARACTERS[str(network.character)]
    moves = character.dance(HELD_OUT[1])
    times = np.arange(FILM_RATE * HELD_OUT[0], FILM_RATE * HELD_OUT[1]) / FILM_RATE
    real = [picture(character, moves.at(time, character.build), network.side) for time in times]
    film = Film(np.stack(real), [find_skeleton(frame) for frame in real])
    statistics = PoseStatistics.of(film.skeletons)
    measured = figures(Subject(network.eval(), statistics), film)
    return Quality(measured, measured["similarity, made"])


def side_by_side(subject: Subject, film: Film) -> np.ndarray:
    """A few real frames over the pictures made of their poses."""
    seen = [(frame, each) for frame, each in zip(*film, strict=True) if each is not None]
    made = dance(subject, [each for _, each in seen], previous=True)
    chosen = np.linspace(0, len(seen) - 1, SHOWN).round().astype(int)
    return np.hstack([np.vstack([seen[place][0], made[place]]) for place in chosen])


MEASURES = {ARCHITECTURE: measure_character}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="where the training and frames.png are kept")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training, earlier runs included")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument(
        "--left", type=int, help="pixels of the frames' width that count, where panels stand side by side"
    )
    parser.add_argument("--start", type=Path, help="a subject to begin with")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        film = read_film(arguments.clip, arguments.side, arguments.left)
        trained, tested = (
            Film(film.frames[part], film.skeletons[part]) for part in (slice(TRAINED), slice(TESTED, None))
        )
        start = None if arguments.start is None else Subject.load(arguments.start)
        about = {"trained_on": arguments.clip.name}
        training = SubjectTraining(*trained, arguments.side, minutes=arguments.minutes, start=start, about=about)
        train(training, arguments.out)
        subject = training.subject()
        for name, figure in (rivals(tested, trained) | figures(subject, tested)).items():
            print(f"{name:28} {figure:8.3f}")
    except StudioError as error:
        parser.exit(1, f"{error}\n")
    print(f"{training.step} steps in {training.seconds / 60:.1f} minutes")
    write_picture(side_by_side(subject, tested), arguments.out / "frames.png", {"subject": "everybody-dance-now"})


if __name__ == "__main__":
    main()
