"""The published affinities and win rates of Taskonomy (Zamir et al., CVPR 2018, arXiv:1804.08328): 22 targets, at three
amounts of pictures for a transfer.

From github.com/StanfordVL/taskonomy, results/, under the MIT licence that published.json carries.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from engines.taskonomy.affinities import Transfer

FILE = Path(__file__).parent / "published.json"
SIZES = ("base", "1k", "16k")
RANDOM = "random"
"""The code of a network that nobody trained."""
CITATION = "github.com/StanfordVL/taskonomy, results/, commit 9f81486 (MIT)"


class Task(NamedTuple):
    """`family` is one of FAMILIES."""

    title: str
    family: str


FAMILIES = {"2d": "2D", "3d": "3D", "geometric": "Geometric, few numbers", "semantic": "Semantic"}
"""The paper's four families of tasks (its similarity tree), by name."""
TASKS: Mapping[str, Task] = {
    "autoencoder": Task("Autoencoding", "2d"),
    "denoise": Task("Denoising", "2d"),
    "inpainting_whole": Task("Inpainting", "2d"),
    "colorization": Task("Colorization", "2d"),
    "edge2d": Task("2D edges", "2d"),
    "keypoint2d": Task("2D keypoints", "2d"),
    "segment2d": Task("2D segments", "2d"),
    RANDOM: Task("Random projection", "2d"),
    "edge3d": Task("Occlusion edges", "3d"),
    "keypoint3d": Task("3D keypoints", "3d"),
    "segment25d": Task("2.5D segments", "3d"),
    "curvature": Task("Curvature", "3d"),
    "rgb2sfnorm": Task("Surface normals", "3d"),
    "reshade": Task("Reshading", "3d"),
    "rgb2depth": Task("Depth", "3d"),
    "rgb2mist": Task("Distance", "3d"),
    "room_layout": Task("Room layout", "geometric"),
    "vanishing_point": Task("Vanishing points", "geometric"),
    "point_match": Task("Point matching", "geometric"),
    "fix_pose": Task("Pose, fixated", "geometric"),
    "non_fixated_pose": Task("Pose, not fixated", "geometric"),
    "ego_motion": Task("Egomotion", "geometric"),
    "camera_pose": Task("Camera pose", "geometric"),
    "jigsaw": Task("Jigsaw", "geometric"),
    "segmentsemantic": Task("Semantic segments", "semantic"),
    "class_1000": Task("Objects", "semantic"),
    "class_selected": Task("Objects, selected", "semantic"),
    "class_places": Task("Scenes", "semantic"),
}
"""In the order in which they are shown. The base files have objects of selected classes as a target and no scenes; the
others have scenes as a target, and objects of selected classes as a source only. The camera's pose is the small world's
alone (engines/taskonomy/small_world.py)."""
ALIASES = {
    "impainting_whole": "inpainting_whole",
    "segmentsemantic_rb": "segmentsemantic",
    "vanishing_point_well_defined": "vanishing_point",
}
"""Names of the published files, and of the published networks and ours."""


@cache
def transfers(size: str) -> tuple[Transfer, ...]:
    """Every published transfer at that size, with targets in the order of TASKS; a target's transfer from a frozen
    network of its own is left out, since its full supervision takes as much and is better.

    As published, 22 transfers of two sources in the base files win in every picture: all into class_selected and
    non_fixated_pose, and two into ego_motion.
    """
    published = json.loads(FILE.read_text())
    names = [ALIASES.get(name, name) for name in published["tasks"]]
    places = {name: place for place, name in enumerate(TASKS)}
    found = []
    for target, sources, affinity, gain, quality in published["sizes"][size]:
        own = sources == "s"
        of = [target] if own else [int(source) for source in sources.split()]
        if own or target not in of:
            ordered = sorted((names[source] for source in of), key=lambda name: places[name])
            found.append(Transfer(names[target], tuple(ordered), affinity, gain, quality))
    return tuple(sorted(found, key=lambda transfer: (places[transfer.target], len(transfer.sources))))
