"""Where signals on the sphere and on SO(3) are sampled, and where a kernel has its weights.

Rotations are Z(alpha) Y(beta) Z(gamma), in radians; a point of the sphere has colatitude beta and longitude alpha.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class EulerAngles(NamedTuple):
    """A rotation; a point of the sphere where gamma is 0."""

    alpha: float
    beta: float
    gamma: float = 0.0


KernelGrid = tuple[EulerAngles, ...]
"""Where a kernel has its weights, in the order of the published files."""


def soft_colatitudes(bandwidth: int) -> Tensor:
    """The 2b values of beta of the SOFT grid: pi (2j + 1) / 4b (Kostelec and Rockmore, 2008, section 3)."""
    return math.pi * (2 * torch.arange(2 * bandwidth, dtype=torch.float64) + 1) / (4 * bandwidth)


def driscoll_healy_colatitudes(bandwidth: int) -> Tensor:
    """The 2b values of beta of the Driscoll-Healy grid: pi j / 2b, half a step north of the SOFT grid's."""
    return math.pi * torch.arange(2 * bandwidth, dtype=torch.float64) / (2 * bandwidth)


def longitudes(bandwidth: int) -> Tensor:
    """The 2b values of alpha, and of gamma: pi k / b."""
    return math.pi * torch.arange(2 * bandwidth, dtype=torch.float64) / bandwidth


def sphere_points(bandwidth: int) -> Tensor:
    """Unit vectors of the SOFT grid, `(2b, 2b, 3)`."""
    beta, alpha = soft_colatitudes(bandwidth)[:, None], longitudes(bandwidth)
    return torch.stack([beta.sin() * alpha.cos(), beta.sin() * alpha.sin(), beta.cos().expand(-1, len(alpha))], -1)


def quadrature_weights(bandwidth: int) -> Tensor:
    """Weights of the SOFT grid's 2b colatitudes, whose sum is 1: exact for band-limited signals, where alpha and gamma
    are averaged over (Kostelec and Rockmore, 2008, equation 5)."""
    beta = soft_colatitudes(bandwidth)
    odd = 2 * torch.arange(bandwidth, dtype=torch.float64) + 1
    return beta.sin() * (torch.sin(odd * beta[:, None]) / odd).sum(1) / bandwidth


def s2_near_identity_grid(max_beta: float = math.pi / 8, n_alpha: int = 8, n_beta: int = 3) -> KernelGrid:
    """Rings round the north pole, as published."""
    return tuple(
        EulerAngles(alpha, beta) for beta in _rings_of_a_cap(max_beta, n_beta) for alpha in _full_turn(n_alpha)
    )


def s2_equatorial_grid(max_beta: float = 0.0, n_alpha: int = 32, n_beta: int = 1) -> KernelGrid:
    """Rings round the equator, as published."""
    return tuple(
        EulerAngles(alpha, beta) for beta in _rings_of_a_belt(max_beta, n_beta) for alpha in _full_turn(n_alpha)
    )


def so3_near_identity_grid(
    max_beta: float = math.pi / 8,
    max_gamma: float = 2 * math.pi,
    n_alpha: int = 8,
    n_beta: int = 3,
    n_gamma: int | None = None,
) -> KernelGrid:
    """Rings of rotations about the identity, as published: as gamma runs from -2 pi to 2 pi, its ends coincide."""
    return tuple(
        EulerAngles(alpha, beta, turn - alpha)
        for beta in _rings_of_a_cap(max_beta, n_beta)
        for alpha in _full_turn(n_alpha)
        for turn in _spread(0, max_gamma, n_alpha if n_gamma is None else n_gamma)
    )


def so3_equatorial_grid(
    max_beta: float = 0.0, max_gamma: float = math.pi / 8, n_alpha: int = 32, n_beta: int = 1, n_gamma: int = 2
) -> KernelGrid:
    """Rings of rotations that take the pole to the equator, as published."""
    return tuple(
        EulerAngles(alpha, beta, gamma)
        for beta in _rings_of_a_belt(max_beta, n_beta)
        for alpha in _full_turn(n_alpha)
        for gamma in _spread(0, max_gamma, n_gamma)
    )


def _rings_of_a_cap(max_beta: float, count: int) -> list[float]:
    return [max_beta * (ring + 1) / count for ring in range(count)]


def _rings_of_a_belt(max_beta: float, count: int) -> list[float]:
    return _spread(math.pi / 2, max_beta, count)


def _full_turn(count: int) -> list[float]:
    return [2 * math.pi * step / count for step in range(count)]


def _spread(centre: float, reach: float, count: int) -> list[float]:
    return np.linspace(centre - reach, centre + reach, count).tolist()
