"""Runs a declared experiment, in the same way for every face of the studio."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from engines.runtime.bugs import sentence as sentence
from engines.runtime.checkpoints import choice_of
from engines.runtime.downloads import instead_of
from engines.runtime.errors import CheckpointError, InputError
from engines.runtime.jobs import JOBS, Run
from engines.runtime.progress import Progress, Saved, Substitution
from engines.runtime.scheduler import SCHEDULER, Priority, Task
from studio.declared import Experiment, LongExperiment, Panel, Stream, View
from studio.kinds import CheckpointChoice, ImageClass

log = logging.getLogger(__name__)

TOLD = "notices about the controls"
"""The key in a stream's memory for what was last said."""


def start(
    experiment: Experiment, values: Mapping[str, Any], *extra: Any, visitor: str = "", panel: str | None = None
) -> Task:
    """Check the control values and queue the run for that visitor; `extra` is a Stream's memory or a View's answer.

    A LongExperiment is kept on disk if `panel` says where it belongs, so that the visitor can come back to it.

    Raises:
        InputError: a value cannot be used, or the visitor has too much waiting; nothing is queued.
        DeviceError: the disk cannot keep the job.
    """
    task = _queued(experiment, values, extra, visitor, panel)
    if not task.priority.takes_turns:
        kind = task.priority.name.lower()
        log.info("%s %s: %s of visitor %s begins", kind, task.id[:8], experiment.name, visitor[:8])
    return task


def _queued(
    experiment: Experiment, values: Mapping[str, Any], extra: Sequence[Any], visitor: str, panel: str | None
) -> Task:
    checked = experiment.check(values)
    run = partial(_computation(experiment), **checked)
    if isinstance(experiment, LongExperiment):
        if panel is not None:
            return JOBS.start(f"{panel}/{experiment.name}", values, run, visitor)
        return SCHEDULER.submit(partial(run, saved=None), Priority.JOB, visitor)
    named = dict(zip(experiment.extra_arguments, extra, strict=True))
    return SCHEDULER.submit(partial(run, **named), _priority(experiment), visitor)


def _priority(experiment: Experiment) -> Priority:
    if isinstance(experiment, Stream):
        return Priority.STREAM
    return Priority.LIVE if experiment.live or isinstance(experiment, View) else Priority.RUN


def _computation(experiment: Experiment) -> Callable[..., Iterator[Any]]:
    """Return what a visitor starts: the run, preceded by what is to be said about the controls' values."""
    run = _falling_back(experiment, _checked(experiment))
    return partial(_tell, experiment, run) if experiment.told_in else run


def _tell(experiment: Experiment, run: Callable[..., Iterator[Any]], /, **values: Any) -> Iterator[Any]:
    notices = experiment.notices({name: value for name, value in values.items() if name in experiment.controls})
    # A stream is told once, and again when that is no longer true.
    before = values["memory"] if isinstance(experiment, Stream) else {}
    if notices != before.get(TOLD, {}):
        before[TOLD] = notices
        yield {experiment.told_in: notices}
    yield from run(**values)


def _checked(experiment: Experiment) -> Callable[..., Iterator[Any]]:
    """Return the experiment's run, each of whose partial results is checked as it comes."""
    return partial(_run_checked, experiment)


def _run_checked(experiment: Experiment, /, **values: Any) -> Iterator[Any]:
    with closing(experiment.run(**values)) as partials:  # type: ignore[type-var]
        for made in partials:
            if not isinstance(made, Progress | Saved | Substitution):
                experiment.check_made(made)
            yield made


def _falling_back(experiment: Experiment, run: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Return the run that begins again with the bundled checkpoint, and says so, if the chosen one cannot be loaded."""
    chosen = [name for name, control in experiment.controls.items() if isinstance(control, CheckpointChoice)]
    return partial(_run_or_fall_back, experiment, run, chosen[0]) if chosen else run


def _run_or_fall_back(
    experiment: Experiment, run: Callable[..., Iterator[Any]], chosen: str, /, **values: Any
) -> Iterator[Any]:
    control = experiment.controls[chosen]
    assert isinstance(control, CheckpointChoice)
    bundled = control.default
    try:
        yield from run(**values)
    except CheckpointError as error:
        if values[chosen] == bundled:
            raise
        others = {
            name: control.among(values[name], bundled)
            for name, control in experiment.controls.items()
            if isinstance(control, ImageClass) and control.of == chosen and values[name] not in control.names[bundled]
        }
        used, other = (choice_of(control.files_of(name)) for name in (values[chosen], bundled))
        sentence = instead_of(used, other, error)
        unknown = "".join(f" It knows no {values[name]}; {other} stands there." for name, other in others.items())
        yield Substitution({chosen: bundled, **others}, sentence + unknown)
        yield from run(**{**values, chosen: bundled, **others})


def resume(panels: Sequence[Panel]) -> Sequence[Task]:
    """Queue the jobs of these panels that an earlier server left unfinished."""
    return JOBS.resume(_again(panels))


def go_on(panels: Sequence[Panel], identifier: str, visitor: str) -> Task:
    """Queue a job of these panels that its visitor paused.

    Raises:
        InputError: that visitor has no job of that identifier, or too much waiting.
    """
    return JOBS.go_on(identifier, visitor, _again(panels))


def _again(panels: Sequence[Panel]) -> Callable[[str, Mapping[str, Any]], Run]:
    """Return the function that finds the run of a job again, by its name and the control values."""
    jobs = {
        f"{panel.slug}/{experiment.name}": experiment
        for panel in panels
        for experiment in panel.experiments
        if isinstance(experiment, LongExperiment)
    }

    def again(name: str, values: Mapping[str, Any]) -> Run:
        def run(*, saved: Any, **substituted: Any) -> Iterator[Any]:
            if name not in jobs:
                raise InputError("The studio no longer has what this job computes.")
            experiment = jobs[name]
            return _computation(experiment)(saved=saved, **{**experiment.check(values), **substituted})

        return run

    return again


def used(task: Task, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the control values that the task computes with.

    They have another checkpoint, and its class, if the chosen one could not be loaded.
    """
    return {**values, **(task.substitution.values if task.substitution else {})}


def finished(task: Task) -> dict[str, Any]:
    """Return the whole result, once the task has ended.

    Raises:
        StudioError: what the run itself raised; any other exception of the run is raised as it is.
    """
    version = -1
    while not task.ended:
        version = task.wait(version)
    if task.error is not None:
        raise task.error
    return task.result
