"""Train the small network that is bundled to read action units off landmarks.

    python -m engines.ganimation.train_reader --data DIR --out FILE

It learns from landmarks that the face mesh in mediapipe's wheel finds in faces, and from units of the blendshapes of
mediapipe's larger face landmarker. `python -m weights quality ganimation-unit-reader --data DIR` prints, unit by unit,
how its readings of faces that it was not trained on go with those blendshapes.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

from engines.ganimation.action_units import TRAINED, UNITS
from engines.ganimation.data import read_faces
from engines.ganimation.reader import HIDDEN, READER, UnitReader, upright_landmarks
from engines.shared.landmarks.detection import follow_face

STEPS = 6000
BATCH = 256
RATE = 2e-3
DECAY = 0.02
JITTER = 0.004
"""Deviation of what is added to landmarks in training, in sides of the square: half a pixel."""


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of faces/")
    parser.add_argument("--out", type=Path, required=True, help="the file to write, .safetensors")
    arguments = parser.parse_args()
    faces = read_faces(arguments.data, "train")
    landmarks, seen = measured_landmarks(faces.luminance)
    reader = fit_reader(landmarks, faces.units[seen])
    state = {key: value.half().contiguous() for key, value in reader.state_dict().items()}
    save_file(state, arguments.out, {"architecture": READER, "config": json.dumps({"hidden": HIDDEN})})


if __name__ == "__main__":
    main()
