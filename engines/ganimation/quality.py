"""How well a generator does what units ask for, on faces that it was not trained on.

    python -m engines.ganimation.quality --data DIR

DIR holds `faces/`. Each face is asked for each unit at a random intensity, its other units kept; what it then shows is
read off by three: the bundled reader of landmarks; the geometry of the landmarks, that nothing was trained on; and,
where DIR has `models/face_landmarker.task`, the model that labelled the faces. All of it goes through the engine:
alignment, network, paste-back.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import nn

from engines.ganimation.action_units import MOUTH_UNITS, TRAINED, UNITS, from_blendshapes
from engines.ganimation.architecture import ARCHITECTURES
from engines.ganimation.data import read_faces
from engines.ganimation.engine import BUNDLED, animate_face, load_reader
from engines.ganimation.reader import UnitReader, read_units, upright_landmarks
from engines.ganimation.train_reader import correlations, measured_landmarks
from engines.runtime.checkpoints import Quality, find, loaded
from engines.runtime.errors import InputError
from engines.shared.landmarks.detection import Face, find_face_near, follow_face

FACES = 120
CHANGED_LEVELS = 8
"""Of 255, by which a pixel differs that counts as changed."""
BROW_UNITS = (1, 2, 4)
BROWS = (46, 53, 52, 65, 55, 276, 283, 282, 295, 285)
"""Landmarks on the lower edges of both brows."""

Labeller = Callable[[np.ndarray], np.ndarray | None]
Geometry = dict[str, float]


def geometry(face: Face) -> Geometry:
    """Measures of an upright face, in its widths."""
    points = upright_landmarks(face.landmarks)

    def gap(one: int, other: int) -> float:
        return float(np.hypot(*(points[one] - points[other])))

    corners = (points[61] + points[291]) / 2
    brows = points[[*BROWS]].mean(axis=0)
    eyes = points[[33, 133, 362, 263]].mean(axis=0)
    return {
        "mouth opening": gap(13, 14),
        "corner lift": float(points[[0, 17]].mean(axis=0)[1] - corners[1]),
        "lip stretch": gap(61, 291),
        "lid opening": (gap(159, 145) + gap(386, 374)) / 2,
        "brow height": float(eyes[1] - brows[1]),
    }


MEASURED_UNITS = {
    "mouth opening": (26, 1),
    "corner lift": (12, 1),
    "lip stretch": (20, 1),
    "lid opening": (45, -1),
    "brow height": (1, 1),
}
"""The unit that each measure should go with, and whether up or down."""


class Trial(NamedTuple):
    """A face asked for one unit; `obtained` and `labelled` are the unit read afterwards, `before` and `after` the
    face's geometry, `changed` the share of pixels, `repainted` the brows' mean difference in levels."""

    unit: int
    own: float
    asked: float
    obtained: float
    labelled: float
    before: Geometry
    after: Geometry
    changed: float
    repainted: float


def measure_generator(network: nn.Module, data: Path | None, count: int = FACES) -> Quality:
    """The figures that the module's command prints; the mean correlation of asked and obtained units decides.

    Raises:
        InputError: there is no folder of faces.
    """
    if data is None:
        raise InputError("GANimation is measured on faces: name the folder of faces/ with --data.")
    held_out = read_faces(data, "test", count)
    label = labeller(data)
    trials, similarities = [], []
    random = np.random.default_rng(0)
    for luminance, labels in zip(held_out.luminance, held_out.units, strict=True):
        photo = np.repeat(luminance[:, :, None], 3, axis=2)
        face = follow_face(photo)
        if face is None:
            continue
        same = animate_face(network, photo, face, labels).picture
        similarities.append(structural_similarity(photo[..., 0], same[..., 0]))
        trials += [_try(network, photo, face, index, random.random(), label) for index in TRAINED]
    return _summary([trial for trial in trials if trial is not None], similarities)


def _try(
    network: nn.Module, photo: np.ndarray, face: Face, index: int, asked: float, label: Labeller | None
) -> Trial | None:
    own = read_units(load_reader(), face)
    units = own.copy()
    units[index] = asked
    picture = animate_face(network, photo, face, units).picture
    after = find_face_near(picture, face.box)
    if after is None:
        return None
    labelled = None if label is None else label(picture)
    difference = np.abs(picture.astype(int) - photo)
    return Trial(
        UNITS[index].number,
        float(own[index]),
        asked,
        float(read_units(load_reader(), after)[index]),
        float("nan") if labelled is None else float(labelled[index]),
        geometry(face),
        geometry(after),
        float((difference > CHANGED_LEVELS).any(axis=2).mean()),
        float(difference[_brows(face, photo.shape)].mean()),
    )


def _summary(trials: list[Trial], similarities: list[float]) -> Quality:
    figures: dict[str, float] = {}
    read = []
    for index in TRAINED:
        number = UNITS[index].number
        chosen = [trial for trial in trials if trial.unit == number]
        figures[f"unit {number}, reader"] = _correlation(chosen, "asked", "obtained")
        figures[f"unit {number}, labeller"] = _correlation(
            [trial for trial in chosen if np.isfinite(trial.labelled)], "asked", "labelled"
        )
        read.append(figures[f"unit {number}, reader"])
    for name, (number, sign) in MEASURED_UNITS.items():
        chosen = [trial for trial in trials if trial.unit == number]
        asked = [sign * (trial.asked - trial.own) for trial in chosen]
        figures[name] = float(np.corrcoef(asked, [trial.after[name] - trial.before[name] for trial in chosen])[0, 1])
    figures["similarity at own units"] = float(np.mean(similarities))
    figures["changed area"] = float(np.mean([trial.changed for trial in trials]))
    figures["brows moved by mouth units"] = _mean(trials, MOUTH_UNITS, _brow_movement) / _mean(
        trials, BROW_UNITS, _brow_movement
    )
    figures["brows repainted by mouth units"] = _mean(trials, MOUTH_UNITS, lambda trial: trial.repainted) / _mean(
        trials, BROW_UNITS, lambda trial: trial.repainted
    )
    return Quality(figures, float(np.mean(read)))


def _correlation(trials: list[Trial], one: str, other: str) -> float:
    if not trials:
        return float("nan")
    return float(np.corrcoef([getattr(t, one) for t in trials], [getattr(t, other) for t in trials])[0, 1])


def _brows(face: Face, shape: tuple[int, ...]) -> np.ndarray:
    """Which pixels lie within a tenth of the face's width of a brow, `(H, W)`."""
    mask = np.zeros(shape[:2], dtype=np.uint8)
    for x, y in face.landmarks[[*BROWS], :2]:
        cv2.circle(mask, (int(x), int(y)), int(face.width / 10), 1, -1)
    return mask > 0


def _brow_movement(trial: Trial) -> float:
    return abs(trial.after["brow height"] - trial.before["brow height"])


def _mean(trials: list[Trial], units: tuple[int, ...], measure: Callable[[Trial], float]) -> float:
    return float(np.mean([measure(trial) for trial in trials if trial.unit in units]))


def labeller(data: Path) -> Labeller | None:
    """Reads units off pictures with the model that labelled the faces; None where `data` does not have it."""
    path = data / "models" / "face_landmarker.task"
    if not path.is_file():
        return None
    import mediapipe
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.vision import FaceLandmarker, FaceLandmarkerOptions

    options = FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(path)),
        output_face_blendshapes=True,
        min_face_detection_confidence=0.2,
        min_face_presence_confidence=0.2,
    )
    landmarker: Any = FaceLandmarker.create_from_options(options)

    def label(picture: np.ndarray) -> np.ndarray | None:
        found = landmarker.detect(
            mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        ).face_blendshapes
        if not found:
            return None
        scores = np.array([[shape.score for shape in found[0]]])
        return from_blendshapes(scores, [shape.category_name for shape in found[0]])[0]

    return label


def measure_reader(reader: UnitReader, data: Path | None) -> Quality:
    """Correlation of readings with blendshapes, by unit; the mean decides.

    Raises:
        InputError: there is no folder of faces.
    """
    if data is None:
        raise InputError("The reader of units is measured on faces: name the folder of faces/ with --data.")
    held_out = read_faces(data, "test")
    landmarks, seen = measured_landmarks(held_out.luminance)
    found = correlations(reader, landmarks, held_out.units[seen])
    return Quality({f"unit {number}": value for number, value in found.items()}, float(np.mean(list(found.values()))))


MEASURES = {
    "ganimation": measure_generator,
    "ganimation-compact": measure_generator,
    "ganimation-unit-reader": measure_reader,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of faces/, and of models/ if there is one")
    parser.add_argument("--faces", type=int, default=FACES, help="how many of the thousand held-out ones")
    parser.add_argument("--checkpoint", default=BUNDLED)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    record = find(arguments.checkpoint)
    network = loaded(record, ARCHITECTURES[record.architecture])
    figures = dict(measure_generator(network, arguments.data, arguments.faces).figures)
    print(f"{'unit':28} asked to read  asked to labelled")
    good = []
    for index in TRAINED:
        number = UNITS[index].number
        read, labelled = figures.pop(f"unit {number}, reader"), figures.pop(f"unit {number}, labeller")
        good.append((read, labelled))
        print(f"{number:2} {UNITS[index].name:25} {read:13.2f} {labelled:18.2f}")
    print(f"{'mean':28} {np.mean(good, axis=0)[0]:13.2f} {np.mean(good, axis=0)[1]:18.2f}")
    for name, figure in figures.items():
        print(f"{name:28} {figure:13.3f}")


if __name__ == "__main__":
    main()
