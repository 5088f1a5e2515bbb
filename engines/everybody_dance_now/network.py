"""The compact generator of this project for Everybody Dance Now (Chan et al., ICCV 2019, arXiv:1808.07371).

As in the paper, a generator makes a picture from a stick figure and from the picture before, and a second network adds
a residual to the face. Unlike the paper's 183 million parameters, a million must do, trained in minutes:

- The background is not made but given, a plate: the generator paints colours and a cover over it.
- The picture before comes as its difference to the plate, which is zero before the first.
- Beside the stick figure, every limb tells each place how far it is, and where along and beside the limb.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.everybody_dance_now.skeleton import LEFT_SMALL_TOE, LIMBS, NOSE, RIGHT_SMALL_TOE
from engines.shared.hourglass import Block, Hourglass, ResidualBlock
from engines.shared.tensors import from_levels

FIELD_LIMBS = [(start, end) for start, end, _ in LIMBS if not {start, end} & {LEFT_SMALL_TOE, RIGHT_SMALL_TOE}]
"""From a point to another; mediapipe sees no small toes."""
FIELD_STRIDE = 2
"""Pixels from one place of the limbs' fields to the next."""
REACH = 0.06
"""Of the side: the distance from a limb at which its field has fallen to exp(-1/2)."""
FARTHEST = 3.0
"""Reaches beside a limb that still count."""
FACE_SHARE = 0.25
"""Of the side, that of the box round the nose: 128 of 512 pixels in the published code."""
LEAK = 0.2
MULTIPLE = 16
"""Of which sides are."""


class Poses(NamedTuple):
    """Stick figures `(B, 3, H, W)` in [-1, 1], of whole pictures or of windows in them; their `points` `(B, 31, 2)`, x
    before y, in sides of the whole picture from the window's corner, and how surely they are `seen`, `(B, 31)`."""

    figures: Tensor
    points: Tensor
    seen: Tensor


class Painted(NamedTuple):
    """`colour` `(B, 3, H, W)`, of which [-1, 1] is seen, and the `logit` `(B, 1, H, W)` of how much it covers."""

    colour: Tensor
    logit: Tensor

    def over(self, plate: Tensor) -> Tensor:
        return plate + torch.sigmoid(self.logit) * (self.colour - plate)


def limb_fields(points: Tensor, seen: Tensor, places: int, pitch: float) -> Tensor:
    """What each limb tells each place of a grid, `(B, 3 x limbs, places, places)`, whose `pitch` is in sides: nearness
    in [0, 1], and that times the place along the limb, in [-1, 1], and times the distance beside it, in reaches and
    signed."""
    start, end = ([limb[which] for limb in FIELD_LIMBS] for which in (0, 1))
    middles = (torch.arange(places, device=points.device, dtype=points.dtype) + 0.5) * pitch
    # Limbs come last in all of this, for the networks have channels last.
    from_x, from_y = (points[:, None, None, start, axis] for axis in (0, 1))
    along_x, along_y = (points[:, None, None, end, axis] - points[:, None, None, start, axis] for axis in (0, 1))
    from_x, from_y = middles[:, None] - from_x, middles[:, None, None] - from_y
    square = (along_x.square() + along_y.square()).clamp_min(1e-6)
    share = (from_x * (along_x / square) + from_y * (along_y / square)).clamp_(0, 1)
    unit = square.sqrt() * REACH
    beside = (from_y * (along_x / unit) - from_x * (along_y / unit)).clamp_(-FARTHEST, FARTHEST)
    distance = (share * along_x).sub_(from_x).square_().add_((share * along_y).sub_(from_y).square_())
    surely = torch.minimum(seen[:, start], seen[:, end])[:, None, None]
    nearness = distance.div_(-2 * REACH**2).exp_().mul_(surely)
    # In place: fresh memory for a dozen such tensors would take longer than computing them.
    fields = torch.cat([nearness, share.mul_(2).sub_(1).mul_(nearness), beside.mul_(nearness)], 3)
    return fields.permute(0, 3, 1, 2)


class Generator(Hourglass):
    """Paints a dancer into pictures of that side, or into square windows of them. It works at half the resolution and
    below, where it is fast; what it is given has multiples of 16 pixels."""

    def __init__(self, side: int, widths: tuple[int, int, int, int] = (32, 64, 96, 96), blocks: int = 2) -> None:
        super().__init__()
        self.pitch = FIELD_STRIDE / side
        first = widths[0]
        self.enter = nn.Conv2d(4 * 6, first, 3, padding=1)
        self.limbs = nn.Conv2d(3 * len(FIELD_LIMBS), first, 1)
        self.add_hourglass(widths, blocks)
        self.refine = ResidualBlock(first)
        self.paint = nn.Conv2d(first, 4 * 4, 3, padding=1)

    def forward(self, poses: Poses, previous: Tensor) -> Painted:
        """`previous` `(B, 3, H, W)`: the picture before less the plate; zeros before the first."""
        dtype = self.limbs.weight.dtype
        places = poses.figures.shape[-1] // FIELD_STRIDE
        seen = torch.cat([poses.figures, previous], 1).to(dtype).contiguous(memory_format=torch.channels_last)
        fields = limb_fields(poses.points, poses.seen, places, self.pitch).to(dtype)
        half = functional.leaky_relu(self.enter(functional.pixel_unshuffle(seen, 2)) + self.limbs(fields), LEAK)
        features = self.through_hourglass(half)
        return Painted(*functional.pixel_shuffle(self.paint(self.refine(features)), 2).float().split([3, 1], 1))


class FaceResidual(nn.Module):
    """Adds detail to the box round the nose: half the size inside, and nothing before it is trained."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2), Block(4 * 6, width), Block(width, width), Block(width, width), Block(width, width)
        )
        self.paint = nn.Conv2d(width, 4 * 3, 3, padding=1)
        nn.init.zeros_(self.paint.weight)
        nn.init.zeros_(self.paint.bias)

    def forward(self, figures: Tensor, pictures: Tensor) -> Tensor:
        """The residuals of boxes of figures and of pictures, all `(B, 3, s, s)`, s even."""
        seen = torch.cat([figures, pictures], 1).to(self.paint.weight.dtype)
        residual = self.paint(self.layers(seen.contiguous(memory_format=torch.channels_last)))
        return torch.tanh(functional.pixel_shuffle(residual, 2).float())


def face_corners(points: Tensor, side: int) -> list[tuple[int, int]]:
    """Left and top of each pose's box round the nose, in pixels, the box within the picture."""
    size = face_size(side)
    corners = (points[:, NOSE] * side - size / 2).round().clamp(0, side - size)
    return [(int(left), int(top)) for left, top in corners.tolist()]


def face_size(side: int) -> int:
    """Pixels of the box's sides, an even number."""
    return 2 * round(FACE_SHARE * side / 2)


def boxes(pictures: Tensor, corners: list[tuple[int, int]], size: int) -> Tensor:
    """The boxes of that size at those corners of pictures `(B, C, H, W)`."""
    return torch.stack(
        [
            picture[:, top : top + size, left : left + size]
            for picture, (left, top) in zip(pictures, corners, strict=True)
        ]
    )


class SubjectNetwork(nn.Module):
    """What makes pictures of one subject, `side` pixels wide and high: generator, face residual, and the plate.

    With the widths and blocks given here it has 0.8 million parameters.
    """

    def __init__(
        self,
        side: int,
        widths: tuple[int, int, int, int] = (32, 64, 96, 96),
        blocks: int = 2,
        face_width: int = 24,
    ) -> None:
        super().__init__()
        self.side = side
        self.config: dict[str, Any] = {"side": side, "widths": list(widths), "blocks": blocks, "face_width": face_width}
        self.generator = Generator(side, widths, blocks)
        self.face = FaceResidual(face_width)
        self.plate: Tensor
        self.register_buffer("plate", torch.zeros(3, side, side, dtype=torch.uint8))

    def forward(self, poses: Poses, previous: Tensor | None, face: bool) -> Tensor:
        """Pictures `(B, 3, S, S)` in [-1, 1]; `previous` are such pictures, None before the first."""
        plate = from_levels(self.plate)
        before = torch.zeros_like(poses.figures) if previous is None else previous - plate
        pictures = self.generator(poses, before).over(plate)
        if face:
            corners, size = face_corners(poses.points, self.side), face_size(self.side)
            residuals = self.face(boxes(poses.figures, corners, size), boxes(pictures, corners, size))
            for picture, residual, (left, top) in zip(pictures, residuals, corners, strict=True):
                picture[:, top : top + size, left : left + size] += residual
        return pictures.clamp(-1, 1)
