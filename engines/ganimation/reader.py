"""Reads action units off a face's landmarks.

    python -m engines.ganimation.reader train --data DIR --out FILE
    python -m engines.ganimation.reader measure --data DIR

The first trains the small network that is bundled, on landmarks that the face mesh in mediapipe's wheel finds in faces
and on units from the blendshapes of mediapipe's larger face landmarker; the second prints, unit by unit, how its
readings of faces that it was not trained on go with those blendshapes.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from engines.ganimation.action_units import TRAINED, UNITS
from engines.ganimation.alignment import SIDE, transform, upright
from engines.landmarks.detection import FACE_LANDMARKS, Face, follow_face
from engines.runtime.errors import InputError

READER = "ganimation-unit-reader"
HIDDEN = (64, 32)
STEPS = 6000
BATCH = 256
RATE = 2e-3
DECAY = 0.02
JITTER = 0.004
"""Deviation of what is added to landmarks in training, in sides of the square: half a pixel."""


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


def measured_landmarks(luminance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upright landmarks `(N, 478, 2)` that the face mesh finds in faces `(M, 128, 128)` uint8, and which it finds."""
    found = [follow_face(np.repeat(picture[:, :, None], 3, axis=2)) for picture in luminance]
    seen = np.array([face is not None for face in found])
    return np.stack([upright_landmarks(face.landmarks) for face in found if face is not None]), seen


def fit_reader(landmarks: np.ndarray, units: np.ndarray, steps: int = STEPS) -> UnitReader:
    """A reader of landmarks `(N, 478, 2)` whose units `(N, 17)` are known; mirrored faces are not made up, since which
    landmark mirrors which is not the network's business."""
    random = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    places, wanted = torch.from_numpy(landmarks), torch.from_numpy(units[:, TRAINED])
    reader = UnitReader()
    reader.mean.copy_(places.flatten(1).mean(0))
    optimizer = torch.optim.AdamW(reader.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        batch = torch.randint(len(places), (BATCH,), generator=random)
        given = places[batch] + JITTER * torch.randn(places[batch].shape, generator=random)
        loss = functional.smooth_l1_loss(reader(given), wanted[batch], beta=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return reader.eval()


@torch.inference_mode()
def correlations(reader: UnitReader, landmarks: np.ndarray, units: np.ndarray) -> dict[int, float]:
    """By unit's number, how readings of landmarks `(N, 478, 2)` go with units `(N, 17)`, in [-1, 1]."""
    readings = reader(torch.from_numpy(landmarks)).clamp(0, 1).numpy()
    return {
        UNITS[index].number: float(np.corrcoef(readings[:, column], units[:, index])[0, 1])
        for column, index in enumerate(TRAINED)
    }


def main() -> None:
    from engines.ganimation.data import read_faces
    from engines.ganimation.engine import load_reader

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["train", "measure"])
    parser.add_argument("--data", type=Path, required=True, help="the folder of faces/")
    parser.add_argument("--out", type=Path, help="the file to write, .safetensors")
    arguments = parser.parse_args()
    if arguments.task == "train":
        if arguments.out is None:
            raise InputError("Name the file to write with --out.")
        faces = read_faces(arguments.data, "train")
        landmarks, seen = measured_landmarks(faces.luminance)
        reader = fit_reader(landmarks, faces.units[seen])
        state = {key: value.half().contiguous() for key, value in reader.state_dict().items()}
        save_file(state, arguments.out, {"architecture": READER, "config": json.dumps({"hidden": HIDDEN})})
    else:
        reader = load_reader()
    held_out = read_faces(arguments.data, "test")
    landmarks, seen = measured_landmarks(held_out.luminance)
    found = correlations(reader, landmarks, held_out.units[seen])
    for number, correlation in found.items():
        print(f"unit {number:2}: correlation {correlation:.2f} on {seen.sum()} held-out faces")
    print(f"mean: {np.mean(list(found.values())):.2f}")


if __name__ == "__main__":
    main()
