"""Recording a film on the page, and handing a file that one experiment made to another."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from engines.everybody_dance_now.normalization import PoseStatistics
from engines.everybody_dance_now.subject import Subject, build
from engines.runtime.video import Clip
from pages.everybody_dance_now.subject_file import SubjectFile
from studio.declared import Experiment, Panel, Paper
from studio.kinds import Consent, File, Footage, Table
from tests.support.browser import Visit, serious_findings


def learn(recording: Clip | None, consent: bool) -> Iterator[dict[str, Any]]:
    network = build({"side": 64, "widths": [8, 8, 8, 8], "blocks": 0, "face_width": 8})
    subject = Subject(network.eval(), PoseStatistics(50.0, 60.0, 40.0, 45.0, 32.0))
    frames = 0 if recording is None else sum(1 for _ in recording.frames(64))
    yield {"numbers": {"recording": {"frames": frames}}, "file": subject.content()}


def use(own: Subject | None) -> Iterator[dict[str, Any]]:
    yield {"numbers": {"subject": {"side": 0 if own is None else own.side}}}


PANEL = Panel(
    slug="recordings",
    title="Recordings",
    paper=Paper(98, "Recordings", "The studio", "tests", "0000.00001"),
    story="A film is recorded, and a file is handed over.",
    experiments=(
        Experiment(
            name="learn",
            title="Learn",
            controls={
                "recording": Footage("Recording", optional=True),
                "consent": Consent("Who is seen agreed", to="recording"),
            },
            outputs={"numbers": Table("Numbers"), "file": File("Subject", "subject.safetensors", ("use", "own"))},
            presets={"Nothing": {}},
            action="Learn",
            run=learn,
        ),
        Experiment(
            name="use",
            title="Use",
            controls={"own": SubjectFile("Own subject", optional=True, instead_of="")},
            outputs={"numbers": Table("Numbers")},
            presets={"Nothing": {}},
            action="Use",
            run=use,
        ),
    ),
)


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL)


def test_a_film_is_recorded_and_the_file_that_comes_of_it_is_used_elsewhere(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address)
    page = visit.open("Recordings")
    consent = page.get_by_label("Who is seen agreed")
    consent.check()
    page.get_by_role("button", name="Record: Recording").click()
    dialog = page.get_by_role("dialog", name="Record")
    dialog.get_by_role("button", name="Start recording").click()
    expect(dialog.get_by_text("Recording: 0:01")).to_be_visible()
    assert serious_findings(page) == []
    dialog.get_by_role("button", name="Stop").click()
    expect(dialog.get_by_text("Look at it")).to_be_visible()
    dialog.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("your recording")).to_be_visible()
    expect(consent).not_to_be_checked()  # It was given for another film.
    page.get_by_role("button", name="Learn", exact=True).locator("visible=true").click()
    frames = page.get_by_role("row", name="recording").get_by_role("cell")
    expect(frames).not_to_have_text("0")  # That many had the page when it opened.
    assert int(frames.inner_text()) > 10
    with page.expect_download() as download:
        page.get_by_role("link", name="Download subject.safetensors").click()
    assert Subject.load(Path(download.value.path())).side == 64
    page.get_by_role("button", name="Use it in Use").click()
    expect(page.get_by_text("your subject").locator("visible=true")).to_be_visible()
    page.get_by_role("button", name="Use", exact=True).locator("visible=true").click()
    expect(page.get_by_role("row", name="subject").locator("visible=true")).to_contain_text("64")
    visit.context.close()
    assert visit.complaints == []


def test_a_file_that_is_no_subject_is_refused_in_words(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=recordings&experiment=use")
    field = visit.page.locator("fieldset", has_text="Own subject").locator("visible=true")
    field.locator("input").set_input_files({"name": "x.safetensors", "mimeType": "", "buffer": b"nothing"})
    expect(field.get_by_text("not a subject's file")).to_be_visible()
    visit.context.close()


def test_without_a_camera_the_dialog_says_what_to_do(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address)
    page = visit.open("Recordings")
    page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    page.get_by_role("button", name="Record: Recording").click()
    expect(page.get_by_text("The camera was refused.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Record")).not_to_be_attached()
    expect(page.get_by_text("none", exact=True).first).to_be_visible()
    visit.context.close()
    assert visit.complaints == []
