"""Serves the second face behind the same guards as the first."""

import sys

from streamlit.starlette import App

from studio.wire.guards import guards


def serve(script: str, host: str, port: int) -> None:
    """Serve what a script draws until the process is told to stop.

    Raises:
        DeviceError: STUDIO_HOSTS or STUDIO_LIMITS cannot be read.
    """
    sys.argv = [script]  # Beside which Streamlit finds its settings.
    # Its components' modules, which stand alone, bring what they share as text.
    App(script, middleware=guards(host, scripts="data:")).run(config={"server.address": host, "server.port": port})
