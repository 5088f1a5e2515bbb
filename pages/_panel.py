"""The words pages are written in: a panel, its experiments, their controls and outputs.

A page declares; it never draws. Every face of the studio (Gradio, Streamlit, the API, the command line) is made from
these declarations, and a declaration that does not hold together fails at import.
"""

import inspect
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from engines.runtime.class_names import class_id
from engines.runtime.errors import CheckpointError, InputError
from engines.runtime.images import MAXIMUM_BYTES, fit, read_photo
from engines.runtime.video import MAXIMUM_SECONDS, read_clip

SEED_LIMIT = 2**32
PAINTED_SIDE = 1024
"""Pixels of the longer side, at most, of a photograph to paint regions on and of their mask; as in painter.js."""
LABELS_SIDE = 640
"""Pixels of the longer side, at most, at which labels are read."""


@dataclass(frozen=True)
class Control:
    """Something a visitor sets; its value is passed to `run` under the control's name.

    `help` is one sentence; controls of one `group` stand together under that word; `advanced` ones are folded away.
    """

    label: str
    help: str = field(default="", kw_only=True)
    group: str = field(default="", kw_only=True)
    advanced: bool = field(default=False, kw_only=True)

    if TYPE_CHECKING:
        # Each kind has its own; declared here as well, it would come first among the arguments.
        @property
        def default(self) -> Any: ...

    def check(self, value: Any) -> Any:
        """The value as `run` gets it.

        Raises:
            InputError: the value cannot be used; the message names the control, the value and what is possible.
        """
        raise NotImplementedError

    def parse(self, text: str) -> Any:
        """The value that `text`, from a permalink or a command line, stands for.

        Raises:
            InputError: it stands for none.
        """
        return text


@dataclass(frozen=True)
class Number(Control):
    """A number in [low, high]; an integer where `step` is one."""

    low: float
    high: float
    default: float
    step: float
    unit: str = field(default="", kw_only=True)

    def check(self, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(
                f"{self.label}: {_shown(value)} is not a number; give one from {self._bounds()}."
            ) from None
        if not math.isfinite(number) or not self.low <= number <= self.high:
            raise InputError(f"{self.label}: {_shown(value)} is out of bounds; give a number from {self._bounds()}.")
        if not isinstance(self.step, int):
            return number
        if number != round(number):
            raise InputError(f"{self.label}: {_shown(value)} is not a whole number; give one from {self._bounds()}.")
        return int(number)

    def parse(self, text: str) -> Any:
        return self.check(text)

    def _bounds(self) -> str:
        return f"{self.low:g} to {self.high:g}{' ' + self.unit if self.unit else ''}"


@dataclass(frozen=True)
class Seed(Control):
    """What random draws start from: a whole number from 0 to 2^32 - 1."""

    default: int = 0

    def check(self, value: Any) -> int:
        try:
            number = int(str(value).strip().removesuffix(".0"))
        except ValueError:
            number = -1
        if not 0 <= number < SEED_LIMIT:
            raise InputError(
                f"{self.label}: {_shown(value)} is no seed; give a whole number from 0 to {SEED_LIMIT - 1}."
            )
        return number

    def parse(self, text: str) -> Any:
        return self.check(text)


@dataclass(frozen=True)
class Choice(Control):
    """One of `options`, a mapping from value to the words a visitor reads."""

    options: Mapping[str, str]
    default: str

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.options:
            raise InputError(f"{self.label}: {_shown(value)} is not among {', '.join(self.options)}.")
        return value


@dataclass(frozen=True)
class CheckpointChoice(Choice):
    """The checkpoint that computes; `options` from its name to its badge.

    The default one is bundled: it takes the place of one that cannot be loaded.
    """


@dataclass(frozen=True)
class ImageClass(Control):
    """The class to make a picture of, by its name; `names` that each checkpoint of control `of` knows.

    No name is known in two sets of names that differ, so that a name tells of which set it is.
    """

    names: Mapping[str, Sequence[str]]
    of: str
    default: str

    def check(self, value: Any) -> str:
        known = list(dict.fromkeys(name for names in self.names.values() for name in names))
        try:
            return known[class_id(value, known)]
        except InputError as error:
            raise InputError(f"{self.label}: {error}") from None

    def among(self, value: str, checkpoint: str) -> str:
        """That class where the checkpoint knows it, else the first it knows."""
        names = self.names[checkpoint]
        return value if value in names else self.default if self.default in names else names[0]

    def check_known(self, value: str, checkpoint: str) -> None:
        """Refuse a class that the checkpoint does not know.

        Raises:
            InputError: it does not know it.
        """
        try:
            class_id(value, self.names[checkpoint])
        except InputError as error:
            raise InputError(f"{self.label}: {error} Choose one of them, or another checkpoint.") from None


@dataclass(frozen=True)
class Word(Control):
    """At most `longest` letters and digits, or none."""

    longest: int
    default: str = ""

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > self.longest or not re.fullmatch("[A-Za-z0-9]*", value):
            raise InputError(f"{self.label}: {_shown(value)} is not at most {self.longest} letters and digits.")
        return value


@dataclass(frozen=True)
class Switch(Control):
    """On or off."""

    default: bool

    def check(self, value: Any) -> bool:
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower(), value)
        if not isinstance(value, bool):
            raise InputError(f"{self.label}: {_shown(value)} is neither true nor false.")
        return value

    def parse(self, text: str) -> Any:
        return self.check(text)


@dataclass(frozen=True)
class Upload(Control):
    """A file: the visitor's own as bytes, one of the named `examples`, or, where `optional`, none."""

    examples: Mapping[str, Callable[[], bytes]] = field(default_factory=dict, kw_only=True, repr=False)
    default: str | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)

    noun: ClassVar[str]
    route: ClassVar[str]
    """Where a page sends such a file."""
    accept: ClassVar[str]
    """Kinds of files that a browser offers, as its `accept` has them."""
    largest: ClassVar[int] = MAXIMUM_BYTES

    def read(self, content: bytes) -> Any:
        """The content of a file as `run` gets it.

        Raises:
            InputError: it cannot be used.
        """
        raise NotImplementedError

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        """A picture of a file's content, its longer side at most `side` pixels; `name` is the file's in an error.

        Raises:
            InputError: it cannot be used.
        """
        raise NotImplementedError

    def check(self, value: Any) -> Any:
        if value is None or isinstance(value, str) and not value:
            if self.optional:
                return None
            raise InputError(f"{self.label}: no {self.noun} was given; choose a file or one of the examples.")
        if isinstance(value, str):
            if value not in self.examples:
                raise InputError(f"{self.label}: {_shown(value)} is not among the examples {', '.join(self.examples)}.")
            value = self.examples[value]()
        if not isinstance(value, bytes):
            raise InputError(f"{self.label}: {_shown(value)} is no {self.noun}; choose a file or one of the examples.")
        return self.read(value)

    def parse(self, text: str) -> Any:
        if not text or text in self.examples:
            return text
        try:
            with open(text, "rb") as file:
                return file.read()
        except OSError as error:
            raise InputError(f"{self.label}: cannot read {_shown(text)} ({error.strerror}).") from None


@dataclass(frozen=True)
class Matching:
    """When a region painted in two pictures is large enough in both to be matched.

    It has more than `fewest` pixels in each, even where each is `coarsest` times smaller a side, and in neither
    `largest_ratio` times as many as in the other. Pixels count at the size of computing, whose longer side the control
    `longest` gives.
    """

    fewest: int
    coarsest: int
    largest_ratio: int
    longest: str


@dataclass(frozen=True)
class Photo(Upload):
    """A picture; `run` gets (H, W, 3) uint8, or None."""

    noun = "picture"
    route = "photographs"
    accept = "image/*"

    def read(self, content: bytes) -> Any:
        return _decoded(content, self.label).copy()

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        return fit(_decoded(content, name), side)


@lru_cache(maxsize=8)
def _decoded(content: bytes, name: str) -> np.ndarray:
    """As `read_photo`; a slider that moves, or a camera, asks for the same photograph many times a second."""
    return read_photo(content, name)


@dataclass(frozen=True)
class Clip(Upload):
    """A few seconds of film; `run` gets a `runtime.video.Clip`, or None."""

    noun = "clip"
    route = "clips"
    accept = "video/*,image/gif,.mkv"
    seconds: ClassVar[float] = MAXIMUM_SECONDS

    def read(self, content: bytes) -> Any:
        return read_clip(content, self.label, self.seconds, self.largest)

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        with closing(read_clip(content, name, cls.seconds, cls.largest).frames(side)) as frames:
            return next(frames)


@dataclass(frozen=True)
class Footage(Clip):
    """Minutes of film, which a visitor may also record on the page; like Clip for `run`."""

    noun = "recording"
    route = "footage"
    largest = 128_000_000
    seconds = 300


class LabelFilm(NamedTuple):
    """Label maps `(H, W)` as engines/vid2vid/labels.py has them, `rate` a second, and what a visitor should know of how
    they were read, if anything."""

    frames: Sequence[np.ndarray]
    rate: Fraction
    notice: str | None


@dataclass(frozen=True)
class LabelClip(Clip):
    """A clip, or one picture, in the colours of street labels; `run` gets a `LabelFilm`, or None."""

    noun = "clip of labels"
    route = "labels"
    accept = "video/*,image/*,.mkv"

    def read(self, content: bytes) -> Any:
        return _label_film(content, self.label)

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        from engines.vid2vid.labels import COLOURS

        return fit(COLOURS[_label_film(content, name).frames[0]], side)


@lru_cache(maxsize=8)
def _label_film(content: bytes, name: str) -> LabelFilm:
    """The label maps in a file; the same object for the same file, since a Stream asks for it at every frame.

    Raises:
        InputError: it has none.
    """
    from engines.vid2vid.labels import read_clip_labels

    frames: Iterable[np.ndarray]
    try:
        clip = read_clip(content, name)
        frames, rate = clip.frames(LABELS_SIDE), clip.rate
    except InputError as error:
        try:
            picture, rate = read_photo(content, name), Fraction(1)
        except InputError:
            raise error from None
        stride = math.ceil(max(picture.shape) / LABELS_SIDE)
        frames = [picture[::stride, ::stride]]
    maps, notice = read_clip_labels(frames, name)
    return LabelFilm(maps, rate, notice)


@dataclass(frozen=True)
class SubjectFile(Upload):
    """A trained subject of Everybody Dance Now; `run` gets an `everybody_dance_now.subject.Subject`, or None.

    Where there is one, it is used in place of the checkpoint in control `instead_of`.
    """

    instead_of: str = field(kw_only=True)

    noun = "subject"
    route = "subjects"
    accept = ".safetensors"
    largest = 8_000_000

    def read(self, content: bytes) -> Any:
        return _subject(content, self.label)

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        from engines.everybody_dance_now.engine import portrait

        return fit(portrait(_subject(content, name)), side)


@lru_cache(maxsize=8)
def _subject(content: bytes, name: str) -> Any:
    """The subject in a file; the same object for the same file, since a Stream asks for it at every frame.

    Raises:
        InputError: it is none.
    """
    from engines.everybody_dance_now.subject import Subject

    try:
        return Subject.load(content)
    except CheckpointError as error:
        raise InputError(f"{name}: {error}") from error


@dataclass(frozen=True)
class Sketch(Photo):
    """A picture that a visitor draws on the page, white on black; like Photo for `run`."""

    noun = "drawing"


@dataclass(frozen=True)
class MeshFile(Upload):
    """A triangle mesh as Wavefront OBJ; `run` gets a `spherical_cnn.meshes.Mesh`, or None."""

    noun = "mesh"
    route = "meshes"
    accept = ".obj"

    def read(self, content: bytes) -> Any:
        return _mesh(content, self.label)

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        from engines.spherical_cnn.meshes import enclosed
        from pages._globes import Solid

        return fit(Solid(*enclosed(_mesh(content, name))).picture, side)


@lru_cache(maxsize=8)
def _mesh(content: bytes, name: str) -> Any:
    """The mesh in a file; the same object for the same file, since a hand that turns it asks many times a second."""
    from engines.spherical_cnn.meshes import read_obj

    try:
        return read_obj(content)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


@dataclass(frozen=True)
class MoleculeFile(Upload):
    """A molecule as XYZ; `run` gets a `spherical_cnn.molecules.Molecule`, or None."""

    noun = "molecule"
    route = "molecules"
    accept = ".xyz"

    def read(self, content: bytes) -> Any:
        return _molecule(content, self.label)

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        from pages._globes import ball_and_stick

        return fit(ball_and_stick(_molecule(content, name)).picture, side)


def _molecule(content: bytes, name: str) -> Any:
    from engines.spherical_cnn.molecules import read_xyz

    try:
        return read_xyz(content)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


@dataclass(frozen=True)
class Regions(Photo):
    """A picture whose flat colours mark the regions of the photograph in control `of`; like Photo for `run`.

    Those of one group are painted together: a colour is the same region in each, `matching` as the first one says.
    Where a region means something, `palette` has its name and colour; black is not painted.
    """

    of: str = field(kw_only=True)
    matching: Matching | None = field(default=None, kw_only=True)
    palette: Mapping[str, tuple[int, int, int]] | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Click(Control):
    """Where the visitor clicked on the picture of output `on`: (x, y) as fractions of its width and height, or None."""

    on: str

    default = None

    def check(self, value: Any) -> tuple[float, float] | None:
        if value is None or value == "":
            return None
        try:
            x, y = (float(part) for part in value)
        except (TypeError, ValueError):
            x = y = math.nan
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise InputError(f"{self.label}: {_shown(value)} is no place on the picture; give x and y from 0 to 1.")
        return x, y

    def parse(self, text: str) -> Any:
        return text.split(",") if text else None


@dataclass(frozen=True)
class Rotation(Control):
    """The rotation Z(alpha) Y(beta) Z(gamma), in degrees, by which a hand turns the globes of output `on`: alpha and
    gamma from -180 to 180, beta from 0 to 180."""

    on: str
    default: tuple[float, float, float] = (0.0, 0.0, 0.0)

    bounds: ClassVar = {"alpha": (-180.0, 180.0), "beta": (0.0, 180.0), "gamma": (-180.0, 180.0)}

    def check(self, value: Any) -> tuple[float, float, float]:
        try:
            alpha, beta, gamma = (float(angle) for angle in value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"{self.label}: {_shown(value)} is not three angles in degrees.") from None
        for angle, (name, (low, high)) in zip((alpha, beta, gamma), self.bounds.items(), strict=True):
            if not low <= angle <= high:
                raise InputError(f"{self.label}: {name} is {angle:g}; give degrees from {low:g} to {high:g}.")
        return alpha, beta, gamma

    def parse(self, text: str) -> Any:
        return text.split(",")


@dataclass(frozen=True)
class Camera(Control):
    """The newest frame of the visitor's camera or clip; only a `Stream` has one, and `run` gets (H, W, 3) uint8.

    `clips` can stand in for both: MP4 files of ours, by name.
    """

    clips: Mapping[str, Callable[[], bytes]] = field(default_factory=dict, kw_only=True, repr=False)

    default = None

    def check(self, value: Any) -> Any:
        if not isinstance(value, bytes):
            raise InputError(f"{self.label}: no frame came; allow the camera, or choose a clip.")
        return read_photo(value, name=self.label)


@dataclass(frozen=True)
class Output:
    """Something `run` yields under the output's name; partial values of one run are merged (see `Experiment.run`)."""

    label: str
    help: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Picture(Output):
    """One picture, (H, W, 3) uint8."""


@dataclass(frozen=True)
class Strip(Output):
    """Pictures in the order they come, `{caption: (H, W, 3) uint8}`; `of` names those to expect, as empty frames."""

    of: Sequence[str] = ()


@dataclass(frozen=True)
class Comparison(Output):
    """Pictures of one shape, `{caption: (H, W, 3) uint8}`, two under one slider: at first `left` and the newest."""

    left: str


class Attended(NamedTuple):
    """A picture, (H, W, 3) uint8, and what each place of a grid over it attends to: maps (h, w, k, l) float16, of which
    each (k, l) sums to 1; of one that is rendered, the paths of their files, PNG or WebP, and npy."""

    picture: Any
    maps: Any


@dataclass(frozen=True)
class Attention(Output):
    """Pictures that a hand explores, `{caption: Attended}`: a place is pointed at, and what it attends to shows."""


@dataclass(frozen=True)
class Globes(Output):
    """Balls that a hand turns, `{caption: _globes.Globe}`, the first one large; `of` names all, in their order. Those
    that a partial result lacks stay as they were. The eye of one that is looked at from `inside` is in its middle."""

    of: Sequence[str]
    inside: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Hypergraph(Output):
    """Tasks, and transfers from some of them together to another, that move from one partial result to the next: a
    `_hypergraphs.Graph`."""


@dataclass(frozen=True)
class Plate(Output):
    """A drawing as SVG text, with no words of a visitor in it, in the page's colours (`var(--ink)` and so on)."""


@dataclass(frozen=True)
class Movie(Output):
    """A `runtime.video.Recording`: its `content`, an MP4, is there once the run has ended, even if it was cancelled."""


@dataclass(frozen=True)
class File(Output):
    """A file to download, as bytes, under the name `file`; `use` names the experiment and its control that take it."""

    file: str
    use: tuple[str, str] | None = None


@dataclass(frozen=True)
class Table(Output):
    """Rows by name, `{row: {column: number or text}}`."""


@dataclass(frozen=True)
class Curves(Output):
    """Lines over a common axis, `{name: (xs, ys)}`, and bands, `{name: (xs, lows, highs)}`; the y axis shows all of
    `span`, where there is one."""

    x: str
    y: str
    logarithmic: bool = field(default=False, kw_only=True)
    span: tuple[float, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class Notices(Output):
    """Sentences a visitor should read about this very result, `{key: sentence}`."""


@dataclass(frozen=True)
class Experiment:
    """One thing to try: controls, outputs, and the computation between them.

    `run(**controls)` is a synchronous generator. It yields `Progress`, or partial results `{output: value}` that are
    merged by name; where a value is itself a mapping, its entries are merged too. `presets` are named control values,
    the first being what the panel opens with; `notes` are at most three lines on what is seen and what to try;
    `action` is the verb on the button; a `live` experiment follows its controls and has no button.

    Raises:
        TypeError: `run`'s arguments are not the controls.
        ValueError: a default, a preset or a reference to another part does not hold.
    """

    name: str
    title: str
    controls: Mapping[str, Control]
    outputs: Mapping[str, Output]
    presets: Mapping[str, Mapping[str, Any]]
    run: Callable[..., Iterator[Any]]
    notes: Sequence[str] = ()
    action: str = "Run"
    live: bool = False

    extra_arguments: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        expected = (*self.extra_arguments, *self.controls)
        arguments = tuple(inspect.signature(self.run).parameters)
        if set(arguments) != set(expected):
            raise TypeError(f"experiment {self.name}: run takes {arguments}, but the controls are {expected}")
        if not self.presets:
            raise ValueError(f"experiment {self.name}: it needs a preset to open with")
        for name, control in self.controls.items():
            if isinstance(control, Click) and control.on not in self.outputs:
                raise ValueError(f"experiment {self.name}: {name} is a click on {control.on}, which is no output")
            if isinstance(control, Rotation) and not isinstance(self.outputs.get(control.on), Globes):
                raise ValueError(f"experiment {self.name}: {name} turns {control.on}, which are no globes")
            if isinstance(control, Regions) and control.of not in self.controls:
                raise ValueError(f"experiment {self.name}: {name} marks regions of {control.of}, which is no control")
            if isinstance(control, Regions) and control.matching and control.matching.longest not in self.controls:
                raise ValueError(
                    f"experiment {self.name}: {name} is matched at {control.matching.longest}, which is no control"
                )
            if isinstance(control, ImageClass) and not isinstance(self.controls.get(control.of), CheckpointChoice):
                raise ValueError(f"experiment {self.name}: {name} is of {control.of}, which is no checkpoint")
            if isinstance(control, Camera) and not isinstance(self, Stream):
                raise ValueError(f"experiment {self.name}: only a Stream has a camera ({name})")
            if not isinstance(control, Upload | Camera | Click):
                self._check_declared("defaults", name, control.default)
        for preset, values in self.presets.items():
            for name, value in values.items():
                if name not in self.controls:
                    raise ValueError(f"experiment {self.name}, preset {preset}: no control is called {name}")
                self._check_declared(preset, name, value)

    def _check_declared(self, preset: str, name: str, value: Any) -> None:
        control = self.controls[name]
        if isinstance(control, Upload):
            holds = not value if control.optional and not value else value in control.examples
            message = f"{value!r} is not among the examples"
        else:
            try:
                control.check(value)
                holds, message = True, ""
            except InputError as error:
                holds, message = False, str(error)
        if not holds:
            raise ValueError(f"experiment {self.name}, {preset}: {message}")

    def painted_together(self) -> dict[str, dict[str, Regions]]:
        """The controls of regions by name, for each group that has some."""
        groups: dict[str, dict[str, Regions]] = {}
        for name, control in self.controls.items():
            if isinstance(control, Regions):
                groups.setdefault(control.group, {})[name] = control
        return groups

    def opening(self, preset: str | None = None) -> dict[str, Any]:
        """Control values a visitor finds: the defaults, under those of `preset` (the first one, if not named)."""
        values = {name: control.default for name, control in self.controls.items()}
        return {**values, **self.presets[preset or next(iter(self.presets))]}

    def control(self, name: str) -> Control:
        """The control of that name.

        Raises:
            InputError: there is none.
        """
        if name not in self.controls:
            raise InputError(f"{_shown(name)} is not a control of {self.title}; there are {', '.join(self.controls)}.")
        return self.controls[name]

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Every control's value as `run` gets it; a control that is not given has its default.

        Raises:
            InputError: a value cannot be used, or its name is no control's.
        """
        for name in values:
            self.control(name)
        checked = {name: control.check(values.get(name, control.default)) for name, control in self.controls.items()}
        for name, control in self.controls.items():
            if isinstance(control, ImageClass):
                control.check_known(checked[name], checked[control.of])
        return checked


@dataclass(frozen=True)
class Job(Experiment):
    """An experiment whose work lives in the server: it streams its results and survives a reload and a restart.

    `run(saved, **controls)`: at first `saved` is None. Each `Saved` that is yielded is kept with the result so far;
    after a restart `run` begins again from the newest one's `state`, and has to end as if nothing had happened.
    """

    extra_arguments: ClassVar[tuple[str, ...]] = ("saved",)


@dataclass(frozen=True)
class Stream(Experiment):
    """An experiment run once per frame of its `Camera` control; without one it goes on by itself, `rate` times a second
    at most.

    `run(memory, **controls)`: `memory` is a dictionary that lasts as long as the visitor's stream, for what the next
    frame needs; controls may move between frames; frames that come while one is computed are dropped.
    """

    rate: int = field(default=15, kw_only=True)

    extra_arguments: ClassVar[tuple[str, ...]] = ("memory",)

    @property
    def camera(self) -> tuple[str, Camera] | None:
        """The name of its camera, and the camera."""
        cameras = ((name, control) for name, control in self.controls.items() if isinstance(control, Camera))
        return next(cameras, None)


@dataclass(frozen=True)
class View(Experiment):
    """A page of ours, `page` under assets/web, for exact timing or 3D, which posts its result.

    The controls' values are the page's query; `run(answer, **controls)` gets the JSON object that the page posted. On
    the main face a page that posts that it `follows` gets moved controls as messages, and is not loaded anew. What the
    page asks of the server meanwhile, a JSON object, `service` answers with another; see assets/web/page.js.
    """

    page: str = field(kw_only=True)
    service: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = field(default=None, kw_only=True)

    extra_arguments: ClassVar[tuple[str, ...]] = ("answer",)


@dataclass(frozen=True)
class Paper:
    """A paper as the studio cites it; `number` is its place in the survey, `arxiv` its identifier there."""

    number: int
    title: str
    authors: str
    venue: str
    arxiv: str

    @property
    def citation(self) -> str:
        return f"{self.authors}. {self.title}. {self.venue}. arXiv:{self.arxiv}"


@dataclass(frozen=True)
class Figure:
    """A published result: a caption, `{row: {column: value}}`, and where it is printed."""

    caption: str
    rows: Mapping[str, Mapping[str, str]]
    citation: str


@dataclass(frozen=True)
class Panel:
    """A paper's place in the studio: `slug` is its module and address, `title` a few words, `story` a sentence.

    Pictures and movies of one that `shows_people` say in their metadata that they are synthetic.
    """

    slug: str
    title: str
    paper: Paper
    story: str
    experiments: Sequence[Experiment]
    figures: Sequence[Figure] = ()
    shows_people: bool = False

    def experiment(self, name: str) -> Experiment:
        """The experiment of that name.

        Raises:
            InputError: there is none.
        """
        for experiment in self.experiments:
            if experiment.name == name:
                return experiment
        names = ", ".join(experiment.name for experiment in self.experiments)
        raise InputError(f"{self.title} has no experiment {_shown(name)}; there are {names}.")


def _shown(value: Any) -> str:
    """A value as an error quotes it: short, whatever was sent."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
