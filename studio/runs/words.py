"""Writes what is said of a run, in every face: which checkpoint made its result, and how far it is."""

from collections.abc import Mapping
from typing import Any

from engines.runtime.checkpoints import choice_of
from studio.declared import Experiment
from studio.drawn.template import rendered
from studio.kinds import CheckpointChoice, Upload


def badge(experiment: Experiment, values: Mapping[str, Any], device: str, seconds: float | None) -> str:
    """Say which checkpoint made a result, under which licence, on which device, in how many seconds.

    What is not known is left out.
    """
    lines = []
    replaced = {
        control.replaces: control.noun
        for name, control in experiment.controls.items()
        if isinstance(control, Upload) and control.replaces and values.get(name)
    }
    for name, control in experiment.controls.items():
        if name in replaced:
            lines.append(("Checkpoint", f"a {replaced[name]} of the visitor's own"))
        elif isinstance(control, CheckpointChoice):
            used = choice_of(control.files_of(values[name]))
            lines += [("Checkpoint", control.options[values[name]]), ("Licence", used.licence)]
    if device:
        lines.append(("Device", device))
    if seconds is not None:
        lines.append(("Computed in", f"{seconds:.1f} s"))
    return rendered("badge.html", lines=lines) if lines else ""


def paused() -> str:
    """Write what replaces a job's progress while it is paused."""
    return '<p class="studio-paused">Paused; what was finished stays.</p>'


def deleted() -> str:
    """Write what replaces the progress of a job that was deleted and can be taken back."""
    return '<p class="studio-deleted">Deleted. For a minute it can be taken back.</p>'


def progress(fraction: float | None, words: str, seconds: int) -> str:
    """Write how far a run is; `fraction` is None while it waits."""
    return rendered("progress.html", fraction=fraction, words=words, seconds=seconds)
