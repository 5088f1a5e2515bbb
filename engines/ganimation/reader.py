"""Reads action units off a face's landmarks."""

import numpy as np
import torch
from torch import Tensor, nn

from engines.ganimation.action_units import TRAINED, UNITS
from engines.ganimation.alignment import SIDE, transform, upright
from engines.shared.landmarks.detection import FACE_LANDMARKS, Face

READER = "ganimation-unit-reader"
HIDDEN = (64, 32)


class UnitReader(nn.Module):
    """A perceptron from upright landmarks to the units that blendshapes tell."""

    def __init__(self, hidden: tuple[int, int] = HIDDEN) -> None:
        super().__init__()
        first, second = hidden
        self.register_buffer("mean", torch.zeros(FACE_LANDMARKS * 2))
        self.layers = nn.Sequential(
            nn.Linear(FACE_LANDMARKS * 2, first),
            nn.LeakyReLU(0.1),
            nn.Linear(first, second),
            nn.LeakyReLU(0.1),
            nn.Linear(second, len(TRAINED)),
        )

    def forward(self, landmarks: Tensor) -> Tensor:
        """Units `(B, 13)`, about in [0, 1], of upright landmarks `(B, 478, 2)` in sides of the square."""
        return self.layers((landmarks.flatten(1) - self.mean) * SCALE)


SCALE = 20.0
"""Brings landmarks' deviations near 1."""


def upright_landmarks(landmarks: np.ndarray) -> np.ndarray:
    """Landmarks `(478, 2)` or `(478, 3)` in any picture's pixels as the reader wants them, in sides of the square."""
    flat = landmarks[:, :2].astype(np.float64)
    return (transform(flat, upright(flat)) / SIDE).astype(np.float32)


@torch.inference_mode()
def read_units(reader: UnitReader, face: Face) -> np.ndarray:
    """The face's units, `(17,)` in [0, 1]; those that cannot be read are 0."""
    units = np.zeros(len(UNITS), dtype=np.float32)
    units[list(TRAINED)] = reader(torch.from_numpy(upright_landmarks(face.landmarks))[None])[0].clamp(0, 1).numpy()
    return units
