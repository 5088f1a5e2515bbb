"""Withdraws consent on Gradio's page when the file changes for which it was given."""

import json
from collections.abc import Mapping

from gradio.blocks import Block

from studio.declared import Experiment
from studio.faces.gradio.parts import QUIET
from studio.kinds import Consent


def connect_consent(experiment: Experiment, parts: Mapping[str, Block]) -> None:
    """Take back each consent whenever its file is another one."""
    for name, control in experiment.controls.items():
        if isinstance(control, Consent):
            file = parts[control.to]
            script = f"(file) => studio.withdrawn({json.dumps(f'{experiment.name}/{name}')}, file)"
            file.change(None, file, parts[name], js=script, **QUIET)
