"""A paper that is only declared, in a folder of tests, as if it lay in pages/."""

import io
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

import pages
from studio.declared import Panel
from studio.runs.run import finished, start

NEW = Path(__file__).parent / "new_panel"
FOUND = ("moonlight", "sunshine")
VALUES = {"height": 0.3, "seed": 5}


@contextmanager
def added() -> Iterator[None]:
    """The folder stands among those of pages/ meanwhile."""
    pages.__path__.append(str(NEW))
    pages.panels.cache_clear()
    yield
    pages.__path__.remove(str(NEW))
    pages.panels.cache_clear()


def panels() -> list[Panel]:
    """The panels of that folder, as they are found among all."""
    return [panel for panel in pages.panels() if panel.slug in FOUND]


def sky() -> np.ndarray:
    """What every face must give for these values."""
    return finished(start(pages.panel("sunshine").experiment("shine"), VALUES))["picture"]


def fetched(address: str) -> np.ndarray:
    """The picture at that address."""
    return np.asarray(Image.open(io.BytesIO(httpx.get(address).content)).convert("RGB"))


if __name__ == "__main__":
    sys.argv[0] = "pages"
    with added():
        runpy.run_module("pages", run_name="__main__")
