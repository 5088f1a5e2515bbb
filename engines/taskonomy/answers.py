"""Any picture through the networks of many tasks: the small world's, and the published ones where they are imported
(Taskonomy, Zamir et al., CVPR 2018, arXiv:1804.08328)."""

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor, nn

from engines.runtime.checkpoints import find, loaded, present
from engines.runtime.device import device
from engines.runtime.images import middle_square, to_picture, to_tensor
from engines.runtime.resident import HOST, RESIDENT
from engines.taskonomy.architecture import ARCHITECTURES
from engines.taskonomy.small_world import NAME
from engines.taskonomy.world import Answer, SmallWorld, answer, exact
from engines.taskonomy.world_rooms import rendered

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
    networks = RESIDENT.get((NAME, HOST), partial(_build, NAME, HOST))
    assert isinstance(networks, SmallWorld)
    return networks


def _build(name: str, place: torch.device) -> nn.Module:
    record = find(name)
    return loaded(record, ARCHITECTURES[record.architecture]).to(place)


def square(photo: np.ndarray, published: bool = False) -> Tensor:
    """A photograph's middle square as networks take it, `(3, side, side)` in [-1, 1]."""
    return middle_square(to_tensor(photo), PUBLISHED_SIDE if published else small_world().size)


def of_small_world(picture: Tensor, seed: int) -> dict[str, Answer]:
    """What each of the small world's networks answers to a picture of its side; `seed` decides noise and tiles."""
    networks = small_world()
    return {name: answer(networks, name, picture, seed) for name in networks}


@lru_cache(KEPT_ROOMS)
def in_room(seed: int) -> tuple[dict[str, Answer], dict[str, Answer]]:
    """What is right in a room, and what each of the small world's networks answers there; not to be changed."""
    room = FIRST_SHOWN + seed % SHOWN
    seen = torch.from_numpy(rendered(room, small_world().size)["picture"]) / 127.5 - 1
    return exact(room, EXACT_SIDE), of_small_world(seen, room)


def imported() -> Sequence[str]:
    """Those of PUBLISHED whose encoder and decoder are on this machine."""
    return [name for name in PUBLISHED if all(present(find(each)) for each in _pair(name))]


def _pair(name: str) -> tuple[str, str]:
    return f"taskonomy-{name}-encoder", f"taskonomy-{name}-decoder"


@torch.inference_mode()
def of_published(name: str, picture: Tensor) -> np.ndarray:
    """What that task's published networks answer, as a picture: one channel is grey, two are red and green."""
    place = device()
    made = picture[None].to(place)
    for part in _pair(name):
        made = RESIDENT.get((part, place), partial(_build, part, place))(made)
    channels = made[0].cpu()
    if len(channels) == 1:
        channels = channels.expand(3, -1, -1)
    elif len(channels) == 2:
        channels = torch.cat([channels, torch.full_like(channels[:1], -1)])
    return to_picture(channels)
