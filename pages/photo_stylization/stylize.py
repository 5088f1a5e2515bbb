"""A photograph in another's colours, stage by stage."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import InputError
from engines.runtime.images import fit
from engines.runtime.progress import Progress
from engines.runtime.region_masks import region_labels
from pages.photo_stylization.controls import CHECKPOINT, PICTURES
from studio.declared import Experiment, Figure
from studio.kinds import Choice, Comparison, Curves, Matching, Notices, Number, Photo, Regions, Strip, Switch, Table

if TYPE_CHECKING:
    from engines.photo_stylization import engine, transform
    from engines.shared import tensors
else:
    tensors = lazy.load("engines.shared.tensors")
    engine = lazy.load("engines.photo_stylization.engine")
    transform = lazy.load("engines.photo_stylization.transform")

MATCHING = Matching(fewest=10, coarsest=8, largest_ratio=100, longest="longest")
"""As in engines/photo_stylization/transform.py, whose import would bring torch."""
SMOOTHERS = {"none": "none: the network's picture", "guided": "guided filter: fast", "exact": "exact: the closed form"}


def run(
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
    if (content_regions is None) != (style_regions is None):
        raise InputError("Regions need two masks, one of the content and one of the style: give both, or neither.")
    small = fit(content, longest)
    original, look = tensors.to_tensor(small), tensors.to_tensor(fit(style, longest))
    regions = None
    if content_regions is not None and style_regions is not None:
        masks, sizes = [content_regions, style_regions], [original.shape[1:], look.shape[1:]]
        (content_labels, style_labels), colours = region_labels(masks, sizes)
        regions = transform.pair_regions(content_labels, style_labels, colours)
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
        picture = tensors.to_picture(finished)
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
            "difference": tensors.to_picture(engine.difference(original, finished)),
            "edges": tensors.to_picture(engine.edges(original, finished)),
        }
    }
    if small.shape != content.shape:
        yield Progress(1, "Carrying the look to the full size")
        yield {"result": {last: engine.carry(finished, original, content)}}


def _ranked(eigenvalues: Any) -> tuple[list[int], list[float]]:
    """Ranks from 1, and the eigenvalues, the largest first."""
    values = eigenvalues.tolist()
    return list(range(1, len(values) + 1)), values


EXPERIMENT = Experiment(
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
            where={"smoother": ["exact"]},
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
            help="Flat colours, or numbers from 0 in grey: each region takes the look of the style's same one.",
        ),
        "style_regions": Regions("Regions of the style", of="style", optional=True, group="Regions", advanced=True),
        "longest": Number(
            "Computed at",
            128,
            1536,
            768,
            64,
            unit="pixels",
            group="Size and checkpoint",
            advanced=True,
            help="The longer side; a larger photograph gets its size back at the end, up to 4096 pixels.",
        ),
        "checkpoint": CHECKPOINT,
    },
    outputs={
        "result": Comparison("Result", left="content", help="Drag the line; choose what stands beside it."),
        "stages": Strip("Stages", of=("level 4", "level 3", "level 2", "level 1", "smoothed", "filtered")),
        "views": Strip(
            "What changed", of=("difference", "edges"), help="Edges: ink is kept, red is new, blue is lost."
        ),
        "notices": Notices("Notices"),
        "seconds": Table("Seconds"),
        "spectra": Curves("Eigenvalues of the features' covariance, level 4", "rank", "value", logarithmic=True),
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
    run=run,
)
