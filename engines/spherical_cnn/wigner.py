"""Wigner's functions: d, by a recursion in the degree, and the matrices D that represent rotations.

As published, D of a rotation is e^(i m alpha) d(beta) e^(i n gamma), with d = exp(-i beta J_y).
"""

import torch
from torch import Tensor


def orders(degrees: int) -> Tensor:
    """All orders of degrees below `degrees`, where the index of an order is the order itself: 0, 1, ..., -2, -1."""
    return torch.cat([torch.arange(degrees), torch.arange(1 - degrees, 0)])


def wigner_d(degrees: int, beta: Tensor, m: Tensor, n: Tensor) -> Tensor:
    """d^l_mn(beta) in float64, `(degrees, ...)` for l = 0, 1, ... and all that beta, m and n are broadcast to.

    A degree that lacks an order has zero there. The recursion in l (Kostelec and Rockmore, 2008, equation 7) starts at
    the lowest degree that has both orders, where d is a product of powers; upwards it is stable.
    """
    m, n, beta = m.double(), n.double(), beta.double()
    lowest = torch.maximum(m.abs(), n.abs())
    sines, cosines = (m - n).abs(), (m + n).abs()
    binomial = torch.lgamma(2 * lowest + 1) - torch.lgamma(sines + 1) - torch.lgamma(cosines + 1)
    scale = (1 - 2 * ((m - n).clamp(min=0) % 2)) * torch.exp(binomial / 2)
    first = scale * (beta / 2).sin() ** sines * (beta / 2).cos() ** cosines
    found = [torch.where(lowest == 0, first, 0)]
    before = torch.zeros_like(first)
    for degree in range(1, degrees):
        last = degree - 1
        # Where the degree lacks an order both factors are infinite or NaN, and `where` drops what they give.
        rise = degree * (2 * last + 1) / _span(degree, m, n)
        fall = degree / last * _span(last, m, n) / _span(degree, m, n) if last else torch.zeros(())
        tilt = m * n / (last * degree) if last else torch.zeros(())
        higher = rise * (beta.cos() - tilt) * found[-1] - fall * before
        before = found[-1]
        found.append(torch.where(lowest < degree, higher, torch.where(lowest == degree, first, 0)))
    return torch.stack(found)


def _span(degree: int, m: Tensor, n: Tensor) -> Tensor:
    return ((degree**2 - m**2) * (degree**2 - n**2)).sqrt()


def wigner_matrices(degrees: int, alpha: Tensor, beta: Tensor, gamma: Tensor) -> Tensor:
    """D^l_mn of rotations `(P,)`, complex128 `(P, degrees, 2 degrees - 1, 2 degrees - 1)`, orders as `orders`.

    Each degree's matrix is unitary, and that of a product of rotations is the matrices' product.
    """
    m, n = orders(degrees)[:, None], orders(degrees)
    alpha, beta, gamma = (angle.double()[:, None, None] for angle in (alpha, beta, gamma))
    phase = torch.exp(1j * (m * alpha + n * gamma))
    return (wigner_d(degrees, beta, m, n) * phase).transpose(0, 1)
