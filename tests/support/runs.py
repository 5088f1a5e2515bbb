"""Experiments of a panel, run to their end."""

from collections.abc import Callable
from typing import Any

from studio.declared import Panel
from studio.runs.run import finished, start


def runner(panel: Panel) -> Callable[..., dict[str, Any]]:
    """What runs an experiment of the panel by its name: with a preset, these values, and what the run begins with."""

    def run(name: str, *begins: Any, preset: str | None = None, **values: Any) -> dict[str, Any]:
        experiment = panel.experiment(name)
        return finished(start(experiment, {**experiment.opening(preset), **values}, *begins))

    return run
