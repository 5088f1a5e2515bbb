"""The small world's figures as they are bundled, and the names of its tasks among the published ones."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engines.taskonomy.affinities import Floats, Transfer

NAME = "taskonomy-small-world"
"""Of the checkpoint and its architecture."""
FIGURES = Path(__file__).parent / "small_world.json"
"""What engines/taskonomy/train.py wrote."""
NAMES = {
    "autoencoding": "autoencoder",
    "denoising": "denoise",
    "edges_2d": "edge2d",
    "keypoints_2d": "keypoint2d",
    "edges_3d": "edge3d",
    "keypoints_3d": "keypoint3d",
    "depth": "rgb2depth",
    "normals": "rgb2sfnorm",
    "curvature": "curvature",
    "reshading": "reshade",
    "camera_pose": "camera_pose",
    "segmentation": "segmentsemantic",
    "scene": "class_places",
    "colorization": "colorization",
    "jigsaw": "jigsaw",
}
"""From names of the small world's tasks to those of published.TASKS."""


@cache
def figures() -> Mapping[str, Any]:
    """Of each part of the rooms, "measured" and "tested", the transfers; of each target's transfers, shares of wins and
    losses by how many rooms they learned from; as transfer_figures.results makes them."""
    return json.loads(FIGURES.read_text())


def transfers(figures: Mapping[str, Any], part: str) -> tuple[Transfer, ...]:
    """The transfers as measured on that part of the rooms, under the small world's names."""
    names = figures["tasks"]
    return tuple(
        Transfer(names[target], tuple(names[source] for source in sources), affinity, gain, quality)
        for target, sources, affinity, gain, quality, _ in figures[part]
    )


def tournament(figures: Mapping[str, Any], target: str) -> tuple[list[str], Floats]:
    """The sources of a target's transfers from one task, the first of which is the target's full supervision; and in
    which share of the measured rooms each of them is better than each other, `(sources, sources)`."""
    into = [each.sources for each in transfers(figures, "measured") if each.target == target]
    places = [place for place, sources in enumerate(into) if len(sources) == 1]
    return [into[place][0] for place in places], np.array(figures["wins"][target])[np.ix_(places, places)]


def renamed() -> tuple[Transfer, ...]:
    """The bundled transfers, on which taxonomies are to be computed, under the names of published.TASKS."""
    return tuple(
        each._replace(target=NAMES[each.target], sources=tuple(NAMES[source] for source in each.sources))
        for each in transfers(figures(), "measured")
    )
