"""A face brought upright into a square of 128 pixels, as GANimation (Pumarola et al., 2018, arXiv:1807.09251) sees it,
in the place that faces have in the compact generator's training pictures."""

from typing import NamedTuple

import cv2
import numpy as np

SIDE = 128
"""Pixels of an aligned face."""
ANCHORS = {
    33: (35.5, 46.8),
    133: (52.2, 47.8),
    362: (74.8, 47.8),
    263: (91.5, 46.8),
    168: (63.5, 44.9),
    6: (63.5, 50.1),
    197: (63.5, 54.7),
    195: (63.5, 58.8),
    5: (63.5, 63.2),
    4: (63.5, 68.5),
    234: (17.5, 57.0),
    454: (109.5, 57.0),
    10: (63.5, 13.8),
}
"""Landmarks that no expression moves much (corners of the eyes, ridge of the nose, temples, forehead), and where they
lie on average, in pixels of the square, in the faces of muxspace/facial_expressions, made symmetric."""
INDICES = list(ANCHORS)
PLACES = np.array(list(ANCHORS.values()))
LUMINANCE_DEVIATION = 0.5
"""Of a face as networks see it; its mean is 0."""
FLATTEST = 4.0
"""Levels of 255: the deviation below which luminance is not stretched further."""


class Exposure(NamedTuple):
    """Brightness and contrast of a face, in levels of 255, which networks do not see."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, luminance: np.ndarray) -> "Exposure":
        return cls(float(luminance.mean()), max(float(luminance.std()), FLATTEST))

    def remove(self, luminance: np.ndarray) -> np.ndarray:
        """Levels as networks see them, float32."""
        return ((luminance - self.mean) / self.levels).astype(np.float32)

    @property
    def levels(self) -> float:
        """Levels of 255 in one unit of what networks see."""
        return self.deviation / LUMINANCE_DEVIATION


def upright(landmarks: np.ndarray) -> np.ndarray:
    """The map `(2, 3)` from pixels of a picture with landmarks `(478, 2)` to those of the square."""
    return similarity(landmarks[INDICES], PLACES)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The turn, scale and shift, `(2, 3)`, that brings points `(N, 2)` nearest to others, in the sum of squares."""
    source_centre, target_centre = source.mean(axis=0), target.mean(axis=0)
    centred, aimed = source - source_centre, target - target_centre
    along = (centred * aimed).sum()
    across = (centred[:, 0] * aimed[:, 1] - centred[:, 1] * aimed[:, 0]).sum()
    cosine, sine = np.array([along, across]) / (centred**2).sum()
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.concatenate([turn, (target_centre - turn @ source_centre)[:, None]], axis=1)


def transform(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Points `(N, 2)` under a map `(2, 3)`."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def crop(picture: np.ndarray, matrix: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The square, of `side` pixels, that the map `(2, 3)` brings the picture's pixels into; each of its pixels is a
    mean where the picture has several for it."""
    shrunk = int(1 / np.linalg.norm(matrix[:, 0]))
    flags = cv2.INTER_LINEAR
    if shrunk < 2:
        return cv2.warpAffine(picture, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    # Bilinear sampling would skip pixels: sample more of them, then average.
    finer = matrix * shrunk
    finer[:, 2] = finer[:, 2] + (shrunk - 1) / 2
    large = cv2.warpAffine(picture, finer, (side * shrunk,) * 2, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
