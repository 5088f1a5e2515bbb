"""Signals on the sphere: a picture of the whole of it, a digit, or noise of one degree."""

from typing import TYPE_CHECKING

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import InputError
from engines.runtime.kept import kept
from engines.spherical_cnn.digits import as_digit, drawn_digit
from pages.spherical_cnn.panorama import whole_sphere

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engines.spherical_cnn import data, engine, features, transform
else:
    data = lazy.load("engines.spherical_cnn.data")
    engine = lazy.load("engines.spherical_cnn.engine")
    features = lazy.load("engines.spherical_cnn.features")
    transform = lazy.load("engines.spherical_cnn.transform")
    torch = lazy.load("torch")

MAP_WIDTH = 1024
"""Pixels of a picture round a globe."""
DIGIT_TILT = (0.0, 100.0, 0.0)
"""Degrees that bring the south pole, where a digit lies, before the eye."""
FINE = 48
"""The bandwidth at which a signal is shown that is no picture."""


def signal_of(
    kind: str, picture: np.ndarray, fit: str, digit: int, degree: int, bandwidth: int, seed: int
) -> tuple["Tensor", np.ndarray]:
    """The coefficients of the chosen signal, and how it is shown."""
    if kind == "noise":
        if degree >= bandwidth:
            raise InputError(f"Degree: bandwidth {bandwidth} has degrees 0 to {bandwidth - 1}, no degree {degree}.")
        return _noise(degree, bandwidth, seed)
    if kind == "digit":
        return _digit(digit, bandwidth)
    return _panorama(_Pixels(whole_sphere(picture, fit, MAP_WIDTH)), bandwidth)


class _Pixels:
    """A picture that can be looked up by what it shows."""

    def __init__(self, picture: np.ndarray) -> None:
        self.picture = picture
        self._key = picture.tobytes()

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pixels) and self._key == other._key


@kept(16)
def _panorama(pixels: _Pixels, bandwidth: int) -> tuple["Tensor", np.ndarray]:
    grey = torch.from_numpy(pixels.picture.mean(2, dtype=np.float32))[None] / 255
    return features.of_signal(engine.sample_panorama(grey, bandwidth)[0]), pixels.picture


@kept(64)
def _digit(digit: int, bandwidth: int) -> tuple["Tensor", np.ndarray]:
    pictures = torch.from_numpy(as_digit(drawn_digit(str(digit))))[None]
    return features.of_signal(data.project(pictures, bandwidth)[0, 0]), data.project(pictures, FINE)[0, 0].numpy()


@kept(64)
def _noise(degree: int, bandwidth: int, seed: int) -> tuple["Tensor", np.ndarray]:
    coefficients = features.noise(bandwidth, degree, seed)
    return coefficients, transform.synthesize(coefficients, FINE, on_group=False)[..., 0].numpy()
