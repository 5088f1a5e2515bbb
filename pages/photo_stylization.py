"""Photorealistic stylization: one photograph's content in another's colours, stage by stage."""

import copy
import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Any

import numpy as np

from engines.runtime import video
from engines.runtime.checkpoints import catalogue
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress, Saved
from pages._examples import examples
from pages._panel import (
    CheckpointChoice,
    Choice,
    Clip,
    Comparison,
    Curves,
    Experiment,
    Figure,
    Job,
    Matching,
    Movie,
    Notices,
    Number,
    Panel,
    Paper,
    Photo,
    Regions,
    Strip,
    Switch,
    Table,
)

PICTURES = examples("temple", "flower", "coffee", "cat", "astronaut", "noon", "dusk", "night", "autumn")
CLIPS = examples("lake")
CHECKPOINTS = {
    name: checkpoint.badge for name, checkpoint in catalogue().items() if checkpoint.architecture == "photowct"
}
MATCHING = Matching(fewest=10, coarsest=8, largest_ratio=100, longest="longest")
"""As in engines/photo_stylization/transform.py, whose import would bring torch."""
FRAMES_SHOWN = 6
FRAMES_A_PART = 32
"""So many frames are done anew, at most, where a clip goes on after a pause or a restart."""
SMOOTHERS = {"none": "none: the network's picture", "guided": "guided filter: fast", "exact": "exact: the closed form"}


def stylize(
    content: np.ndarray,
    style: np.ndarray,
    content_regions: np.ndarray | None,
    style_regions: np.ndarray | None,
    strength_4: float,
    strength_3: float,
    strength_2: float,
    strength_1: float,
    smoother: str,
    smoothing_weight: float,
    post_filter: bool,
    longest: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    from engines.photo_stylization import engine
    from engines.photo_stylization.transform import pair_regions
    from engines.runtime.images import fit, region_labels, to_picture, to_tensor

    if (content_regions is None) != (style_regions is None):
        raise InputError("Regions need two masks, one of the content and one of the style: give both, or neither.")
    small = fit(content, longest)
    original, look = to_tensor(small), to_tensor(fit(style, longest))
    regions = None
    if content_regions is not None and style_regions is not None:
        masks, sizes = [content_regions, style_regions], [original.shape[1:], look.shape[1:]]
        (content_labels, style_labels), colours = region_labels(masks, sizes)
        regions = pair_regions(content_labels, style_labels, colours)
        if regions.notices:
            yield {"notices": {f"region {place}": notice for place, notice in enumerate(regions.notices)}}
    yield {"result": {"content": content}}
    stages = engine.stylize(
        original,
        look,
        regions=regions,
        strengths={4: strength_4, 3: strength_3, 2: strength_2, 1: strength_1},
        smoother=smoother,
        smoothing_weight=1 - 10**-smoothing_weight,
        post_filter=post_filter,
        checkpoint=checkpoint,
    )
    for stage in stages:
        if isinstance(stage, Progress):
            yield stage
            continue
        finished = stage.picture
        picture = to_picture(finished)
        made: dict[str, Any] = {"seconds": {stage.name: {"seconds": round(stage.seconds, 2)}}}
        made["result"] = {"none" if stage.name.startswith("level") else stage.name: picture}
        if stage.name != "guided" or smoother == "guided":
            made["stages"] = {"smoothed" if stage.name in SMOOTHERS else stage.name: picture}
        if stage.name == "level 4":
            content_spectrum, style_spectrum = next(iter(stage.spectra.values()))
            made["spectra"] = {"content": _ranked(content_spectrum), "style": _ranked(style_spectrum)}
        last = next(iter(made["result"]))
        yield made
    yield {
        "views": {
            "difference": to_picture(engine.difference(original, finished)),
            "edges": to_picture(engine.edges(original, finished)),
        }
    }
    if small.shape != content.shape:
        yield Progress(1, "Carrying the look to the full size")
        yield {"result": {last: to_picture(engine.carry(finished, original, to_tensor(content)))}}


def stylize_clip(
    saved: Mapping[str, Any] | None,
    clip: video.Clip,
    style: np.ndarray,
    strength: float,
    steady: bool,
    longest: int,
    checkpoint: str,
) -> Generator[Progress | Saved | dict[str, Any], None, None]:
    from engines.photo_stylization.clip import LONGEST, ClipStylizer
    from engines.photo_stylization.flicker import FlickerMeter
    from engines.photo_stylization.network import LEVELS
    from engines.runtime.images import fit

    strengths = dict.fromkeys(LEVELS, strength)
    stylizer = ClipStylizer(style, count=clip.count, strengths=strengths, steady=steady, checkpoint=checkpoint)
    curves: dict[str, tuple[list[float], list[float]]] = {"original": ([], []), "stylized": ([], [])}
    meter, parts = FlickerMeter(), []
    if saved is not None:
        stylizer.load(saved["stylizer"])
        meter, curves, parts = FlickerMeter(saved["meter"]), saved["curves"], saved["parts"]
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
            small = {"original": fit(original, LONGEST), "stylized": fit(made, LONGEST)}
            for name, flicker in meter.measure(small["original"], small).items():
                curves[name][0].append(seconds)
                curves[name][1].append(flicker)
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


def _ranked(eigenvalues: Any) -> tuple[list[int], list[float]]:
    """Ranks from 1, and the eigenvalues, the largest first."""
    values = eigenvalues.tolist()
    return list(range(1, len(values) + 1)), values


PANEL = Panel(
    slug="photo_stylization",
    title="Photo stylization",
    paper=Paper(
        number=3,
        title="A Closed-form Solution to Photorealistic Image Stylization",
        authors="Yijun Li, Ming-Yu Liu, Xueting Li, Ming-Hsuan Yang, Jan Kautz",
        venue="ECCV 2018",
        arxiv="1802.06474",
    ),
    story="A photograph takes on the colours and light of another, and stays a photograph.",
    experiments=[
        Experiment(
            name="stylize",
            title="Stylize",
            action="Stylize",
            controls={
                "content": Photo("Content", group="Photographs", examples=PICTURES, help="The photograph to keep."),
                "style": Photo("Style", group="Photographs", examples=PICTURES, help="The one whose look it takes."),
                "smoother": Choice("Method", SMOOTHERS, "exact", group="Smoothing"),
                "smoothing_weight": Number(
                    "Weight of smoothness",
                    1,
                    5,
                    4,
                    0.25,
                    group="Smoothing",
                    help="At n the paper's beta is 1 - 10^-n; the paper takes n = 4.",
                ),
                "post_filter": Switch("Sharpen by the content afterwards", True, group="Smoothing"),
                "strength_4": Number("Level 4, large shapes", 0, 1, 1, 0.05, group="Strength of the style"),
                "strength_3": Number("Level 3", 0, 1, 1, 0.05, group="Strength of the style"),
                "strength_2": Number("Level 2", 0, 1, 1, 0.05, group="Strength of the style"),
                "strength_1": Number("Level 1, single colours", 0, 1, 1, 0.05, group="Strength of the style"),
                "content_regions": Regions(
                    "Regions of the content",
                    of="content",
                    optional=True,
                    group="Regions",
                    advanced=True,
                    matching=MATCHING,
                    help="Flat colours: each region takes the look of the style's region in the same colour.",
                ),
                "style_regions": Regions(
                    "Regions of the style", of="style", optional=True, group="Regions", advanced=True
                ),
                "longest": Number(
                    "Computed at",
                    128,
                    1536,
                    768,
                    64,
                    unit="pixels",
                    group="Size and checkpoint",
                    advanced=True,
                    help="The longer side; a larger photograph gets its full size back at the end.",
                ),
                "checkpoint": CheckpointChoice(
                    "Checkpoint",
                    CHECKPOINTS,
                    "photo-stylization-small",
                    group="Size and checkpoint",
                    advanced=True,
                ),
            },
            outputs={
                "result": Comparison("Result", left="content", help="Drag the line; choose what stands beside it."),
                "stages": Strip("Stages", of=("level 4", "level 3", "level 2", "level 1", "smoothed", "filtered")),
                "views": Strip(
                    "What changed", of=("difference", "edges"), help="Edges: ink is kept, red is new, blue is lost."
                ),
                "notices": Notices("Notices"),
                "seconds": Table("Seconds"),
                "spectra": Curves(
                    "Eigenvalues of the features' covariance, level 4", "rank", "value", logarithmic=True
                ),
            },
            presets={
                "Flower in autumn": {"content": "flower", "style": "autumn"},
                "Temple at dusk": {"content": "temple", "style": "dusk"},
                "Coffee by night": {"content": "coffee", "style": "night"},
                "Noon as dusk": {"content": "noon", "style": "dusk"},
                "Astronaut as flower": {"content": "astronaut", "style": "flower"},
                "Cat as coffee": {"content": "cat", "style": "coffee"},
            },
            notes=(
                "Four times, from coarse to fine, the content's features take the style's mean and covariance.",
                "Then every pixel is made to agree with its neighbours wherever the content's do: the closed form.",
                "Try: none against exact under the line; level 4 at 0; regions of your own.",
            ),
            run=stylize,
        ),
        Job(
            name="clip",
            title="Clip",
            action="Stylize the clip",
            controls={
                "clip": Clip("Clip", group="Film and photograph", examples=CLIPS, help="Up to ten seconds."),
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
                "checkpoint": CheckpointChoice(
                    "Checkpoint",
                    CHECKPOINTS,
                    "photo-stylization-small",
                    group="Size and checkpoint",
                    advanced=True,
                ),
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
            run=stylize_clip,
        ),
    ],
    figures=[
        Figure(
            caption="Against the methods before it",
            rows={
                "Preferred by human subjects": {"as reported": "twice as often, on average"},
                "Speed": {"as reported": "60 times the state of the art's"},
            },
            citation="Abstract of the first version, arXiv:1802.06474v1, 19 February 2018.",
        )
    ],
)
