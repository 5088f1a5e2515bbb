"""Train a subject of Everybody Dance Now (arXiv:1808.07371) from a clip of one person or character.

    python -m engines.everybody_dance_now.train CLIP --out FOLDER --minutes 10 --side 128

FOLDER gets the subject, `subject.safetensors`, and what the training goes on from, `state.safetensors`, both again and
again while it goes on. So the command can be stopped and given once more, with more minutes too.
"""

import argparse
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import torch

from engines.everybody_dance_now.skeleton import find_skeleton
from engines.everybody_dance_now.subject import Subject
from engines.everybody_dance_now.training import Film, SubjectTraining, framed
from engines.runtime.errors import InputError, StudioError
from engines.runtime.training import go_on


def read_film(clip: Path, side: int, left: int | None = None) -> Film:
    """The square in which somebody dances in a clip, at that side, with its skeletons; `left` is how many pixels of its
    frames' width count, from the left.

    Skeletons are as they are found: their jitter averages out in a training, while the paper's median over seven frames
    puts a quick hand where it is not.

    Raises:
        InputError: the clip cannot be read, or shows nobody.
    """
    # OpenCV would take the colours of films in HD's colour space, such as the studio's own, for another one's.
    reader = imageio_ffmpeg.read_frames(str(clip))
    try:
        width, height = next(reader)["size"]
    except (OSError, KeyError, IndexError) as error:
        raise InputError(f"{clip} cannot be read as a clip.") from error
    frames = [np.frombuffer(frame, np.uint8).reshape(height, width, 3)[:, :left].copy() for frame in reader]
    return framed(frames, [find_skeleton(frame) for frame in frames], side)


def train(training: SubjectTraining, out: Path) -> None:
    """Go on until the training has had its minutes; the subject is written whenever the state is."""
    go_on(training, out / "state.safetensors", out / "subject.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="where the subject and the state are kept")
    parser.add_argument("--minutes", type=float, default=10.0, help="in all, earlier runs included")
    parser.add_argument("--side", type=int, default=128, help="pixels of the subject's pictures, a multiple of 16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, help="a subject to begin with: with another one's, half the steps do")
    parser.add_argument("--threads", type=int, default=1, help="more are slower where the cores are shared")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        film = read_film(arguments.clip, arguments.side)
        start = None if arguments.start is None else Subject.load(arguments.start)
        about = {"trained_on": arguments.clip.name}
        settings = {"minutes": arguments.minutes, "start": start, "about": about}
        train(SubjectTraining(*film, arguments.side, arguments.seed, **settings), arguments.out)
    except StudioError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
