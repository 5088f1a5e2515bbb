"""Offers every experiment as a named API endpoint and MCP tool: one parameter per control, one result."""

import asyncio
import base64
import binascii
import inspect
import json
import math
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components.api_component import Api
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj_with_meta

from engines.runtime.errors import InputError
from engines.runtime.scheduler import Task
from studio.declared import Experiment, Panel, Stream, View
from studio.kinds import Control, Upload
from studio.runs import visitors
from studio.runs.run import sentence, start
from studio.runs.store import save
from studio.wire.files import MEDIA_TYPES, aside

REPORT_SECONDS = 0.5
"""How often a client is told how far its run is."""
EXTRA = ("request", "progress")
"""What Gradio passes to an endpoint besides its values."""
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
                        None if experiment.controls[name].is_required else experiment.controls[name].default,
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
    """Describe a parameter or a result; a file in it is one that lies in Gradio's upload folder already.

    Left alone, Gradio fetches web addresses that a client names, and in an app mounted on another it copies any path of
    the server into that folder. (A subclass would make Gradio write a stub file beside this module.)
    """
    value = Api(default, schema, label)
    move: Callable[[str], Awaitable[str | None]] = value.async_move_resource_to_block_cache

    async def move_uploaded(path: str) -> str | None:
        if not _is_uploaded(path):
            raise gr.Error(f"{label}: {NO_FILE}", print_exception=False)
        return await move(path)

    value.async_move_resource_to_block_cache = move_uploaded
    return value


def _is_uploaded(path: str) -> bool:
    return Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve())


def _in_order(experiment: Experiment) -> list[str]:
    """List controls with those that have no default first, as in a Python signature.

    What only comes with another control is last, so that positions stay what they were before there was such a one.
    """
    controls = experiment.controls
    return sorted(controls, key=lambda name: (not controls[name].is_required, not controls[name].is_passed))


def _schema(control: Control) -> dict[str, Any]:
    return {**control.schema(), "additional_description": control.described()}


def _endpoint(
    panel: Panel, experiment: Experiment, names: Sequence[str]
) -> Callable[..., AsyncIterator[dict[str, Any]]]:
    """Build the function that Gradio publishes: its name, signature and docstring are what clients are shown."""

    async def endpoint(*arguments: Any) -> AsyncIterator[dict[str, Any]]:
        *given, request, progress = arguments
        try:
            values = {
                name: _received(experiment.controls[name], value) for name, value in zip(names, given, strict=True)
            }
            visitor = visitors.asking(request.request)
            task = await aside(partial(start, visitor=visitor), experiment, values)
            try:
                reported = -math.inf
                async for ended in task.changes(REPORT_SECONDS):
                    if not ended and time.monotonic() - reported >= REPORT_SECONDS:
                        reported = time.monotonic()
                        _report(task, progress)
                        yield {}  # Gradio closes the generator of a client that has gone only between two yields.
            finally:
                task.cancel()
            if task.error is not None:
                raise task.error
            result = await asyncio.to_thread(_result, panel, experiment, values, task)
        except Exception as error:
            words = experiment.for_programs(error, sentence(error))
            raise gr.Error(words, print_exception=False) from error
        yield result

    parameter = inspect.Parameter
    endpoint.__name__ = f"{panel.slug}_{experiment.name}"
    endpoint.__doc__ = "\n".join(
        [
            f"{panel.title}: {experiment.title}. {panel.story} After: {panel.paper.citation}",
            "",
            "Parameters:",
            *(f"    {name}: {experiment.controls[name].described()}" for name in names),
            "",
            "Returns:",
            *(f"    {name}: {output.label}" for name, output in experiment.outputs.items()),
        ]
    )
    endpoint.__annotations__ = {"request": gr.Request}  # Gradio looks here for what it has to pass.
    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            *(
                parameter(
                    name,
                    parameter.POSITIONAL_OR_KEYWORD,
                    default=parameter.empty
                    if experiment.controls[name].is_required
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
    """Return a control's value from what a client sent: an uploaded file and a data text become the file's bytes.

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
    """Return {output: value}, with each picture and movie as a file in Gradio's upload folder, which it tidies."""
    Path(get_upload_folder()).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
    try:
        *_, document = save(panel, experiment, values, task, folder)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    outputs: dict[str, Any] = json.loads(document.read_text())["outputs"]
    document.unlink()
    outputs = {
        name: experiment.outputs[name].answer(stored, lambda file: _file(folder / file))
        for name, stored in outputs.items()
    }
    said = experiment.corrections(values) + ([task.substitution.sentence] if task.substitution else [])
    if said:
        outputs["notice"] = " ".join(said)
    return outputs


def _file(path: Path) -> dict[str, Any]:
    media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    described: dict[str, Any] = gr.FileData(path=str(path), orig_name=path.name, mime_type=media_type).model_dump()
    return described
