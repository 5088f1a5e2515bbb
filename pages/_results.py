"""Running a declared experiment, and keeping what it made: the same for every face of the studio."""

import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from engines.runtime.checkpoints import find
from engines.runtime.errors import CheckpointError, InputError, StudioError
from engines.runtime.hub import instead_of
from engines.runtime.images import write_picture
from engines.runtime.jobs import JOBS, Run
from engines.runtime.progress import Substitution
from engines.runtime.scheduler import SCHEDULER, Priority, Task
from engines.runtime.video import Recording, write_clip
from pages import _globes, _hypergraphs
from pages._panel import (
    Attended,
    Attention,
    CheckpointChoice,
    Comparison,
    Experiment,
    File,
    Globes,
    Hypergraph,
    ImageClass,
    Job,
    Movie,
    Panel,
    Picture,
    Stream,
    Strip,
    View,
)
from pages._permalink import UPLOADED

log = logging.getLogger(__name__)

RENDERED = Path(__file__).parents[1] / "assets" / "rendered"


def start(
    experiment: Experiment, values: Mapping[str, Any], *extra: Any, visitor: str = "", panel: str | None = None
) -> Task:
    """Check the control values and queue the run for that visitor; `extra` is a Stream's memory or a View's answer.

    A Job is kept on disk where `panel` says whose it is, so that the visitor can come back to it.

    Raises:
        InputError: a value cannot be used, or the visitor has too much waiting; nothing is queued.
        DeviceError: the disk cannot keep the job.
    """
    checked = experiment.check(values)
    run = partial(_falling_back(experiment, experiment.run), **checked)
    if isinstance(experiment, Job):
        if panel is not None:
            return JOBS.start(f"{panel}/{experiment.name}", values, run, visitor)
        return SCHEDULER.submit(partial(run, saved=None), Priority.JOB, visitor)
    named = dict(zip(experiment.extra_arguments, extra, strict=True))
    live = experiment.live or isinstance(experiment, Stream | View)
    return SCHEDULER.submit(partial(run, **named), Priority.LIVE if live else Priority.RUN, visitor)


def _falling_back(experiment: Experiment, run: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """The run that begins again with the bundled checkpoint, and says so, where the chosen one is not loaded."""
    chosen = [name for name, control in experiment.controls.items() if isinstance(control, CheckpointChoice)]
    return partial(_run_or_fall_back, experiment, run, chosen[0]) if chosen else run


def _run_or_fall_back(
    experiment: Experiment, run: Callable[..., Iterator[Any]], chosen: str, /, **values: Any
) -> Iterator[Any]:
    bundled = experiment.controls[chosen].default
    try:
        yield from run(**values)
    except CheckpointError as error:
        if values[chosen] == bundled:
            raise
        others = {
            name: control.default
            for name, control in experiment.controls.items()
            if isinstance(control, ImageClass) and control.of == chosen and values[name] not in control.names[bundled]
        }
        sentence = instead_of(find(values[chosen]), find(bundled), error)
        unknown = "".join(f" It knows no {values[name]}; {other} stands there." for name, other in others.items())
        yield Substitution({chosen: bundled, **others}, sentence + unknown)
        yield from run(**{**values, chosen: bundled, **others})


def resume(panels: Sequence[Panel]) -> Sequence[Task]:
    """Queue the jobs of these panels that an earlier server left unfinished."""
    return JOBS.resume(_again(panels))


def go_on(panels: Sequence[Panel], identifier: str, visitor: str) -> Task:
    """Queue a job of these panels that its visitor paused.

    Raises:
        InputError: that visitor has none of that identifier, or too much waiting.
    """
    return JOBS.go_on(identifier, visitor, _again(panels))


def _again(panels: Sequence[Panel]) -> Callable[[str, Mapping[str, Any]], Run]:
    """What finds the run of a job again, by its name and the control values."""
    jobs = {
        f"{panel.slug}/{experiment.name}": experiment
        for panel in panels
        for experiment in panel.experiments
        if isinstance(experiment, Job)
    }

    def again(name: str, values: Mapping[str, Any]) -> Run:
        def run(*, saved: Any, **substituted: Any) -> Iterator[Any]:
            if name not in jobs:
                raise InputError("The studio no longer has what this job computes.")
            experiment = jobs[name]
            return _falling_back(experiment, experiment.run)(saved=saved, **{**experiment.check(values), **substituted})

        return run

    return again


def used(task: Task, values: Mapping[str, Any]) -> dict[str, Any]:
    """The control values that the task computes with: another checkpoint and its class where the chosen one was not
    loaded."""
    return {**values, **(task.substitution.values if task.substitution else {})}


def finished(task: Task) -> dict[str, Any]:
    """The whole result, once the task has ended.

    Raises:
        StudioError: what the run itself raised; any other exception of the run is raised as it is.
    """
    version = -1
    while not task.ended:
        version = task.wait(version)
    if task.error is not None:
        raise task.error
    return task.result


def sentence(error: Exception) -> str:
    """What a visitor reads about an error: a StudioError's own words; for a bug, an apology with its id in the log."""
    if isinstance(error, StudioError):
        return str(error)
    identifier = secrets.token_hex(4)
    log.error("bug %s", identifier, exc_info=error)
    return f"Sorry, this is a mistake of ours; it is in the log as {identifier}. Nothing of yours is lost: try again."


def plain(experiment: Experiment, values: Mapping[str, Any]) -> dict[str, Any]:
    """The control values that can be written down: an uploaded file becomes the words "uploaded file"."""
    written = {name: values.get(name, control.default) for name, control in experiment.controls.items()}
    return {name: UPLOADED if isinstance(value, bytes) else value for name, value in written.items()}


def parameters(panel: Panel, experiment: Experiment, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a picture or movie made with these control values carries."""
    mark = {"synthetic": True} if panel.shows_people else {}
    return {**mark, "panel": panel.slug, "experiment": experiment.name, "controls": plain(experiment, values)}


def pictures(experiment: Experiment, result: Mapping[str, Any]) -> Iterator[tuple[str, str | None, Any]]:
    """(output, caption or None, picture) of every picture in a result; of one that is `rendered`, its path."""
    for name, value in result.items():
        match experiment.outputs[name]:
            case Picture():
                yield name, None, value
            case Strip() | Comparison():
                yield from ((name, caption, picture) for caption, picture in value.items())
            case Attention():
                yield from ((name, caption, attended.picture) for caption, attended in value.items())
            case Globes():
                yield from ((name, caption, globe.picture) for caption, globe in value.items())
            case Hypergraph():
                yield name, None, value.picture


def movie(value: Recording | Path) -> bytes:
    """The MP4 that a Movie's value has so far; of one that is `rendered`, all of it."""
    return value.read_bytes() if isinstance(value, Path) else value.content


def save(
    panel: Panel, experiment: Experiment, values: Mapping[str, Any], task: Task, folder: Path, suffix: str = ".png"
) -> list[Path]:
    """Write every output of a finished task: pictures as `output[-caption].png`, movies as `output.mp4`, what pictures
    attend to as `output-caption.npy`, globes as `.npz` beside their pictures, files under their own names, all the rest
    in `result.json`, graphs beside their picture too.

    Each picture and movie carries the parameters; `result.json` holds them too, with the seconds and device.
    """
    from engines.runtime.device import describe

    folder.mkdir(parents=True, exist_ok=True)
    made = parameters(panel, experiment, used(task, values))
    document: dict[str, Any] = {**made, "seconds": round(task.seconds, 1), "device": describe(), "outputs": {}}
    paths = []
    held = list(pictures(experiment, task.result))
    for name, value in task.result.items():
        if isinstance(experiment.outputs[name], Movie):
            path = folder / f"{name}.mp4"
            write_clip(movie(value), path, made)
            paths.append(path)
            document["outputs"][name] = path.name
        elif isinstance(output := experiment.outputs[name], File):
            path = folder / output.file
            path.write_bytes(value)
            paths.append(path)
            document["outputs"][name] = path.name
        elif all(output != name for output, _, _ in held):
            document["outputs"][name] = value
    for name, caption, picture in held:
        attends = isinstance(experiment.outputs[name], Attention)
        stem = "-".join([name, *([caption] if caption else [])]).replace(" ", "-")
        path = folder / f"{stem}{'.png' if attends else suffix}"  # Its pixels are shown, one by one.
        write_picture(picture, path, made)
        paths.append(path)
        if attends:
            maps = path.with_suffix(".npy")
            np.save(maps, task.result[name][caption].maps)
            paths.append(maps)
            document["outputs"].setdefault(name, {})[caption] = {"picture": path.name, "maps": maps.name}
        elif isinstance(experiment.outputs[name], Globes):
            ball = _globes.store(task.result[name][caption], folder / stem, suffix)
            paths.append(ball)
            document["outputs"].setdefault(name, {})[caption] = {"picture": path.name, "globe": ball.name}
        elif isinstance(experiment.outputs[name], Hypergraph):
            document["outputs"][name] = {"picture": path.name, "graph": task.result[name].drawn()}
        elif caption is None:
            document["outputs"][name] = path.name
        else:
            document["outputs"].setdefault(name, {})[caption] = path.name
    path = folder / "result.json"
    path.write_text(json.dumps(document, indent=1, default=_listed) + "\n")
    return [*paths, path]


def _listed(value: Any) -> Any:
    return value.tolist()


def rendered(panel: Panel, experiment: Experiment) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """(result, document) of the opening preset, rendered by `python -m pages render`; None where there is none yet.

    In place of each picture the result has the path of its file.
    """
    folder = RENDERED / panel.slug / experiment.name
    if not (folder / "result.json").is_file():
        return None
    document = json.loads((folder / "result.json").read_text())
    result: dict[str, Any] = {}
    for name, value in document["outputs"].items():
        match experiment.outputs[name]:
            case Picture() | Movie() | File():
                result[name] = folder / value
            case Strip() | Comparison():
                result[name] = {caption: folder / file for caption, file in value.items()}
            case Attention():
                result[name] = {
                    caption: Attended(folder / files["picture"], folder / files["maps"])
                    for caption, files in value.items()
                }
            case Globes():
                result[name] = {
                    caption: _globes.restored(folder / files["globe"], folder / files["picture"])
                    for caption, files in value.items()
                }
            case Hypergraph():
                result[name] = _hypergraphs.restored(value["graph"], folder / value["picture"])
            case _:
                result[name] = value
    return result, document
