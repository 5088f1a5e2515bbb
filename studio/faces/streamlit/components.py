"""Mounts the components of the Streamlit face, which JavaScript of assets/web/streamlit, or a kind's module, draws."""

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from studio import WEB
from studio.drawn.tables import paragraph
from studio.kinds.kind import Kind

WEB_ROUTE = f"component/{__name__}.web"
"""Where Streamlit serves assets/web."""
IMPORT = re.compile(r'from "(\.[^"]+)"')
COMPONENTS = WEB / "streamlit"


def serve_web(web: Path) -> None:
    """Let Streamlit serve that folder under WEB_ROUTE."""
    st.components.v1.declare_component("web", path=web)


def component(name: str, style: str = "", **mounted: Any) -> Any:
    """Mount a component, the file of that name in assets/web/streamlit, and return what it answers.

    With a `style` sheet of assets/web it stands alone, without the page's own.
    """
    return st.components.v2.component(
        name,
        js=_whole(COMPONENTS / f"{name}.js"),
        css=(WEB / style).read_text() if style else None,
        isolate_styles=bool(style),
    )(**mounted)


def _whole(module: Path) -> str:
    """Put into a module what it imports; fetched by itself, it would arrive after the page was drawn."""

    def within(found: re.Match[str]) -> str:
        return f'from "{address(_whole(module.parent / found[1]).encode(), "text/javascript")}"'

    return IMPORT.sub(within, module.read_text())


def by_module(kind: Kind, value: Any, key: str) -> Any:
    """Mount the module of a control's or an output's kind; return the value that a visitor has just set, or None."""
    assert kind.module is not None, "it has no widget"
    module = address(_whole(kind.module).encode(), "text/javascript")
    data = {"module": module, "properties": kind.properties(), "value": value}
    return component("module", data=data, key=key, on_value_change=lambda: None).value


def address(content: bytes, media_type: str = "") -> str:
    """Write a picture's file, or one of that type, as an address that holds all of it."""
    kind = {b"RIFF": "webp", b"\x89PNG": "png"}.get(content[:4], "jpeg")
    return f"data:{media_type or f'image/{kind}'};base64,{base64.b64encode(content).decode()}"


def alerts(sentences: Sequence[str]) -> None:
    """Draw sentences that a visitor should read first."""
    if sentences:
        lines = "".join(paragraph(words) for words in dict.fromkeys(sentences))
        st.html(f'<div role="alert" class="studio-alert">{lines}</div>')
