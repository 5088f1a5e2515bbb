"""A clip in a photograph's colours, steady in time."""

import copy
import math
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy, video
from engines.runtime.images import fit
from engines.runtime.progress import Progress, Saved
from pages.examples import examples
from pages.photo_stylization.controls import CHECKPOINT, PICTURES
from studio.declared import LongExperiment
from studio.kinds import Clip, Curves, Movie, Number, Photo, Strip, Switch

if TYPE_CHECKING:
    from engines.photo_stylization import clip as clip_engine
    from engines.photo_stylization import network
    from engines.shared import flow
else:
    clip_engine = lazy.load("engines.photo_stylization.clip")
    flow = lazy.load("engines.shared.flow")
    network = lazy.load("engines.photo_stylization.network")

CLIPS = examples("lake")
FRAMES_SHOWN = 6
FRAMES_A_PART = 32
"""So many frames are done anew, at most, where a clip goes on after a pause or a restart."""


def run(
    saved: Mapping[str, Any] | None,
    clip: video.Clip,
    style: np.ndarray,
    strength: float,
    steady: bool,
    longest: int,
    checkpoint: str,
) -> Generator[Progress | Saved | dict[str, Any], None, None]:
    strengths = dict.fromkeys(network.LEVELS, strength)
    stylizer = clip_engine.ClipStylizer(
        style, count=clip.count, strengths=strengths, steady=steady, checkpoint=checkpoint
    )
    curves: dict[str, tuple[list[float], list[float]]] = {"original": ([], []), "stylized": ([], [])}
    meter, parts = flow.FlickerMeter(), []
    if saved is not None:
        stylizer.load(saved["stylizer"])
        meter, curves, parts = flow.FlickerMeter(saved["meter"]), saved["curves"], saved["parts"]
    shown = math.ceil(clip.count / FRAMES_SHOWN)
    with (
        closing(clip.frames(longest)) as frames,
        video.Recording(clip.rate, clip, parts, stylizer.place) as movie,
    ):
        for place, original in enumerate(frames):
            if place < stylizer.place:
                yield Progress(stylizer.place / clip.count, "Going on")
                continue
            made = yield from stylizer.stylize(original)
            seconds = round(float(movie.count / clip.rate), 2)
            small = {"original": fit(original, clip_engine.LONGEST), "stylized": fit(made, clip_engine.LONGEST)}
            for name, change in meter.measure(small["original"], small).items():
                curves[name][0].append(seconds)
                curves[name][1].append(change)
            if movie.count % shown == 0:
                yield {"movie": movie, "frames": {f"{seconds} s": made}, "flicker": copy.deepcopy(curves)}
            movie.add(made)
            if movie.count % FRAMES_A_PART == 0:
                movie.cut()
                yield Saved(
                    {
                        "stylizer": stylizer.state,
                        "meter": meter.last,
                        "curves": copy.deepcopy(curves),
                        "parts": list(movie.parts),
                    }
                )
    yield {"movie": movie, "flicker": curves}


EXPERIMENT = LongExperiment(
    name="clip",
    title="Clip",
    action="Stylize the clip",
    controls={
        "clip": Clip("Clip", group="Film and photograph", examples=CLIPS, help="At most ten seconds are taken."),
        "style": Photo(
            "Style", group="Film and photograph", examples=PICTURES, help="The photograph whose look it takes."
        ),
        "steady": Switch("Steady in time", True, help="Off, every frame is stylized alone, and flickers."),
        "strength": Number("Strength", 0, 1, 1, 0.05),
        "longest": Number(
            "Made at",
            128,
            1024,
            512,
            64,
            unit="pixels",
            group="Size and checkpoint",
            advanced=True,
            help="The longer side of the film that is made.",
        ),
        "checkpoint": CHECKPOINT,
    },
    outputs={
        "movie": Movie("Film", help="A paused run leaves the frames that it finished."),
        "frames": Strip("Frames"),
        "flicker": Curves("Change beyond motion, levels of 255", "seconds", "flicker"),
    },
    presets={
        "Lake at dusk": {"clip": "lake", "style": "dusk"},
        "Lake by night": {"clip": "lake", "style": "night"},
        "Lake at dusk, frame by frame": {"clip": "lake", "style": "dusk", "steady": False},
    },
    notes=(
        "A step beyond the paper: each eighth frame is stylized, its colours are carried along what moves.",
        "Flicker is what changes from frame to frame beyond motion; the original has some, from grain.",
        "Try: steady off, and watch the sky; a clip of your own with a cut in it.",
    ),
    run=run,
)
