"""Every experiment as a named API endpoint, which is also an MCP tool: one parameter per control, one result."""

import asyncio
import base64
import binascii
import inspect
import itertools
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components.api_component import Api
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj_with_meta

from engines.runtime.class_names import MOST_NAMED
from engines.runtime.errors import InputError
from engines.runtime.scheduler import Task
from pages import _visitors
from pages._panel import (
    SEED_LIMIT,
    Attention,
    Choice,
    Click,
    Control,
    Experiment,
    File,
    Globes,
    Hypergraph,
    ImageClass,
    Movie,
    Number,
    Panel,
    Rotation,
    Seed,
    Stream,
    Switch,
    Upload,
    View,
    Word,
)
from pages._pictures import MEDIA_TYPES, aside
from pages._results import pictures, save, sentence, start

POLL_SECONDS = 0.05
POLLS_PER_REPORT = 10
NO_FILE = "only a file that was uploaded to this server can be used, no other path and no web address."


def add_endpoints(panels: Sequence[Panel]) -> None:
    """Add the endpoint `/<slug>_<experiment>` of every experiment that needs no browser to the Blocks being built."""
    for panel in panels:
        for experiment in panel.experiments:
            if isinstance(experiment, Stream | View):
                continue
            names = _in_order(experiment)
            gr.on(
                triggers=[],
                fn=_endpoint(panel, experiment, names),
                inputs=[
                    _value(
                        experiment.controls[name].default,
                        _schema(experiment.controls[name]),
                        experiment.controls[name].label,
                    )
                    for name in names
                ],
                outputs=[_value(None, {"type": "object"}, "Result")],
                api_name=f"{panel.slug}_{experiment.name}",
                preprocess=False,
                postprocess=False,
                show_progress="hidden",
                concurrency_limit=None,  # The scheduler is the queue.
            )


def _value(default: Any, schema: dict[str, Any], label: str) -> Api:
    """A parameter or a result; a file in it is one that lies in Gradio's upload folder already.

    Left alone, Gradio fetches web addresses that a client names, and in an app mounted on another it copies any path of
    the server into that folder. (A subclass would make Gradio write a stub file beside this module.)
    """
    value = Api(default, schema, label)
    move = value.async_move_resource_to_block_cache

    async def move_uploaded(path: str) -> str | None:
        if not _is_uploaded(path):
            raise gr.Error(f"{label}: {NO_FILE}", print_exception=False)
        return await move(path)

    value.async_move_resource_to_block_cache = move_uploaded
    return value


def _is_uploaded(path: str) -> bool:
    return Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve())


def _in_order(experiment: Experiment) -> list[str]:
    """Controls with those that have no default first, as in a Python signature."""
    return sorted(experiment.controls, key=lambda name: not _is_required(experiment.controls[name]))


def _is_required(control: Control) -> bool:
    return isinstance(control, Upload) and not control.optional and control.default is None


def _schema(control: Control) -> dict[str, Any]:
    """The JSON schema of a control's value: types alone, so that the control itself answers what is out of bounds."""
    schema: dict[str, Any]
    match control:
        case Number(step=int()) | Seed():
            schema = {"type": "integer"}
        case Number():
            schema = {"type": "number"}
        case Choice() | ImageClass() | Word():
            schema = {"type": "string"}
        case Switch():
            schema = {"type": "boolean"}
        case Upload():
            file = {"type": "object", "title": "FileData", "properties": {"path": {"type": "string"}}}
            schema = {"anyOf": [{"type": "string"}, file, *([{"type": "null"}] if control.optional else [])]}
        case Rotation():
            schema = {"type": "array", "items": {"type": "number"}}
        case Click():
            schema = {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "null"}]}
        case _:
            raise TypeError(f"the API has no words for {type(control).__name__}")
    return {**schema, "additional_description": _description(control)}


def _description(control: Control) -> str:
    match control:
        case Number():
            possible = f"From {control.low:g} to {control.high:g}{' ' + control.unit if control.unit else ''}."
        case Seed():
            possible = f"A whole number from 0 to {SEED_LIMIT - 1}."
        case ImageClass():
            possible = " ".join(
                f"With {checkpoint} one of {len(names):,}: {', '.join(names[:MOST_NAMED])}"
                f"{'.' if len(names) <= MOST_NAMED else ', and so on.'}"
                for checkpoint, names in control.names.items()
            )
        case Choice():
            possible = f"One of: {'; '.join(f'{value} ({words})' for value, words in control.options.items())}."
        case Word():
            possible = f"At most {control.longest} letters and digits, or none."
        case Upload():
            possible = (
                f"An uploaded {control.noun}, a data:<type>;base64 text, "
                f"or the name of an example: {', '.join(control.examples) or 'there is none'}."
                f"{' May be left out.' if control.optional else ''}"
            )
        case Rotation():
            bounds = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in control.bounds.items())
            possible = f"Z(alpha) Y(beta) Z(gamma) as [alpha, beta, gamma] in degrees: {bounds}."
        case Click():
            possible = f"[x, y] as fractions of the width and height of the picture {control.on}, or null."
        case _:
            possible = ""
    return " ".join(part for part in (f"{control.label}.", control.help, possible) if part)


def _endpoint(
    panel: Panel, experiment: Experiment, names: Sequence[str]
) -> Callable[..., AsyncIterator[dict[str, Any]]]:
    """The function Gradio publishes: its name, signature and docstring are what clients are shown."""

    async def endpoint(*arguments: Any) -> AsyncIterator[dict[str, Any]]:
        *given, request, progress = arguments
        try:
            values = {
                name: _received(experiment.controls[name], value) for name, value in zip(names, given, strict=True)
            }
            visitor = _visitors.visitor(request.request.cookies, request.session_hash or "")
            task = await aside(partial(start, visitor=visitor), experiment, values)
            try:
                for turn in itertools.count():
                    if task.ended:
                        break
                    if turn % POLLS_PER_REPORT == 0:
                        _report(task, progress)
                        yield {}  # Gradio closes the generator of a client that has gone only between two yields.
                    await asyncio.sleep(POLL_SECONDS)
            finally:
                task.cancel()
            if task.error is not None:
                raise task.error
            result = await asyncio.to_thread(_result, panel, experiment, values, task)
        except Exception as error:
            raise gr.Error(sentence(error), print_exception=False) from error
        yield result

    parameter = inspect.Parameter
    endpoint.__name__ = f"{panel.slug}_{experiment.name}"
    endpoint.__doc__ = "\n".join(
        [
            f"{panel.title}: {experiment.title}. {panel.story} After: {panel.paper.citation}",
            "",
            "Parameters:",
            *(f"    {name}: {_description(experiment.controls[name])}" for name in names),
            "",
            "Returns:",
            *(f"    {name}: {output.label}" for name, output in experiment.outputs.items()),
        ]
    )
    endpoint.__annotations__ = {"request": gr.Request}  # Where Gradio looks for what it has to pass.
    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            *(
                parameter(
                    name,
                    parameter.POSITIONAL_OR_KEYWORD,
                    default=parameter.empty
                    if _is_required(experiment.controls[name])
                    else experiment.controls[name].default,
                )
                for name in names
            ),
            parameter("request", parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request, default=None),
            parameter("progress", parameter.POSITIONAL_OR_KEYWORD, default=gr.Progress()),
        ]
    )
    return endpoint


def _received(control: Control, value: Any) -> Any:
    """A control's value from what a client sent: an uploaded file and a data text become the file's bytes.

    Raises:
        InputError: it is a file or an address that is not the client's own upload.
    """
    if not isinstance(control, Upload) or not value:
        return value
    if is_file_obj_with_meta(value) and _is_uploaded(value["path"]):
        with open(value["path"], "rb") as file:
            return file.read(control.largest + 1)
    if isinstance(value, str) and value.startswith("data:"):
        try:
            return base64.b64decode(value.partition(",")[2], validate=True)
        except binascii.Error:
            raise InputError(f"{control.label}: the data text is not base64; send data:<type>;base64,...") from None
    if isinstance(value, str) and "://" not in value:
        return value
    raise InputError(f"{control.label}: {NO_FILE}")


def _report(task: Task, progress: gr.Progress) -> None:
    place = task.place
    words = f"waiting, {place} before this" if place else task.progress.words
    progress((round(100 * task.progress.fraction), 100), desc=words, unit="%")


def _result(panel: Panel, experiment: Experiment, values: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """{output: value}, each picture and movie a file under Gradio's upload folder, where `delete_cache` finds it."""
    Path(get_upload_folder()).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
    *_, document = save(panel, experiment, values, task, folder)
    outputs: dict[str, Any] = json.loads(document.read_text())["outputs"]
    document.unlink()
    for name, caption, _ in pictures(experiment, task.result):
        if isinstance(experiment.outputs[name], Hypergraph):
            outputs[name]["picture"] = _file(folder / outputs[name]["picture"])
        elif caption is None:
            outputs[name] = _file(folder / outputs[name])
        elif isinstance(experiment.outputs[name], Attention | Globes):
            outputs[name][caption] = {kind: _file(folder / file) for kind, file in outputs[name][caption].items()}
        else:
            outputs[name][caption] = _file(folder / outputs[name][caption])
    for name in outputs:
        if isinstance(experiment.outputs[name], Movie | File):
            outputs[name] = _file(folder / outputs[name])
    if task.substitution:
        outputs["notice"] = task.substitution.sentence
    return outputs


def _file(path: Path) -> dict[str, Any]:
    return gr.FileData(
        path=str(path), orig_name=path.name, mime_type=MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    ).model_dump()
