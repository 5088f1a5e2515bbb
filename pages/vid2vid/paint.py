"""A drive whose labels are painted over or swapped."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from pages.vid2vid.controls import LIGHTS, NOTICES, checkpoint_control, light_control
from pages.vid2vid.label_clip import LabelClip, LabelFilm
from pages.vid2vid.label_examples import CLIPS, MARKS, PALETTE
from pages.vid2vid.side_by_side import side_by_side
from studio.declared import Experiment
from studio.kinds import Choice, Movie, Regions, Strip

if TYPE_CHECKING:
    import cv2

    from engines.vid2vid import engine
    from engines.vid2vid import labels as street_labels
else:
    cv2 = lazy.load("cv2")
    engine = lazy.load("engines.vid2vid.engine")
    street_labels = lazy.load("engines.vid2vid.labels")

PAINTED_FRAMES = 24
SWAPS = {
    "none": ("none", None),
    "trees": ("trees and buildings", ("tree", "building")),
    "pavement": ("road and pavement", ("road", "pavement")),
    "cars": ("cars and trees", ("car", "tree")),
}


def run(
    clip: LabelFilm, painted: np.ndarray | None, swap: str, light: str, checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    pair = SWAPS[swap][1]
    if painted is None and pair is None:
        raise InputError("Nothing is changed: paint on the first frame, or choose two labels to swap.")
    before = list(clip.frames[:PAINTED_FRAMES])
    after = (
        before if pair is None else [engine.swapped(each, *map(street_labels.LABELS.index, pair)) for each in before]
    )
    if painted is not None:
        yield Progress(0, "Carrying the paint along")
        mark = _sized(street_labels.read_labels(painted, "Painted")[0], before[0].shape)
        after = engine.repainted(after, 0, np.where(mark == street_labels.VOID, after[0], mark).astype(np.uint8))
    look = list(LIGHTS).index(light)
    yield from side_by_side({"before": before, "after": after}, clip.rate, look, [], checkpoint)


def _sized(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return cv2.resize(labels, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)


EXPERIMENT = Experiment(
    name="paint",
    title="Paint",
    action="Synthesise again",
    controls={
        "clip": LabelClip("Street", examples=CLIPS, default="street", group="Labels", help="Its first 24 frames."),
        "swap": Choice(
            "Swap",
            {name: words for name, (words, _) in SWAPS.items()},
            "none",
            group="Labels",
            help="Everywhere.",
        ),
        "painted": Regions(
            "Painted on the first frame",
            of="clip",
            optional=True,
            palette=PALETTE,
            examples=MARKS,
            group="Labels",
            help="What is painted is carried along the labels' flow through the frames that follow.",
        ),
        **light_control(),
        **checkpoint_control(),
    },
    outputs={
        "views": Strip("Before and after", of=("labels before", "labels after", "before", "after")),
        "movie": Movie("Film", help="Labels above, pictures below; left before, right after."),
        "notices": NOTICES,
    },
    presets={
        "Trees for buildings": {"swap": "trees"},
        "A tree on the right": {"painted": "a tree on the right"},
        "A car ahead": {"painted": "a car ahead"},
        "Road for pavement": {"swap": "pavement"},
    },
    notes=(
        "Labels that are changed on one frame go with the street; all pictures are made anew from them.",
        "Try: Paint, and put a tree where a house stands; a car on the pavement; buildings into the sky.",
        "The network learnt from CamVid (CC BY-NC): not for commercial use.",
    ),
    run=run,
)
