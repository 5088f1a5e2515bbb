"""Gives each output its place on Gradio's page, where assets/web/gradio/outputs.js draws it."""

import json
import re
from typing import Any

import gradio as gr

from studio import WEB
from studio.faces.gradio.parts import drawn
from studio.kinds import Output

DRAWINGS = frozenset(re.findall(r"^  (\w+): \(", (WEB / "gradio" / "outputs.js").read_text(), re.MULTILINE))
"""The names in `kinds` of outputs.js."""


def draw_output(experiment: str, name: str, value: Any) -> gr.HTML:
    """Draw the output of that name, from the payload of its value."""
    return drawn(value, f"studio.output(element, props, watch, {json.dumps(experiment)}, {json.dumps(name)})")


def check_drawn(kind: type[Output]) -> None:
    """Refuse a kind of output that no JavaScript draws.

    Raises:
        TypeError: it has no module, and outputs.js does not know how it is `drawn_as`.
    """
    if kind.module is None and kind.drawn_as not in DRAWINGS:
        raise TypeError(
            f"Gradio cannot draw {kind.__name__}: it has no module, and {kind.drawn_as!r} is no drawing of outputs.js"
        )


Output.check_each(check_drawn)
