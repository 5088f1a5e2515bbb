"""Fifteen tasks of the small world: what is asked of a picture, its exact answer, its loss, and how an answer is shown
(arXiv:1804.08328, section 3 and the supplementary material's definitions)."""

import math
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn import functional

from engines.shared.tensors import from_levels, to_picture
from engines.taskonomy.furniture import COLOURS, LABELS
from engines.taskonomy.rays import Floats, Seen
from engines.taskonomy.rooms import FIELD, KINDS, View

TILES = 2
"""Of the jigsaw, along each side."""
ORDERS = tuple(permutations(range(TILES * TILES)))
NOISE = 0.14
"""Standard deviation of what denoising takes away, of a brightness in [0, 1]."""
LUMINANCE = (0.299, 0.587, 0.114)
CHROMA = 3.0
"""Times the differences of blue and red from the luminance."""
NEAR, FAR = 0.5, 9.0
"""Metres."""
BEND = 2.5
"""A curvature by metre that is shown as one half."""
OCCLUSION = 0.15
"""A gap, in shares of the depth, that is an edge for sure."""
REACH = 4.0
"""Metres at which the light at the camera has halved."""
POSE_MEAN = (-0.13, 0.0, 1.5, 0.0, 0.0)
POSE_SPREAD = (0.11, 0.04, 0.2, 0.7, 0.7)
"""Of pitch and roll (radians), height (metres), and cosine and sine of four times the yaw."""

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Task:
    """`kind` is "2D", "3D" or "semantic"; `loss` "l1", "l2" or "cross entropy"; a `dense` answer has as many pixels as
    the picture; `reads` is what is given: "picture", "noisy", "grey" or "shuffled"; one that is no `target` is learned
    only to be transferred from, as colorization and the jigsaw are in the paper. What is mostly zero is learned by
    squares, since the best answer to it by absolute differences is zero."""

    name: str
    title: str
    kind: str
    channels: int
    loss: str
    dense: bool = True
    reads: str = "picture"
    target: bool = True


TASKS = {
    task.name: task
    for task in (
        Task("autoencoding", "Autoencoding", "2D", 3, "l1"),
        Task("denoising", "Denoising", "2D", 3, "l1", reads="noisy"),
        Task("edges_2d", "2D edges", "2D", 1, "l2"),
        Task("keypoints_2d", "2D keypoints", "2D", 1, "l2"),
        Task("edges_3d", "Occlusion edges", "3D", 1, "l2"),
        Task("keypoints_3d", "3D keypoints", "3D", 1, "l2"),
        Task("depth", "Depth", "3D", 1, "l1"),
        Task("normals", "Surface normals", "3D", 3, "l1"),
        Task("curvature", "Curvature", "3D", 2, "l2"),
        Task("reshading", "Reshading", "3D", 1, "l1"),
        Task("camera_pose", "Camera pose", "3D", len(POSE_MEAN), "l2", dense=False),
        Task("segmentation", "Segmentation", "semantic", len(LABELS), "cross entropy"),
        Task("scene", "Scene class", "semantic", len(KINDS), "cross entropy", dense=False),
        Task("colorization", "Colorization", "semantic", 2, "l1", reads="grey", target=False),
        Task("jigsaw", "Jigsaw", "semantic", len(ORDERS), "cross entropy", dense=False, reads="shuffled", target=False),
    )
}
TARGETS = tuple(name for name, task in TASKS.items() if task.target)


class Sample(NamedTuple):
    """What is given and asked, as it is kept: bytes where 255 is one, classes as bytes, the rest in half precision."""

    given: Arrays
    asked: Arrays


def sample(view: View, seen: Seen, seed: int) -> Sample:
    """All that is asked of a picture, and its answers; `seed` decides the noise and the tiles' order.

    Returns:
        `given`: "picture" and "noisy" (3, H, W). `asked`: (channels, H, W) of dense tasks, (H, W) of the segmentation,
        (channels,) of the camera's pose, () of classes.
    """
    random = np.random.default_rng([seed, 3])
    picture = _bytes(seen.colour.transpose(2, 0, 1))
    brightness = picture / 255
    noisy = _bytes(brightness + NOISE * random.normal(size=picture.shape))
    light = np.tensordot(LUMINANCE, brightness, 1)
    logarithm = np.log(seen.depth)
    geometry = [*seen.normal.transpose(2, 0, 1) / 2, logarithm]
    asked: Arrays = {
        "edges_2d": _half(edges(light)[None]),
        "keypoints_2d": _half(corners([light], 14)[None]),
        "edges_3d": _half(_softened(occlusions(seen))[None]),
        "keypoints_3d": _half(corners(geometry, 6)[None]),
        "depth": _half((np.log(seen.depth / NEAR) / np.log(FAR / NEAR))[None]),
        "normals": _half(seen.normal.transpose(2, 0, 1)),
        "curvature": _half((seen.curvature / (seen.curvature + BEND)).transpose(2, 0, 1)),
        "reshading": _half(reshaded(seen)[None]),
        "camera_pose": _half(pose(view)),
        "segmentation": seen.label.astype(np.uint8),
        "scene": np.array(view.kind, np.uint8),
        "jigsaw": np.array(random.integers(len(ORDERS)), np.uint8),
    }
    return Sample({"picture": picture, "noisy": noisy}, asked)


def _bytes(values: Floats) -> NDArray[np.uint8]:
    return (values.clip(0, 1) * 255).round().astype(np.uint8)


def _half(values: Floats) -> NDArray[np.float16]:
    return values.astype(np.float16)


def edges(light: Floats) -> Floats:
    """How steep the brightness `(H, W)` is, in [0, 1): Canny's gradient without his thinning, as the paper has it."""
    down, across = np.gradient(gaussian_filter(light, 0.8))
    return np.tanh(6 * np.hypot(down, across))


def corners(channels: list[Floats], strength: float) -> Floats:
    """Where all that is `(H, W)` changes in two directions at once, in [0, 1): the root of the structure tensor's
    lesser eigenvalue (Shi and Tomasi, 1994)."""
    gradients = [np.gradient(gaussian_filter(channel, 0.7)) for channel in channels]
    squares = [gaussian_filter(sum(one[a] * one[b] for one in gradients), 1.2) for a, b in ((0, 0), (1, 1), (0, 1))]
    mean, half = (squares[0] + squares[1]) / 2, (squares[0] - squares[1]) / 2
    lesser = mean - np.sqrt(half**2 + squares[2] ** 2)
    return np.tanh(strength * np.sqrt(lesser.clip(0)))


def occlusions(seen: Seen) -> Floats:
    """Where one surface hides another `(H, W)`, in [0, 1]: neighbours on two surfaces that do not meet there."""
    found, size = np.zeros_like(seen.depth), len(seen.depth)
    flat = (seen.curvature == 0).all(-1)
    for axis in (0, 1):
        parts = slice(0, size - 1), slice(1, size)
        one, other = (tuple(part if each == axis else slice(None) for each in (0, 1)) for part in parts)
        here = np.log(seen.depth[one] / _continued(seen, other, axis, -1))
        there = np.log(_continued(seen, one, axis, 1) / seen.depth[other])
        meet = (here * there <= 0) & flat[one] & flat[other]
        apart = np.minimum(np.minimum(abs(here), abs(there)), abs(np.log(seen.depth[one] / seen.depth[other])))
        gap = (apart / OCCLUSION).clip(0, 1) * (seen.surface[one] != seen.surface[other]) * ~meet
        for each in (one, other):
            found[each] = np.maximum(found[each], gap)
    return found


def _continued(seen: Seen, part: tuple[slice, ...], axis: int, step: int) -> Floats:
    """The depth that the plane at each pixel would have at its neighbour."""
    # Over a plane, normal . ray x depth is the same everywhere.
    normal, depth, rays = seen.normal[part], seen.depth[part], seen.rays[part]
    moved = rays.copy()
    moved[..., 1 - axis] += step * seen.pixel * (1 if axis == 1 else -1)
    return depth * (normal * rays).sum(-1) / np.minimum((normal * moved).sum(-1), -1e-6)


def _softened(values: Floats) -> Floats:
    return (gaussian_filter(values, 0.6) * 1.5).clip(0, 1)


def reshaded(seen: Seen) -> Floats:
    """The room `(H, W)` without its colours, lit by one lamp at the camera alone, in [0, 1]."""
    long = np.linalg.norm(seen.rays, axis=-1)
    cosine = -(seen.normal * seen.rays).sum(-1) / long
    return cosine.clip(0, 1) / (1 + (seen.depth * long / REACH) ** 2)


def pose(view: View) -> Floats:
    """Pitch, roll, height, and the yaw up to a quarter turn, since walls look alike; each with mean 0 and spread 1."""
    camera = view.camera
    values = (camera.pitch, camera.roll, camera.place[2], np.cos(4 * camera.yaw), np.sin(4 * camera.yaw))
    return (np.array(values) - POSE_MEAN) / POSE_SPREAD


def given(task: Task, rooms: Arrays, chosen: Tensor) -> Tensor:
    """What networks are shown of the rooms of these numbers, `(N, 3, H, W)` in [-1, 1]."""
    pictures = from_levels(_read(rooms, "noisy" if task.reads == "noisy" else "picture", chosen))
    return _prepared(task, pictures, _read(rooms, "jigsaw", chosen).long())


def given_of(task: Task, pictures: Tensor, generator: torch.Generator) -> Tensor:
    """What a task's network is shown of any pictures `(N, 3, H, W)` in [-1, 1]: the noise and the tiles' order are
    drawn."""
    if task.reads == "noisy":
        noise = 2 * NOISE * torch.randn(pictures.shape, generator=generator)
        return (pictures + noise).clamp(-1, 1)
    return _prepared(task, pictures, torch.randint(len(ORDERS), (len(pictures),), generator=generator))


def _prepared(task: Task, pictures: Tensor, orders: Tensor) -> Tensor:
    if task.reads == "grey":
        return _luminance(pictures).expand(-1, 3, -1, -1)
    return shuffled(pictures, orders) if task.reads == "shuffled" else pictures


def wanted(task: Task, rooms: Arrays, chosen: Tensor) -> Tensor:
    """The exact answers, `(N, channels, H, W)`, `(N, channels)`, or classes `(N, H, W)` or `(N,)`."""
    if task.name in ("autoencoding", "denoising"):
        return from_levels(_read(rooms, "picture", chosen))
    if task.name == "colorization":
        return chroma(from_levels(_read(rooms, "picture", chosen)))
    answers = _read(rooms, task.name, chosen)
    return answers.long() if task.loss == "cross entropy" else answers


def _read(rooms: Arrays, name: str, chosen: Tensor) -> Tensor:
    return torch.from_numpy(rooms[name][chosen.numpy()].astype(np.float32))


def _luminance(pictures: Tensor) -> Tensor:
    return (pictures * torch.tensor(LUMINANCE).view(3, 1, 1)).sum(1, keepdim=True)


def chroma(pictures: Tensor) -> Tensor:
    """How much bluer and redder `(N, 2, H, W)` pictures `(N, 3, H, W)` are than grey."""
    return (pictures[:, [2, 0]] - _luminance(pictures)) / 2 * CHROMA


def coloured(grey: Tensor, differences: Tensor) -> Tensor:
    """Pictures `(N, 3, H, W)` of luminances `(N, 1, H, W)` and their chroma."""
    blue, red = (differences * 2 / CHROMA + grey).unbind(1)
    rest = grey[:, 0] - LUMINANCE[0] * red - LUMINANCE[2] * blue
    return torch.stack([red, rest / LUMINANCE[1], blue], 1).clamp(-1, 1)


def shuffled(pictures: Tensor, orders: Tensor) -> Tensor:
    """Pictures `(N, 3, H, W)` whose tile at each place is the one that the order names."""
    return _tiled(pictures, torch.tensor(ORDERS)[orders])


def restored(pictures: Tensor, orders: Tensor) -> Tensor:
    """What was shuffled in these orders."""
    return _tiled(pictures, torch.tensor(ORDERS)[orders].argsort(1))


def _tiled(pictures: Tensor, tiles: Tensor) -> Tensor:
    count, channels, height, width = pictures.shape
    cut = pictures.reshape(count, channels, TILES, height // TILES, TILES, width // TILES).permute(0, 2, 4, 1, 3, 5)
    moved = cut.flatten(1, 2)[torch.arange(count)[:, None], tiles].unflatten(1, (TILES, TILES))
    return moved.permute(0, 3, 1, 4, 2, 5).reshape(pictures.shape)


def losses(task: Task, answers: Tensor, right: Tensor) -> Tensor:
    """Of each picture `(N,)`: the mean over its pixels."""
    if task.loss == "cross entropy":
        each = functional.cross_entropy(answers, right, reduction="none")
    elif task.loss == "l1":
        each = (answers - right).abs()
    else:
        each = (answers - right).square()
    return each.flatten(1).mean(1) if each.ndim > 1 else each


def shown(task: Task, answer: Tensor, seen: Tensor) -> NDArray[np.uint8]:
    """One answer as a picture `(H, W, 3)`; `answer` without its first dimension, or its class or classes; `seen`
    `(3, H, W)` is what the network was shown."""
    if task.name == "segmentation":
        classes = answer.argmax(0) if answer.ndim == 3 else answer
        return np.array(COLOURS, np.uint8)[classes.numpy()]
    if task.name == "colorization":
        return to_picture(coloured(seen[None, :1], answer[None])[0])
    if task.name == "jigsaw":
        order = answer.argmax(0) if answer.ndim == 1 else answer
        return to_picture(restored(seen[None], order[None])[0])
    if task.name == "scene":
        shares = answer.softmax(0) if answer.ndim == 1 else functional.one_hot(answer, len(KINDS)).float()
        return _bars(shares, seen.shape[-1])
    if task.name == "camera_pose":
        return _horizon(answer, seen)
    if task.name == "normals":
        return to_picture(functional.normalize(answer, dim=0))
    if task.name == "curvature":
        return to_picture(torch.stack([answer[0], answer[1], torch.zeros_like(answer[0])]) * 2 - 1)
    if task.channels == 1:
        return to_picture(answer.expand(3, -1, -1) * 2 - 1)
    return to_picture(answer)


def said(task: Task, answer: Tensor) -> str:
    """One answer in words, as `shown` takes it, where it is a class or a pose; else nothing."""
    if task.name == "scene":
        if answer.ndim == 0:
            return KINDS[int(answer)]
        shares = answer.softmax(0)
        return f"{KINDS[int(shares.argmax())]}, {float(shares.max()):.0%} sure"
    if task.name == "camera_pose":
        pitch, roll, height, *_ = (np.array(answer) * POSE_SPREAD + POSE_MEAN).tolist()
        way = "up" if pitch > 0 else "down"
        return f"looks {way} by {abs(math.degrees(pitch)):.0f}°, leans {math.degrees(roll):+.0f}°, {height:.1f} m high"
    return ""


def _bars(shares: Tensor, size: int) -> NDArray[np.uint8]:
    """One bar for each class, the first one on top."""
    picture = np.full((size, size, 3), 245, np.uint8)
    thick = size // len(shares)
    for place, share in enumerate(shares.tolist()):
        picture[place * thick + 1 : (place + 1) * thick, : max(1, round(share * size))] = (60, 90, 150)
    return picture


def _horizon(answer: Tensor, seen: Tensor) -> NDArray[np.uint8]:
    """The horizon drawn over what was seen, and where both walls' directions vanish in it."""
    pitch, roll, _, cosine, sine = (np.array(answer) * POSE_SPREAD + POSE_MEAN).tolist()
    picture = np.asarray(to_picture(seen) // 2 + 110, np.uint8)
    size = picture.shape[0]
    focal = size / 2 / np.tan(FIELD / 2)
    columns = np.arange(size) + 0.5 - size / 2
    rows = size / 2 + np.tan(pitch) * focal + np.tan(roll) * columns
    yaw = np.arctan2(sine, cosine) / 4
    for row, column in zip(rows.round().astype(int), range(size), strict=True):
        if 0 <= row < size:
            picture[row, column] = (200, 40, 30)
    for quarter in range(4):
        turn = (yaw + quarter * np.pi / 2 + np.pi) % (2 * np.pi) - np.pi
        column = size / 2 + np.tan(turn) * focal
        if abs(turn) < np.pi / 2 and 0 <= column < size:
            row = round(float(rows[int(column)]))
            picture[max(0, row - 3) : row + 4, int(column)] = (30, 60, 200)
    return picture
