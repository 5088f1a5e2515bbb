"""Draws each kind of control with Streamlit: a widget for each, registered by its kind."""

import base64
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from engines.runtime.errors import InputError
from studio.faces.streamlit.components import alerts, by_module, component
from studio.faces.widgets import Widgets
from studio.kinds import (
    Camera,
    CheckpointChoice,
    Choice,
    Click,
    Consent,
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
from studio.wire import downloads

SIDE_BY_SIDE = 3
"""The largest number of options of a choice that are shown at once; more fold into a list."""
POLL_SECONDS = 1.0
THUMBNAIL_SIDE = 160
THUMBNAILS = 64
OWN = "a {} of your own"
NONE = "none"

Preview = Callable[[bytes, str, int], NDArray[np.uint8]]

Widget = Callable[[Any, Any, str, Mapping[str, Any]], Any]
"""Draws a control, from it, its value, its widget's key, and all controls' values, and returns the value it has now."""
WIDGETS: Widgets[Widget] = Widgets("Streamlit")


@WIDGETS.register(Number)
def _number(control: Number, value: float, key: str, values: Mapping[str, Any]) -> float:
    kind = int if isinstance(control.step, int) else float
    low, high, now, step = (kind(number) for number in (control.low, control.high, value, control.step))
    number: float = st.slider(control.title, low, high, now, step, key=key, help=control.help or None)
    return number


@WIDGETS.register(Start)
def _start(control: Start, value: float, key: str, values: Mapping[str, Any]) -> float:
    low, high, now, step = (float(number) for number in (control.low, control.high, value, control.step))
    seconds: float = st.number_input(control.title, low, high, now, step, "%g", key=key, help=control.help or None)
    return seconds


@WIDGETS.register(Seed)
def _seed(control: Seed, value: int, key: str, values: Mapping[str, Any]) -> int:
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}-seed"):
        number: int = st.number_input(
            control.label, 0, SEED_LIMIT - 1, value, step=1, key=key, help=control.help or None
        )
        st.button(
            "New", on_click=_draw_seed, args=(key,), key=f"{key}-new", help=f"Draw another {control.label.lower()}"
        )
    return number


def _draw_seed(key: str) -> None:
    st.session_state[key] = random.randrange(SEED_LIMIT)


@WIDGETS.register(Choice)
def _choice(control: Choice, value: str, key: str, values: Mapping[str, Any]) -> str:
    options = list(control.options)
    kind = st.radio if len(options) <= SIDE_BY_SIDE else st.selectbox
    words = control.options.__getitem__
    chosen: str = kind(control.label, options, options.index(value), words, key=key, help=control.help or None)
    return chosen


@WIDGETS.register(CheckpointChoice)
def _checkpoint(control: CheckpointChoice, value: str, key: str, values: Mapping[str, Any]) -> str:
    chosen: str = _choice(control, value, key, values)
    files = control.files_of(chosen)
    comes = downloads.state(files)["fraction"] is not None
    st.fragment(_whereabouts, run_every=POLL_SECONDS if comes else None)(files, comes, key)
    return chosen


def _whereabouts(checkpoint: str, comes: bool, key: str) -> None:
    """Draw what a checkpoint is and where, again and again while it is being downloaded."""
    state = downloads.state(checkpoint)
    if comes != (state["fraction"] is not None):
        st.rerun()
    st.caption(f"{downloads.facts(checkpoint)}. {state['words']}")
    if comes:
        st.progress(state["fraction"])
    if state["action"]:
        st.button(state["label"], on_click=downloads.act, args=(checkpoint, state["action"]), key=f"{key}-action")


@WIDGETS.register(ImageClass)
def _image_class(control: ImageClass, value: str, key: str, values: Mapping[str, Any]) -> str:
    checkpoint = values[control.of]
    names = control.names[checkpoint]
    # With other names it is another widget, which starts afresh.
    place, key = names.index(control.among(value, checkpoint)), f"{key}-{len(names)}"
    chosen: str = st.selectbox(control.label, names, place, key=key, help=control.help or None)
    return chosen


@WIDGETS.register(Word)
def _word(control: Word, value: str, key: str, values: Mapping[str, Any]) -> str:
    word: str = st.text_input(control.label, value, control.longest, key=key, help=control.help or None)
    return word


@WIDGETS.register(Switch)
def _switch(control: Switch, value: bool, key: str, values: Mapping[str, Any]) -> bool:
    is_on: bool = st.checkbox(control.label, value, key=key, help=control.help or None)
    return is_on


@WIDGETS.register(Consent)
def _consent(control: Consent, value: bool, key: str, values: Mapping[str, Any]) -> bool:
    file = values[control.to]
    given_for, now = f"{key}-for", hash(file) if isinstance(file, bytes) else file
    if given_for not in st.session_state or st.session_state[given_for] != now:
        st.session_state[given_for] = now
        st.session_state[key] = False
    is_given: bool = st.checkbox(control.label, key=key, help=control.help or None)
    return is_given


@WIDGETS.register(Upload)
def _upload(control: Upload, value: bytes | str | None, key: str, values: Mapping[str, Any]) -> bytes | str | None:
    own = OWN.format(control.noun)
    options = [*([NONE] if control.optional else []), *control.examples, own]
    now = value if isinstance(value, str) else NONE if control.optional and value is None else own
    chosen: bytes | str | None
    chosen = st.selectbox(control.label, options, options.index(now), key=key, help=control.help or None)
    if chosen == own and control.is_sketched:
        chosen = _sketch(control, key) or (value if isinstance(value, bytes) else None)
    elif chosen == own:
        largest = control.largest // 1_000_000
        file = st.file_uploader(control.label, key=f"{key}-file", max_upload_size=largest, label_visibility="collapsed")
        # After a while on another page the widget has forgotten the file; we keep it.
        chosen = file.getvalue() if file is not None else value if isinstance(value, bytes) else None
    if chosen is None or chosen == NONE:
        return None
    try:
        content = chosen if isinstance(chosen, bytes) else control.examples[chosen]()
        st.image(_thumbnail(content, control.label, type(control).preview))
    except InputError as error:
        alerts([str(error)])
    return chosen


def _sketch(control: Upload, key: str) -> bytes | None:
    """Return what the visitor has drawn just now."""
    data = {"label": control.label}
    drawing = component("sketch", data=data, key=f"{key}-sketch", on_drawing_change=lambda: None).drawing
    return None if drawing is None else base64.b64decode(drawing.partition(",")[2])


@WIDGETS.register(Rotation)
def _rotation(control: Rotation, value: Sequence[float], key: str, values: Mapping[str, Any]) -> tuple[float, ...]:
    st.caption(f"{control.label}. {control.help}")
    angles = zip(control.bounds.items(), value, strict=True)
    return tuple(st.slider(name, low, high, now, 1.0, key=f"{key}-{name}") for (name, (low, high)), now in angles)


def _small(content: bytes, label: str, _preview: Preview) -> NDArray[np.uint8]:
    return _preview(content, label, THUMBNAIL_SIDE)


_thumbnail: Callable[[bytes, str, Preview], NDArray[np.uint8]]
_thumbnail = st.cache_data(max_entries=THUMBNAILS, show_spinner=False)(_small)


@WIDGETS.register(Click)
def _click(control: Click, value: Any, key: str, values: Mapping[str, Any]) -> Any:
    return value  # It is chosen on the picture.


@WIDGETS.register(Camera)
def _camera(control: Camera, value: bytes | None, key: str, values: Mapping[str, Any]) -> bytes | None:
    snapshot = st.camera_input(control.label, key=key, help=control.help or None)
    return value if snapshot is None else snapshot.getvalue()


@WIDGETS.register_modules
def _by_module(control: Control, value: Any, key: str, values: Mapping[str, Any]) -> Any:
    st.caption(" ".join(filter(None, [f"{control.label}.", control.help])))
    chosen = by_module(control, value, f"{key}-module")
    return value if chosen is None else chosen


Control.check_each(WIDGETS.of)
