"""Draws each kind of output with Streamlit: a widget for each, registered by its kind."""

import base64
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from engines.runtime.images import fit, read_photo
from engines.runtime.video import Recording
from studio.drawn.tables import notices, table
from studio.faces import typeset
from studio.faces.streamlit.components import WEB_ROUTE, address, by_module, component
from studio.faces.streamlit.sheet import Made, encoded
from studio.faces.widgets import Widgets
from studio.kinds import (
    Attention,
    Comparison,
    Curves,
    File,
    Globes,
    Hypergraph,
    Movie,
    Notices,
    Output,
    Picture,
    Plate,
    Strip,
    Table,
)
from studio.kinds.movie import content as movie
from studio.wire.files import addressed

MAP_SIDE = 2048
"""Pixels of the longer side of a picture around a globe."""
STRIP_WIDTH = 124

Widget = Callable[[Any, Any, Made, str], None]
"""Draws an output, from it, its value, the result it is part of, and a key for its widgets."""
WIDGETS: Widgets[Widget] = Widgets("Streamlit")


@WIDGETS.register(Picture)
def _picture(output: Picture, value: Any, made: Made, key: str) -> None:
    st.image(made.shown(value), output.label)
    download(made, partial(made.download, value), key)


@WIDGETS.register(Comparison)
def _comparison(output: Comparison, value: Mapping[str, Any], made: Made, key: str) -> None:
    captions = list(value)
    # The newest stands at the right; whenever another comes, the two lists are drawn again.
    key = f"{key}-{len(captions)}"
    wipe = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        first = captions.index(output.left) if output.left in captions else 0
        hidden: dict[str, Any] = {"label_visibility": "collapsed"}
        left = st.selectbox("Left of the line", captions, first, key=f"{key}-left", **hidden)
        right = st.selectbox("Right of the line", captions, len(captions) - 1, key=f"{key}-right", **hidden)
        download(made, partial(made.download, value[right]), f"{key}-{right}")
    with wipe:
        if left == right:
            st.image(made.shown(value[left]), width="stretch")
        else:
            shown = [_named(caption, made.shown(value[caption])) for caption in (left, right)]
            component("wipe", data=dict(zip(("left", "right"), shown, strict=True)), key=f"{key}-wipe")


@WIDGETS.register(Attention)
def _attention(output: Attention, value: Mapping[str, Any], made: Made, key: str) -> None:
    st.html(typeset.group(output.label))
    shown = []
    for caption, attended in value.items():
        picture = made.download(attended.picture)
        maps = np.load(attended.maps) if isinstance(attended.maps, Path) else attended.maps
        height, width = read_photo(picture).shape[:2]
        address = f"data:application/octet-stream;base64,{base64.b64encode(maps.astype('<f2').tobytes()).decode()}"
        size = {"width": width, "height": height}
        shown.append({**_named(caption, picture), **size, "maps": address, "shape": maps.shape})
    data = {"label": output.label, "pictures": shown}
    component("attention", "attention.css", data=data, key=f"{key}-attention")
    with st.container(horizontal=True):
        for caption, attended in value.items():
            download(made, partial(made.download, attended.picture), f"{key}-{caption}", words=caption)


@WIDGETS.register(Globes)
def _still_globes(output: Globes, value: Mapping[str, Any], made: Made, key: str) -> None:
    globes(output, value, made, key)


def globes(output: Globes, value: Mapping[str, Any], made: Made, key: str, turned: Any = None) -> Any:
    """Draw globes that were made for a rotation, and return the angles to which a visitor has turned them since."""
    st.html(typeset.group(output.label))
    shown = [{"caption": caption, **globe.drawn(_map)} for caption, globe in value.items()]
    data = {
        "module": f"{WEB_ROUTE}/globe.js",
        "label": output.label,
        "of": list(output.of),
        "inside": output.inside,
        "turned": turned,
        "pictures": shown,
    }
    drawn = component("globes", "globe.css", data=data, key=f"{key}-globes", on_angles_change=lambda: None)
    with st.container(horizontal=True):
        for caption, globe in value.items():
            download(made, partial(made.download, globe.picture), f"{key}-{caption}", words=caption)
    return drawn.angles


@WIDGETS.register(Hypergraph)
def _hypergraph(output: Hypergraph, value: Any, made: Made, key: str) -> None:
    st.html(typeset.group(output.label))
    data = {"caption": output.label, **value.drawn()}
    component("hypergraph", "hypergraph.css", data=data, key=f"{key}-hypergraph")
    download(made, partial(made.download, value.picture), key)


def _map(picture: NDArray[np.uint8]) -> dict[str, str]:
    return {"src": address(encoded(fit(picture, MAP_SIDE), ".webp", {}))}


def _named(caption: str, picture: bytes) -> dict[str, str]:
    return {"caption": caption, "src": address(picture)}


@WIDGETS.register(Strip)
def _strip(output: Strip, value: Mapping[str, Any], made: Made, key: str) -> None:
    st.html(typeset.group(output.label))
    with st.container(horizontal=True, gap="small"):
        for caption in dict.fromkeys([*output.of, *value]):
            with st.container(width=STRIP_WIDTH, gap="xsmall"):
                if caption in value:
                    st.image(made.shown(value[caption]), caption)
                    download(made, partial(made.download, value[caption]), f"{key}-{caption}")
                else:
                    st.html(f'<div class="studio-empty"></div><p>{escape(caption)}</p>')


@WIDGETS.register(File)
def _file(output: File, value: bytes | Path, made: Made, key: str) -> None:
    st.subheader(output.label)
    content = value.read_bytes() if isinstance(value, Path) else value
    st.download_button(
        f"Download {output.file}", content, output.file, type="tertiary", on_click="ignore", key=f"{key}-file"
    )


@WIDGETS.register(Movie)
def _movie(output: Movie, value: Recording | Path, made: Made, key: str) -> None:
    content = movie(value)
    if not content:
        return
    st.html(typeset.group(output.label))
    st.video(content, loop=True, muted=True)
    with st.container(horizontal=True):
        download(made, partial(made.download_movie, value, ".mp4"), key, ".mp4", "video/mp4", "Download MP4")
        download(made, partial(made.download_movie, value, ".gif"), key, ".gif", "image/gif", "Download GIF")


def download(
    made: Made,
    content: Callable[[], bytes],
    key: str,
    suffix: str = ".png",
    media_type: str = "image/png",
    words: str = "Download",
) -> None:
    """Offer a file of a result that is whole; while it grows, each button would slow its run down a little."""
    if made.whole:
        name = f"{key}{suffix}".replace(" ", "-")
        key = f"{key}-download{suffix}"
        st.download_button(words, content, name, media_type, type="tertiary", on_click="ignore", key=key)


@WIDGETS.register(Table)
def _table(output: Table, value: Any, made: Made, key: str) -> None:
    st.html(typeset.group(output.label) + table(value))


@WIDGETS.register(Curves)
def _curves(output: Curves, value: Any, made: Made, key: str) -> None:
    st.html(typeset.group(output.label))
    data = {"label": output.label, **output.payload(value, dict)}
    component("curves", "curves.css", data=data, key=f"{key}-curves")


@WIDGETS.register(Plate)
def _plate(output: Plate, value: str, made: Made, key: str) -> None:
    st.html(typeset.group(output.label))
    # st.html would remove the drawing, because it lets no SVG pass.
    component("plate", "plate.css", data={"html": value}, key=f"{key}-plate")


@WIDGETS.register(Notices)
def _notices(output: Notices, value: Mapping[str, str], made: Made, key: str) -> None:
    if value:
        st.html(f'<div class="studio-notices">{notices(value)}</div>')


class _Within:
    """Puts all that an address leads to into the address itself."""

    is_passing = False

    def __init__(self, made: Made) -> None:
        self._made = made

    def picture(self, made: Any) -> dict[str, Any]:
        """Return a picture's file as its address."""
        content = self._made.download(made)
        height, width = read_photo(content).shape[:2]
        return {"src": address(content), "file": address(content), "width": width, "height": height}

    def lazy(self, render: Callable[[], Any], width: int, height: int) -> dict[str, Any]:
        """Render the picture at once, and return its file as its address."""
        return self.picture(render())

    def pattern(self, values: Any) -> dict[str, Any]:
        """Return a picture's file as its address."""
        return self.picture(values)

    def numbers(self, made: Any) -> dict[str, Any]:
        """Return the numbers as their address."""
        numbers = np.load(made) if isinstance(made, Path) else made
        return {"maps": address(numbers.astype("<f2").tobytes(), "application/octet-stream"), "shape": numbers.shape}

    def movie(self, made: Any) -> dict[str, Any]:
        """Return a movie's file as its address."""
        return {"movie": address(movie(made), "video/mp4")}

    def file(self, made: Any) -> dict[str, Any]:
        """Return a file as its address."""
        content = made.read_bytes() if isinstance(made, Path) else made
        return {"src": address(content, "application/octet-stream"), "size": len(content)}


@WIDGETS.register_modules
def _by_module(output: Output, value: Any, made: Made, key: str) -> None:
    st.html(typeset.group(output.label))
    by_module(output, output.payload(value, lambda thing: addressed(thing, _Within(made))), f"{key}-module")


Output.check_each(WIDGETS.of)
