"""Keeps one experiment of a visitor of the Streamlit face: control values, the run, and past results."""

import itertools
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.runtime.errors import InputError, StudioError
from engines.runtime.images import fit, read_photo, write_picture
from engines.runtime.jobs import JOBS, KEPT_SECONDS
from engines.runtime.memory import MEMORY
from engines.runtime.scheduler import State, Task
from engines.runtime.video import Recording, write_clip
from studio.declared import Experiment, LongExperiment, Panel, Stream, View
from studio.kinds.control import UPLOADED
from studio.kinds.movie import content as movie
from studio.runs import permalink, visitors, words
from studio.runs.run import go_on, sentence, start, used
from studio.runs.store import parameters, pictures, rendered
from studio.wire.shelf import Shelf

PATIENCE_SECONDS = 0.5
"""How long a result that follows a control is waited for, before the page polls for it."""
SHOWN_SIDE = 1600
"""Pixels of the longer side of a picture as it is shown; its download has them all."""
THUMBNAIL_SIDE = 160
MOST_VISITS = 12
ONE_MOVE_SECONDS = 2
"""Results of a live experiment that come closer together count as one, because a control is moving."""
FORGOTTEN = "The pictures of this result are no longer held here; the controls are as they were, so run it again."


@dataclass
class Made:
    """Holds a result, `whole` or so far, with the control values and parameters that made it.

    Its pictures are encoded once.
    """

    experiment: Experiment
    values: Mapping[str, Any]
    parameters: Mapping[str, Any]
    result: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    device: str = ""
    whole: bool = False
    _shown: dict[int, tuple[Any, bytes]] = field(default_factory=dict)

    def update(self, result: Mapping[str, Any]) -> None:
        """Take what the run has made by now."""
        self.result = result
        present = {id(picture) for _, _, picture in pictures(self.experiment, result)}
        self._shown = {number: held for number, held in self._shown.items() if number in present}

    def shown(self, picture: Any) -> bytes:
        """Return a picture of this result, an array or the path of its file, as a browser shows it."""
        if isinstance(picture, Path):
            return picture.read_bytes()
        if id(picture) not in self._shown:
            # The picture is kept beside its encoding, or another could get its id. It is JPEG, because it is encoded
            # while the run goes on: WebP takes ten times as long.
            self._shown[id(picture)] = picture, encoded(fit(picture, SHOWN_SIDE), ".jpg", self.parameters)
        return self._shown[id(picture)][1]

    def download(self, picture: Any) -> bytes:
        """Return the same picture as a PNG of every pixel, which carries the parameters."""
        return encoded(read_photo(picture) if isinstance(picture, Path) else picture, ".png", self.parameters)

    def download_movie(self, made: Recording | Path, suffix: str) -> bytes:
        """Return a movie of this result, as MP4 with the parameters or as GIF."""
        return encoded(movie(made), suffix, self.parameters)

    def thumbnail(self) -> bytes | None:
        """Return its newest picture, small; None if it has no picture."""
        picture = newest(self.experiment, self.result)
        if picture is None:
            return None
        whole = read_photo(picture) if isinstance(picture, Path) else picture
        return encoded(fit(whole, THUMBNAIL_SIDE), ".jpg", {})

    @property
    def size(self) -> int:
        """Estimate the bytes that it holds."""
        drawn = (picture for _, _, picture in pictures(self.experiment, self.result))
        arrays = (picture.nbytes for picture in drawn if not isinstance(picture, Path))
        outputs = self.experiment.outputs
        beside = (outputs[name].size(value) for name, value in self.result.items())
        uploads = (len(value) for value in self.values.values() if isinstance(value, bytes))
        return sum(itertools.chain(arrays, beside, uploads))


def newest(experiment: Experiment, result: Mapping[str, Any]) -> Any:
    """Return the newest picture of the first output that has some, an array or a file's path; None if none has."""
    every = [(name, picture) for name, _, picture in pictures(experiment, result)]
    return [picture for name, picture in every if name == every[0][0]][-1] if every else None


def encoded(made: NDArray[np.uint8] | bytes, suffix: str, parameters: Mapping[str, Any]) -> bytes:
    """Encode a picture or movie as a file of that kind, with the parameters in its metadata."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made{suffix}"
        if isinstance(made, bytes):
            write_clip(made, path, parameters)
        else:
            write_picture(made, path, parameters)
        return path.read_bytes()


@dataclass(frozen=True)
class Visited:
    """Is a result of this visit, held under `token` for a while; its thumbnail and parameters last for the visit.

    `words` say what changed since the result before it; `marks` are the control values, for a file only its hash.
    """

    token: str
    words: str
    thumbnail: bytes | None
    marks: Mapping[str, Any]
    parameters: Mapping[str, Any]


HELD: Shelf[Made] = Shelf(MEMORY, KEPT_SECONDS)
"""The results of all visits, until newer ones take their room."""


class Sheet:
    """Is one experiment as this visitor has it.

    `followed` are the tasks that are cancelled once the visitor has left; `token` makes the visitor the owner of what
    is started.
    """

    def __init__(self, panel: Panel, experiment: Experiment, followed: set[Task], token: str) -> None:
        self.panel = panel
        self.experiment = experiment
        self.sentences: Sequence[str] = ()
        self.status = ""
        self.task: Task | None = None
        self.job: str | None = None
        self.paused = False
        self.failed = False
        self.made: Made | None = None
        self.visits: list[Visited] = []
        self.visited: Visited | None = None
        self.painting: str | None = None
        self._followed = followed
        self._token = token
        self._put = experiment.opening(), 0
        self._last_kept = 0.0
        self._parameters: Mapping[str, Any] = {}
        self._computed: Mapping[str, Any] = {}
        self._memory: dict[str, Any] = {}

    @property
    def on_demand(self) -> bool:
        """Tell whether a button starts the run."""
        return not (self.experiment.live or isinstance(self.experiment, Stream | View))

    @property
    def busy(self) -> bool:
        """Tell whether a run goes on that another result must not replace."""
        return self.task is not None and self.on_demand

    @property
    def values(self) -> dict[str, Any]:
        """Return the control values; another mapping once values are put into the controls."""
        return self._put[0]

    def key(self, *names: str) -> str:
        """Return the key of a widget; it changes when values are put into the controls, so that all are drawn again."""
        return self._key(self._put[1], *names)

    def controls(self) -> tuple[dict[str, Any], Callable[[str], str]]:
        """Return the control values and the keys of their widgets, to which one drawing of the page keeps.

        Streamlit begins the next drawing before it has stopped the current one.
        """
        values, generation = self._put
        return values, partial(self._key, generation)

    def _key(self, generation: int, *names: str) -> str:
        return "-".join([self.panel.slug, self.experiment.name, str(generation), *names])

    def open(self, values: Mapping[str, Any], sentences: Sequence[str] = ()) -> None:
        """Put the values into the controls and show their result: made before, or computed now, unless it is a job."""
        self.put(values)
        self.sentences = sentences
        if self._show_same():
            return
        opening = rendered(self.panel, self.experiment) if self.values == self.experiment.opening() else None
        if opening is not None:
            self._abandon()
            self._computed = dict(self.values)
            self.made, self.failed = _opened(self.experiment, self._computed, *opening), False
            self._keep()
        elif isinstance(self.experiment, LongExperiment) and not self.busy:
            self.made = self.visited = None
        elif self.on_demand and not sentences:
            self.start()

    def put(self, values: Mapping[str, Any]) -> None:
        """Put the values into their controls, and close the painter."""
        self.painting = None
        self._put = {**self.values, **values}, self._put[1] + 1

    def choose(self, preset: str) -> None:
        """Open a preset; what is the visitor's own stays."""
        self.open(self.experiment.chosen(preset, self.values))

    def holds(self, preset: str) -> bool:
        """Tell whether the controls stand as a preset puts them."""
        return _marks(self.experiment.chosen(preset, self.values)) == _marks(self.values)

    @property
    def is_past(self) -> bool:
        """Tell whether the result that is shown is of other values, or stands there though a newer one failed."""
        if self.made is None or self.task is not None or isinstance(self.experiment, Stream):
            return False
        return self.failed or _marks(self.made.values) != _marks(self.values)

    def go_back(self, query: Mapping[str, str]) -> None:
        """Restore the controls of an earlier address; their result is shown if this visit has it."""
        own = {
            name: value
            for name, value in self.values.items()
            if isinstance(value, bytes) and query.get(name) == UPLOADED
        }
        asked = {name: text for name, text in query.items() if name not in {*own, "job"}}
        values, self.sentences = permalink.read(self.experiment, asked)
        self.put({**values, **own})
        if not self.busy:
            self._show_same()

    def recall(self, token: str) -> None:
        """Show a result of this visit again, and put the values that made it into the controls."""
        visited = next(visited for visited in self.visits if visited.token == token)
        made = HELD.get(token)
        if made is None:
            values, sentences = permalink.read(self.experiment, permalink.saved(visited.parameters))
            self.put(values)
            self.sentences = [FORGOTTEN, *sentences]
        else:
            self.put(made.values)
            self.sentences = ()
            self._show(visited, made)

    def attach(self, job: str) -> None:
        """Follow the job of that identifier, which another visit of this page started."""
        try:
            identifier, _, token = job.partition(".")
            self.task = JOBS.find(identifier, visitors.visitor({}, token))
        except InputError as error:
            self.sentences = [*self.sentences, str(error)]
            return
        finally:
            self.made = self.visited = None
        self.job = job
        self._parameters, self._computed = self._written(), dict(self.values)

    def compute_if_due(self) -> None:
        """Follow the controls if the experiment does: each change of a live one's, each snapshot of a Stream's."""
        if isinstance(self.experiment, Stream):
            camera = self.experiment.camera
            if camera and self.values[camera[0]] not in (None, self._computed.get(camera[0])):
                self.start(self._memory)
        elif self.experiment.live and self.values != self._computed:
            self.start()
        if self.task is not None and not self.on_demand:
            _wait(self.task, PATIENCE_SECONDS)

    def start(self, *extra: Any) -> None:
        """Compute with the controls as they stand."""
        self._abandon()
        self.sentences, self.status, self.visited, self.paused, self.failed = (), "", None, False, False
        self._computed = dict(self.values)
        self._parameters = self._written()
        try:
            visitor = visitors.visitor({}, self._token)
            self.task = start(self.experiment, self.values, *extra, visitor=visitor, panel=self.panel.slug)
        except Exception as error:
            self.sentences, self.failed = [sentence(error)], True
            return
        if isinstance(self.experiment, LongExperiment):
            self.job = f"{self.task.id}.{self._token}"
        else:
            self._followed.add(self.task)

    def go_on(self) -> None:
        """Continue the paused job, with the values that it was started with."""
        assert self.job is not None, "only a job is paused"
        identifier, _, token = self.job.partition(".")
        self.put(self._computed)
        self.sentences, self.status, self.paused = (), "", False
        try:
            self.task = go_on([self.panel], identifier, visitors.visitor({}, token))
        except StudioError as error:
            self.sentences = [str(error)]

    def wait(self, seconds: float) -> None:
        """Wait until there is more to show, for at most so many seconds."""
        if self.task is not None:
            shown = self.made.result if self.made is not None else {}
            _wait(self.task, seconds, lambda task: bool(task.result) and task.result is not shown)

    def follow(self) -> Task | None:
        """Take what the run has made by now; return None if it has ended."""
        task = self.task
        if task is None:
            return None
        ended = task.ended
        if task.substitution is not None:
            self.sentences = [task.substitution.sentence]
        if task.result:
            if self.made is None or self.made.values is not self._computed:
                controls = used(task, self._parameters["controls"])
                self.made = Made(self.experiment, self._computed, {**self._parameters, "controls": controls})
            self.made.update(task.result)
        if not ended:
            return task
        self.task = None
        self._followed.discard(task)
        if self.made is not None:
            self.made.whole = True
        if task.error is not None:
            self.sentences, self.failed = [sentence(task.error)], True
        elif task.state is State.CANCELLED:
            self.paused = isinstance(self.experiment, LongExperiment)
            self.status = f"{'Paused' if self.paused else 'Cancelled'}; what was finished stays."
        elif self.made is not None:
            from engines.runtime.device import describe

            self.made.seconds, self.made.device = task.seconds, describe()
            self._keep()
        return None

    def badge(self) -> str:
        """Say what made the result that is shown."""
        if self.made is None:
            return words.badge(self.experiment, self.values, "", None)
        return words.badge(self.experiment, self.made.parameters["controls"], self.made.device, self.made.seconds)

    def link(self) -> dict[str, str]:
        """Return the query that asks for the controls as they stand."""
        query = permalink.write(self.panel, self.experiment, self.values)
        return {**query, "job": self.job} if self.job is not None else query

    def _keep(self) -> None:
        """Put the result that is shown before those of this visit; a Stream's follow the camera and are not kept."""
        made = self.made
        if (
            made is None
            or isinstance(self.experiment, Stream)
            or (self.visited and HELD.get(self.visited.token) is made)
        ):
            return
        now = time.monotonic()
        if self.experiment.live and self.visits and now - self._last_kept < ONE_MOVE_SECONDS:
            del self.visits[0]
        self._last_kept = now
        marks = _marks(made.values)
        before = self.visits[0].marks if self.visits else None
        changed = [name for name in marks if before is not None and marks[name] != before[name]]
        controls = self.experiment.controls
        words = [f"{controls[name].label}: {controls[name].words(made.values[name])}" for name in changed]
        self.visited = Visited(
            token=HELD.put(made, made.size),
            words=", ".join(words) or ("As it opened" if before is None else "The same again"),
            thumbnail=made.thumbnail(),
            marks=marks,
            parameters=made.parameters,
        )
        self.visits = [self.visited, *self.visits][:MOST_VISITS]

    def _show_same(self) -> bool:
        """Show the result of this visit that the control values made, and tell whether it is still held."""
        marks = _marks(self.values)
        for visited in self.visits:
            made = HELD.get(visited.token)
            if made is not None and visited.marks == marks:
                self._show(visited, made)
                return True
        return False

    def _show(self, visited: Visited, made: Made) -> None:
        self._abandon()
        self._computed = dict(self.values)
        self.status, self.failed = "", False
        self.made, self.visited = made, visited

    def _written(self) -> Mapping[str, Any]:
        return parameters(self.panel, self.experiment, self.values)

    def _abandon(self) -> None:
        if self.task is not None:
            self.task.cancel()
            self.task = None


def _opened(
    experiment: Experiment, values: Mapping[str, Any], result: Mapping[str, Any], document: Mapping[str, Any]
) -> Made:
    parameters = {name: document[name] for name in ("panel", "experiment", "controls")}
    return Made(experiment, values, parameters, result, document["seconds"], document["device"], True)


def _marks(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: hash(value) if isinstance(value, bytes) else value for name, value in values.items()}


def _wait(task: Task, seconds: float, holds: Callable[[Task], bool] = lambda task: task.ended) -> None:
    """Wait until it holds or the task has ended, for at most so many seconds."""
    deadline = time.monotonic() + seconds
    while not (task.ended or holds(task)) and (left := deadline - time.monotonic()) > 0:
        task.wait(task.version, left)
