"""Training a subject of Everybody Dance Now (Chan et al., ICCV 2019, arXiv:1808.07371) from one clip, in minutes.

As in the paper: pairs of frames, the later made with the picture that was made of the earlier one, whose own picture
before is zeros, and a residual for the face. Unlike it, so that ten minutes on two cores are enough and nothing is
downloaded:

- The background is a plate, each place's median over the frames in which the body is elsewhere.
- The perceptual distance is replaced by absolute differences of colours and of their gradients, most where the dancer
  is, and by structural similarity.
- There are no discriminators. The paper's, 16 channels wide, still guessed after five hundred steps (their least
  squares at chance, .50), with norms and without, and their terms changed no picture; they took a fifth of the time.
  What the paper has them for besides, steadiness, comes from asking that two pictures differ as their frames do.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.everybody_dance_now.network import MULTIPLE, Poses, SubjectNetwork, boxes, face_corners, face_size
from engines.everybody_dance_now.normalization import PoseStatistics
from engines.everybody_dance_now.skeleton import LIMBS, MID_HIP, NECK, NOSE, Skeleton
from engines.everybody_dance_now.subject import Subject, poses_of
from engines.runtime import nested
from engines.runtime.device import bfloat16_is_faster, device
from engines.runtime.errors import InputError
from engines.runtime.training import TimedTraining, follow
from engines.shared.tensors import to_tensors

BATCH = 4
WINDOW = 128
"""Pixels a side, at most, of what a step sees of a frame: the dancer is what there is to learn."""
NOSE_SHARE = 0.4
"""Of the windows, those that show the face whatever else."""
RATE = 1.5e-3
BETAS = (0.9, 0.99)
WARM_UP = 200
"""Steps over which the rate rises."""
LARGEST_GRADIENT = 4.0
"""Norm, of the generator's; ten times as much comes now and then, and would throw it back."""
LOWEST_RATE = 0.02
"""Of the rate, at the end."""
AVERAGE_DECAY = 0.998
LONGEST_GAP = 2
"""Frames between those of a pair: a live camera gives half of a clip's."""
FIRST_SHARE = 0.5
"""Of a batch that has no picture before."""
SHIFT, SCALE, TURN = 0.05, 0.08, 4.0
"""Frames are moved by up to this share of the side, enlarged by this share, and turned by these degrees."""
FOREGROUND_STEEPNESS = 4.0
"""A place is wholly the dancer's where it differs from the plate by this part of 1, in [-1, 1], or more."""
FOREGROUND_WEIGHT = 4.0
"""Of the dancer's places, besides 1 everywhere."""
COVER_WEIGHT = 0.2
"""Of the cover's cross entropy: without it, a cover that has become 0 everywhere would stay so, for no colour shows."""
GRADIENT_WEIGHT, SIMILARITY_WEIGHT, MOVEMENT_WEIGHT, FACE_WEIGHT = 1.0, 0.5, 2.0, 1.0
SIMILARITY_C1, SIMILARITY_C2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
"""Of structural similarity, for levels from -1 to 1."""
HELD_OUT_SHARE = 0.05
"""Of the frames, the last ones, for previews."""
MOST_PREVIEWS = 4
FEWEST_FRAMES = 40
BODY_REACH = 0.45
"""Of the way from neck to hip: how far from its limbs a body, its hair and clothes may reach."""
PLATE_FRAMES = 80
INPAINT_RADIUS = 3
"""Pixels."""
MOST_GAIN = 1.2
"""By which a frame's exposure is corrected."""
MARGIN = 0.12
"""Of the box around all poses, added on every side."""


class Film(NamedTuple):
    """Square frames `(N, side, side, 3)` uint8, and a skeleton in their pixels for each, or None."""

    frames: np.ndarray
    skeletons: list[Skeleton | None]


def framed(frames: Sequence[np.ndarray], skeletons: Sequence[Skeleton | None], side: int) -> Film:
    """Frames `(H, W, 3)` uint8, all of one size, cut to the square in which somebody dances, of that side.

    Where the square reaches beyond the frame, the frame's border is repeated. Frames that are that size already stay.

    Raises:
        InputError: nobody is seen in any frame.
    """
    height, width = frames[0].shape[:2]
    if (height, width) == (side, side):
        return Film(np.stack(list(frames)), list(skeletons))
    seen = [skeleton.points[skeleton.is_seen] for skeleton in skeletons if skeleton is not None]
    if not seen:
        raise InputError("Nobody is seen in the clip; choose one that shows a whole person from head to foot.")
    low, high = np.percentile(np.concatenate(seen).clip(0, (width, height)), (0.5, 99.5), axis=0)
    tight, shorter = float((high - low).max()), min(height, width)
    wide = (1 + 2 * MARGIN) * tight
    size = round(wide if tight > shorter else min(wide, shorter))
    room = np.array([width, height]) - size
    corner = ((low + high - size) / 2).clip(np.minimum(room, 0), np.maximum(room, 0)).round().astype(int)
    scale = np.float32(side / size)
    return Film(
        np.stack([_cut(frame, corner, size, side) for frame in frames]),
        [
            None if each is None else Skeleton((each.points - corner.astype(np.float32)) * scale, each.seen)
            for each in skeletons
        ],
    )


def _cut(frame: np.ndarray, corner: np.ndarray, size: int, side: int) -> np.ndarray:
    height, width = frame.shape[:2]
    before, after = np.maximum(-corner, 0), np.maximum(corner + size - (width, height), 0)
    wide = cv2.copyMakeBorder(frame, before[1], after[1], before[0], after[0], cv2.BORDER_REPLICATE)
    left, top = corner + before
    square = wide[top : top + size, left : left + size]
    return cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA if size > side else cv2.INTER_LINEAR)


def plate_of(frames: np.ndarray, skeletons: Mapping[int, Skeleton]) -> np.ndarray:
    """The background alone, `(side, side, 3)` uint8: at each place the median of frames whose body is elsewhere.

    What no frame uncovers is filled in from around it.
    """
    places = list(skeletons)
    chosen = [places[index] for index in np.linspace(0, len(places) - 1, min(PLATE_FRAMES, len(places))).astype(int)]
    covered = np.stack([body_mask(skeletons[place], frames.shape[1]) for place in chosen])
    stack = np.where(covered[..., None], np.float32(np.nan), frames[chosen].astype(np.float32))
    never = covered.all(axis=0)
    stack[:, never] = 0
    plate = np.nanmedian(stack, axis=0).round().astype(np.uint8)
    return cv2.inpaint(plate, never.astype(np.uint8), INPAINT_RADIUS, cv2.INPAINT_TELEA) if never.any() else plate


def body_mask(skeleton: Skeleton, side: int) -> np.ndarray:
    """Where the body, its hair and clothes may be, `(side, side)` bool."""
    mask = np.zeros((side, side), np.uint8)
    torso = float(np.linalg.norm(skeleton.points[NECK] - skeleton.points[MID_HIP]))
    reach = max(2, round(2 * BODY_REACH * torso))
    places = skeleton.points.clip(-side, 2 * side).round().astype(int)
    for start, end, _ in LIMBS:
        cv2.line(mask, places[start].tolist(), places[end].tolist(), 1, min(reach, side))
    return mask.astype(bool)


def exposed_as(frames: np.ndarray, plate: np.ndarray, skeletons: Mapping[int, Skeleton]) -> np.ndarray:
    """The frames, each as bright as the plate is where the body is not: a camera's exposure wavers."""
    exposed = frames.copy()
    for place, skeleton in skeletons.items():
        background = ~body_mask(skeleton, frames.shape[1])
        if background.any():
            gain = plate[background].mean(axis=0) / np.maximum(frames[place][background].mean(axis=0), 1)
            exposed[place] = (frames[place] * gain.clip(1 / MOST_GAIN, MOST_GAIN)).round().clip(0, 255)
    return exposed


class SubjectTraining(TimedTraining):
    """Trains a subject for `minutes` of computing, over which its rate falls; it may be given more later.

    Square frames and their skeletons are as `framed` gives them; frames without a skeleton are left out, and the last
    twentieth is held out for previews. `start` is a subject to begin with instead of random weights.

    Raises:
        InputError: too few frames have a skeleton, or no frame shows a whole body.
    """

    def __init__(
        self,
        frames: np.ndarray,
        skeletons: Sequence[Skeleton | None],
        side: int,
        seed: int = 0,
        *,
        minutes: float = 10.0,
        start: Subject | None = None,
        about: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(minutes)
        self.about = about or {}
        if side % MULTIPLE or frames.shape[1:3] != (side, side):
            raise ValueError(f"frames of {frames.shape[1]} x {frames.shape[2]} pixels for side {side}")
        usable = [place for place, skeleton in enumerate(skeletons) if skeleton is not None]
        if len(usable) < FEWEST_FRAMES:
            raise InputError(
                f"A person is seen in {len(usable)} frames; at least {FEWEST_FRAMES} are needed. Record a longer clip "
                "that shows the whole person."
            )
        found = {place: skeletons[place] for place in usable}
        self.skeletons: dict[int, Skeleton] = {place: each for place, each in found.items() if each is not None}
        self.statistics = PoseStatistics.of(self.skeletons.values())
        held_out = max(MOST_PREVIEWS, round(HELD_OUT_SHARE * len(usable)))
        self.places, self.held_out = usable[:-held_out], usable[-held_out:]
        self.side, self.seed = side, seed
        self.window = min(side, WINDOW)
        self.plate = plate_of(frames, self.skeletons)
        self.frames = exposed_as(frames, self.plate, self.skeletons)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = SubjectNetwork(**{**({} if start is None else start.network.config), "side": side})
        if start is not None:
            self.network.generator.load_state_dict(start.network.generator.state_dict())
            self.network.face.load_state_dict(start.network.face.state_dict())
        self.network.plate.copy_(torch.from_numpy(self.plate).permute(2, 0, 1))
        self.network.to(device(), memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizer = torch.optim.Adam(self.network.parameters(), RATE, betas=BETAS)

    def subject(self, about: Mapping[str, str] | None = None) -> Subject:
        """What was learnt so far: the average of the weights over the last steps."""
        told = {"steps": str(self.step), "minutes": f"{self.seconds / 60:.1f}", **self.about, **(about or {})}
        return Subject(copy.deepcopy(self.average).cpu().eval(), self.statistics, told)

    def preview(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Held-out frames, real and made, `(side, side, 3)` uint8 each; made with the picture before, as in a dance."""
        subject = self.subject()
        chosen = np.linspace(1, len(self.held_out) - 1, MOST_PREVIEWS).round().astype(int)
        pictures = []
        for place in chosen:
            before, now = (self.held_out[each] for each in (place - 1, place))
            previous = subject.picture(self.skeletons[before])
            pictures.append((self.frames[now], subject.picture(self.skeletons[now], previous)))
        return pictures

    def parts(self) -> dict[str, Any]:
        return {"network": self.network, "average": self.average, "optimizer": self.optimizer}

    def state(self) -> dict[str, Any]:
        """All that a training on the same frames needs to go on from here, tensors and numbers in mappings."""
        state = {name: part.state_dict() for name, part in self.parts().items()}
        return copy.deepcopy(state) | {"steps": self.step, "seconds": self.seconds}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken."""
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.step, self.seconds = state["steps"], state["seconds"]

    def save(self, path: Path) -> None:
        nested.write(path, self.state())

    def load(self, path: Path) -> None:
        self.restore(nested.read(path))

    def export(self, path: Path) -> None:
        """Write the subject's file."""
        self.subject().save(path)

    def draw(self) -> tuple[dict[str, Any]]:
        """A batch of pairs, alike moved, scaled and turned; what is drawn depends on the seed and the step alone."""
        random = np.random.default_rng([self.seed, self.step])
        pictures: dict[str, list[np.ndarray]] = {"earlier": [], "later": [], "plate": []}
        poses: dict[str, list[Skeleton]] = {"before": [], "after": []}
        for place in random.choice(self.places, BATCH):
            gap = int(random.integers(1, LONGEST_GAP + 1))
            partner = place - gap if place - gap in self.skeletons else place
            matrix = self._movement(self.skeletons[place], random)
            shown = (self.frames[partner], self.frames[place], self.plate)
            for name, picture in zip(pictures, shown, strict=True):
                pictures[name].append(_warped(picture, matrix, self.window))
            for name, each in zip(poses, (partner, place), strict=True):
                poses[name].append(_moved(self.skeletons[each], matrix))
        drawn = {name: to_tensors(np.stack(each)) for name, each in pictures.items()}
        return (drawn | {name: poses_of(each, self.side, self.window) for name, each in poses.items()},)

    def _movement(self, skeleton: Skeleton, random: np.random.Generator) -> np.ndarray:
        """The matrix (2, 3) from places of the frame to places of a window that shows one of the skeleton's points, the
        nose often."""
        angle = math.radians(TURN) * random.uniform(-1, 1)
        scale = 1 + SCALE * random.uniform(-1, 1)
        turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        middle = np.full(2, self.side / 2)
        shift = middle - turn @ middle + SHIFT * self.side * random.uniform(-1, 1, 2)
        point = NOSE if random.random() < NOSE_SHARE else int(random.integers(len(skeleton.points)))
        shown = turn @ skeleton.points[point] + shift - self.window * random.uniform(0.2, 0.8, 2)
        return np.column_stack([turn, shift - shown.clip(0, self.side - self.window)])

    def learn(self, drawn: Mapping[str, Any]) -> dict[str, float]:
        """Learn from a batch of pairs; returns the losses by their names."""
        self._set_rate()
        before, after = (Poses(*(part.to(device()) for part in drawn[name])) for name in ("before", "after"))
        plate, earlier, later = (drawn[name].to(device()) for name in ("plate", "earlier", "later"))
        paired = slice(round(FIRST_SHARE * BATCH), BATCH)
        previous = plate.clone()
        with torch.no_grad(), self._precision():
            pairs = Poses(*(part[paired] for part in before))
            previous[paired] = self.network.generator(pairs, torch.zeros_like(plate[paired])).over(plate[paired])
        with self._precision():
            painted = self.network.generator(after, previous - plate)
        made = painted.over(plate)

        foreground = foreground_of(later, plate)
        weight = 1 + FOREGROUND_WEIGHT * foreground
        losses = {
            "cover": COVER_WEIGHT * functional.binary_cross_entropy_with_logits(painted.logit, foreground),
            "colour": (weight * (made - later).abs()).mean(),
            "gradient": GRADIENT_WEIGHT * gradient_distance(made, later, weight),
            "similarity": SIMILARITY_WEIGHT * (weight[..., 3:-3:2, 3:-3:2] * dissimilarity(made, later)).mean(),
            "movement": MOVEMENT_WEIGHT * (made - previous - (later - earlier))[paired].abs().mean(),
            "face": FACE_WEIGHT * self._face_loss(after, made.detach(), later),
        }
        self.optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimizer.step()
        follow(self.average.parameters(), self.network.parameters(), self.step, AVERAGE_DECAY)
        return {name: loss.item() for name, loss in losses.items()}

    def _face_loss(self, poses: Poses, made: Tensor, real: Tensor) -> Tensor:
        """Of the boxes round noses, with their residuals, in windows that show them whole; 0 where none does."""
        size = face_size(self.side)
        noses = poses.points[:, NOSE] * self.side
        chosen = ((noses >= size / 2) & (noses <= self.window - size / 2)).all(1).nonzero()[:, 0]
        if not len(chosen):
            return made.new_zeros(())
        cut = partial(boxes, corners=face_corners(poses.points[chosen], self.side), size=size)
        faces = cut(made[chosen])
        with self._precision():
            faces = faces + self.network.face(cut(poses.figures[chosen]), faces)
        return face_distance(faces, cut(real[chosen]))

    def _precision(self) -> Any:
        return torch.autocast(device().type, torch.bfloat16, enabled=bfloat16_is_faster())

    def _set_rate(self) -> None:
        falling = LOWEST_RATE + (1 - LOWEST_RATE) * (1 + math.cos(math.pi * self.share)) / 2
        factor = falling * min(1.0, (1 + self.step) / WARM_UP)
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * factor


def foreground_of(frames: Tensor, plate: Tensor) -> Tensor:
    """0 where a frame shows the plate, 1 where it shows the dancer; `(B, 1, H, W)`."""
    change = (frames - plate).abs().amax(1, keepdim=True)
    return (FOREGROUND_STEEPNESS * functional.avg_pool2d(change, 3, stride=1, padding=1)).clamp(max=1)


def gradient_distance(made: Tensor, real: Tensor, weight: Tensor) -> Tensor:
    """Mean absolute difference of what changes from each pixel to the next, across and down."""
    change = made - real
    across = (change[..., :, 1:] - change[..., :, :-1]).abs() * weight[..., :, 1:]
    down = (change[..., 1:, :] - change[..., :-1, :]).abs() * weight[..., 1:, :]
    return across.mean() + down.mean()


def face_distance(made: Tensor, real: Tensor) -> Tensor:
    return (made - real).abs().mean() + gradient_distance(made, real, torch.ones_like(real[:, :1]))


def dissimilarity(made: Tensor, real: Tensor) -> Tensor:
    """1 - structural similarity (Wang et al., 2004) of luminance in windows of 7 pixels, at every second place."""
    one, other = (pictures.mean(1, keepdim=True) for pictures in (made, real))

    def mean(values: Tensor) -> Tensor:
        return functional.avg_pool2d(functional.avg_pool2d(values, (7, 1), (2, 1)), (1, 7), (1, 2))

    means = mean(torch.cat([one, other, one.square(), other.square(), one * other], 1))
    one, other, one_square, other_square, product = means.split(1, 1)
    variances = one_square - one.square() + other_square - other.square()
    luminance = (2 * one * other + SIMILARITY_C1) / (one.square() + other.square() + SIMILARITY_C1)
    structure = (2 * (product - one * other) + SIMILARITY_C2) / (variances + SIMILARITY_C2)
    return 1 - luminance * structure


def _warped(frame: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    """The frame moved by a matrix (2, 3) of places whose corner is (0, 0); OpenCV's are of pixels' centres."""
    shift = matrix[:, 2] + matrix[:, :2] @ (0.5, 0.5) - 0.5
    moved = np.column_stack([matrix[:, :2], shift])
    return cv2.warpAffine(frame, moved, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _moved(skeleton: Skeleton, matrix: np.ndarray) -> Skeleton:
    return Skeleton((skeleton.points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32), skeleton.seen)
