"""The analytic hierarchy process, by which Taskonomy makes losses of any unit comparable (Zamir et al., CVPR 2018,
arXiv:1804.08328, section 3.3; Saaty, 1987)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CLIPPED = 0.001, 0.999
"""Between which shares of wins are held, so that their ratio is finite."""
STEEPNESS = 20.0
"""Of the published matrices' exp(-20 p), which spreads small affinities."""


def win_shares(losses: Floats) -> Floats:
    """Of the losses `(sources, pictures)` of transfers to one target: the share of pictures in which each source's is
    below each other's, `(sources, sources)`; a tie counts half to both."""
    below = (losses[:, None] < losses[None]).mean(-1)
    return below + (losses[:, None] == losses[None]).mean(-1) / 2


def ratios(shares: Floats) -> Floats:
    """How many times more often each source wins against each other than it loses, from `win_shares`."""
    clipped = np.clip(shares, *CLIPPED)
    return clipped / clipped.T


def priorities(shares: Floats) -> Floats:
    """Each source's affinity to the target, `(sources,)`, that sum to 1: the principal eigenvector of `ratios`."""
    values, vectors = np.linalg.eig(ratios(shares))
    principal = np.abs(vectors[:, values.real.argmax()].real)
    return principal / principal.sum()


def inconsistency(shares: Floats) -> float:
    """How far the ratios are from agreeing with one another: (largest eigenvalue - n) / (n - 1), 0 where they agree
    (Saaty's index)."""
    count = len(shares)
    largest = float(np.linalg.eigvals(ratios(shares)).real.max())
    return max(0.0, (largest - count) / (count - 1))


def shown(affinity: Floats) -> Floats:
    """Affinities as the paper prints them, in (0, 1]: less is better."""
    return np.exp(-STEEPNESS * affinity)
