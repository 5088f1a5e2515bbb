"""Draws the studio's main face: every panel with Gradio, from its declaration alone."""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import fastapi
import gradio as gr
from starlette.middleware import Middleware

from engines.runtime.images import MAXIMUM_BYTES
from studio import WEB
from studio.declared import Panel, Stream, View
from studio.faces import api, typeset
from studio.faces.gradio import mcp
from studio.faces.gradio.blocks import ANSWERS, Blocks
from studio.faces.gradio.opening import Frame, Opening
from studio.faces.gradio.sessions import MOST_SESSIONS, begin_empty
from studio.faces.gradio.sheet import Sheet
from studio.faces.gradio.waiting import Queued
from studio.runs.run import resume
from studio.runs.store import living, pictures, rendered
from studio.wire import downloads, files, live, recordings, socket
from studio.wire.compressed import Compressed
from studio.wire.guards import guards
from studio.wire.switches import has_mcp
from studio.wire.web import content_name, modules

TITLE = "Ten Papers Studio"
PROGRAMS = "programs"
"""The path of the page about the endpoints."""
PROGRAMS_TITLE = "Use it from a program"
CACHE_SECONDS = 3600
LEAVING_SECONDS = 2.0
"""How long a server that is stopped waits for its visitors to leave."""
QUEUE_LIMIT = 400
"""The number of events that Gradio follows at once, and of those that wait: ten for each of forty visitors. They only
wait for the scheduler, but Gradio would delay all others while forty do."""


def build(panels: Sequence[Panel]) -> gr.Blocks:
    """Build the whole studio: the front page, a page for each panel, and one for the endpoints."""
    studio = Blocks(
        title=TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(CACHE_SECONDS, CACHE_SECONDS),
    )
    for panel in panels:
        _add_page(studio, panel.title, panel.slug)
    _add_page(studio, PROGRAMS_TITLE, PROGRAMS)
    # Entered once: at each exit Gradio makes its whole server anew.
    with studio:
        for panel in panels:
            studio.current_page = panel.slug
            _draw_panel(panel)
        studio.current_page = PROGRAMS
        gr.HTML(typeset.programs(has_mcp()), js_on_load="studio.programs()", apply_default_css=False)
        api.add_endpoints(panels)
    studio.queue(max_size=QUEUE_LIMIT, default_concurrency_limit=None)
    return studio


def _add_page(studio: gr.Blocks, title: str, path: str) -> None:
    studio.route(title, path)
    # Gradio gives a path that is taken another name, in silence.
    assert studio.current_page == path, f"{path!r} cannot be the address of a page"


def serve(panels: Sequence[Panel], port: int | None = None, web: Path = WEB, host: str | None = None) -> gr.Blocks:
    """Serve the studio from its own thread, and return it.

    Without a host or a port, GRADIO_SERVER_NAME and GRADIO_SERVER_PORT give them. `web` is the folder of the files that
    browsers load. Jobs that an earlier server left unfinished continue.
    """
    # Gradio switches matplotlib to this for each event, which breaks the event while a thread of ours imports pyplot.
    os.environ.setdefault("MPLBACKEND", "agg")
    with suppress(ImportError):
        import_module("matplotlib.pyplot")
    faces = fastapi.FastAPI(openapi_url=None)
    files.add_routes(faces)
    downloads.add_routes(faces)
    live.add_routes(faces, panels, web)
    socket.add_routes(faces, panels)
    recordings.add_routes(faces, panels)
    faces.add_api_route("/monitoring/summary", _nothing_is_monitored)
    studio = build(panels)
    resume(panels)
    begin_empty()
    loaded = f"web/{content_name(web)}"
    middleware = [
        *guards(host, Queued(studio)),
        Middleware(Opening, frames=_frames(panels, web, loaded)),
        Middleware(Compressed, named=("/assets/", f"/{loaded}/", "/openings/")),
    ]
    studio.launch(
        server_name=host,
        server_port=port,
        max_threads=QUEUE_LIMIT,
        state_session_capacity=MOST_SESSIONS,
        prevent_thread_lock=True,
        theme=_theme(),
        favicon_path=web / "favicon.svg",
        footer_links=["api"],
        max_file_size=MAXIMUM_BYTES,
        app_kwargs={"routes": faces.routes, "middleware": middleware, "exception_handlers": ANSWERS},
        mcp_server=has_mcp(),
        enable_monitoring=False,
        run_history=False,
        ssr_mode=False,
        quiet=True,
    )
    mcp.connect(studio)
    return studio


def _nothing_is_monitored() -> dict[str, Any]:
    """Answer what Gradio's page about the endpoints asks for, as where nobody has called one."""
    return {"functions": {}}


def _frames(panels: Sequence[Panel], web: Path, loaded: str) -> dict[str, Frame]:
    """Return what is put around each page, by its path; browsers find the files of the folder `web` at `loaded`."""
    style = "".join(f'<link rel="stylesheet" href="{loaded}/{name}.css">' for name in ("theme", "studio"))
    head = f'{style}<script src="{loaded}/stream.js"></script>'
    live_head = head + _scripts(web, loaded, "studio.js", "live.js")
    head += _scripts(web, loaded, "studio.js")
    survey = typeset.survey([(panel, _survey_picture(panel), _living_picture(panel)) for panel in panels])
    foot = typeset.foot()
    frames = {"": Frame(TITLE, head, typeset.top(panels, "", PROGRAMS) + survey, foot)}
    for panel in panels:
        is_live = any(isinstance(experiment, Stream | View) for experiment in panel.experiments)
        over = typeset.top(panels, panel.slug, PROGRAMS, panel.title)
        frames[panel.slug] = Frame(f"{panel.title}: {TITLE}", live_head if is_live else head, over, foot)
    over = typeset.top(panels, PROGRAMS, PROGRAMS)
    frames[PROGRAMS] = Frame(f"{PROGRAMS_TITLE}: {TITLE}", head, over, foot, tells_endpoints=True)
    return frames


def _scripts(web: Path, loaded: str, *names: str) -> str:
    """Write what runs modules, and fetches at once all that they import: a browser learns of these one by one."""
    imported = dict.fromkeys(each for name in names for each in modules(web, name)[1:])
    preloads = "".join(f'<link rel="modulepreload" href="{loaded}/{each}">' for each in imported)
    return preloads + "".join(f'<script type="module" src="{loaded}/{name}"></script>' for name in names)


def stop(studio: gr.Blocks) -> None:
    """End the server in order: pages are told, and whoever does not leave then is cut off."""
    cut_off = threading.Timer(LEAVING_SECONDS, setattr, (studio.server, "force_exit", True))
    cut_off.daemon = True
    cut_off.start()
    studio.close(verbose=False)


def _theme() -> gr.Theme:
    """Return Gradio's barest theme, in the system's own type; all colours are in studio.css."""
    return gr.themes.Base(
        font=("system-ui", "-apple-system", "Segoe UI", "Helvetica", "Arial", "sans-serif"),
        font_mono=("ui-monospace", "Menlo", "Consolas", "monospace"),
        radius_size=gr.themes.sizes.radius_none,
    )


def _survey_picture(panel: Panel) -> str | None:
    """Return the address of the newest picture of the first output that the panel opens with."""
    for experiment in panel.experiments:
        opening = None if isinstance(experiment, Stream) else rendered(panel, experiment)
        paths = [(name, path) for name, _, path in pictures(experiment, opening[0] if opening else {})]
        if paths:
            return files.example([path for name, path in paths if name == paths[0][0]][-1].read_bytes)
    return None


def _living_picture(panel: Panel) -> str | None:
    """Return the address of the picture in motion that stands for the panel."""
    path = living(panel)
    return None if path is None else str(files.KeptAddresses({}).picture(path)["src"])


def _draw_panel(panel: Panel) -> None:
    if len(panel.experiments) == 1:
        sheets = [Sheet(panel, panel.experiments[0])]
    else:
        sheets = []
        with gr.Tabs(elem_classes="studio-experiments", overflow_behavior="wrap"):
            for experiment in panel.experiments:
                with gr.Tab(experiment.title, id=experiment.name):
                    sheets.append(Sheet(panel, experiment))
    for sheet in sheets:
        sheet.connect()
