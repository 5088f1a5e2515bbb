"""Photorealistic stylization: one photograph's content in another's colours, stage by stage."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from engines.runtime.checkpoints import catalogue
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from pages._examples import examples
from pages._panel import (
    Choice,
    Comparison,
    Curves,
    Experiment,
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
CHECKPOINTS = {
    name: checkpoint.badge for name, checkpoint in catalogue().items() if checkpoint.architecture == "photowct"
}
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
        labels = region_labels([content_regions, style_regions], [original.shape[1:], look.shape[1:]])
        regions = pair_regions(*labels)
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
            made["spectra"] = {"content": _falling(content_spectrum), "style": _falling(style_spectrum)}
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


def _falling(eigenvalues: Any) -> tuple[list[int], list[float]]:
    """Ranks from 1, and the eigenvalues from the largest down."""
    values = eigenvalues.flip(0).tolist()
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
                "checkpoint": Choice(
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
                "Temple at dusk": {"content": "temple", "style": "dusk"},
                "Flower in autumn": {"content": "flower", "style": "autumn"},
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
        )
    ],
)
