"""The front door: `python app.py` serves the studio at 127.0.0.1:7860, `streamlit run app.py` its second face."""

import gc
import importlib.util
import logging
import sys
import threading

import pages

log = logging.getLogger(__name__)


def warm() -> None:
    """Load what the first run of each panel would otherwise wait for."""
    for panel in pages.panels():
        if importlib.util.find_spec(f"engines.{panel.slug}.engine") is None:
            continue
        try:
            importlib.import_module(f"engines.{panel.slug}.engine").warm()
        except Exception:
            log.exception("%s could not be warmed", panel.slug)
    # What is loaded by now stays. Streamlit collects garbage after every drawing of a page, which held up all else for
    # 0.2 s, several times a second, while torch's objects were looked through as well.
    gc.freeze()


def warm_aside() -> None:
    """Warm the panels while visitors are served already."""
    threading.Thread(target=warm, name="warm", daemon=True).start()


def run_by_streamlit() -> bool:
    """Whether this file is run by `streamlit run`, anew for every page it draws."""
    if "streamlit" not in sys.modules:
        return False
    from streamlit import runtime

    return runtime.exists()


def main() -> None:
    """Serve the studio until it is stopped."""
    from pages._gradio import serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    studio = serve(pages.panels())
    print(f"Ten Papers Studio: {studio.local_url}", flush=True)
    warm_aside()
    studio.block_thread()


def draw() -> None:
    """Draw the page that a visitor of the Streamlit face is on."""
    from pages import _streamlit

    _streamlit.serve(pages.panels(), warm_aside)


if __name__ == "__main__":
    if run_by_streamlit():
        draw()
    else:
        main()
