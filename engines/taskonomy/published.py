"""The published affinities and win rates of Taskonomy (Zamir et al., CVPR 2018, arXiv:1804.08328): 22 targets, at three
amounts of pictures for a transfer.

From github.com/StanfordVL/taskonomy, results/, under the MIT licence that published.json carries.

    python -m engines.taskonomy.published

measures how good the best transfers of each order are, also without the targets of doubtful ones, for the page's table.
"""

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from engines.runtime import measured
from engines.taskonomy.affinities import Transfer

FILE = Path(__file__).parent / "published.json"
SIZES = ("base", "1k", "16k")
RANDOM = "random"
"""The code of a network that nobody trained."""
MEASURED = "taskonomy_best_transfers"
"""The table of measured.toml with the figures of `best`."""
ORDERS = {"base": (1, 2), "16k": (1, 2, 3, 4)}
"""That are measured of each size."""
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
alone (engines/taskonomy/bundled_figures.py)."""
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
    non_fixated_pose, and two into ego_motion. `sure` leaves them out.
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


def is_doubtful(transfer: Transfer) -> bool:
    """Whether it is published as winning in every picture over both rivals, as no other kind of transfer comes near."""
    return transfer.gain == transfer.quality == 1


@cache
def sure(size: str) -> tuple[Transfer, ...]:
    """Every published transfer at that size but the doubtful ones."""
    return tuple(transfer for transfer in transfers(size) if not is_doubtful(transfer))


def best(found: Collection[Transfer], order: int) -> dict[str, float]:
    """How good the best transfer of an order is, in the mean over their targets."""
    means = {}
    for name in ("quality", "gain"):
        by_target: dict[str, float] = {}
        for transfer in found:
            if len(transfer.sources) == order and not transfer.own:
                by_target[transfer.target] = max(by_target.get(transfer.target, 0.0), getattr(transfer, name))
        means[name] = fmean(by_target.values())
    return means


def main() -> None:
    """Measure, print and keep."""
    figures: dict[str, float] = {}
    for size, orders in ORDERS.items():
        for order in orders:
            figures |= {f"{size} order {order} {name}": value for name, value in best(transfers(size), order).items()}
    doubted = {transfer.target for transfer in transfers("base") if is_doubtful(transfer)}
    others = [transfer for transfer in transfers("base") if transfer.target not in doubted]
    figures |= {f"base order 2 sure {name}": value for name, value in best(others, 2).items()}
    measured.keep(MEASURED, "python -m engines.taskonomy.published", figures)
    for name, value in figures.items():
        print(f"{name:28} {value:.3f}")


if __name__ == "__main__":
    main()
