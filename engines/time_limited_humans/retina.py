"""What a retina keeps of a picture: less detail, the farther from where one looks (Elsayed et al., arXiv:1802.08195).

The paper's retina layer: a low-pass filter whose cut-off falls with eccentricity, in front of every classifier that is
attacked, so that the attack spends nothing on detail that a viewer's eye would lose.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, DISTANCE = 0.1524, 0.61
"""Metres: the picture on the paper's screen, and the eye before it; 14.2 degrees."""
ALPHA = 0.01
"""Radians between what the retina tells apart, by radian of eccentricity. Chosen by this project: acuity falls about
linearly with eccentricity, but the paper's constant could not be found."""
FARTHEST = math.radians(30)
"""The eccentricity from which it tells no less apart: the paper's beta is alpha times this; chosen by this project."""
FILTERS = 20
FINEST = 4 * math.pi
"""Radians by pixel: a cut-off beyond which a picture of pixels, which has no more than pi, is practically unchanged."""


@dataclass(frozen=True)
class Viewing:
    """How a picture is looked at: its `width` and the eye's `distance` in metres, and the point looked at, `across` and
    `down` in [0, 1] of the picture. `alpha` and `beta` are the retina's, in radians by radian and radians."""

    width: float = WIDTH
    distance: float = DISTANCE
    across: float = 0.5
    down: float = 0.5
    alpha: float = ALPHA

    def eccentricities(self, height: int, width: int) -> Tensor:
        """Radians from the point looked at, `(height, width)`, of each pixel's centre: theta = atan(|c| / d)."""
        pixel = self.width / width
        down = (torch.arange(height) + 0.5 - self.down * height) * pixel
        across = (torch.arange(width) + 0.5 - self.across * width) * pixel
        return torch.atan(torch.hypot(down[:, None], across[None]) / self.distance)

    def cutoffs(self, height: int, width: int) -> Tensor:
        """Radians by pixel, `(height, width)`, at which a wave is weakened to 1/e: f = pi / r, where r pixels on the
        screen are what the retina tells apart, r = min(alpha theta, beta) (1 + tan^2 theta) d in metres."""
        theta = self.eccentricities(height, width)
        metres = self.alpha * theta.clamp(max=FARTHEST) * (1 + theta.tan() ** 2) * self.distance
        return (math.pi * self.width / width / metres).clamp(max=FINEST)


class Retina(nn.Module):
    """The layer for pictures of one size. Each pixel comes of the two filters exp(-|G|^2 / f^2) nearest to its own.

    The paper cuts the border off afterwards; here a picture goes on beyond it as in a mirror.
    """

    def __init__(self, height: int, width: int, viewing: Viewing) -> None:
        super().__init__()
        cutoffs = viewing.cutoffs(height, width)
        lowest = float(cutoffs.min())
        bank = torch.logspace(math.log(lowest), math.log(FINEST), FILTERS, math.e)
        self.border = min(height, width) // 2
        down = 2 * math.pi * torch.fft.fftfreq(height + 2 * self.border)
        across = 2 * math.pi * torch.fft.rfftfreq(width + 2 * self.border)
        squared = down[:, None] ** 2 + across[None] ** 2
        place = (cutoffs.log() - math.log(lowest)) / max(math.log(FINEST / lowest), 1e-9) * (FILTERS - 1)
        steps = torch.arange(FILTERS)[:, None, None]
        self.register_buffer("filters", torch.exp(-squared / bank[:, None, None] ** 2), persistent=False)
        self.register_buffer("shares", (1 - (place - steps).abs()).clamp(min=0), persistent=False)

    filters: Tensor
    shares: Tensor

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures `(N, C, H, W)` as the retina has them, of the same size."""
        border = self.border
        padded = functional.pad(pictures, (border,) * 4, mode="reflect")
        size = padded.shape[-2:]
        spectrum = torch.fft.rfft2(padded)[:, :, None] * self.filters
        filtered = torch.fft.irfft2(spectrum, size)[..., border:-border, border:-border]
        return (filtered * self.shares).sum(2)
