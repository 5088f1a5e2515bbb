"""Settings that hold for every test."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support import SHARED

# Time is measured where a test says so; elsewhere a busy machine must not decide.
settings.register_profile("studio", deadline=None)
settings.load_profile("studio")

# What tests keep is kept apart from the user's own; said here, before the first import of it.
os.environ["STUDIO_JOBS"] = tempfile.mkdtemp(prefix="studio-jobs-")
os.environ["STUDIO_ANSWERS"] = os.path.join(tempfile.mkdtemp(prefix="studio-answers-"), "answers.sqlite3")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser of every browser test, for Playwright runs once in a process; other tests do not pay its import."""
    from playwright.sync_api import sync_playwright

    from tests.support.browser import CHROMIUM, FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def studio_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Gives the address of a studio with these panels; it stays until one with others is asked for."""
    from tests.support.servers import studio

    with ExitStack() as running:
        shown: tuple[Any, ...] = ()
        address = ""

        def serve(*panels: Any) -> str:
            nonlocal shown, address
            if len(panels) != len(shown) or any(one is not other for one, other in zip(panels, shown, strict=True)):
                running.close()
                address = running.enter_context(studio(panels, tmp_path_factory.mktemp("studio")))
                shown = panels
            return address

        yield serve


@pytest.fixture(scope="session")
def streamlit_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Streamlit serves the panels of its tests."""
    from tests.support.streamlit_browser import streamlit_server

    with streamlit_server(tmp_path_factory.mktemp("streamlit")) as address:
        yield address


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A server, to which the Hub's client of this process and those of its children turn, with an empty cache."""
    from tests.support.hub_server import Hub, point_client

    server = Hub()
    point_client(monkeypatch, server.endpoint, tmp_path / "cache")
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path / "override"))
    yield server
    server.close()


@pytest.fixture
def files() -> Iterator[Any]:
    """A second host, of plain files."""
    from tests.support.hub_server import Hub

    server = Hub()
    yield server
    server.close()


@pytest.fixture(scope="session")
def dance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 26 frames of a dancer's film, with its sound."""
    from engines.runtime.video import Recording, read_clip

    film = SHARED / "data/video/dance-65f.mp4"
    if not film.exists():
        pytest.skip("needs ../shared/data/video")
    whole = read_clip(film)
    with Recording(whole.rate, whole) as recording:
        for frame in islice(whole.frames(1024), 26):
            recording.add(frame)
    path = tmp_path_factory.mktemp("films") / "dance.mp4"
    path.write_bytes(recording.content)
    return path
