"""Converts between pictures, levels of 255, and the values in [-1, 1] that networks take and make."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def from_levels(levels: Tensor) -> Tensor:
    """Convert levels in [0, 255], uint8 or not, to [-1, 1] in single precision; double precision stays double."""
    return (levels if levels.dtype == torch.float64 else levels.float()) / 127.5 - 1


def to_levels(values: Tensor) -> Tensor:
    """Convert values in [-1, 1] to levels, uint8, rounded and clamped."""
    return ((values.detach().float() + 1) * 127.5).round().clamp(0, 255).byte()


def to_tensor(picture: np.ndarray) -> Tensor:
    """Convert (H, W, 3) uint8 to (3, H, W) float32 in [-1, 1]."""
    # It works in place, because a photograph's floats take twelve bytes a pixel.
    return torch.from_numpy(picture).permute(2, 0, 1).contiguous().float().div_(127.5).sub_(1)


def to_picture(tensor: Tensor) -> np.ndarray:
    """Convert (3, H, W) in [-1, 1] to (H, W, 3) uint8."""
    return to_levels(tensor).permute(1, 2, 0).contiguous().cpu().numpy()


def to_tensors(pictures: np.ndarray) -> Tensor:
    """Convert (N, H, W, 3) uint8 to (N, 3, H, W) float32 in [-1, 1], channels last in memory."""
    return from_levels(torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2))


def to_pictures(tensors: Tensor) -> np.ndarray:
    """Convert (N, 3, H, W) in [-1, 1] to (N, H, W, 3) uint8."""
    return to_levels(tensors).permute(0, 2, 3, 1).contiguous().cpu().numpy()


def middle_square(picture: Tensor, side: int) -> Tensor:
    """Cut the middle square out of a picture `(3, H, W)` in [-1, 1] and scale it to `(3, side, side)` (bicubic)."""
    shortest = min(picture.shape[1:])
    top, left = ((long - shortest) // 2 for long in picture.shape[1:])
    square = picture[None, :, top : top + shortest, left : left + shortest]
    return functional.interpolate(square, (side, side), mode="bicubic", antialias=True)[0].clamp(-1, 1)
