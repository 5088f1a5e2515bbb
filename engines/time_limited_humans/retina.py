"""What a retina keeps of a picture: less detail, the farther from where one looks (Elsayed et al., arXiv:1802.08195).

The paper's retina layer: a low-pass filter whose cut-off falls with eccentricity, in front of every classifier that is
attacked, so that the attack spends nothing on detail that a viewer's eye would lose.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from scipy.fft import next_fast_len
from torch import Tensor, nn
from torch.nn import functional

WIDTH, DISTANCE = 0.1524, 0.61
"""Metres: the picture on the paper's screen, and the eye before it; 14.2 degrees."""
ALPHA = 0.01
"""Radians between what the retina tells apart, by radian of eccentricity. Chosen by this project: acuity falls about
linearly with eccentricity, but the paper's constant could not be found."""
FARTHEST = math.radians(30)
"""The eccentricity from which it tells no less apart: the paper's beta is alpha times this; chosen by this project."""
FILTERS_BY_OCTAVE = 5
FINEST = 4 * math.pi
"""Radians by pixel: a cut-off beyond which a picture of pixels, which has no more than pi, is practically unchanged."""
REACH, LEAST_REACH = 5, 16
"""How far a picture goes on beyond its border: so many standard deviations of the widest filter, a Gaussian of
sqrt(2) / f pixels, and so many pixels at least, since filters that end at pi have tails."""


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

    def cycles(self, theta: Tensor) -> Tensor:
        """The same in cycles by degree of the visual field, at eccentricities in radians."""
        return math.radians(1) / (2 * self.alpha * theta.clamp(max=FARTHEST))

    def finest_cycles(self, theta: Tensor, width: int) -> Tensor:
        """Cycles by degree, at most, that a picture of so many pixels across can hold there."""
        return math.radians(1) * width / (2 * self.width) * (1 + theta.tan() ** 2) * self.distance

    def places(self, height: int, width: int) -> Tensor:
        """Where each pixel's cut-off stands among the bank's filters, `(height, width)`; 0 is the finest."""
        return FILTERS_BY_OCTAVE * torch.log2(FINEST / self.cutoffs(height, width))


def low_passed(pictures: Tensor, numbers: Sequence[int]) -> Tensor:
    """Pictures `(N, C, H, W)` through the bank's filters exp(-|G|^2 / f^2) of these numbers, `(N, C, F, H, W)`.

    The paper cuts the border off afterwards; here a picture goes on beyond it as in a mirror.
    """
    cutoffs = FINEST / 2 ** (torch.tensor(numbers, dtype=torch.float32) / FILTERS_BY_OCTAVE)
    size = pictures.shape[-2:]
    widest = math.ceil(REACH * math.sqrt(2) / float(cutoffs.min()))
    border = min(max(widest, LEAST_REACH), min(size) - 1)
    down, across = (min(next_fast_len(side + 2 * border, real=True), 2 * side - 1 + border) for side in size)
    beyond = (border, across - size[1] - border, border, down - size[0] - border)
    spectrum = torch.fft.rfft2(functional.pad(pictures, beyond, mode="reflect"))[:, :, None]
    for frequencies, dimension in ((torch.fft.fftfreq(down), -2), (torch.fft.rfftfreq(across), -1)):
        weakened = torch.exp(-((2 * math.pi * frequencies / cutoffs[:, None]) ** 2))
        spectrum = spectrum * weakened.unsqueeze(-3 - dimension)
    filtered = torch.fft.irfft2(spectrum, (down, across))
    return filtered[..., border : border + size[0], border : border + size[1]]


class Retina(nn.Module):
    """The layer for pictures of one size. Each pixel comes of the two filters nearest to its own."""

    def __init__(self, height: int, width: int, viewing: Viewing) -> None:
        super().__init__()
        places = viewing.places(height, width)
        self.numbers = _needed(places)
        self.register_buffer("shares", torch.stack([_share(places, one) for one in self.numbers]), persistent=False)

    shares: Tensor

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures `(N, C, H, W)` as the retina has them, of the same size."""
        return (low_passed(pictures, self.numbers) * self.shares).sum(2)


class Looked:
    """One picture `(C, H, W)` in [-1, 1] at which retinas look one after the other, as an eye that moves over it: what
    the filters make of it is kept."""

    def __init__(self, picture: Tensor) -> None:
        self._picture = picture
        self._made: dict[int, Tensor] = {}

    def through(self, viewing: Viewing) -> Tensor:
        """As `Retina`, `(C, H, W)`."""
        places = viewing.places(*self._picture.shape[-2:])
        seen = torch.zeros_like(self._picture)
        for number in _needed(places):
            if number not in self._made:
                self._made[number] = low_passed(self._picture[None], [number])[0, :, 0].half()
            seen += self._made[number] * _share(places, number)
        return seen


def _needed(places: Tensor) -> range:
    return range(int(places.min()), int(places.max()) + 2)


def _share(places: Tensor, number: int) -> Tensor:
    """How much of each pixel comes of that filter."""
    return (1 - (places - number).abs()).clamp(min=0)
