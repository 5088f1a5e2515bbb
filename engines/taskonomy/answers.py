"""Any picture through the networks of many tasks: the small world's, and the published ones where they are imported
(Taskonomy, Zamir et al., CVPR 2018, arXiv:1804.08328)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engines.runtime import networks
from engines.runtime.checkpoints import find, present
from engines.runtime.device import device
from engines.runtime.kept import kept
from engines.runtime.resident import HOST
from engines.shared.tensors import from_levels, middle_square, to_picture, to_tensor
from engines.taskonomy.architecture import ARCHITECTURES
from engines.taskonomy.bundled_figures import NAME
from engines.taskonomy.rendered_rooms import rendered
from engines.taskonomy.task_networks import Answer, SmallWorld, answer, exact

PUBLISHED_SIDE = 256
PUBLISHED = {
    "autoencoding": "Autoencoding",
    "denoising": "Denoising",
    "inpainting": "Inpainting",
    "edge-texture": "2D edges",
    "keypoints2d": "2D keypoints",
    "edge-occlusion": "Occlusion edges",
    "keypoints3d": "3D keypoints",
    "depth-zbuffer": "Depth",
    "depth-euclidean": "Distance",
    "normal": "Surface normals",
    "curvature": "Curvature",
    "reshading": "Reshading",
}
"""Titles of the tasks whose encoder and decoder are both published; each name is a part of its checkpoints' names."""
FIRST_SHOWN, SHOWN = 40_000_000, 10_000_000
"""The first of so many rooms' seeds of which nothing was learned and nothing measured."""
KEPT_ROOMS = 4
"""A visitor who asks for another task's transfers stays in the room."""
EXACT_SIDE = 192
"""Pixels, at which a room's exact answers are rendered to be looked at."""


def small_world() -> SmallWorld:
    """The small world's networks, in evaluation mode; they must not be changed."""
    return networks.ready(NAME, ARCHITECTURES, where=HOST)


def square(photo: np.ndarray, published: bool = False) -> Tensor:
    """A photograph's middle square as networks take it, `(3, side, side)` in [-1, 1]."""
    return middle_square(to_tensor(photo), PUBLISHED_SIDE if published else small_world().size)


def of_small_world(picture: Tensor, seed: int) -> dict[str, Answer]:
    """What each of the small world's networks answers to a picture of its side; `seed` decides noise and tiles."""
    world = small_world()
    return {name: answer(world, name, picture, seed) for name in world}


@kept(KEPT_ROOMS)
def in_room(seed: int) -> tuple[dict[str, Answer], dict[str, Answer]]:
    """What is right in a room, and what each of the small world's networks answers there; not to be changed."""
    room = FIRST_SHOWN + seed % SHOWN
    seen = from_levels(torch.from_numpy(rendered(room, small_world().size)["picture"]))
    return exact(room, EXACT_SIDE), of_small_world(seen, room)


def imported() -> Sequence[str]:
    """Those of PUBLISHED whose encoder and decoder are on this machine."""
    return [name for name in PUBLISHED if all(present(find(each)) for each in _pair(name))]


def _pair(name: str) -> tuple[str, str]:
    return f"taskonomy-{name}-encoder", f"taskonomy-{name}-decoder"


@torch.inference_mode()
def of_published(name: str, picture: Tensor) -> np.ndarray:
    """What that task's published networks answer, as a picture: one channel is grey, two are red and green."""
    made = picture[None].to(device())
    for part in _pair(name):
        made = networks.ready(part, ARCHITECTURES)(made)
    channels = made[0].cpu()
    if len(channels) == 1:
        channels = channels.expand(3, -1, -1)
    elif len(channels) == 2:
        channels = torch.cat([channels, torch.full_like(channels[:1], -1)])
    return to_picture(channels)
