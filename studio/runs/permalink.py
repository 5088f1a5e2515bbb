"""Writes and reads permalinks: an experiment with its control values as an address's query, the same for every face.

`?panel=photo_stylization&experiment=stylize&style=dusk`; a control that is not named has its opening value.
"""

from collections.abc import Mapping
from typing import Any

from engines.runtime.errors import InputError
from studio.declared import Experiment, Panel
from studio.kinds import Upload
from studio.kinds.control import UPLOADED, plain

PLACE = ("panel", "experiment")
"""The query's keys that say where the controls are."""


def write(panel: Panel, experiment: Experiment, values: Mapping[str, Any]) -> dict[str, str]:
    """Write the query that opens the experiment with these values, without opening values and a camera."""
    query = {"panel": panel.slug, "experiment": experiment.name}
    opening = experiment.opening()
    for name, control in experiment.controls.items():
        text = control.text(values.get(name, opening[name]))
        if control.is_linked and text != control.text(opening[name]):
            query[name] = text
    return query


def read(experiment: Experiment, query: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Read the control values a query asks for; also return a sentence about each part that cannot be followed.

    If a value cannot be used, the opening one stands, and a class of pictures that the checkpoint knows; uploaded files
    are left to be chosen again (None).
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
                values[name] = control.read(text)
                if corrected := control.corrected(text):
                    sentences.append(corrected)
        except InputError as error:
            sentences.append(str(error))
    values = experiment.fitted(values)
    if uploaded:
        files, them = ("file", "it") if len(uploaded) == 1 else ("files", "them")
        words = f"{' and '.join(uploaded)}: your own {files} cannot come with a link or a saved result"
        sentences.insert(0, f"{words}; choose {them} again.")
    return values, sentences


def saved(parameters: Any) -> dict[str, str]:
    """Write the query that brings back the controls of a saved picture, from the parameters that it carries.

    Raises:
        InputError: the studio writes no such parameters.
    """
    match parameters:
        case {"panel": str(panel), "experiment": str(experiment), "controls": dict(controls)}:
            place = {"panel": panel, "experiment": experiment}
            return {**{str(name): plain(value) for name, value in controls.items()}, **place}
    raise InputError("This picture does not say how it was made; choose one that the studio saved.")
