"""Video-to-video synthesis: a drive through labels that becomes photographs, is painted over, and is foretold."""

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import video
from engines.runtime.checkpoints import find
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from pages._panel import (
    CheckpointChoice,
    Choice,
    Control,
    Curves,
    Experiment,
    Figure,
    LabelClip,
    LabelFilm,
    Movie,
    Notices,
    Number,
    Output,
    Panel,
    Paper,
    Picture,
    Regions,
    Seed,
    Stream,
    Strip,
    Switch,
    Table,
)

if TYPE_CHECKING:
    from engines.vid2vid.engine import Frame

BUNDLED = "vid2vid-street"
CHECKPOINTS = {BUNDLED: find(BUNDLED).badge}
PALETTE = {
    "sky": (128, 128, 128),
    "building": (128, 0, 0),
    "pole": (192, 192, 128),
    "road": (128, 64, 128),
    "pavement": (60, 40, 222),
    "tree": (128, 128, 0),
    "sign": (192, 128, 128),
    "fence": (64, 64, 128),
    "car": (64, 0, 128),
    "pedestrian": (64, 64, 0),
    "cyclist": (0, 128, 192),
}
"""As in engines/vid2vid/labels.py, whose import would bring OpenCV; void, black, is not painted."""
HEIGHT, WIDTH = 192, 256
LIGHTS = {"dusk": "dusk", "white": "a white sky", "winter": "winter's sun"}
"""In the order of `engines.vid2vid.data.LOOKS`."""
PACES = {"forward": ("drives on", 1), "fast": ("drives twice as fast", 2), "back": ("backs up", -1)}
"""What the camera does, in words and in frames of the world a frame."""
WEIGHTS = {"own": ("the network's own", None), "carried": ("0: only carried", 0.0), "painted": ("1: only painted", 1.0)}
VIEWS = {
    "final": "the final picture",
    "grid": "all, in a grid",
    "labels": "labels",
    "raw": "raw",
    "flow": "flow",
    "weight": "weight",
}
FASTEST = 6
"""Pixels a frame at the rim of the wheel of flow."""
WHEEL = 21
"""Pixels of its radius."""
EVERY = 5
"""Frames from one reading of the live meter to the next: each takes two more pictures."""
READINGS = 300
"""Of a meter, that are kept: the longest film has as many."""
METERED = ("this drive", "each alone")
SHOWN_SECONDS = 0.5
"""Between pictures of a film in the making."""
PAINTED_FRAMES = 24
EXAMPLE_FRAMES = 30
GIF_MILLISECONDS = 70
"""Of a frame; the format counts hundredths of a second."""
SWAPS = {
    "none": ("none", None),
    "trees": ("trees and buildings", ("tree", "building")),
    "pavement": ("road and pavement", ("road", "pavement")),
    "cars": ("cars and trees", ("car", "tree")),
}


@dataclass(eq=False)
class Course:
    """Where label maps come from, one after another: a visitor's clip, or a drive through the street of a seed."""

    seed: int
    camera: str
    begin: float
    clip: LabelFilm | None

    def __post_init__(self) -> None:
        from engines.vid2vid.world import RATE, Street

        self._street = Street(self.seed)
        self._first = round(self.begin * RATE)
        self.rate = Fraction(RATE) if self.clip is None else self.clip.rate

    def labels(self, place: int) -> np.ndarray:
        """Those of a frame from 0; a clip begins anew at its end."""
        if self.clip is not None:
            return self.clip.frames[place % len(self.clip.frames)]
        return self._street.labels(self._first + PACES[self.camera][1] * place, HEIGHT, WIDTH)

    def count(self, most: int) -> int:
        """How many frames there are, of so many."""
        return most if self.clip is None else min(most, len(self.clip.frames))

    def begins(self, place: int) -> bool:
        """Whether nothing was before that frame."""
        return place == 0 if self.clip is None else place % len(self.clip.frames) == 0

    @property
    def notices(self) -> dict[str, str]:
        return {"labels": self.clip.notice} if self.clip is not None and self.clip.notice else {}


class Meter:
    """Reads how much of the change from frame to frame no motion explains: of a drive, and of the same frames alone."""

    def __init__(self, look: int) -> None:
        self.look = look
        self.readings: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in METERED}
        self.clipped = dict.fromkeys(METERED, 0.0)
        self._before: dict[str, np.ndarray] = {}

    def take(self, seconds: float, labels: np.ndarray, final: np.ndarray) -> None:
        """A frame of the drive; it is read against the one before it, if that was taken."""
        from engines.vid2vid import engine

        alone, _ = engine.next_frame(labels, engine.nothing_before(labels), look=self.look)
        now = dict(zip(METERED, (final, alone.final), strict=True))
        for name, before in self._before.items():
            for kept, new in zip(
                self.readings[name], (round(seconds, 2), round(engine.flicker(now[name], before), 3)), strict=True
            ):
                kept.append(new)
                del kept[:-READINGS]
            self.clipped[name] = max(self.clipped[name], _clipped(now[name]))
        self._before = now

    def skip(self) -> None:
        """Read the next frame against none."""
        self._before = {}

    def shown(self) -> dict[str, Any]:
        """The readings so far as outputs; none before the first one."""
        if not self.readings[METERED[0]][0]:
            return {}
        return {
            "flicker": {name: (list(xs), list(ys)) for name, (xs, ys) in self.readings.items()},
            "meter": {
                name: {
                    "flicker": round(float(np.mean(ys)), 2),
                    "at black or white, %": round(100 * self.clipped[name], 1),
                }
                for name, (_, ys) in self.readings.items()
            },
        }


def _clipped(picture: np.ndarray) -> float:
    """The share of pixels with a colour at black or white."""
    return float(((picture == 0) | (picture == 255)).any(axis=2).mean())


def drive(
    memory: dict[str, Any],
    seed: int,
    camera: str,
    begin: float,
    clip: LabelFilm | None,
    light: str,
    weight: str,
    metered: bool,
    checkpoint: str,
) -> Iterator[dict[str, Any]]:
    from engines.vid2vid import engine

    course, look = Course(seed, camera, begin, clip), list(LIGHTS).index(light)
    if memory.get("source") != (seed, camera, begin, id(clip)):
        memory.update(source=(seed, camera, begin, id(clip)), course=course, place=0, meter=Meter(look))
        yield {"notices": course.notices}
    course, meter, place = memory["course"], memory["meter"], memory["place"]
    memory["place"] = place + 1
    labels = course.labels(place)
    if course.begins(place):
        memory["past"] = engine.nothing_before(labels)
        meter.skip()
    frame, memory["past"] = engine.next_frame(labels, memory["past"], weight=WEIGHTS[weight][1], look=look)
    yield _views(frame)
    if metered and place % EVERY >= EVERY - 2:
        meter.look = look
        meter.take(float(place / course.rate), labels, frame.final)
        if place % EVERY == EVERY - 1:
            meter.skip()
            yield meter.shown()


def film(
    seed: int,
    camera: str,
    begin: float,
    clip: LabelFilm | None,
    light: str,
    weight: str,
    frames: int,
    view: str,
    metered: bool,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    from engines.vid2vid import engine

    course, look = Course(seed, camera, begin, clip), list(LIGHTS).index(light)
    yield {"notices": course.notices}
    meter, count = Meter(look), course.count(frames)
    labels = map(course.labels, range(count))
    made = engine.drive(labels, weight=WEIGHTS[weight][1], look=look)
    computed = 0.0
    shown = -SHOWN_SECONDS
    with video.Recording(course.rate) as movie:
        for place in range(count):
            began = time.monotonic()
            frame = next(made)
            now = time.monotonic()
            computed += now - began
            views = _views(frame)
            movie.add(_grid(views, frame.carried) if view == "grid" else views[view])
            if metered:
                meter.take(float(place / course.rate), frame.labels, frame.final)
            if now - shown >= SHOWN_SECONDS or place == count - 1:
                shown = now
                speed = {"this film": {"frames": place + 1, "a second": round((place + 1) / computed, 1)}}
                yield {"movie": movie, "views": views, "speed": speed, **meter.shown()}
            yield Progress((place + 1) / count, f"Frame {place + 1} of {count}")
    yield {"movie": movie}


def paint(
    clip: LabelFilm, painted: np.ndarray | None, swap: str, light: str, checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    from engines.vid2vid import engine
    from engines.vid2vid.labels import LABELS, VOID, read_labels

    pair = SWAPS[swap][1]
    if painted is None and pair is None:
        raise InputError("Nothing is changed: paint on the first frame, or choose two labels to swap.")
    before = list(clip.frames[:PAINTED_FRAMES])
    after = before if pair is None else [engine.swapped(each, *map(LABELS.index, pair)) for each in before]
    if painted is not None:
        yield Progress(0, "Carrying the paint along")
        mark = _sized(read_labels(painted, "Painted")[0], before[0].shape)
        after = engine.repainted(after, 0, np.where(mark == VOID, after[0], mark).astype(np.uint8))
    yield {"notices": {"labels": clip.notice} if clip.notice else {}}
    look = list(LIGHTS).index(light)
    yield from _beside({"before": before, "after": after}, clip.rate, look, [])


def foretell(
    seed: int,
    camera: str,
    begin: float,
    clip: LabelFilm | None,
    light: str,
    given: int,
    ahead: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    from engines.vid2vid import engine

    course = Course(seed, camera, begin, clip)
    ahead = course.count(given + ahead) - given
    if ahead < 1:
        raise InputError(
            f"Labels of your own: {given} frames are given, and the clip has {course.count(given)}: none is left to "
            "foretell. Choose a longer clip, or give fewer (2 at least)."
        )
    labels = list(map(course.labels, range(given + ahead)))
    known, comes = labels[:given], labels[given:]
    foretold = list(engine.future(known, ahead))
    seconds = [round(float(place / course.rate), 2) for place in range(1, ahead + 1)]
    right = {
        "carried on": [_alike(one, other) for one, other in zip(foretold, comes, strict=True)],
        "left as it was": [_alike(known[-1], other) for other in comes],
    }
    yield {"notices": course.notices, "right": {name: (seconds, shares) for name, shares in right.items()}}
    yield from _beside({"foretold": foretold, "to come": comes}, course.rate, list(LIGHTS).index(light), known)


def _beside(
    clips: Mapping[str, Sequence[np.ndarray]], rate: Fraction, look: int, known: Sequence[np.ndarray]
) -> Iterator[Progress | dict[str, Any]]:
    """Two clips of labels and what is made of them, side by side, after what is known of both."""
    from engines.vid2vid import engine
    from engines.vid2vid.labels import COLOURS

    past = None
    for place, labels in enumerate(known):
        yield Progress(0, f"Given frame {place + 1} of {len(known)}")
        _, past = engine.next_frame(labels, past or engine.nothing_before(labels), look=look)
    drives = [engine.drive(labels, look=look, past=past) for labels in clips.values()]
    count = min(map(len, clips.values()))
    with video.Recording(rate) as movie:
        for place in range(count):
            yield Progress(place / count, f"Frame {place + 1} of {count}")
            frames = dict(zip(clips, map(next, drives), strict=True))
            views = {f"labels {name}": COLOURS[frame.labels] for name, frame in frames.items()}
            views |= {name: frame.final for name, frame in frames.items()}
            movie.add(_tiled(list(views.values()), 2))
            yield {"movie": movie, "views": views}
    yield {"movie": movie}


def _views(frame: "Frame") -> dict[str, np.ndarray]:
    from engines.vid2vid.labels import COLOURS

    grey = np.round(255 * frame.weight).astype(np.uint8)
    return {
        "labels": COLOURS[frame.labels],
        "flow": _coloured(frame.flow),
        "weight": np.repeat(grey[..., None], 3, axis=2),
        "raw": frame.raw,
        "final": frame.final,
    }


def _coloured(flow: np.ndarray) -> np.ndarray:
    """Where each pixel moved, as colour: the direction as hue, the speed as its strength; with the wheel as legend."""
    picture = _hues(-flow)
    down, right = np.mgrid[-WHEEL : WHEEL + 1, -WHEEL : WHEEL + 1]
    corner = picture[-2 * WHEEL - 5 : -4, -2 * WHEEL - 5 : -4]
    reach = np.hypot(right, down)
    corner[reach <= WHEEL] = _hues(np.stack([right, down], 2) * (FASTEST / WHEEL))[reach <= WHEEL]
    corner[np.abs(reach - WHEEL) < 0.7] = 90
    return picture


def _hues(motion: np.ndarray) -> np.ndarray:
    import cv2

    angle = np.degrees(np.arctan2(motion[..., 1], motion[..., 0])) % 360
    strength = np.minimum(1, np.hypot(motion[..., 0], motion[..., 1]) / FASTEST)
    colour = np.stack([angle, strength, np.ones_like(angle)], 2).astype(np.float32)
    return np.round(255 * cv2.cvtColor(colour, cv2.COLOR_HSV2RGB)).astype(np.uint8)


def _grid(views: Mapping[str, np.ndarray], carried: np.ndarray) -> np.ndarray:
    """Labels, flow and weight over raw, carried and final."""
    return _tiled([views["labels"], views["flow"], views["weight"], views["raw"], carried, views["final"]], 3)


def _tiled(pictures: Sequence[np.ndarray], columns: int) -> np.ndarray:
    rows = [pictures[first : first + columns] for first in range(0, len(pictures), columns)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def _sized(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import cv2

    return cv2.resize(labels, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    return round(100 * float((one == other).mean()), 1)


@cache
def _street(seed: int, begin: float) -> bytes:
    """A GIF of labels, whose colours stay what they are."""
    from PIL import Image

    course = Course(seed, "forward", begin, None)
    palette = np.concatenate([np.array(list(PALETTE.values()), np.uint8), np.zeros((245, 3), np.uint8)])
    frames = []
    for place in range(EXAMPLE_FRAMES):
        frames.append(Image.fromarray(course.labels(place), "P"))
        frames[-1].putpalette(palette.tobytes())
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=GIF_MILLISECONDS, disposal=1)
    return file.getvalue()


def _mark(shapes: Sequence[tuple[str, tuple[float, float, float, float]]]) -> bytes:
    """Ellipses painted with labels: the middle's x and y, half the width and height, as shares of the picture's."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (WIDTH, HEIGHT))
    for label, (x, y, across, down) in shapes:
        corners = [(x - across) * WIDTH, (y - down) * HEIGHT, (x + across) * WIDTH, (y + down) * HEIGHT]
        ImageDraw.Draw(picture).ellipse(corners, fill=PALETTE[label])
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


CLIPS: Mapping[str, Callable[[], bytes]] = {
    "street": partial(_street, 0, 0),
    "park": partial(_street, 5, 6),
    "bend": partial(_street, 11, 10),
}
MARKS: Mapping[str, Callable[[], bytes]] = {
    "a tree on the right": partial(
        _mark,
        [
            ("tree", (0.75, 0.36, 0.09, 0.14)),
            ("tree", (0.69, 0.43, 0.07, 0.11)),
            ("tree", (0.81, 0.44, 0.06, 0.1)),
            ("tree", (0.75, 0.6, 0.015, 0.12)),
        ],
    ),
    "a car ahead": partial(_mark, [("car", (0.52, 0.62, 0.1, 0.07)), ("car", (0.52, 0.56, 0.07, 0.06))]),
}
PICTURES: Mapping[str, Output] = {
    "final": Picture("Final"),
    "labels": Picture("Labels"),
    "raw": Picture("Raw, painted anew"),
    "flow": Picture("Flow, the rim 6 pixels"),
    "weight": Picture("Weight of the raw"),
}


def _source() -> Mapping[str, Control]:
    return {
        "seed": Seed("Street", group="Street", help="Each number is another street of our little world of labels."),
        "begin": Number("Starts at", 0, 120, 0, 1, unit="s", group="Street", help="Seconds into the drive."),
        "camera": Choice("The camera", {name: words for name, (words, _) in PACES.items()}, "forward", group="Street"),
        "clip": LabelClip(
            "Labels of your own",
            optional=True,
            group="Street",
            examples=CLIPS,
            help="A clip of ten seconds at most, or a picture, in the colours of labels; it takes the street's place.",
        ),
    }


def _light() -> Mapping[str, Control]:
    return {"light": Choice("Light", LIGHTS, "winter", group="Picture", help="As in the drives that were learnt from.")}


def _weight() -> Mapping[str, Control]:
    return {
        "weight": Choice(
            "Weight of the raw picture",
            {name: words for name, (words, _) in WEIGHTS.items()},
            "own",
            group="Picture",
            help="The rest is the picture before, carried along the flow.",
        ),
        "metered": Switch(
            "Flicker meter", True, group="Picture", help="Makes frames alone, too, to compare; off, it is faster."
        ),
    }


def _checkpoint() -> Mapping[str, Control]:
    return {"checkpoint": CheckpointChoice("Checkpoint", CHECKPOINTS, BUNDLED, group="Checkpoint", advanced=True)}


def _meters() -> Mapping[str, Output]:
    return {
        "meter": Table(
            "Flicker meter",
            help="Change from frame to frame that no motion explains, in levels of 255; and the largest share of "
            "pixels at the end of a colour's range.",
        ),
        "flicker": Curves("Flicker", "seconds", "levels of 255"),
    }


NOTICES = Notices("Labels")

PANEL = Panel(
    slug="vid2vid",
    title="Video-to-video",
    paper=Paper(
        number=8,
        title="Video-to-Video Synthesis",
        authors="Ting-Chun Wang, Ming-Yu Liu, Jun-Yan Zhu, Guilin Liu, Andrew Tao, Jan Kautz, Bryan Catanzaro",
        venue="NeurIPS 2018",
        arxiv="1808.06601",
    ),
    story="A drive through a street of flat labels becomes a film: each frame is carried on, or painted anew.",
    experiments=[
        Stream(
            name="drive",
            title="Drive",
            action="Drive",
            controls={**_source(), **_light(), **_weight(), **_checkpoint()},
            outputs={**PICTURES, **_meters(), "notices": NOTICES},
            presets={
                "Down the street": {},
                "It brakes and stands": {"begin": 16},
                "Only carried": {"weight": "carried"},
                "Only painted": {"weight": "painted"},
                "Another street at dusk": {"seed": 5, "light": "dusk"},
            },
            notes=(
                "Final = weight x raw + (1 - weight) x the picture before, carried along the flow. White in the weight "
                "is painted anew.",
                "Try, while it drives: weight 0, and what was out of view is smeared; weight 1, and it flickers.",
                "Labels: a little world of ours. The network learnt from CamVid (CC BY-NC): not for commercial use.",
            ),
            run=drive,
        ),
        Experiment(
            name="film",
            title="Film",
            action="Make the film",
            controls={
                **_source(),
                "frames": Number("Length", 1, 300, 45, 1, unit="frames", group="Street"),
                **_light(),
                **_weight(),
                "view": Choice("In the film", VIEWS, "grid", group="Picture"),
                **_checkpoint(),
            },
            outputs={
                "movie": Movie(
                    "Film",
                    help="In the grid: labels, flow, weight; below them raw, the picture before carried on, final.",
                ),
                "views": Strip(
                    "Frame by frame",
                    of=("labels", "flow", "weight", "raw", "final"),
                    help="Flow: its wheel's rim is 6 pixels a frame.",
                ),
                **_meters(),
                "speed": Table("Speed"),
                "notices": NOTICES,
            },
            presets={
                "Three seconds": {},
                "Round a bend": {"seed": 11, "begin": 10},
                "Only carried": {"weight": "carried", "view": "final"},
                "Only painted": {"weight": "painted", "view": "final"},
                "Twenty seconds": {"frames": 300, "metered": False},
            },
            notes=(
                "The same drive as a film to keep, every frame measured; beside it the same frames, each made alone.",
                "Try: only painted, and the two lines meet; the final picture alone; labels of your own.",
                "The network learnt from CamVid (CC BY-NC): not for commercial use.",
            ),
            run=film,
        ),
        Experiment(
            name="paint",
            title="Paint",
            action="Synthesise again",
            controls={
                "clip": LabelClip(
                    "Street", examples=CLIPS, default="street", group="Labels", help="Its first 24 frames."
                ),
                "swap": Choice(
                    "Swap",
                    {name: words for name, (words, _) in SWAPS.items()},
                    "none",
                    group="Labels",
                    help="Everywhere.",
                ),
                "painted": Regions(
                    "Painted on the first frame",
                    of="clip",
                    optional=True,
                    palette=PALETTE,
                    examples=MARKS,
                    group="Labels",
                    help="What is painted is carried along the labels' flow through the frames that follow.",
                ),
                **_light(),
                **_checkpoint(),
            },
            outputs={
                "views": Strip("Before and after", of=("labels before", "labels after", "before", "after")),
                "movie": Movie("Film", help="Labels above, pictures below; left before, right after."),
                "notices": NOTICES,
            },
            presets={
                "Trees for buildings": {"swap": "trees"},
                "A tree on the right": {"painted": "a tree on the right"},
                "A car ahead": {"painted": "a car ahead"},
                "Road for pavement": {"swap": "pavement"},
            },
            notes=(
                "Labels that are changed on one frame go with the street; all pictures are made anew from them.",
                "Try: Paint, and put a tree where a house stands; a car on the pavement; buildings into the sky.",
                "The network learnt from CamVid (CC BY-NC): not for commercial use.",
            ),
            run=paint,
        ),
        Experiment(
            name="future",
            title="Predict the future",
            action="Predict",
            controls={
                **_source(),
                "given": Number("Given", 2, 10, 4, 1, unit="frames", group="Street"),
                "ahead": Number("Foretold", 1, 45, 20, 1, unit="frames", group="Street"),
                **_light(),
                **_checkpoint(),
            },
            outputs={
                "views": Strip("Foretold and real", of=("labels foretold", "labels to come", "foretold", "to come")),
                "movie": Movie("Film", help="Labels above, pictures below; left foretold, right what came."),
                "right": Curves("Labels foretold rightly", "seconds ahead", "% of pixels"),
                "notices": NOTICES,
            },
            presets={
                "Straight on": {"begin": 3},
                "Into a bend": {"seed": 11, "begin": 10},
                "Backing up": {"camera": "back", "begin": 20},
                "Two frames given": {"given": 2, "begin": 3},
            },
            notes=(
                "First the labels are foretold: each goes on as it moved last. Then pictures are made of them.",
                "The paper foretells labels with a network; moving them on is our simpler stand-in.",
                "Try: a bend, which nothing foretells; two frames given. The network learnt from CamVid (CC BY-NC).",
            ),
            run=foretell,
        ),
    ],
    figures=[
        Figure(
            caption="Street scenes of the paper",
            rows={"Resolution": {"as reported": "2K"}, "Length": {"as reported": "up to 30 seconds"}},
            citation="Abstract, arXiv:1808.06601.",
        )
    ],
)
