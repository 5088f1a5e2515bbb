"""Links and saved pictures bring every control back."""

import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Page, expect

from engines.photo_stylization.engine import warm
from engines.runtime.checkpoints import find, present
from studio.kinds.control import UPLOADED
from tests.support.browser import Visit, drop, visits
from tests.support.exposures import (
    CHANGED,
    PANELS,
    PLACE,
    RUNS,
    change_everything,
    download,
    expect_query,
    pixels,
    query,
    settle,
    shown,
)
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(*PANELS)


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens the studio, with that query."""
    with visits(chromium, address) as opened:

        def open_studio(query: dict[str, str] | None = None, **options: Any) -> Visit:
            return opened(f"?{urlencode(query)}" if query else "", **options)

        yield open_studio


def png(parameters: str | None = None) -> bytes:
    """A picture that carries the text where the studio writes its parameters."""
    chunks = PngInfo()
    if parameters is not None:
        chunks.add_text("parameters", parameters)
    file = io.BytesIO()
    Image.fromarray(np.zeros((32, 32, 3), dtype=np.uint8)).save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def test_the_address_follows_the_controls_and_the_tabs(visit: Callable[..., Visit]) -> None:
    one = visit({"__theme": "dark"})
    page = one.open("Darkroom")
    settle(page)
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
    expect_query(page, __theme="dark")
    change_everything(page)
    expect_query(page, __theme="dark", **CHANGED)
    one.open("The survey")
    page.wait_for_function("location.pathname + location.search === '/?__theme=dark'")
    one.open("Darkroom")
    expect_query(page, __theme="dark", **CHANGED)


def test_a_copied_link_gives_the_result_s_controls_and_the_identical_picture(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = one.open("Darkroom")
    settle(page)
    change_everything(page)
    page.get_by_role("button", name="Expose").click()
    settle(page, 0.55, 7)
    page.get_by_role("slider", name="Gain").fill("0.1")
    shown(page, "button").filter(has_text="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    asked = {"panel": urlsplit(link).path.removeprefix("/"), **dict(parse_qsl(urlsplit(link).query))}
    assert asked == {**PLACE, **CHANGED}
    fresh = visit(asked).page
    settle(fresh, 0.55, 7)
    assert np.array_equal(pixels(download(fresh)), pixels(download(page)))
    expect_query(fresh, **CHANGED)


def test_a_link_to_the_opening_computes_once(visit: Callable[..., Visit]) -> None:
    RUNS.clear()
    settle(visit(PLACE).page)
    assert len(RUNS) == 1


@pytest.mark.parametrize(
    ("asked", "sentence", "kept"),
    [
        ({"gain": "9", "seed": "5"}, "Gain: 9 is beyond 0.1 to 1; 1 is used.", {"gain": "1", "seed": "5"}),
        ({"seed": "x"}, "Seed: 'x' is no seed", {}),
        ({"cuont": "4"}, "'cuont' is not a control of Expose", {}),
        ({"photo": "/etc/passwd"}, "Negative: '/etc/passwd' is not among the examples dim, bright.", {}),
        ({"experiment": "print<b>"}, "Darkroom has no experiment 'print<b>'; there are expose.", {}),
        (
            {"photo": UPLOADED, "seed": "5"},
            "Negative: your own file cannot come with a link",
            {"seed": "5", "photo": ""},
        ),
    ],
)
def test_what_a_link_asks_wrongly_is_one_sentence_and_the_rest_is_followed(
    visit: Callable[..., Visit], asked: dict[str, str], sentence: str, kept: dict[str, str]
) -> None:
    page = visit({**PLACE, **asked}).page
    alert = page.get_by_role("alert").filter(has_text=sentence)
    expect(alert).to_be_visible()
    assert alert.locator("p").count() == 1
    expect_query(page, **kept)


def test_a_link_to_no_panel_is_one_sentence_over_the_survey(visit: Callable[..., Visit]) -> None:
    page = visit({"panel": "<img src=x>"}).page
    expect(
        page.get_by_role("alert").filter(has_text="There is no panel '<img src=x>'; choose one below.")
    ).to_be_visible()
    expect(shown(page, ".studio-survey")).to_be_visible()


def test_a_link_goes_before_a_job_of_other_values(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.open("Hard experiments", "Race")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused; what was finished stays.")).to_be_visible()
    link = urljoin(page.url, "?panel=hard_experiments&experiment=race&norm=bn&seed=3")
    other = one.context.new_page()
    other.goto(link)
    expect(other.get_by_label("batch", exact=True)).to_be_checked()
    expect(other.get_by_role("spinbutton", name="Seed")).to_have_value("3")
    expect(other.get_by_role("application", name="Loss: loss over step")).not_to_be_visible()


@pytest.mark.parametrize("suffix", [".png", pytest.param(".webp", marks=pytest.mark.proof)])
def test_a_saved_picture_brings_every_control_back(visit: Callable[..., Visit], suffix: str) -> None:
    page = visit({**PLACE, **CHANGED}).page
    settle(page, 0.55, 7)
    saved = download(page, suffix)
    fresh = visit().page
    if suffix == ".png":
        drop(fresh, saved)
    else:
        fresh = visit().open("Darkroom")
        settle(fresh)
        fresh.get_by_label("Open a saved file").locator("visible=true").set_input_files(
            {"name": "saved.webp", "mimeType": "image/webp", "buffer": saved}
        )
    settle(fresh, 0.55, 7)
    expect_query(fresh, **CHANGED)
    assert fresh.get_by_role("slider", name="Gain").input_value() == "0.55"
    assert fresh.get_by_role("spinbutton", name="Seed").input_value() == "7"
    expect(fresh.get_by_role("radio", name="rough paper")).to_be_checked()
    expect(fresh.get_by_role("checkbox", name="Toned")).to_be_checked()
    expect(fresh.get_by_role("img", name="Negative: bright")).to_be_visible()
    assert np.array_equal(pixels(download(fresh)), pixels(download(page)))


def test_a_saved_picture_made_of_one_s_own_asks_for_it_again(visit: Callable[..., Visit]) -> None:
    page = visit().page
    controls = {"photo": UPLOADED, "gain": 0.55, "paper": "smooth", "toned": False, "seed": 7, "pace": 0}
    drop(page, png(json.dumps({**PLACE, "controls": controls})))
    asks = "Negative: your own file cannot come with a link or a saved result; choose it again."
    expect(page.get_by_role("alert").filter(has_text=asks)).to_be_visible()
    assert page.get_by_role("slider", name="Gain").input_value() == "0.55"
    expect_query(page, photo="", gain="0.55", seed="7")


FOREIGN = [
    (b"no picture", "this is text, not a picture"),
    (png(), "carries no parameters"),
    (png('["a", "list"]'), "does not say how it was made"),
    (png("[" * 100_000), "carries no parameters"),
    (png('{"panel": 3, "experiment": {}, "controls": "x"}'), "does not say how it was made"),
    (png('{"panel": "elsewhere", "experiment": "x", "controls": {}}'), "There is no panel 'elsewhere'"),
]


def test_a_foreign_picture_is_one_sentence(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.open("Darkroom")
    settle(page)
    for content, sentence in FOREIGN:
        drop(page, content)
        expect(shown(page, ".studio-arrivals [role=alert]")).to_contain_text(sentence)
    expect_query(page)
    assert all("422" in complaint for complaint in one.complaints)
    one.complaints.clear()


def test_a_hostile_picture_is_answered_by_few_sentences(visit: Callable[..., Visit]) -> None:
    page = visit().page
    controls = {f"<b>{number}": {"deep": [number]} for number in range(1000)}
    drop(page, png(json.dumps({**PLACE, "controls": controls})))
    alert = shown(page, ".studio-told-alert .studio-alert")
    expect(alert).to_contain_text("'<b>0' is not a control of Expose")
    assert 1 <= alert.locator("p").count() <= 3


@pytest.mark.proof
def test_a_picture_dropped_on_a_photograph_s_field_is_used_as_a_photograph(visit: Callable[..., Visit]) -> None:
    page = visit({**PLACE, **CHANGED}).page
    settle(page, 0.55, 7)
    drop(page, download(page), ".studio-photo")
    expect(page.get_by_role("img", name="Negative: your picture")).to_be_visible()
    expect_query(page, **{**CHANGED, "photo": UPLOADED})


@pytest.mark.proof
def test_the_photo_panel_s_link_gives_the_identical_picture(visit: Callable[..., Visit]) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")
    warm()
    page = visit().open("Photo stylization")
    page.get_by_label("guided filter: fast").check()
    page.get_by_role("button", name="More").locator("visible=true").click()
    wait_until(partial(filled, page, "Computed at", "128"))
    page.get_by_role("button", name="Stylize").click()
    made_after_opening(page)
    page.wait_for_function("location.search.includes('longest=128')")
    fresh = visit(query(page)).page
    made_after_opening(fresh)
    assert np.array_equal(pixels(download(fresh)), pixels(download(page)))


def filled(page: Page, slider: str, value: str) -> bool:
    """Fill a slider that has just come into sight; whether it stays, for Gradio may set its first value after that."""
    page.get_by_role("slider", name=slider).fill(value)
    page.wait_for_timeout(300)
    return page.get_by_role("slider", name=slider).input_value() == value


def made_after_opening(page: Page) -> None:
    """Wait for the first result after the one that is rendered beforehand."""
    expect(shown(page, ".studio-visits button")).to_have_count(2)
