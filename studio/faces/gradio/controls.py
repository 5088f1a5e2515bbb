"""Draws each kind of control with Gradio: a widget for each, registered by its kind."""

import json
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.blocks import Block

from studio.faces import widgets
from studio.faces.gradio.parts import drawn
from studio.kinds import (
    CheckpointChoice,
    Choice,
    Click,
    Control,
    ImageClass,
    Number,
    Rotation,
    Seed,
    Start,
    Switch,
    Upload,
    Word,
)
from studio.kinds.seed import SEED_LIMIT
from studio.wire import downloads, files

SIDE_BY_SIDE = 3
"""The largest number of options of a choice that are shown at once; more fold into a list."""

Widget = Callable[[Any, Any, str], Block]
"""Draws a control, from it, its value, and the name of its experiment."""
WIDGETS: widgets.Widgets[Widget] = widgets.Widgets("Gradio")


@WIDGETS.register(Number)
def _number(control: Number, value: Any, experiment: str) -> Block:
    return gr.Slider(
        control.low, control.high, value, step=control.step, label=control.title, info=control.help or None, buttons=[]
    )


@WIDGETS.register(Start)
def _start(control: Start, value: Any, experiment: str) -> Block:
    return gr.Number(value, label=control.title, info=control.help or None, step=control.step)


@WIDGETS.register(Seed)
def _seed(control: Seed, value: Any, experiment: str) -> Block:
    return _by_script("seed", control, value, limit=SEED_LIMIT - 1)


@WIDGETS.register(Choice)
def _choice(control: Choice, value: Any, experiment: str) -> Block:
    options = [(words, option) for option, words in control.options.items()]
    kind = gr.Radio if len(options) <= SIDE_BY_SIDE else gr.Dropdown
    return kind(options, value=value, label=control.label, info=control.help or None)


@WIDGETS.register(CheckpointChoice)
def _checkpoint(control: CheckpointChoice, value: Any, experiment: str) -> Block:
    options = [
        {"name": name, "badge": badge, "files": files, "facts": downloads.facts(files)}
        for name, badge in control.options.items()
        for files in [control.files_of(name)]
    ]
    return _by_script("checkpoint", control, value, options=options)


@WIDGETS.register(ImageClass)
def _image_class(control: ImageClass, value: Any, experiment: str) -> Block:
    # The names are one text, because Gradio copies every property part by part, at every event.
    sets = json.dumps(list(dict.fromkeys(tuple(names) for names in control.names.values())))
    return _by_script("imageClass", control, value, sets=sets)


@WIDGETS.register(Word)
def _word(control: Word, value: Any, experiment: str) -> Block:
    return gr.Textbox(value, label=control.label, info=control.help or None, max_length=control.longest)


@WIDGETS.register(Switch)
def _switch(control: Switch, value: Any, experiment: str) -> Block:
    return gr.Checkbox(value, label=control.label, info=control.help or None)


@WIDGETS.register(Upload)
def _upload(control: Upload, value: Any, experiment: str) -> Block:
    preview = type(control).preview
    return _by_script(
        "upload",
        control,
        value,
        optional=control.optional,
        paintable=control.is_painted,
        drawable=control.is_sketched,
        noun=control.noun,
        route=control.route,
        accept=control.accept,
        largest=control.largest,
        seconds=control.recorded_seconds,
        examples=[
            {"name": name, "src": files.example(read, preview=preview)} for name, read in control.examples.items()
        ],
    )


@WIDGETS.register(Rotation)
def _rotation(control: Rotation, value: Any, experiment: str) -> Block:
    return _by_script("rotation", control, value, bounds=[[name, *span] for name, span in control.bounds.items()])


@WIDGETS.register(Click)
def _click(control: Click, value: Any, experiment: str) -> Block:
    """Draw a place on an output, which is chosen there."""
    place = json.dumps(f"{experiment}/{control.on}")
    return drawn(value, f"studio.click(element, props, watch, trigger, {place})", elem_classes="studio-unseen")


@WIDGETS.register_modules
def _by_module(control: Control, value: Any, experiment: str) -> Block:
    return _by_script("module", control, value, module=control.address(), properties=control.properties())


def _by_script(function: str, control: Control, value: Any, **properties: Any) -> Block:
    """Draw a control by a function of studio.js."""
    script = f"studio.{function}(element, props, watch, trigger)"
    return drawn(value, script, label=control.label, help=control.help, **properties)


Control.check_each(lambda kind: kind.is_drawn and WIDGETS.of(kind))
