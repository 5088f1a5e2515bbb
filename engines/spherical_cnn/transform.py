"""Generalized Fourier transforms on the sphere and on SO(3) of real signals (arXiv:1801.10130, section 4 and appendix).

A signal has shape `(..., 2b, 2b, 2b)`, beta, alpha and gamma on the SOFT grid of bandwidth b. One on the sphere is one
on SO(3) that does not change with gamma, `(..., 2b, 2b, 1)`, and everything here serves both.

Its coefficients of degrees below L are complex, `(..., L, L, 2L - 1)`: degree l, order m from 0, since those of a real
signal at -m follow, and order n as `wigner.orders`; n has length 1 on the sphere. A degree has zeros for orders above
it. The measure of SO(3) and of the sphere is 1: the coefficient of degree 0 is the mean.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from engines.spherical_cnn.grids import EulerAngles, longitudes, quadrature_weights, soft_colatitudes
from engines.spherical_cnn.wigner import orders, wigner_d, wigner_matrices

CACHED_TABLES = 32
"""Of each kind are kept. They are made outside of inference mode, for what is made in it cannot be learned through."""


def analyse(signal: Tensor, degrees: int) -> Tensor:
    """The coefficients of degrees below `degrees`, at most the bandwidth: integrals of signal times conj(D)."""
    bandwidth, on_group = signal.shape[-2] // 2, signal.shape[-1] > 1
    if degrees > bandwidth:
        raise ValueError(f"a signal of bandwidth {bandwidth} has no degree {degrees - 1}")
    tables = _analysis(bandwidth, degrees, on_group, signal.dtype, signal.device)
    waves = (tables.alpha @ signal).unflatten(-2, (degrees, 2)).flatten(-2)
    spectrum = (waves @ tables.gamma).unflatten(-1, (-1, 2)) * tables.weights
    table = _wigner_at(bandwidth, degrees, on_group, signal.dtype, signal.device)
    return torch.view_as_complex(torch.einsum("...jmnr,mnjl->...lmnr", spectrum, table).contiguous())


def synthesize(coefficients: Tensor, bandwidth: int, on_group: bool) -> Tensor:
    """The signal, on SO(3) or on the sphere, that has these coefficients, of degrees below the bandwidth: the sum of
    (2l + 1) X^l_mn D^l_mn."""
    degrees = coefficients.shape[-2]
    tables = _synthesis(bandwidth, degrees, on_group, coefficients.real.dtype, coefficients.device)
    table = _wigner_at(bandwidth, degrees, on_group, coefficients.real.dtype, coefficients.device)
    spectrum = torch.einsum("...lmnr,mnjl->...jmnr", torch.view_as_real(coefficients) * tables.weights, table)
    waves = (spectrum.flatten(-2) @ tables.gamma).unflatten(-1, (2, -1)).flatten(-3, -2)
    return tables.alpha @ waves


def integrate(signal: Tensor) -> Tensor:
    """The mean over SO(3), or the sphere, of signals `(..., 2b, 2b, 2b)`, as `(...)`: 1 for the constant 1."""
    weights = quadrature_weights(signal.shape[-2] // 2).to(signal)
    return signal.mean((-2, -1)) @ weights


def correlate(coefficients: Tensor, kernel: Tensor) -> Tensor:
    """The coefficients of signals' correlation with a kernel: Z_mn is the sum of X_mp conj(Y_np) over channels and p.

    Signals' coefficients are `(B, C, L, L, P)`, and the kernel's, conjugate and of all orders n,
    `(C, D, L, 2L - 1, P)`; the result is `(B, D, L, L, 2L - 1)`.
    """
    return torch.einsum("bclmp,cdlnp->bdlmn", coefficients, kernel)


def kernel_table(degrees: int, grid: tuple[EulerAngles, ...], on_group: bool, like: Tensor) -> Tensor:
    """D at a kernel's points, `(points, degrees, 2 degrees - 1, P)`, complex, of the precision and device of `like`.

    Weights times it are the conjugate coefficients that `correlate` takes.
    """
    return _kernel_table(degrees, grid, on_group, like.dtype, like.device)


def rotate(coefficients: Tensor, rotation: EulerAngles) -> Tensor:
    """The coefficients of the signal x -> f(R^-1 x)."""
    matrices = _rotation(coefficients.shape[-2], rotation)
    return torch.einsum("lkm,...lmn->...lkn", matrices.to(coefficients), all_orders(coefficients))


@lru_cache(CACHED_TABLES)
@torch.inference_mode(False)
def _rotation(degrees: int, rotation: EulerAngles) -> Tensor:
    """What a rotation does to coefficients, for signals and features that are rotated alike, `(L, L, 2L - 1)`."""
    angles = torch.tensor(rotation, dtype=torch.float64).unbind()
    return wigner_matrices(degrees, *(angle[None] for angle in angles))[0, :, :degrees].conj().resolve_conj()


def all_orders(coefficients: Tensor) -> Tensor:
    """Those of negative m too, as `wigner.orders`: X_(-m,-n) = (-1)^(m-n) conj(X_mn)."""
    negative = coefficients[..., 1:, :].flip(-2).conj()
    degrees, sides = coefficients.shape[-2:]
    n = torch.zeros(1) if sides == 1 else orders(degrees)
    m = torch.arange(degrees - 1, 0, -1)[:, None]
    sign = (1 - 2 * ((m + n) % 2)).to(coefficients)
    return torch.cat([coefficients, sign * negative.flip(-1).roll(1, -1)], -2)


def power(coefficients: Tensor) -> Tensor:
    """The part of a signal's mean square that each degree has, `(..., L)`."""
    squares = coefficients.abs().square()
    both = squares.sum((-2, -1)) * 2 - squares[..., 0, :].sum(-1)
    return both * (2 * torch.arange(both.shape[-1], device=both.device) + 1)


class Tables(NamedTuple):
    """What a transform multiplies by for alpha and gamma, whose orders are so few that matrices are faster than an FFT,
    and its weights, of colatitudes or degrees.

    All are real. Where waves are complex, real and imaginary parts are apart: an axis of (m, 2) for alpha, and of
    (2, gamma) on one side and (n, 2) on the other for gamma.
    """

    alpha: Tensor
    gamma: Tensor
    weights: Tensor


@lru_cache(CACHED_TABLES)
@torch.inference_mode(False)
def _analysis(bandwidth: int, degrees: int, on_group: bool, dtype: torch.dtype, device: torch.device) -> Tables:
    """`alpha` `(2 m, 2b)`, `gamma` `(2 gamma, 2 n)`, `weights` `(2b, 1, 1, 1)`."""
    alpha = longitudes(bandwidth)
    gamma, n = (alpha, orders(degrees)) if on_group else (torch.zeros(1), torch.zeros(1))
    waves = torch.view_as_real(torch.exp(-1j * torch.outer(torch.arange(degrees), alpha)) / len(alpha))
    turns = _real(torch.exp(-1j * torch.outer(gamma, n)) / len(gamma))
    weights = quadrature_weights(bandwidth)[:, None, None, None]
    tables = waves.transpose(1, 2).flatten(0, 1), turns.flatten(0, 1).flatten(1), weights
    return Tables(*(table.to(device, dtype).contiguous() for table in tables))


@lru_cache(CACHED_TABLES)
@torch.inference_mode(False)
def _synthesis(bandwidth: int, degrees: int, on_group: bool, dtype: torch.dtype, device: torch.device) -> Tables:
    """`alpha` `(2b, 2 m)`, with what negative m add, `gamma` `(2 n, 2 gamma)`, `weights` `(l, 1, 1, 1)`."""
    alpha, m = longitudes(bandwidth), torch.arange(degrees)
    gamma, n = (alpha, orders(degrees)) if on_group else (torch.zeros(1), torch.zeros(1))
    waves = torch.view_as_real(m.sign().add(1) * torch.exp(-1j * torch.outer(alpha, m)))
    turns = _real(torch.exp(1j * torch.outer(n, gamma)))
    weights = (2 * torch.arange(degrees) + 1)[:, None, None, None]
    tables = waves.flatten(1), turns.permute(1, 0, 3, 2).flatten(0, 1).flatten(1), weights
    return Tables(*(table.to(device, dtype).contiguous() for table in tables))


@lru_cache(CACHED_TABLES)
@torch.inference_mode(False)
def _wigner_at(bandwidth: int, degrees: int, on_group: bool, dtype: torch.dtype, device: torch.device) -> Tensor:
    """d at the grid's colatitudes, `(m, n, 2b, l)`."""
    m, n = torch.arange(degrees), orders(degrees) if on_group else torch.zeros(1)
    table = wigner_d(degrees, soft_colatitudes(bandwidth), m[:, None, None], n[:, None])
    return table.permute(1, 2, 3, 0).to(device, dtype).contiguous()


def _real(matrix: Tensor) -> Tensor:
    """What a complex matrix `(A, B)` does to the real and imaginary parts of rows, `(2, A, B, 2)`."""
    return torch.view_as_real(torch.stack([matrix, 1j * matrix]))


@lru_cache(CACHED_TABLES)
@torch.inference_mode(False)
def _kernel_table(
    degrees: int, grid: tuple[EulerAngles, ...], on_group: bool, dtype: torch.dtype, device: torch.device
) -> Tensor:
    matrices = wigner_matrices(degrees, *torch.tensor(grid, dtype=torch.float64).unbind(1))
    table = matrices if on_group else matrices[..., :1]
    return table.to(device, dtype.to_complex())
