"""GANimation: the muscles of a face as sliders, in anyone's photograph."""

import io
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from engines.ganimation.action_units import STRONGEST, TRAINED, UNITS, index_of
from engines.runtime.checkpoints import catalogue
from engines.runtime.errors import InputError
from engines.runtime.images import fit, read_photo
from engines.runtime.progress import Progress
from engines.runtime.video import Recording
from pages._examples import examples
from pages._panel import (
    Camera,
    CheckpointChoice,
    Choice,
    Click,
    Comparison,
    Control,
    Curves,
    Experiment,
    Movie,
    Notices,
    Number,
    Panel,
    Paper,
    Photo,
    Picture,
    Stream,
    Strip,
    Switch,
    Table,
)

if TYPE_CHECKING:
    from engines.ganimation.engine import Animated
    from engines.landmarks.detection import Face

ASTRONAUT = examples("astronaut")
HEAD = (96, 0, 352, 256)
"""Of the astronaut's photograph: left, top, right, bottom."""
BUNDLED = "ganimation-compact"
CHECKPOINTS = {
    name: each.badge for name, each in catalogue().items() if each.architecture in ("ganimation", "ganimation-compact")
}
EXPRESSION_UNITS = {
    "neutral": (),
    "happiness": (6, 12),
    "sadness": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
    "fear": (1, 2, 4, 5, 7, 20, 26),
    "anger": (4, 5, 7, 23),
    "disgust": (9, 15),
}
"""After EMFACS, as far as the 17 units go: disgust lacks 16, and contempt is one-sided."""
EXPRESSIONS = {"present": "as it is"} | {
    name: f"{name}: {', '.join(map(str, numbers)) or 'no unit at all'}" for name, numbers in EXPRESSION_UNITS.items()
}
HINTS = {
    "Brows": {
        1: "Frontalis, inner part: brows tent.",
        2: "Frontalis, outer part: brows arch.",
        4: "Corrugator: brows down, together.",
    },
    "Eyes": {
        5: "Levator palpebrae: wide eyes.",
        7: "Orbicularis oculi, inner: a squint.",
        45: "Levator palpebrae rests: eyes shut.",
    },
    "Nose and cheeks": {
        6: "Orbicularis oculi, outer: cheeks up.",
        9: "Levator alaeque nasi: wrinkles.",
    },
    "Mouth": {
        10: "Levator labii: the upper lip lifts.",
        12: "Zygomaticus major: a smile.",
        14: "Buccinator: dimples.",
        15: "Depressor anguli: corners down.",
        17: "Mentalis: the lower lip pushed up.",
        20: "Risorius: lips stretched sideways.",
        23: "Orbicularis oris: lips pressed.",
        25: "Depressor labii: the lips part.",
    },
    "Jaw": {26: "Masseter rests: the jaw drops."},
}
"""By part of the face and unit, the muscle and what it does, after the Facial Action Coding System."""
NOT_LEARNT = "Not learnt by the bundled model: no effect"
HALFWAY = STRONGEST / 2
"""An intensity at which the bundled model strains at no expression."""
GRID_SIDE = 5
CELL = 176
"""Pixels of a face in the grid."""
PART_SIDE = 256
"""Pixels, at most, of a face that is shown alone."""
FRAME_RATE = Fraction(24)
FRAMES_SHOWN = 8
LINES_SHOWN = 4
PATIENCE = 1.0
"""Seconds between two tables of the mirror."""
MAGNIFIED = 4
INK = (40, 40, 40)
GREY = 128
CHOSEN = (176, 52, 27)
"""Of a face's frame; as the page's accent."""
CONSENT = "Use your own face, or one whose owner agreed; every result says that it is synthetic."


def _written(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


@cache
def portrait() -> bytes:
    """The astronaut's head."""
    left, top, right, bottom = HEAD
    return _written(read_photo(ASTRONAUT["astronaut"]())[top:bottom, left:right])


@cache
def group() -> bytes:
    """Three faces of two sizes, one of which looks the other way."""
    head = read_photo(portrait())
    small = fit(head, HEAD[3] // 2)
    return _written(np.concatenate([head, np.concatenate([small, small[:, ::-1]])], axis=1))


PICTURES: Mapping[str, Callable[[], bytes]] = {"portrait": portrait, "group": group, **ASTRONAUT}


def animate(
    photo: np.ndarray,
    place: tuple[float, float] | None,
    everybody: bool,
    expression: str,
    intensity: float,
    unit_1: float,
    unit_2: float,
    unit_4: float,
    unit_5: float,
    unit_6: float,
    unit_7: float,
    unit_9: float,
    unit_10: float,
    unit_12: float,
    unit_14: float,
    unit_15: float,
    unit_17: float,
    unit_20: float,
    unit_23: float,
    unit_25: float,
    unit_26: float,
    unit_45: float,
    overridden: bool,
    attention: float,
    longest: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    from engines.ganimation import engine
    from engines.ganimation.mark import mark

    photo = fit(photo, longest)
    faces = engine.faces_of(photo)
    face = faces[0] if place is None else engine.face_at(faces, place[0] * photo.shape[1], place[1] * photo.shape[0])
    # The chosen one last: its parts are shown.
    animated = [*(other for other in faces if other is not face and everybody), face]
    change = np.array([
        unit_1, unit_2, unit_4, unit_5, unit_6, unit_7, unit_9, unit_10, unit_12, unit_14, unit_15, unit_17, unit_20,
        unit_23, unit_25, unit_26, unit_45,
    ])  # fmt: skip
    picture = photo
    for number, each in enumerate(animated, 1):
        there = engine.units_of(each)
        asked = (towards(there, expression, intensity) + change).clip(0, STRONGEST)
        made = engine.animate(
            picture, [each], asked, attention=attention if overridden else None, checkpoint=checkpoint
        )
        picture = made.picture
        yield Progress(number / len(animated), f"Face {number} of {len(animated)}")
    yield {
        "result": mark(picture),
        "parts": {
            "as it is": _part(photo, made),
            "animated": mark(_part(picture, made)),
            "colour": mark(fit(made.colour, PART_SIDE)),
            "attention": fit(_grey(made.attention), PART_SIDE),
            "faces": framed(photo, faces, face),
        },
    }
    yield {"units": _read(there, asked, engine.obtained(picture, face))}


def grid(
    photo: np.ndarray, face: int, across: str, down: str, longest: int, checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    from engines.ganimation import engine
    from engines.ganimation.mark import mark

    if across == down:
        raise InputError("Across and down are the same unit; choose two that differ.")
    photo = fit(photo, longest)
    chosen = _numbered(engine.faces_of(photo), face)
    columns, rows = index_of(int(across)), index_of(int(down))
    steps = np.linspace(0, STRONGEST, GRID_SIDE)
    readings = np.full((GRID_SIDE, GRID_SIDE, 2), np.nan)
    sheet = np.full((GRID_SIDE, CELL, GRID_SIDE, CELL, 3), 255, dtype=np.uint8)
    for row, below in enumerate(steps):
        for column, beside in enumerate(steps):
            yield Progress((row * GRID_SIDE + column) / GRID_SIDE**2, f"Face {row * GRID_SIDE + column + 1}")
            units = engine.units_of(chosen)
            units[[columns, rows]] = beside, below
            made = engine.animate(photo, [chosen], units, checkpoint=checkpoint)
            sheet[row, :, column] = _square(_part(made.picture, made))
            obtained = engine.obtained(made.picture, chosen)
            if obtained is not None:
                readings[row, column] = obtained[[columns, rows]]
        yield {"faces": mark(sheet.reshape(GRID_SIDE * CELL, GRID_SIDE * CELL, 3))}
    yield {
        "readings": {
            f"{across}, {down} at 0": (steps.tolist(), readings[0, :, 0].tolist()),
            f"{across}, {down} at 5": (steps.tolist(), readings[-1, :, 0].tolist()),
            f"{down}, {across} at 0": (steps.tolist(), readings[:, 0, 1].tolist()),
            f"{down}, {across} at 5": (steps.tolist(), readings[:, -1, 1].tolist()),
        }
    }


def film(
    photo: np.ndarray,
    face: int,
    everybody: bool,
    expression: str,
    intensity: float,
    other_expression: str,
    other_intensity: float,
    frames: int,
    loop: bool,
    longest: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    from engines.ganimation import engine
    from engines.ganimation.mark import mark

    photo = fit(photo, longest)
    faces = engine.faces_of(photo)
    chosen = _numbered(faces, face)
    ways = []
    for each in [*(other for other in faces if other is not chosen and everybody), chosen]:
        there = engine.units_of(each)
        ends = towards(there, expression, intensity), towards(there, other_expression, other_intensity)
        ways.append((each, *ends))
    apart = np.abs(ways[-1][1] - ways[-1][2])
    moved = sorted((index for index in TRAINED if apart[index]), key=lambda index: -apart[index])[:LINES_SHOWN]
    seconds: list[float] = []
    obtained: list[np.ndarray] = []
    every = math.ceil(frames / FRAMES_SHOWN)
    with Recording(FRAME_RATE) as movie:
        for number in range(frames):
            yield Progress(number / frames, f"Frame {number + 1} of {frames}")
            picture, share = photo, _eased(number / frames if loop else number / (frames - 1), loop)
            for each, start, end in ways:
                units = (start + share * (end - start)).clip(0, STRONGEST)
                made = engine.animate(picture, [each], units, checkpoint=checkpoint)
                picture = made.picture
            movie.add(mark(picture))
            reading = engine.obtained(picture, chosen)
            if reading is not None:
                seconds.append(float(number / FRAME_RATE))
                obtained.append(reading)
            if number % every == 0:
                name = f"{float(number / FRAME_RATE):.2f} s"
                yield {"movie": movie, "frames": {name: mark(_part(picture, made))}}
    lines = {str(UNITS[index].number): [float(reading[index]) for reading in obtained] for index in moved}
    yield {"movie": movie, "readings": {name: (seconds, line) for name, line in lines.items()}}


def mirror(
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
    from engines.ganimation import engine
    from engines.ganimation.mark import mark

    photo = fit(photo, longest)
    chosen = _numbered(engine.faces_of(photo), face)
    there = engine.units_of(chosen)
    seen = engine.units_of_frame(frame)
    if seen is None:
        yield {"result": mark(memory["picture"]) if "picture" in memory else photo}
        if memory.get("is_seen", True):
            yield {
                "words": {"face": "No face is seen; the last expression stays. Look into the camera, in good light."}
            }
        memory["is_seen"] = False
        return
    if not memory.get("is_seen", True):
        yield {"words": {}}
    memory["is_seen"] = True
    rest = memory.setdefault("rest", seen)
    steady = memory.get("units", seen)
    memory["units"] = steady = steady + (1 - steadiness) * (seen - steady)
    asked = gain * steady if driven == "copied" else there + gain * (steady - rest)
    made = engine.animate(photo, [chosen], asked.clip(0, STRONGEST), checkpoint=checkpoint)
    memory["picture"] = made.picture
    yield {"result": mark(made.picture)}
    if time.monotonic() - memory.get("told", -PATIENCE) >= PATIENCE:
        memory["told"] = time.monotonic()
        yield {"units": _read(there, asked.clip(0, STRONGEST), engine.obtained(made.picture, chosen), seen)}


def cycle(
    photo: np.ndarray, face: int, expression: str, intensity: float, longest: int, checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    from engines.ganimation import engine
    from engines.ganimation.mark import mark

    photo = fit(photo, longest)
    chosen = _numbered(engine.faces_of(photo), face)
    there = engine.units_of(chosen)
    made = engine.cycle(photo, chosen, towards(there, expression, intensity), checkpoint=checkpoint)
    animated, back = made.animated.picture, made.back.picture
    original, forth, returned = (_part(picture, made.animated) for picture in (photo, animated, back))
    yield {
        "result": {"original": photo, "animated": mark(animated), "back": mark(back)},
        "parts": {
            "original": original,
            "animated": mark(forth),
            "back": mark(returned),
            "back - original": _difference(returned, original),
        },
    }
    unasked = engine.animate(photo, [chosen], there, checkpoint=checkpoint)
    pairs = {"animated": forth, "back": returned, "nothing asked": _part(unasked.picture, made.animated)}
    yield {"numbers": {name: _beside(picture, original) for name, picture in pairs.items()}}


def towards(there: np.ndarray, expression: str, intensity: float) -> np.ndarray:
    """A face's own units on the way to an expression: 0 is the face as it is, 5 has its units in full and no other."""
    if expression == "present":
        return there
    full = np.zeros(len(UNITS))
    full[[index_of(number) for number in EXPRESSION_UNITS[expression]]] = STRONGEST
    return (there + intensity / STRONGEST * (full - there)).clip(0, STRONGEST)


def framed(photo: np.ndarray, faces: Sequence["Face"], chosen: "Face") -> np.ndarray:
    """The photograph, made square, with a frame around every face, the chosen one's in the accent."""
    import cv2

    drawn = fit(photo, PART_SIDE).copy()
    scale = drawn.shape[1] / photo.shape[1]
    for face in [*(other for other in faces if other is not chosen), chosen]:
        left, top, right, bottom = (round(scale * edge) for edge in face.box)
        cv2.rectangle(drawn, (left, top), (right, bottom), CHOSEN if face is chosen else INK, 2)
    missing = max(drawn.shape) - np.array(drawn.shape[:2])
    before = missing // 2
    return np.pad(drawn, [*zip(before, missing - before, strict=True), (0, 0)], constant_values=GREY)


def _numbered(faces: Sequence["Face"], number: int) -> "Face":
    if number > len(faces):
        there = "one face that" if len(faces) == 1 else f"{len(faces)} faces that"
        raise InputError(f"Face: {number} was asked for, but there is {there} can be animated; choose from 1.")
    return faces[number - 1]


def _read(
    there: np.ndarray, asked: np.ndarray, obtained: np.ndarray | None, seen: np.ndarray | None = None
) -> dict[str, dict[str, Any]]:
    """Intensities of the units that can be read, by unit."""
    columns = {"camera": seen, "there": there, "asked": asked, "obtained": obtained}
    return {
        f"{UNITS[index].number} {UNITS[index].name}": {
            name: round(float(values[index]), 1) for name, values in columns.items() if values is not None
        }
        for index in TRAINED
    }


def _part(picture: np.ndarray, made: "Animated") -> np.ndarray:
    left, top, right, bottom = made.region
    return fit(picture[top:bottom, left:right], PART_SIDE)


def _square(part: np.ndarray) -> np.ndarray:
    """A part as a cell of the grid."""
    import cv2

    return cv2.resize(part, (CELL, CELL), interpolation=cv2.INTER_AREA if part.shape[0] > CELL else cv2.INTER_CUBIC)


def _grey(shares: np.ndarray) -> np.ndarray:
    return np.repeat((255 * shares + 0.5).astype(np.uint8)[..., None], 3, axis=2)


def _difference(picture: np.ndarray, original: np.ndarray) -> np.ndarray:
    apart = picture.astype(np.int16) - original
    return (GREY + MAGNIFIED * apart).clip(0, 255).astype(np.uint8)


def _beside(picture: np.ndarray, original: np.ndarray) -> dict[str, float]:
    from skimage.metrics import structural_similarity

    return {
        "mean difference, levels": round(float(np.abs(picture.astype(float) - original).mean()), 2),
        "structural similarity": round(float(structural_similarity(picture, original, channel_axis=2)), 3),
    }


def _eased(share: float, loop: bool) -> float:
    """How far the way has gone, beginning and ending gently; a loop goes there and back."""
    return (1 - math.cos((2 if loop else 1) * math.pi * share)) / 2


def _photo() -> Photo:
    return Photo("Photograph", examples=PICTURES, default="portrait", group="Whose face", help=CONSENT)


def _face() -> Number:
    return Number("Face", 1, 40, 1, 1, group="Whose face", help="1 is the largest in the photograph.")


def _expression(group: str, default: str = "present") -> tuple[Choice, Number]:
    return (
        Choice(
            "Expression",
            EXPRESSIONS,
            default,
            group=group,
            help="Its units after EMFACS; 5, 6 and 9 have no effect with the bundled model.",
        ),
        Number(
            "Intensity",
            0,
            STRONGEST,
            HALFWAY,
            0.1,
            group=group,
            help="0 is the face as it is, 5 the expression and nothing else.",
        ),
    )


def _units() -> Mapping[str, Number]:
    return {
        f"unit_{number}": Number(
            f"{number} {UNITS[index_of(number)].name}",
            -STRONGEST,
            STRONGEST,
            0,
            0.1,
            group=group if index_of(number) in TRAINED else NOT_LEARNT,
            advanced=index_of(number) not in TRAINED,
            help=hint,
        )
        for group, hints in HINTS.items()
        for number, hint in hints.items()
    }


def _settings() -> Mapping[str, Control]:
    return {
        "longest": Number(
            "Made at",
            256,
            4096,
            1024,
            64,
            unit="pixels",
            group="Size and checkpoint",
            advanced=True,
            help="The photograph's longer side, at most; larger ones answer later.",
        ),
        "checkpoint": CheckpointChoice("Checkpoint", CHECKPOINTS, BUNDLED, group="Size and checkpoint", advanced=True),
    }


LEARNT = {str(UNITS[index].number): f"{UNITS[index].number} {UNITS[index].name}" for index in TRAINED}
EXPRESSION, INTENSITY = _expression("Expression")
FIRST, FIRST_INTENSITY = _expression("From")
SECOND, SECOND_INTENSITY = _expression("To", "surprise")
CYCLED, CYCLED_INTENSITY = _expression("There", "neutral")

PANEL = Panel(
    slug="ganimation",
    title="GANimation",
    paper=Paper(
        number=7,
        title="GANimation: Anatomically-aware Facial Animation from a Single Image",
        authors="Albert Pumarola, Antonio Agudo, Aleix M. Martinez, Alberto Sanfeliu, Francesc Moreno-Noguer",
        venue="ECCV 2018",
        arxiv="1807.09251",
    ),
    story="Every muscle of a face is a slider, and one photograph is enough.",
    experiments=[
        Experiment(
            name="sliders",
            title="Sliders",
            live=True,
            controls={
                "photo": _photo(),
                "place": Click("The face to animate", on="result", group="Whose face"),
                "everybody": Switch(
                    "All faces", False, group="Whose face", help="Off: click on one; else the largest."
                ),
                "expression": EXPRESSION,
                "intensity": INTENSITY,
                **_units(),
                "overridden": Switch("Set the attention by hand", False, group="Attention", advanced=True),
                "attention": Number(
                    "Attention",
                    0,
                    1,
                    0,
                    0.05,
                    group="Attention",
                    advanced=True,
                    help="The same everywhere: 1 keeps the photograph, 0 shows the colour picture alone.",
                ),
                **_settings(),
            },
            outputs={
                "result": Picture("Animated", help="Where there are several faces, click on the one to animate."),
                "parts": Strip(
                    "The face",
                    of=("as it is", "animated", "colour", "attention", "faces"),
                    help="Attention: white keeps the photograph, black takes the colour.",
                ),
                "units": Table(
                    "Asked and obtained",
                    help="Intensities from 0 to 5, read off landmarks: units 5, 6, 9 and 14 cannot be read.",
                ),
            },
            presets={
                "Surprise": {"expression": "surprise"},
                "As it is": {},
                "Happiness": {"expression": "happiness"},
                "Sadness": {"expression": "sadness", "intensity": 3.5},
                "Fear": {"expression": "fear"},
                "Anger": {"expression": "anger"},
                "Disgust": {"expression": "disgust"},
                "Less of a smile": {"unit_12": -3, "unit_10": -2},
                "Three faces": {"photo": "group", "everybody": True, "expression": "surprise"},
            },
            notes=(
                "A slider asks for more or less of a unit than the face shows; what is asked stays within 0 to 5.",
                "A mouth that opens wide keeps the photograph's teeth over a dark inside; chins strain beyond 3.",
                CONSENT,
            ),
            run=animate,
        ),
        Experiment(
            name="grid",
            title="Grid",
            live=True,
            controls={
                "photo": _photo(),
                "face": _face(),
                "across": Choice("Across", LEARNT, "12", group="Units"),
                "down": Choice("Down", LEARNT, "1", group="Units"),
                **_settings(),
            },
            outputs={
                "faces": Picture(
                    "Faces", help="Each unit from 0 to 5, to the right and downwards; others as they are."
                ),
                "readings": Curves(
                    "Obtained, with the other unit at its ends",
                    "asked",
                    "obtained",
                    help="Two lines that lie together belong to a unit that the other leaves alone.",
                ),
            },
            presets={
                "Smile and brows": {},
                "Smile and jaw": {"down": "26"},
                "Lids and brows": {"across": "45", "down": "4"},
                "Stretch and part": {"across": "20", "down": "25"},
            },
            notes=(
                "Two muscles against each other: a good model moves each wherever the other stands.",
                "The other units stay as the face has them: teeth bared by unit 10 remain where the smile goes.",
                CONSENT,
            ),
            run=grid,
        ),
        Experiment(
            name="film",
            title="Animate",
            action="Film it",
            controls={
                "photo": _photo(),
                "face": _face(),
                "everybody": Switch("All faces", False, group="Whose face"),
                "expression": FIRST,
                "intensity": FIRST_INTENSITY,
                "other_expression": SECOND,
                "other_intensity": SECOND_INTENSITY,
                "frames": Number("Frames", 2, 240, 48, 1, group="Film", help="Twenty-four are a second."),
                "loop": Switch("And back, without end", True, group="Film"),
                **_settings(),
            },
            outputs={
                "movie": Movie("Film", help="An MP4; a run that is cancelled leaves the frames that it finished."),
                "frames": Strip("Frames"),
                "readings": Curves("Read off the frames: the units that move most", "seconds", "intensity"),
            },
            presets={
                "To surprise": {},
                "From anger to happiness": {
                    "expression": "anger",
                    "other_expression": "happiness",
                    "loop": False,
                },
                "From sadness to surprise": {"expression": "sadness", "other_expression": "surprise"},
            },
            notes=(
                "Units go in a straight line from one expression to the other; every frame starts from the photograph.",
                "Nothing else ties a frame to the next: where a film flickers, so does the generator.",
                CONSENT,
            ),
            run=film,
        ),
        Stream(
            name="mirror",
            title="Mirror",
            controls={
                "frame": Camera("Camera"),
                "photo": _photo(),
                "face": _face(),
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
                **_settings(),
            },
            outputs={
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
            run=mirror,
        ),
        Experiment(
            name="cycle",
            title="Cycle",
            live=True,
            controls={
                "photo": _photo(),
                "face": _face(),
                "expression": CYCLED,
                "intensity": CYCLED_INTENSITY,
                **_settings(),
            },
            outputs={
                "result": Comparison("Original and back", left="original"),
                "parts": Strip("The face", help=f"The difference is magnified {MAGNIFIED} times; grey is none."),
                "numbers": Table("From the original", help="Of the face's surroundings, in levels of 255."),
            },
            presets={
                "Neutral and back": {},
                "Surprise and back": {"expression": "surprise"},
                "Anger and back": {"expression": "anger"},
            },
            notes=(
                "Trained without pairs, the paper's generator must find its way back to the photograph.",
                "Back is computed from the animated picture alone; what was covered on the way is lost.",
                CONSENT,
            ),
            run=cycle,
        ),
    ],
    shows_people=True,
)
