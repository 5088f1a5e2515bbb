"""A job in the browser outlives its page and its server, and is its owner's alone."""

import json
import re
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from studio.runs import run as runs
from tests.support.servers import process
from tests.support.training_server import PANEL
from tests.support.waiting import wait_until


def studio(folder: Path, port: int | None = None) -> AbstractContextManager[str]:
    """The whole studio in a process of its own, which is ended as the kernel does it."""

    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "tests.support.training_server", "serve", str(port)]

    return process(command, lambda port: {"STUDIO_JOBS": str(folder), "OMP_NUM_THREADS": "1"}, at=port)


@pytest.mark.proof
def test_a_job_survives_a_reload_and_the_end_of_the_server_and_its_visitor_sees_it_end(
    chromium: Browser, tmp_path: Path
) -> None:
    steps = 450
    context = chromium.new_context()
    page = context.new_page()
    query = f"/?{urlencode({'panel': 'training', 'steps': steps})}"
    status = page.get_by_role("status").filter(has_text=re.compile(rf"step \d+ of {steps}"))
    with studio(tmp_path) as address:
        page.goto(address + query)
        page.get_by_role("button", name="Start").click()
        expect(status).to_be_visible()
        page.reload()
        expect(status).to_be_visible()
        wait_until(lambda: list(tmp_path.glob("*/saved.safetensors")))
    assert not list(tmp_path.glob("*/result.safetensors"))
    with studio(tmp_path, urlsplit(address).port):  # There the page finds what it had kept.
        page.goto(address + query)
        expect(page.get_by_role("application", name="Loss: loss over step, training")).to_be_visible()
        undisturbed = runs.finished(runs.start(PANEL.experiments[0], {"steps": steps}))
        expect(page.get_by_text(undisturbed["weights"]["network"]["SHA-256"])).to_be_visible()
        stranger = chromium.new_context()
        stranger.add_init_script(f"Object.assign(localStorage, {json.dumps(page.evaluate('({ ...localStorage })'))})")
        other = stranger.new_page()
        other.goto(address + query)
        expect(other.get_by_role("button", name="Start")).to_be_visible()
        other.wait_for_function("!Object.keys(localStorage).some(name => name.startsWith('studio-job'))")
        stranger.close()
    context.close()
