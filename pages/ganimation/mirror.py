"""A photograph that follows the visitor's face."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.ganimation.action_units import STRONGEST
from engines.runtime import lazy
from engines.runtime.images import fit
from pages.ganimation.faces import CONSENT, face_control, numbered, photo_control
from pages.ganimation.settings import settings
from pages.ganimation.units import readings_of
from studio.declared import Stream
from studio.drawn.theme import LIVE
from studio.kinds import Camera, Choice, Notices, Number, Picture, Table
from studio.runs.store import RENDERED

if TYPE_CHECKING:
    import cv2

    from engines.ganimation import engine
    from engines.ganimation import mark as marks
    from engines.shared.landmarks.detection import Face
else:
    cv2 = lazy.load("cv2")
    engine = lazy.load("engines.ganimation.engine")
    marks = lazy.load("engines.ganimation.mark")

SHOWN_SIDE = 384
"""Pixels of the longer side of the camera's picture, as it is shown."""
PATIENCE = 1.0
"""Seconds between two tables of the mirror."""


def run(
    memory: dict[str, Any],
    frame: np.ndarray,
    photo: np.ndarray,
    face: int,
    driven: str,
    gain: float,
    steadiness: float,
    longest: int,
    checkpoint: str,
) -> Iterator[dict[str, Any]]:
    photo = fit(photo, longest)
    chosen = numbered(engine.faces_of(photo), face)
    there = engine.units_of(chosen)
    face_seen = engine.seen_in(frame)
    yield {"camera": dotted(frame, face_seen)}
    if face_seen is None:
        yield {"result": marks.mark(memory["picture"]) if "picture" in memory else photo}
        if memory.get("is_seen", True):
            yield {
                "words": {"face": "No face is seen; the last expression stays. Look into the camera, in good light."}
            }
        memory["is_seen"] = False
        return
    if not memory.get("is_seen", True):
        yield {"words": {}}
    memory["is_seen"] = True
    seen = engine.units_of(face_seen)
    rest = memory.setdefault("rest", seen)
    steady = memory.get("units", seen)
    memory["units"] = steady = steady + (1 - steadiness) * (seen - steady)
    asked = gain * steady if driven == "copied" else there + gain * (steady - rest)
    made = engine.animate(photo, [chosen], asked.clip(0, STRONGEST), checkpoint=checkpoint)
    memory["picture"] = made.picture
    yield {"result": marks.mark(made.picture)}
    if time.monotonic() - memory.get("told", -PATIENCE) >= PATIENCE:
        memory["told"] = time.monotonic()
        yield {"units": readings_of(there, asked.clip(0, STRONGEST), engine.obtained(made.picture, chosen), seen)}


def dotted(frame: np.ndarray, face: "Face | None") -> np.ndarray:
    """A frame with a dot on every landmark of a face."""
    picture = fit(frame, SHOWN_SIDE).copy()
    scale = picture.shape[1] / frame.shape[1]
    for place in [] if face is None else (face.landmarks[:, :2] * scale).round().astype(int).tolist():
        cv2.circle(picture, place, 1, LIVE, cv2.FILLED, cv2.LINE_AA)
    return picture


def film() -> bytes:
    """The film that the panel opens with: a face that changes, and no other person's."""
    return (RENDERED / "ganimation" / "film" / "movie.mp4").read_bytes()


EXPERIMENT = Stream(
    name="mirror",
    title="Mirror",
    controls={
        "frame": Camera("Camera", clips={"astronaut's film": film}),
        "photo": photo_control(),
        "face": face_control(),
        "driven": Choice(
            "Your face gives",
            {"added": "changes since the first frame", "copied": "the units themselves"},
            "added",
            group="Driving",
            help="Start the camera with your face at rest: that is the first frame.",
        ),
        "gain": Number("Times", 0, 3, 1, 0.1, group="Driving", help="Above 1 it exaggerates."),
        "steadiness": Number(
            "Steadiness", 0, 0.9, 0.4, 0.1, group="Driving", help="How much of the frame before stays."
        ),
        **settings(),
    },
    outputs={
        "camera": Picture("Seen, with its landmarks"),
        "result": Picture("Mirrored"),
        "words": Notices("Seen"),
        "units": Table("Seen, asked and obtained", help="Intensities from 0 to 5, once a second."),
    },
    presets={
        "Changes": {},
        "Exaggerated": {"gain": 2},
        "The units themselves": {"driven": "copied"},
    },
    notes=(
        "Your units are read off 478 landmarks of each frame; the frame itself goes no further.",
        "Try: raise your brows, open your mouth, shut your eyes; a clip can stand in for the camera.",
        CONSENT,
    ),
    run=run,
)
