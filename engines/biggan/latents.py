"""Latents for the truncation trick of BigGAN (arXiv:1809.11096), section 3.1.

A latent follows from uniform numbers by the inverse of the distribution function, so that the same numbers give
latents that move smoothly with the truncation; its distribution is that of drawing anew whatever is beyond.
"""

import math

import torch
from torch import Tensor

from engines.runtime.errors import InputError

PUBLISHED_THRESHOLD = 2.0
"""The published code cuts off there, then multiplies by the truncation."""
SAMPLINGS = ("paper", "published")
UNTRUNCATED = math.inf
"""The truncation that leaves all numbers as they are."""
LARGEST_SEED = 2**63 - 1


def uniforms(seed: int, count: int, size: int) -> Tensor:
    """Uniform numbers in (0, 1) for `count` latents, `(count, size)` float64; more latents begin with the same.

    Raises:
        InputError: the seed is negative or has more than 63 bits.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"The seed is {seed}; choose a whole number from 0 to {LARGEST_SEED}.")
    random = torch.Generator().manual_seed(seed)
    drawn = torch.stack([torch.rand(size, generator=random, dtype=torch.float64) for _ in range(count)])
    return drawn.clamp(torch.finfo(drawn.dtype).tiny, 1 - torch.finfo(drawn.dtype).eps)


def truncated_latents(uniform: Tensor, truncation: float, sampling: str) -> Tensor:
    """Latents of uniform numbers, float32: normal numbers within plus or minus `truncation` ("paper"), or `truncation`
    times normal numbers within plus or minus 2 ("published", which goes to 1).

    Raises:
        InputError: the truncation is not above 0, or above 1 as published.
    """
    threshold, factor = _threshold_and_factor(truncation, sampling)
    outside = torch.special.ndtr(torch.tensor(-threshold, dtype=torch.float64))
    normal = torch.special.ndtri(outside + uniform * (1 - 2 * outside))
    return (factor * normal).float()


def deviation(truncation: float, sampling: str) -> float:
    """The standard deviation of such latents.

    Raises:
        InputError: as `truncated_latents`.
    """
    threshold, factor = _threshold_and_factor(truncation, sampling)
    if threshold == UNTRUNCATED:
        return 1.0
    density = math.exp(-(threshold**2) / 2) / math.sqrt(2 * math.pi)
    within = math.erf(threshold / math.sqrt(2))
    return factor * math.sqrt(1 - 2 * threshold * density / within)


def _threshold_and_factor(truncation: float, sampling: str) -> tuple[float, float]:
    if not truncation > 0:
        raise InputError(f"The truncation is {truncation}; choose a number above 0.")
    if sampling == "paper":
        return truncation, 1.0
    if truncation > 1:
        raise InputError("The published code's latents are shrunk: choose a truncation of at most 1, or the paper's.")
    return PUBLISHED_THRESHOLD, truncation
