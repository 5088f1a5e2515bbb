"""Features that turn with their signal, or do not: Phi(R x) beside R Phi(x) (Spherical CNNs, arXiv:1801.10130, section
5.1).

A signal is given by its coefficients `(b, b, 1)`, so that it can be rotated exactly, and is read at a grid's points.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.spherical_cnn.grids import (
    EulerAngles,
    KernelGrid,
    driscoll_healy_colatitudes,
    longitudes,
    s2_near_identity_grid,
    so3_near_identity_grid,
    soft_colatitudes,
)
from engines.spherical_cnn.network import S2Convolution, SO3Convolution
from engines.spherical_cnn.transform import analyse, power, rotate, synthesize
from engines.spherical_cnn.wigner import wigner_d

CHANNELS = 3
"""Of a layer that is only looked at; its weights are random."""
PLANAR_KERNEL = 5
KEPT = 16
KERNEL = s2_near_identity_grid()
"""Where the first layer's kernels have their weights."""


class Layers(NamedTuple):
    """`depth` layers in a row with random weights, each followed by ReLU where they are `rectified`.

    A spherical one correlates; a planar one convolves the picture that beta and alpha make, round in alpha.
    """

    kind: Literal["spherical", "planar"] = "spherical"
    depth: int = 1
    rectified: bool = False
    seed: int = 0


class Turned(NamedTuple):
    """A rotated signal R x, `(2b, 2b)`, as the layers read it, and features of it, `of`, Phi(R x), and of the signal,
    but rotated, R Phi(x), both `(channels, 2b, 2b, 2b)`, or `(channels, 2b, 2b, 1)` of planar layers.

    `error` is the deviation of their difference by that of the features, as in section 5.1; `power` `(b,)` is the part
    of the features' mean square that each degree has.
    """

    signal: Tensor
    of: Tensor
    rotated: Tensor
    error: float
    power: Tensor


@torch.inference_mode()
def turn(coefficients: Tensor, rotation: EulerAngles, layers: Layers, half_a_step_off: bool = False) -> Turned:
    """Rotate a signal before and after the layers.

    Features are compared as a next layer would read them: in degrees below the bandwidth. A signal that is read
    `half_a_step_off` has the values of the Driscoll-Healy grid, where the layers take them for those of the SOFT grid.
    """
    bandwidth, on_group = len(coefficients), layers.kind == "spherical"
    signal = _read(rotate(coefficients, rotation), half_a_step_off)
    before = _at_rest(coefficients, layers, half_a_step_off)
    both = torch.stack([_features(signal, layers), rotate(before, rotation)])
    of, rotated = synthesize(both, bandwidth, on_group)
    error = _deviation(of - rotated) / _deviation(rotated)
    return Turned(signal, of, rotated, error, power(both[1]).mean(0))


def _deviation(features: Tensor) -> float:
    """Of each channel about its own mean."""
    rows = features.flatten(1)
    return float((rows.square().mean(1) - rows.mean(1).square()).mean().clamp(min=0).sqrt())


@lru_cache(KEPT)
@torch.inference_mode()
def _at_rest(coefficients: Tensor, layers: Layers, half_a_step_off: bool) -> Tensor:
    return _features(_read(coefficients, half_a_step_off), layers)


def _features(signal: Tensor, layers: Layers) -> Tensor:
    """The coefficients of the features of a signal `(2b, 2b)`."""
    bandwidth = len(signal) // 2
    made = signal[None, None]
    for layer in _network(bandwidth, layers):
        made = functional.relu(layer(made)) if layers.rectified else layer(made)
    return analyse(made[0] if layers.kind == "spherical" else made[0, ..., None], bandwidth)


class PlanarConvolution(nn.Conv2d):
    """Of a picture of beta and alpha, `(B, C, 2b, 2b)`: round in alpha, and beyond the poles nothing."""

    def forward(self, signal: Tensor) -> Tensor:
        reach = PLANAR_KERNEL // 2
        round_in_alpha = functional.pad(signal, (reach, reach, 0, 0), mode="circular")
        return super().forward(functional.pad(round_in_alpha, (0, 0, reach, reach)))


@lru_cache(KEPT)
@torch.inference_mode(False)
def _network(bandwidth: int, layers: Layers) -> Sequence[nn.Module]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(layers.seed)
        if layers.kind == "planar":
            return [
                PlanarConvolution(CHANNELS if place else 1, CHANNELS, PLANAR_KERNEL, bias=False)
                for place in range(layers.depth)
            ]
        first = S2Convolution(1, CHANNELS, bandwidth, bandwidth, KERNEL)
        grid = so3_near_identity_grid(n_alpha=6, n_beta=2)
        later = [SO3Convolution(CHANNELS, CHANNELS, bandwidth, bandwidth, grid) for _ in range(layers.depth - 1)]
        return [first, *later]


def _read(coefficients: Tensor, half_a_step_off: bool) -> Tensor:
    """The signal `(2b, 2b)` at the points of the SOFT grid, or of the Driscoll-Healy grid."""
    waves, table = _reading(len(coefficients), half_a_step_off)
    return torch.einsum("lm,ljm,mk->jk", coefficients[..., 0], table, waves).real


@lru_cache(KEPT)
@torch.inference_mode(False)
def _reading(bandwidth: int, half_a_step_off: bool) -> tuple[Tensor, Tensor]:
    """e^(i m alpha), with what negative m add, and (2l + 1) d^l_m0(beta), `(l, beta, m)`."""
    m = torch.arange(bandwidth)
    waves = m.sign().add(1)[:, None] * torch.exp(1j * torch.outer(m, longitudes(bandwidth)))
    beta = (driscoll_healy_colatitudes if half_a_step_off else soft_colatitudes)(bandwidth)
    table = wigner_d(bandwidth, beta[:, None], m, torch.zeros(1)) * (2 * m + 1)[:, None, None]
    return waves.to(torch.complex64), table.to(torch.complex64)


def of_signal(signal: Tensor) -> Tensor:
    """The coefficients of a signal on the sphere, `(2b, 2b)`, of unit deviation about 0."""
    centred = signal - signal.mean()
    return analyse((centred / centred.std().clamp(min=1e-6)).float()[..., None], len(signal) // 2)


def noise(bandwidth: int, degree: int, seed: int) -> Tensor:
    """The coefficients of random numbers that have that degree alone; on the sphere their mean square is 1.

    Raises:
        ValueError: the bandwidth has no such degree.
    """
    if not 0 <= degree < bandwidth:
        raise ValueError(f"bandwidth {bandwidth} has no degree {degree}")
    drawn = torch.randn(degree + 1, 2, generator=torch.Generator().manual_seed(seed))
    drawn[0, 1] = 0
    coefficients = torch.zeros(bandwidth, bandwidth, 1, dtype=torch.complex64)
    coefficients[degree, : degree + 1, 0] = torch.view_as_complex(drawn)
    return coefficients / math.sqrt(float(power(coefficients)[degree]))


def points_of(grid: KernelGrid) -> np.ndarray:
    """Where on the sphere a kernel has its weights, unit vectors `(P, 3)`."""
    alpha, beta, _ = np.array(grid).T
    return np.stack([np.sin(beta) * np.cos(alpha), np.sin(beta) * np.sin(alpha), np.cos(beta)], axis=1)
