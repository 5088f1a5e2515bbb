"""Lets the classes of pictures on Gradio's page follow the checkpoint."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from gradio.blocks import Block

from studio.declared import Experiment
from studio.faces.gradio.parts import QUIET
from studio.kinds import ImageClass


def connect_classes(experiment: Experiment, parts: Mapping[str, Block]) -> dict[Block, Any]:
    """Keep to the classes that a checkpoint knows when another is chosen; return the results by control."""
    classes: dict[str, dict[str, ImageClass]] = {}
    for name, control in experiment.controls.items():
        if isinstance(control, ImageClass):
            classes.setdefault(control.of, {})[name] = control
    fitted = {}
    for of, controls in classes.items():
        checkpoint, theirs = parts[of], [parts[name] for name in controls]
        fit = partial(_known, list(zip(theirs, controls.values(), strict=True)))
        fitted[checkpoint] = checkpoint.input(fit, inputs=[checkpoint, *theirs], outputs=theirs, **QUIET)
    return fitted


def _known(parts: Sequence[tuple[Block, ImageClass]], checkpoint: str, *values: str) -> dict[Block, str]:
    return {part: control.among(value, checkpoint) for (part, control), value in zip(parts, values, strict=True)}
