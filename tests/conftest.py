"""Settings that hold for every test."""

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# Time is measured where a test says so; elsewhere a busy machine must not decide.
settings.register_profile("studio", deadline=None)
settings.load_profile("studio")

# Jobs of tests are kept apart from the user's own; said here, before the first import of them.
os.environ["STUDIO_JOBS"] = tempfile.mkdtemp(prefix="studio-jobs-")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser of every browser test, for Playwright runs once in a process; other tests do not pay its import."""
    from playwright.sync_api import sync_playwright

    from tests.browser import CHROMIUM, FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM if CHROMIUM.exists() else None, args=FLAGS)
        yield browser
        browser.close()
