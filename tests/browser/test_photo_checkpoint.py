"""A visitor who chooses a checkpoint that is not here: its facts, its download, and the bundled one meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from engines.photo_stylization.engine import BUNDLED, warm
from engines.runtime.checkpoints import find, present
from tests.support.browser import Visit, serious_findings
from tests.support.hub_server import Fault, Hub
from tests.support.published_photo import BADGE, HALT, PANEL, QUERY, WANTED, published
from tests.support.servers import studio


@pytest.fixture(autouse=True)
def bundled() -> None:
    if present(find(BUNDLED)) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")
    warm()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with published(monkeypatch, tmp_path) as server:
        yield server


@pytest.mark.proof
def test_a_visitor_follows_the_download_and_gets_the_bundled_result_until_it_is_here(
    chromium: Browser, server: Hub, tmp_path: Path
) -> None:
    server.faults = [Fault("BODY", halt=HALT)]
    with studio([PANEL], tmp_path / "studio") as address:
        visit = Visit(chromium, address, QUERY)
        page = visit.page
        expect(page.locator(".studio-visits button")).to_have_count(2)  # The link has been followed.
        row = page.locator(".studio-checkpoints > div").filter(has_text=BADGE)
        expect(row).to_contain_text("MB, CC BY-NC 4.0. Trained on:")
        expect(row).to_contain_text("Not on this machine")
        row.get_by_role("radio").check()
        page.wait_for_function(f"location.search.includes('checkpoint={WANTED}')")
        page.get_by_role("button", name="Stylize").click()
        alert = page.get_by_role("alert").filter(has_text="This result is from the small model")
        expect(alert).to_be_visible()
        badge = page.locator(".studio-badge")
        expect(badge).to_contain_text("small model trained by this project")
        expect(row.get_by_role("progressbar")).to_be_visible()
        expect(row).to_contain_text("is being downloaded: 0.3 of")
        row.get_by_role("button", name="Cancel").click()
        expect(row).to_contain_text("was cancelled at 0.3 of")
        server.release.set()
        row.get_by_role("button", name="Try again").click()
        expect(row).to_contain_text("On this machine.")
        expect(page.get_by_role("button", name="Stylize")).to_be_visible()
        page.get_by_role("button", name="Stylize").click()
        expect(badge).to_contain_text(BADGE)
        expect(alert).not_to_be_visible()
        page.get_by_role("button", name="Memory").click()
        loaded = page.get_by_role("dialog").get_by_role("row").filter(has_text=WANTED)
        expect(loaded).to_contain_text("cpu")
        assert serious_findings(page) == []
        assert visit.complaints == []
        visit.context.close()
