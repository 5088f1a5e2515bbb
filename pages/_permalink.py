"""Permalinks: an experiment with its control values as the query of an address, the same for every face of the studio.

`?panel=photo_stylization&experiment=stylize&style=dusk`; a control that is not named has its opening value.
"""

from collections.abc import Mapping
from typing import Any

from engines.runtime.errors import InputError
from pages._panel import Camera, Control, Experiment, ImageClass, Panel, Upload

PLACE = ("panel", "experiment")
"""The query's keys that say where the controls are."""
UPLOADED = "uploaded file"
"""What stands in a link for a file of the visitor's own, which no link carries."""


def write(panel: Panel, experiment: Experiment, values: Mapping[str, Any]) -> dict[str, str]:
    """The query that opens the experiment with these values; what is as at the opening, and a camera, is left out."""
    query = {"panel": panel.slug, "experiment": experiment.name}
    opening = experiment.opening()
    for name, control in experiment.controls.items():
        text = _text(control, values.get(name, opening[name]))
        if not isinstance(control, Camera) and text != _text(control, opening[name]):
            query[name] = text
    return query


def read(experiment: Experiment, query: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The control values a query asks for, and a sentence about each part that cannot be followed.

    Where a value cannot be used, the opening one stands, and a class of pictures that the checkpoint knows; uploaded
    files are left to be chosen again (None).
    """
    values = experiment.opening()
    sentences = []
    uploaded = []
    for name, text in query.items():
        if name in PLACE:
            continue
        try:
            control = experiment.control(name)
            if isinstance(control, Upload) and text == UPLOADED:
                values[name] = None
                uploaded.append(control.label)
            else:
                values[name] = _value(control, text)
        except InputError as error:
            sentences.append(str(error))
    for name, control in experiment.controls.items():
        if isinstance(control, ImageClass):
            values[name] = control.among(values[name], values[control.of])
    if uploaded:
        files, them = ("file", "it") if len(uploaded) == 1 else ("files", "them")
        words = f"{' and '.join(uploaded)}: your own {files} cannot come with a link or a saved result"
        sentences.insert(0, f"{words}; choose {them} again.")
    return values, sentences


def saved(parameters: Any) -> dict[str, str]:
    """The query that brings back the controls which made a saved picture, from the parameters that it carries.

    Raises:
        InputError: the studio writes no such parameters.
    """
    match parameters:
        case {"panel": str(panel), "experiment": str(experiment), "controls": dict(controls)}:
            place = {"panel": panel, "experiment": experiment}
            return {**{str(name): _plain(value) for name, value in controls.items()}, **place}
    raise InputError("This picture does not say how it was made; choose one that the studio saved.")


def _text(control: Control, value: Any) -> str:
    if isinstance(control, Upload) and value and value not in control.examples:
        return UPLOADED
    return _plain(value)


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ",".join(_plain(part) for part in value)
        case _:
            return str(value).removesuffix(".0")


def _value(control: Control, text: str) -> Any:
    if isinstance(control, Camera):
        raise InputError(f"{control.label}: a link carries no frame; take one here.")
    if isinstance(control, Upload):
        # Never parsed: to a command line the text may be a file's path, and here the files are the server's.
        control.check(text)
        return text or None
    return control.check(control.parse(text))
