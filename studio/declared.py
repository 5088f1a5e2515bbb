"""Defines the words pages are written in: a panel, its experiments, their controls and outputs.

A page declares; it never draws. Every face of the studio (Gradio, Streamlit, the API, the command line) is made from
these declarations, and a declaration that does not hold together fails at import.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from engines.runtime.errors import InputError
from studio.kinds import Camera, CheckpointChoice, Control, Notices, Output, Published, Regions, Upload
from studio.kinds.kind import shown


@dataclass(frozen=True)
class Figure:
    """Holds a published result: a caption, `{row: {column: value}}`, and where it is printed.

    Its `heading` says whose figures they are.
    """

    caption: str
    rows: Mapping[str, Mapping[str, str]]
    citation: str
    heading: str = "As published"


@dataclass(frozen=True)
class Experiment:
    """Describes one thing to try: controls, outputs, and the computation between them.

    `run(**controls)` is a synchronous generator. It yields `Progress`, or partial results `{output: value}` that are
    merged by name; if a value is itself a mapping, its entries are merged too. `presets` are named control values, the
    first being what the panel opens with; `notes` are at most three lines on what one sees and what to try; `action` is
    the verb on the button; a `live` experiment follows its controls and has no button. `figures` are published results
    that belong to it.

    A control that comes with another, such as the start of a clip, is added beside it. Notices are added to the outputs
    if there may be something to say about a control's value and there are none.

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
    figures: Sequence[Figure] = ()

    extra_arguments: ClassVar[tuple[str, ...]] = ()
    takes_frames: ClassVar[bool] = False
    """Whether it may have a camera."""
    is_compared: ClassVar[bool] = True
    """Whether two models may draw its result side by side."""

    def __post_init__(self) -> None:
        controls = {name: control for own in self.controls.items() for name, control in _with_companions(*own).items()}
        object.__setattr__(self, "controls", controls)
        if self.told_in is None and any(control.tells for control in controls.values()):
            object.__setattr__(self, "outputs", {**self.outputs, "notices": Notices("Notices")})
        expected = (*self.extra_arguments, *(name for name, control in controls.items() if control.is_passed))
        arguments = tuple(inspect.signature(self.run).parameters)
        if set(arguments) != set(expected):
            raise TypeError(f"experiment {self.name}: run takes {arguments}, but the controls are {expected}")
        if not self.presets:
            raise ValueError(f"experiment {self.name}: it needs a preset to open with")
        for name, control in self.controls.items():
            control.check_place(name, self)
            for other in control.where:
                if other not in self.controls:
                    raise ValueError(f"experiment {self.name}: {name} stands back by {other}, which is no control")
            if control.default is not None:
                self._check_declared("defaults", name, control.default)
        for preset, values in self.presets.items():
            for name, value in values.items():
                if name not in self.controls:
                    raise ValueError(f"experiment {self.name}, preset {preset}: no control is called {name}")
                self._check_declared(preset, name, value)

    def _check_declared(self, preset: str, name: str, value: Any) -> None:
        try:
            self.controls[name].check_declared(value)
        except ValueError as error:
            raise ValueError(f"experiment {self.name}, {preset}: {error}") from None

    @property
    def told_in(self) -> str | None:
        """Name the output in which a visitor reads what is not used of the controls' values."""
        return next((name for name, output in self.outputs.items() if isinstance(output, Notices)), None)

    @property
    def offered(self) -> "Offered | None":
        """Return the published model that is offered beside the result, if there is one."""
        for name, control in self.controls.items():
            if isinstance(control, CheckpointChoice) and control.published and self.is_compared:
                return Offered(name, control, control.published)
        return None

    def notices(self, checked: Mapping[str, Any]) -> dict[str, str]:
        """Return the sentences about how the checked values were read, by subject."""
        told: dict[str, str] = {}
        for name, value in checked.items():
            for about, sentence in self.controls[name].notices(value).items():
                told[f"{name}, {about}" if about in told else about] = sentence
        return told

    def corrections(self, values: Mapping[str, Any]) -> list[str]:
        """Return a sentence about each value that `check` takes another in place of."""
        said = (self.controls[name].corrected(value) for name, value in values.items())
        return [sentence for sentence in said if sentence]

    def painted_together(self) -> dict[str, dict[str, Regions]]:
        """Return the controls of regions by name, for each group that has some."""
        groups: dict[str, dict[str, Regions]] = {}
        for name, control in self.controls.items():
            if isinstance(control, Regions):
                groups.setdefault(control.group, {})[name] = control
        return groups

    def opening(self, preset: str | None = None) -> dict[str, Any]:
        """Return the control values a visitor finds: the defaults, under those of `preset`, or of the first preset."""
        values = {name: control.default for name, control in self.controls.items()}
        return {**values, **self.presets[preset or next(iter(self.presets))]}

    def chosen(self, preset: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a preset puts in the place of these values.

        A visitor's own file stays, with what is said about it, unless the preset names another.
        """
        put = self.opening(preset)
        return {name: values[name] if self._stays(name, preset, values) else put[name] for name in put}

    def _stays(self, name: str, preset: str, values: Mapping[str, Any]) -> bool:
        control = self.controls[name]
        if name not in values or name in self.presets[preset]:
            return False
        file = control.belongs
        if file is None or not isinstance(control, Upload):
            return self._stays(file, preset, values) if file else control.is_own(values[name])
        # A picture painted on another stays as long as that one does, be it an example.
        is_same = values[file] == self.opening(preset)[file] or self._stays(file, preset, values)
        return is_same and control.is_own(values[name])

    def acts(self, name: str, values: Mapping[str, Any]) -> bool:
        """Tell whether that control has an effect while all stand at these values."""
        where = self.controls[name].where
        return not where or any(
            (bool(values[other]) is wanted if isinstance(wanted, bool) else values[other] in wanted)
            and self.acts(other, values)
            for other, wanted in where.items()
        )

    def control(self, name: str) -> Control:
        """Find the control of that name.

        Raises:
            InputError: there is none.
        """
        if name not in self.controls:
            raise InputError(f"{shown(name)} is not a control of {self.title}; there are {', '.join(self.controls)}.")
        return self.controls[name]

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return every control's value as `run` gets it; a control that is not given has its default.

        Raises:
            InputError: a value cannot be used, or its name is no control's.
        """
        for name in values:
            self.control(name)
        given = {name: values.get(name, control.default) for name, control in self.controls.items()}
        checked: dict[str, Any] = {}
        for name, control in self.controls.items():
            with _about(name):
                if control.is_passed:
                    checked[name] = control.checked(name, given)
        for name, value in checked.items():
            with _about(name):
                self.controls[name].check_among(value, checked)
        return checked

    def for_programs(self, error: Exception, sentence: str) -> str:
        """Return an error's sentence with the name of its control, as a program knows it, in the place of its label."""
        name = error.control if isinstance(error, InputError) else None
        if name is None or name not in self.controls:
            return sentence
        return f"{name}: {sentence.removeprefix(f'{self.controls[name].subject}: ')}"

    def check_made(self, partial: Any) -> None:
        """Refuse a partial result that does not hold what is declared.

        Raises:
            TypeError: it names no output of this experiment, or has no value of its kind.
        """
        if not isinstance(partial, Mapping):
            raise TypeError(f"experiment {self.name}: run yielded {shown(partial)}, which is no mapping from outputs")
        for name, value in partial.items():
            if name not in self.outputs:
                raise TypeError(
                    f"experiment {self.name}: run yielded {name!r}; the outputs are {', '.join(self.outputs)}"
                )
            try:
                self.outputs[name].check(value)
            except TypeError as error:
                raise TypeError(f"experiment {self.name}, output {name}: {error}") from None

    def fitted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Replace each value that does not go with the others by one that does."""
        return {name: control.fitted(values[name], values) for name, control in self.controls.items()}


class Offered(NamedTuple):
    """Holds the published model that an experiment offers, and the choice among whose options it is, by name."""

    name: str
    choice: CheckpointChoice
    published: Published

    @property
    def files(self) -> str:
        """Return the name of the checkpoint, or of the group."""
        return self.choice.files_of(self.published.option)


@contextmanager
def _about(control: str) -> Iterator[None]:
    """Let an error know of which control's value it is."""
    try:
        yield
    except InputError as error:
        error.control = control
        raise


def _with_companions(name: str, control: Control) -> dict[str, Control]:
    """Return a control and those that come with it."""
    return {name: control, **control.beside(name)}


@dataclass(frozen=True)
class LongExperiment(Experiment):
    """Is an experiment whose work lives in the server: it streams its results and survives a reload and a restart.

    `run(saved, **controls)`: at first `saved` is None. Each `Saved` that is yielded is kept with the result so far;
    after a restart `run` begins again from the newest one's `state`, and has to end as if nothing had happened.
    """

    extra_arguments: ClassVar[tuple[str, ...]] = ("saved",)
    is_compared = False


@dataclass(frozen=True)
class Stream(Experiment):
    """Is an experiment that runs once per frame of its `Camera` control, or, without one, `rate` times a second.

    `run(memory, **controls)`: `memory` is a dictionary that lasts as long as the visitor's stream, for what the next
    frame needs; controls may move between frames; frames that come while one is computed are dropped. Without a camera
    it runs at most `rate` times a second.
    """

    rate: int = field(default=15, kw_only=True)

    extra_arguments: ClassVar[tuple[str, ...]] = ("memory",)
    takes_frames = True
    is_compared = False

    @property
    def camera(self) -> tuple[str, Camera] | None:
        """Return the name of its camera, and the camera; None if it has none."""
        cameras = ((name, control) for name, control in self.controls.items() if isinstance(control, Camera))
        return next(cameras, None)


@dataclass(frozen=True)
class View(Experiment):
    """Is an experiment on a page of ours, `page` under assets/web, for exact timing or 3D, which posts its result.

    The controls' values are the page's query; `run(answer, **controls)` gets the JSON object that the page posted. On
    the main face, a page that posts that it `follows` gets moved controls as messages, and is not loaded again.
    `service` answers what the page asks of the server meanwhile, one JSON object for another; see assets/web/page.js.
    """

    page: str = field(kw_only=True)
    service: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = field(default=None, kw_only=True)

    extra_arguments: ClassVar[tuple[str, ...]] = ("answer",)
    is_compared = False


@dataclass(frozen=True)
class Paper:
    """Describes a paper as the studio cites it.

    `number` is its place in the survey, `arxiv` its identifier on arXiv.
    """

    number: int
    title: str
    authors: str
    venue: str
    arxiv: str

    @property
    def citation(self) -> str:
        """Return the citation as one line."""
        return f"{self.authors}. {self.title}. {self.venue}. arXiv:{self.arxiv}"

    @property
    def short(self) -> str:
        """Return who wrote it and where it appeared, as a text cites it."""
        authors = [name.split(" ")[-1] for name in self.authors.split(", ")]
        return f"{authors[0]} et al., {self.venue}" if len(authors) > 2 else f"{' and '.join(authors)}, {self.venue}"


@dataclass(frozen=True)
class Living:
    """Names an output of an experiment, and the part of its pictures that is shown: left, top, right, bottom, to 1."""

    experiment: str
    output: str
    part: tuple[float, float, float, float] = (0, 0, 1, 1)


@dataclass(frozen=True)
class Panel:
    """Describes a paper's place in the studio.

    `slug` is its module and address, `title` a few words, `story` a sentence. If it `shows_people`, its pictures and
    movies say in their metadata that they are synthetic. `living` says which result stands for it
    on the front page, in motion.
    """

    slug: str
    title: str
    paper: Paper
    story: str
    experiments: Sequence[Experiment]
    shows_people: bool = False
    living: Living | None = None

    def __post_init__(self) -> None:
        if self.living is not None and self.living.output not in self.experiment(self.living.experiment).outputs:
            raise ValueError(f"panel {self.slug}: {self.living.output} is no output of {self.living.experiment}")

    @property
    def offering(self) -> Experiment | None:
        """Return its first experiment that offers a published model, if one does."""
        return next((each for each in self.experiments if each.offered), None)

    def experiment(self, name: str) -> Experiment:
        """Find the experiment of that name.

        Raises:
            InputError: there is none.
        """
        for experiment in self.experiments:
            if experiment.name == name:
                return experiment
        names = ", ".join(experiment.name for experiment in self.experiments)
        raise InputError(f"{self.title} has no experiment {shown(name)}; there are {names}.")


def named(panels: Iterable[Panel], slug: str) -> Panel:
    """Find the panel of that slug.

    Raises:
        InputError: there is none.
    """
    panels = list(panels)
    for panel in panels:
        if panel.slug == slug:
            return panel
    raise InputError(f"There is no panel {slug!r}; there are {', '.join(panel.slug for panel in panels)}.")
