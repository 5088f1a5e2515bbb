"""Augments what a discriminator sees, real or made, differentiably (Zhao et al., 2020, arXiv:2006.10738).

Of its three kinds only the movement is done: changed colours, and squares that are cut out, would hide from the
discriminator, and so from the generator, what a short training has yet to learn.
"""

import torch
from torch import Tensor
from torch.nn import functional

FARTHEST = 1 / 8
"""The largest movement of a picture, as a share of its side."""


def moved(pictures: Tensor, side: int) -> Tensor:
    """Move each of the pictures `(B, 3, H, W)` in [-1, 1] by up to an eighth of its side, and scale it to `side`.

    Grey fills what becomes empty.
    """
    shift = (torch.rand(len(pictures), 2, 1) * 2 - 1) * 2 * FARTHEST
    maps = torch.cat([torch.eye(2).expand(len(pictures), 2, 2), shift], 2)
    grid = functional.affine_grid(maps, [len(pictures), 3, side, side], align_corners=False)
    return functional.grid_sample(pictures, grid, align_corners=False)
