"""How much a clip flickers when it is stylized steadily, and when frame by frame.

python -m engines.photo_stylization.flicker CLIP STYLE

Flicker is the mean difference, in levels of 255, between a frame and the one before carried along the optical flow of
the content, where the flows there and back agree. Beside it stand the content's own (grain, compression, what the flow
does not explain) and what would betray a reduction bought by blurring or fading.
"""

import argparse
import sys
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import numpy as np

from engines.photo_stylization.clip import ClipStylizer
from engines.photo_stylization.network import LEVELS
from engines.runtime.images import read_photo
from engines.runtime.progress import finish
from engines.runtime.video import Clip, read_clip
from engines.shared.flow import FlickerMeter, Frame, detail


def compare(clip: Clip, style: Frame, longest: int) -> dict[str, dict[str, float]]:
    """Means over all frames, by measure, for the "content" and for it stylized "frame by frame" and "steady"."""
    meter = FlickerMeter()
    found: dict[str, dict[str, list[float]]] = {}
    alone, steady = (_stylized(clip, style, longest, steady) for steady in (False, True))
    with closing(clip.frames(longest)) as contents, closing(alone), closing(steady):
        for content, (one, one_seconds), (other, other_seconds) in zip(contents, alone, steady, strict=True):
            clips = {"content": content, "frame by frame": one, "steady": other}
            measured = {
                "flicker": meter.measure(content, clips),
                "detail": {name: detail([frame]) for name, frame in clips.items()},
                "distance to content": {name: _distance(frame, content) for name, frame in clips.items()},
                "distance to frame by frame": {name: _distance(frame, one) for name, frame in clips.items()},
                "seconds a frame": {"frame by frame": one_seconds, "steady": other_seconds},
            }
            for measure, values in measured.items():
                for name, value in values.items():
                    found.setdefault(measure, {}).setdefault(name, []).append(value)
    return {measure: {name: float(np.mean(values)) for name, values in row.items()} for measure, row in found.items()}


def _stylized(clip: Clip, style: Frame, longest: int, steady: bool) -> Generator[tuple[Frame, float], None, None]:
    """Every frame, and the seconds it took."""
    stylizer = ClipStylizer(style, count=clip.count, strengths=dict.fromkeys(LEVELS, 1.0), steady=steady)
    with closing(clip.frames(longest)) as frames:
        for frame in frames:
            began = time.perf_counter()
            made = finish(stylizer.stylize(frame))
            yield made, time.perf_counter() - began


def _distance(frame: Frame, other: Frame) -> float:
    return float(np.linalg.norm(frame.astype(np.float32) - other, axis=2).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("style", type=Path, help="a photograph")
    parser.add_argument("--longest", type=int, default=512, help="pixels of the longer side")
    arguments = parser.parse_args()
    clip = read_clip(arguments.clip, "CLIP")
    print(*clip.notices.values(), sep="\n", file=sys.stderr)
    rows = compare(clip, read_photo(arguments.style, "STYLE"), arguments.longest)
    names = list(rows["flicker"])
    print(" " * 28 + "".join(f"{name:>16}" for name in names))
    for measure, row in rows.items():
        print(f"{measure:28}" + "".join(f"{row[name]:16.3f}" if name in row else " " * 16 for name in names))
    alone, steady = rows["flicker"]["frame by frame"], rows["flicker"]["steady"]
    print(f"Steady flickers {100 * (1 - steady / alone):.0f}% less than frame by frame.")


if __name__ == "__main__":
    main()
