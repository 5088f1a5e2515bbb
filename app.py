"""The front door: the `studio` command. `python app.py` is its `serve`; `streamlit run app.py` draws the other face."""

import argparse
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from engines.runtime import bugs, engine, lazy
from engines.runtime.errors import StudioError
from engines.runtime.log_lines import leave_foreign_out
from studio import VERSION

if TYPE_CHECKING:
    from studio.declared import Panel

benchmarks = lazy.load("benchmarks.__main__")
check = lazy.load("check")
jobs = lazy.load("engines.runtime.jobs")
journal = lazy.load("studio.wire.journal")
gradio_face = lazy.load("studio.faces.gradio.page")
pages = lazy.load("pages")
limits = lazy.load("studio.wire.limits")
panels_command = lazy.load("studio.faces.command")
places = lazy.load("studio.wire.places")
space = lazy.load("space.__main__")
startup = lazy.load("studio.wire.startup")
switches = lazy.load("studio.wire.switches")
streamlit_face = lazy.load("studio.faces.streamlit.page")
streamlit_server = lazy.load("studio.faces.streamlit.server")
temporary = lazy.load("studio.wire.temporary")
weights = lazy.load("weights.__main__")

COMMANDS = {
    "serve": "serve the studio to browsers",
    "list": "print every panel, experiment, preset and control",
    "run": "run one experiment and write every output into a folder",
    "render": "compute anew what each panel opens with",
    "weights": "list, fetch, import, verify and measure checkpoints",
    "bench": "run a benchmark",
    "check": "check style, types and imports",
    "space": "write the studio as a Hugging Face Space",
}
PORTS = {"gradio": 7860, "streamlit": 8501}
LATEST_END = 3.5
"""Seconds after which a server that is stopped no longer waits for its visitors to leave."""
ENDING = threading.Lock()
log = logging.getLogger(__name__)


def warm() -> None:
    """Load what the first run of each panel would otherwise wait for."""
    leave_foreign_out()
    for panel in pages.panels():
        try:
            if (found := engine.find(panel.slug)) is not None:
                found.warm()
        except Exception as error:
            log.warning("%s could not be warmed: bug %s", panel.slug, bugs.number(error))
    # What is loaded by now stays. Streamlit collects garbage after every drawing of a page, which held up all else for
    # 0.2 s, several times a second, while torch's objects were looked through as well.
    gc.freeze()


def warm_aside(*others: Callable[[], None]) -> None:
    """Warm the panels, and then do what else is asked for, while visitors are served already."""

    def prepare() -> None:
        for each in (warm, *others):
            each()

    threading.Thread(target=prepare, name="warm", daemon=True).start()


def measure_places() -> None:
    """Give streams as many live places as this machine carries."""
    try:
        carried = places.measure(switches.shown(pages.panels()))
    except Exception as error:
        log.warning("Live places could not be measured: bug %s", bugs.number(error))
        return
    if carried is not None:
        limits.CARRIED["live"] = carried
        log.info("this machine carries %d live places", carried)


def run_by_streamlit() -> bool:
    """Whether this file is run by `streamlit run`, anew for every page it draws."""
    if "streamlit" not in sys.modules:
        return False
    from streamlit import runtime

    return runtime.exists()


def serve(arguments: Sequence[str], program: str = "python app.py") -> int:
    """Serve the studio until it is stopped; 2 if it cannot, in a sentence that says why."""
    parser = argparse.ArgumentParser(program, description="Serve the studio to browsers until it is stopped.")
    parser.add_argument("--host", help="the address to listen at; 0.0.0.0 lets other machines in (127.0.0.1)")
    given = os.environ.get("GRADIO_SERVER_PORT") or None
    parser.add_argument("--port", type=_port, default=given, help="the port (7860; Streamlit: 8501)")
    parser.add_argument("--face", choices=("gradio", "streamlit"), default="gradio", help="which face (gradio)")
    parser.add_argument("--check", action="store_true", help="say what the studio would use, and serve nothing")
    chosen = parser.parse_args(arguments)
    host = chosen.host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    port = chosen.port or PORTS[chosen.face]
    panels_shown: list[Panel] = []
    try:
        faults = startup.faults(host)
        panels_shown = switches.shown(pages.panels())
        socket.create_server((host, port)).close()
    except StudioError as error:
        faults = [str(error)]
    except OSError as error:
        faults.append(f"The studio cannot listen there: {error.strerror}. Choose another --host or --port.")
    if chosen.check and not faults:
        print(*startup.described(host), sep="\n")
        return 0
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        return 2
    journal.open_log()
    temporary.sweep()
    temporary.own_folder()
    if chosen.face == "streamlit":
        _serve_streamlit(host, port)
    else:
        _serve_gradio(panels_shown, host, port)
    return 0


def _serve_gradio(panels: "Sequence[Panel]", host: str, port: int) -> None:
    stopping = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopping.set())
    studio = gradio_face.serve(panels, port, host=host)
    journal.take_over()
    print(f"Ten Papers Studio: {studio.local_url}", flush=True)
    warm_aside(measure_places)
    stopping.wait()
    log.info("stopping")
    late = threading.Timer(LATEST_END, _end)
    late.daemon = True
    late.start()
    journal.end_log()
    gradio_face.stop(studio)
    _end()


def _end() -> None:
    """Leave nothing behind, and end at once."""
    with ENDING:
        log.info("ending")
        jobs.JOBS.stop()
        temporary.remove()
        logging.shutdown()
        # Python would wait for whatever reads a clip just now; jobs go on from where they were saved last.
        os._exit(0)


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to {2**16 - 1}.")
    return int(text)


def _serve_streamlit(host: str, port: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with suppress(SystemExit, KeyboardInterrupt):
        streamlit_server.serve(__file__, host, port)
    _end()


def draw() -> None:
    """Draw the page that a visitor of the Streamlit face is on."""
    streamlit_face.serve(switches.shown(pages.panels()), warm_aside)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the `studio` command; its exit status."""
    parser = argparse.ArgumentParser("studio", description="Ten landmark vision papers of 2018, one panel each.")
    parser.add_argument("--version", action="version", version=f"studio {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in COMMANDS.items():
        commands.add_parser(name, help=words, add_help=False)
    chosen, given = parser.parse_known_args(arguments)
    program = f"studio {chosen.command}"
    match chosen.command:
        case "serve":
            status = serve(given, program)
        case "weights":
            status = weights.main(given, program)
        case "bench":
            status = benchmarks.main(given, program)
        case "check":
            status = check.main(given, program)
        case "space":
            status = space.main(given, program)
        case name:
            status = panels_command.main(pages.panels(), [name, *given], "studio")
    return int(status)


if __name__ == "__main__":
    if run_by_streamlit():
        draw()
    else:
        sys.exit(serve(sys.argv[1:]))
