"""The published model: offered in sight, downloaded by one click, drawn beside the bundled one by another."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from playwright.sync_api import Browser, Page, expect

from engines.photo_stylization.engine import BUNDLED, warm
from engines.runtime.checkpoints import find, present
from engines.runtime.class_names import CIFAR10, imagenet
from engines.runtime.downloads import download
from studio.kinds import CheckpointChoice
from tests.support import naming
from tests.support.browser import Visit, serious_findings
from tests.support.hub_server import Fault, Hub
from tests.support.published_photo import BADGE, HALT, OFFER, PANEL, QUERY, SHOWS, WANTED, published
from tests.support.servers import studio

WIDE = {"width": 1366, "height": 768}


@pytest.fixture(autouse=True)
def bundled() -> None:
    if present(find(BUNDLED)) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")
    warm()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with published(monkeypatch, tmp_path) as server:
        yield server


def sides(page: Page) -> list[str]:
    """What is said of each of two models."""
    heads = page.locator(".studio-pair .studio-badge")
    expect(heads).to_have_count(2)
    return heads.all_inner_texts()


def test_a_click_brings_the_published_model_and_another_draws_it_beside_the_bundled_one(
    chromium: Browser, server: Hub, tmp_path: Path
) -> None:
    server.faults = [Fault("BODY", halt=HALT)]
    with studio([PANEL], tmp_path / "studio") as address:
        visit = Visit(chromium, address, QUERY, viewport=WIDE)
        page = visit.page
        expect(page.locator(".studio-visits button")).to_have_count(2)  # The link has been followed.
        offer = page.locator(".studio-offer")
        expect(offer).to_contain_text("See the paper's own model: 1.3 MB")
        expect(offer).to_contain_text("CC BY-NC 4.0")
        expect(offer).to_be_in_viewport()
        expect(page.locator(".studio-gallery")).to_be_hidden()
        assert server.requests == []
        offer.get_by_role("button").click()
        expect(offer).to_contain_text("is being downloaded: 0.3 of 1.3 MB")
        expect(offer.get_by_role("progressbar")).to_be_visible()
        offer.get_by_role("button", name="Cancel").click()
        expect(offer).to_contain_text("was cancelled at 0.3 of")
        server.release.set()
        offer.get_by_role("button", name="Try again").click()
        offer.get_by_role("button", name="Draw it beside the paper's own model").click()
        left, right = sides(page)
        assert "small model trained by this project" in left and BADGE in right
        pair = page.locator(".studio-pair")
        expect(pair.locator(".studio-output[data-kind=comparison]")).to_have_count(2)
        for chosen in pair.get_by_label("On the right").all():  # Neither is smoothed, as the controls say.
            assert chosen.locator("option").all_inner_texts() == ["content", "none"]
        single = page.locator(".studio-result > .block .studio-output[data-kind=comparison]")
        expect(single).to_be_hidden()
        assert serious_findings(page) == []
        page.get_by_label("guided filter: fast").check()
        expect(pair).to_be_hidden()
        expect(single).to_be_visible()
        assert visit.complaints == []
        visit.context.close()


@pytest.mark.parametrize("why", ["STUDIO_FETCH", pytest.param("HF_HUB_OFFLINE", marks=pytest.mark.proof)])
def test_where_nothing_may_be_fetched_words_say_what_would_be_seen(
    chromium: Browser, server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "STUDIO_FETCH":
        monkeypatch.setenv(why, "nobody")
    else:
        monkeypatch.setattr(constants, why, True)
    with studio([PANEL], tmp_path / "studio") as address:
        visit = Visit(chromium, address, "photo_stylization", viewport=WIDE)
        gallery = visit.page.get_by_role("region", name="What the paper's own model would show")
        expect(gallery).to_contain_text(SHOWS)
        expect(gallery).to_contain_text("fetches no checkpoints" if why == "STUDIO_FETCH" else why)
        expect(gallery.get_by_role("link")).to_have_attribute("href", "https://arxiv.org/pdf/1802.06474")
        assert gallery.locator("img").count() == 0
        expect(visit.page.locator(".studio-offer button")).to_be_hidden()
        assert serious_findings(visit.page) == []
        assert server.requests == [] and visit.complaints == []
        visit.context.close()


def test_a_moved_control_of_a_live_experiment_takes_the_place_of_two_models(
    chromium: Browser, server: Hub, tmp_path: Path
) -> None:
    choice = CheckpointChoice("Checkpoint", {BUNDLED: "ours", WANTED: BADGE}, BUNDLED, published=OFFER)
    label = dataclasses.replace(naming.LABEL, names={BUNDLED: CIFAR10, WANTED: imagenet()})
    experiment = dataclasses.replace(naming.EXPERIMENT, controls={"checkpoint": choice, "label": label})
    panel = dataclasses.replace(naming.PANEL, experiments=[experiment])
    download(find(WANTED)).wait(20)
    with studio([panel], tmp_path / "studio") as address:
        visit = Visit(chromium, address, "naming")
        page = visit.page
        expect(page.get_by_text(f"A horse by {BUNDLED}.")).to_be_visible()
        page.get_by_role("button", name="Draw it beside the paper's own model").click()
        pair = page.locator(".studio-pair")
        expect(pair).to_contain_text(f"A horse by {BUNDLED}.")
        expect(pair).to_contain_text(f"A sorrel by {WANTED}.")
        expect(pair).to_contain_text("horse on the left and sorrel on the right")
        page.get_by_label("Class", exact=True).select_option("ship")
        expect(page.get_by_text(f"A ship by {BUNDLED}.")).to_be_visible()
        expect(pair).to_be_hidden()
        page.get_by_role("button", name="Draw it beside the paper's own model").click()
        expect(pair).to_contain_text(f"A container ship by {WANTED}.")
        pair.get_by_role("button", name="Close").click()
        expect(page.get_by_text(f"A ship by {BUNDLED}.").locator("visible=true")).to_have_count(1)
        assert visit.complaints == []
        visit.context.close()
