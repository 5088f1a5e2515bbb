"""Two clips of labels and what is made of them."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy, video
from engines.runtime.progress import Progress
from pages.vid2vid.views import tiled

if TYPE_CHECKING:
    from engines.vid2vid import engine
    from engines.vid2vid import labels as street_labels
else:
    engine = lazy.load("engines.vid2vid.engine")
    street_labels = lazy.load("engines.vid2vid.labels")


def side_by_side(
    clips: Mapping[str, Sequence[np.ndarray]], rate: Fraction, look: int, known: Sequence[np.ndarray], checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    """Two clips of labels and what is made of them, side by side, after what is known of both."""
    past, network = None, engine.generator(checkpoint)
    for place, labels in enumerate(known):
        yield Progress(0, f"Given frame {place + 1} of {len(known)}")
        _, past = engine.next_frame(labels, past or engine.nothing_before(labels), look=look, network=network)
    drives = [engine.drive(labels, look=look, past=past, network=network) for labels in clips.values()]
    count = min(map(len, clips.values()))
    with video.Recording(rate) as movie:
        for place in range(count):
            yield Progress(place / count, f"Frame {place + 1} of {count}")
            frames = dict(zip(clips, map(next, drives), strict=True))
            views = {f"labels {name}": street_labels.COLOURS[frame.labels] for name, frame in frames.items()}
            views |= {name: frame.final for name, frame in frames.items()}
            movie.add(tiled(list(views.values()), 2))
            yield {"movie": movie, "views": views}
    yield {"movie": movie}
