"""The Streamlit face as a browser shows it: links, a visit's habits, pages of ours, regions, clips; and axe."""

import base64
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, TimeoutError, expect

import pages
from engines.runtime.checkpoints import find, present
from engines.runtime.images import read_parameters
from engines.runtime.video import read_clip, read_clip_parameters
from tests import hard_experiments
from tests.browser import free_port, serious_in_both_schemes
from tests.test_live import wait_until
from tests.test_streamlit import ASKED, EXPERIMENT, OTHER, ROOT, computed

STYLIZE = pages.panel("photo_stylization").experiment("stylize")
PHOTO = {"panel": "photo_stylization", "experiment": "stylize"}
CLICK = {"panel": "hard_experiments", "experiment": "click"}
TRIAL = {"panel": "hard_experiments", "experiment": "trial"}
SOON = 60_000
"""Milliseconds for the first run of a panel, which loads its network, on a busy machine."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a real server serves the panels of tests/test_streamlit.py."""
    path = tmp_path_factory.mktemp("studio") / "app.py"
    path.write_text("from tests.test_streamlit import script\n\nscript()\n")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(path), "--server.port", str(port)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    served = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with suppress(OSError), urlopen(f"{served}/_stcore/health") as answer:
                assert answer.status == 200
                break
            time.sleep(0.2)
        yield served
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def opened(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the studio, with that query, in a browser of its own; at the end no page may have complained of an error,
    a warning or a request to elsewhere."""
    complaints: list[str] = []
    contexts = []
    own = (address, "data:", "blob:")

    def complain(is_one: bool, words: str) -> None:
        if is_one:
            complaints.append(words)

    def hear(message: ConsoleMessage) -> None:
        # Streamlit forgets a picture once the next has taken its place; a browser may ask for it after that.
        forgotten = "/media/" in message.location["url"] and "404" in message.text
        complain(message.type in ("error", "warning") and not forgotten, message.text)

    def open_studio(query: dict[str, str] | None = None, **options: Any) -> Page:
        contexts.append(chromium.new_context(permissions=["camera"], **options))
        page = contexts[-1].new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complain(True, str(error)))
        page.on("request", lambda request: complain(not request.url.startswith(own), request.url))
        page.goto(f"{address}/?{urlencode(query)}" if query else address)
        return page

    yield open_studio
    for context in contexts:
        context.close()
    assert complaints == []


def query(page: Page) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.url).query))


def expect_query(page: Page, **expected: str) -> None:
    """Wait for the address bar to ask for that and nothing else but a job."""
    wanted = urlencode(sorted(expected.items()))
    others = "[...new URLSearchParams(location.search)].filter(([name]) => name !== 'job')"
    sorted_now = f"new URLSearchParams({others}.sort()).toString()"
    page.wait_for_function(f"wanted => {sorted_now} === wanted", arg=wanted, timeout=SOON)


def developed(page: Page, gain: float = 0.8, seed: int = 0) -> None:
    """Wait until the darkroom shows what these values give, and nothing is computed."""
    expect(page.get_by_text(f"Made with a gain of {gain} & seed {seed}.")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("button", name="Develop", exact=True)).to_be_visible(timeout=SOON)
    expect(page.get_by_label("Right of the line")).to_have_value("third", timeout=SOON)
    rest(page)  # Until then Download may give an earlier stage.


def download(page: Page, name: str = "Download") -> Path:
    """The file that the first button of that name gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name=name, exact=True).first.click()
    return download.value.path()


def pixels(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file).convert("RGB"))


def move(slider: Locator, key: str, times: int = 1) -> None:
    slider.focus()
    for _ in range(times):
        slider.press(key)


def gain(page: Page) -> Locator:
    return page.get_by_role("slider", name="Gain")


def drop(page: Page, content: bytes) -> None:
    """What a hand does that lets go of a file over the page."""
    # It has its name when the page listens.
    page.locator(".st-key-saved input[type=file][aria-label]").wait_for(state="attached", timeout=SOON)
    data = page.evaluate_handle(
        """text => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
            data.items.add(new File([bytes], "saved.png", { type: "image/png" }));
            return data;
        }""",
        base64.b64encode(content).decode(),
    )
    for kind in ("dragover", "drop"):
        page.locator("body").dispatch_event(kind, {"dataTransfer": data})


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light", "viewport": {"width": 1366, "height": 900}},
        {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
    ],
    ids=["light, wide", "dark, 390 pixels"],
)
def test_a_result_is_shown_with_no_complaint_and_no_request_to_elsewhere(
    opened: Callable[..., Page], options: dict[str, Any]
) -> None:
    page = opened({"panel": "darkroom", "gain": "0.5"}, **options)
    developed(page, 0.5)
    line = page.get_by_label("content left of the line, third right of it")
    line.focus()
    line.press("ArrowLeft")
    assert line.input_value() == "49.5"
    expect(page.locator(".studio-curves polyline")).to_be_visible()
    broken = "[...document.images].filter(image => image.complete && !image.naturalWidth).length"
    wider = "document.documentElement.scrollWidth > innerWidth"
    assert page.evaluate(broken) == 0 and not page.evaluate(wider)
    paper = page.locator(".stApp").evaluate("element => getComputedStyle(element).backgroundColor")
    assert paper == ("rgb(21, 20, 18)" if options["color_scheme"] == "dark" else "rgb(253, 252, 249)")
    assert read_parameters(download(page))["controls"]["gain"] == 0.5


def test_a_snapshot_is_answered_by_a_picture(opened: Callable[..., Page]) -> None:
    page = opened({"panel": "hard_experiments", "experiment": "mirror"})
    page.wait_for_function("document.querySelector('video')?.videoWidth > 0", timeout=SOON)
    page.get_by_role("button", name="Take Photo").click()
    expect(page.get_by_role("button", name="Download")).to_be_visible()


def test_a_link_gives_the_identical_picture_in_a_fresh_page(opened: Callable[..., Page]) -> None:
    page = opened(ASKED)
    developed(page, 0.35, 7)
    wanted = computed(EXPERIMENT, **OTHER)["result"]["third"]
    wait_until(lambda: np.array_equal(pixels(download(page)), wanted), 60)


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether they differ by no more than the number of threads, which each process chooses by a timing, makes them."""
    return one.shape == other.shape and bool((abs(one.astype(int) - other) <= 1).mean() > 0.999)


def test_a_link_to_an_example_pair_gives_the_picture_of_a_run_without_a_face(opened: Callable[..., Page]) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint is not in weights/bundled")
    pair = {"content": "temple", "style": "dusk", "smoother": "guided"}
    page = opened({**PHOTO, **pair, "longest": "128"})
    expect(page.get_by_text("Computed in")).to_be_visible(timeout=SOON)
    assert alike(pixels(download(page)), computed(STYLIZE, **pair, longest=128)["result"]["filtered"])


def test_back_and_forward_bring_the_controls_of_each_address(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("link", name="Darkroom").first.click()
    developed(page)
    opening = {"panel": "darkroom", "experiment": "develop"}
    expect_query(page, **opening)
    for value in ("0.75", "0.7"):
        move(gain(page), "ArrowLeft")
        expect_query(page, **opening, gain=value)
    page.get_by_role("link", name="Hard experiments").first.click()
    expect_query(page, panel="hard_experiments", experiment="race")
    for value in ("0.7", "0.75"):
        rest(page)
        page.go_back()
        expect(gain(page)).to_have_value(value)
        expect_query(page, **opening, gain=value)
    rest(page)
    page.go_back()
    expect(gain(page)).to_have_value("0.8")
    rest(page)
    page.go_forward()
    expect(gain(page)).to_have_value("0.75")
    rest(page)
    page.go_forward()
    expect(gain(page)).to_have_value("0.7")
    rest(page)
    page.go_forward()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    expect_query(page, panel="hard_experiments", experiment="race")


def test_back_from_a_panel_leads_to_the_front_page(opened: Callable[..., Page]) -> None:
    page = opened()
    expect(page.get_by_text("Four experiments that test what a page can say.")).to_be_visible(timeout=SOON)
    expect(page.locator(".st-key-bar iframe, .st-key-bar [data-testid]").first).to_be_attached()
    page.get_by_role("link", name="Darkroom").first.click()
    developed(page)
    while urlsplit(page.url).path != "/":
        rest(page)
        page.go_back()
    expect(page.get_by_text("Four experiments that test what a page can say.")).to_be_visible()
    expect_query(page)


def test_earlier_results_of_the_visit_come_back_with_their_controls(opened: Callable[..., Page]) -> None:
    page = opened(ASKED)
    developed(page, 0.35, 7)
    first = pixels(download(page))
    expect(page.get_by_role("heading", name="This visit")).not_to_be_visible()
    move(gain(page), "ArrowRight", 3)
    expect(gain(page)).to_have_value("0.5")
    page.get_by_role("button", name="Develop", exact=True).click()
    developed(page, 0.5, 7)
    row = page.get_by_role("group", name="Results of this visit")
    expect(row.get_by_role("button")).to_have_count(2)
    newest, before = row.get_by_role("button", name="Gain: 0.5"), row.get_by_role("button", name="As it opened")
    expect(newest).to_have_attribute("aria-pressed", "true")
    before.focus()
    page.keyboard.press("Enter")
    developed(page, 0.35, 7)
    expect(gain(page)).to_have_value("0.35")
    expect(before).to_have_attribute("aria-pressed", "true")
    assert np.array_equal(pixels(download(page)), first)
    newest.click()
    developed(page, 0.5, 7)
    expect_query(page, **{**ASKED, "gain": "0.5"})


def test_a_picture_dropped_on_the_page_brings_every_control_back(opened: Callable[..., Page]) -> None:
    page = opened(ASKED)
    developed(page, 0.35, 7)
    saved = download(page)
    fresh = opened()
    drop(fresh, saved.read_bytes())
    developed(fresh, 0.35, 7)
    expect_query(fresh, **ASKED)
    expect(gain(fresh)).to_have_value("0.35")
    expect(fresh.get_by_role("radio", name="glossy")).to_be_checked()
    expect(fresh.get_by_role("checkbox", name="Toned")).to_be_checked()
    assert np.array_equal(pixels(download(fresh)), pixels(saved))
    drop(fresh, b"no picture")
    expect(fresh.get_by_role("alert").filter(has_text="this is text, not a picture")).to_be_visible()
    expect_query(fresh, **ASKED)


def test_the_copied_link_asks_for_the_controls(opened: Callable[..., Page]) -> None:
    page = opened(ASKED)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    developed(page, 0.35, 7)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert dict(parse_qsl(urlsplit(page.evaluate("navigator.clipboard.readText()")).query)) == ASKED


def test_a_place_is_clicked_on_the_picture_or_chosen_by_the_keyboard(opened: Callable[..., Page]) -> None:
    page = opened(CLICK)
    frame = page.get_by_role("button", name="Place: arrow keys move the place, Enter chooses it")
    expect(frame).to_be_visible(timeout=SOON)
    picture = frame.get_by_role("img", name="Picture")
    before = str(picture.get_attribute("src"))
    box = frame.bounding_box()
    assert box is not None
    frame.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})
    expect(picture).not_to_have_attribute("src", before)
    page.wait_for_function("location.search.includes('place=')")
    x, y = (float(part) for part in query(page)["place"].split(","))
    assert abs(x - 0.75) < 0.01 and abs(y - 0.25) < 0.01
    expected = computed(hard_experiments.PANEL.experiment("click"), place=(x, y))["picture"]
    assert np.array_equal(pixels(download(page)), expected)
    frame.focus()
    for key in ("ArrowLeft", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect_query(page, **CLICK, place=f"{round(x - 0.025, 4):g},{round(y + 0.025, 4):g}")


def test_a_view_is_the_same_page_and_its_answer_is_computed_with(opened: Callable[..., Page]) -> None:
    page = opened({**TRIAL, "exposure": "99"})
    cells = page.get_by_role("row").filter(has_text="trial 1").get_by_role("cell")
    expect(cells).to_have_text(["99", "99"], timeout=SOON)
    expect(page.frame_locator("iframe[title=Trial]").get_by_text("Posts what it was asked to show")).to_be_visible()
    expect(page.frame_locator("iframe[title=Trial]").get_by_text('{"frames":6}')).to_be_visible()
    move(page.get_by_role("slider", name="Exposure"), "ArrowRight")
    expect(cells).to_have_text(["100", "100"])
    row = page.get_by_role("group", name="Results of this visit")
    row.get_by_role("button", name="As it opened").click()
    expect(cells).to_have_text(["99", "99"])
    expect(page.get_by_role("slider", name="Exposure")).to_have_value("99")


def rest(page: Page) -> None:
    """Wait until the page is drawn: what a hand does meanwhile may be lost on it."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=SOON)


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list, opened once more where a drawing of the page closed it."""
    for patience in (3_000, 3_000, 30_000):
        rest(page)
        page.get_by_role("combobox", name=label, exact=True).click()
        try:
            return page.get_by_role("option", name=option, exact=True).click(timeout=patience)
        except TimeoutError:
            page.keyboard.press("Escape")
    raise AssertionError(f"{label} offers no {option}")


def stylized(page: Page, **expected: str) -> np.ndarray:
    """Run with the controls as the address asks for them, once it does; the result."""
    expect_query(page, **PHOTO, **expected)
    page.get_by_role("button", name="Stylize", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_role("button", name="Stylize", exact=True)).to_be_visible(timeout=SOON)
    return pixels(download(page))


WATCH_MASKS = """() => {
    window.masks = [];
    const read = FileReader.prototype.readAsDataURL;
    FileReader.prototype.readAsDataURL = function (file) {
        const place = masks.push(null) - 1;
        this.addEventListener("load", () => { masks[place] = this.result; });
        return read.call(this, file);
    };
}"""
"""Keeps in the page what its painter sends."""


def test_painted_regions_give_what_the_same_masks_give_without_a_face_and_none_the_whole(
    opened: Callable[..., Page],
) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint is not in weights/bundled")
    asked = {"smoother": "none", "post_filter": "false", "longest": "128"}
    page = opened({**PHOTO, **asked}, viewport={"width": 1366, "height": 1000})
    expect(page.get_by_text("Computed in")).to_be_visible(timeout=SOON)
    whole = pixels(download(page))
    page.evaluate(WATCH_MASKS)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Paint the regions").click()
    page.get_by_label("Brush size").fill("30")
    for picture, stroke in (("Content", "ArrowUp"), ("Style", "ArrowDown")):
        page.get_by_role("application", name=picture).focus()
        page.keyboard.down("Space")
        for key in [stroke] * 4 + ["ArrowLeft"] * 4:
            page.keyboard.press(f"Shift+{key}")
        page.keyboard.up("Space")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Region 1"))
    expect(row.get_by_text("matched")).to_be_visible()
    page.get_by_role("button", name="Use", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    controls = {"content_regions": "Regions of the content", "style_regions": "Regions of the style"}
    painted = stylized(page, **asked, **dict.fromkeys(controls, "uploaded file"))
    sent = [base64.b64decode(mask.partition(",")[2]) for mask in page.evaluate("masks")]
    masks = dict(zip(controls, sent, strict=True))
    values = {"smoother": "none", "post_filter": False, "longest": 128}
    assert alike(painted, computed(STYLIZE, **values, **masks)["result"]["none"])
    assert abs(painted.astype(int) - whole).mean() > 2
    for name, label in list(controls.items()):
        choose(page, label, "none")
        del controls[name]
        expect_query(page, **PHOTO, **asked, **dict.fromkeys(controls, "uploaded file"))
    assert np.array_equal(stylized(page, **asked), whole)


def test_a_region_of_one_picture_alone_is_said_by_the_run_that_is_painted_for(opened: Callable[..., Page]) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint is not in weights/bundled")
    page = opened({**PHOTO, "longest": "128", "smoother": "none"})
    page.get_by_text("More", exact=True).click(timeout=SOON)
    page.get_by_role("button", name="Paint the regions").click()
    page.get_by_role("application", name="Content").focus()
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Space")
    # The run that the link asks for ends, and the page is drawn anew, under what is being painted.
    expect(page.get_by_role("button", name="Stylize", include_hidden=True)).to_be_attached(timeout=SOON)
    row = page.get_by_role("row").filter(has_text="Region 1")
    expect(row).to_contain_text("not in the style: follows the whole picture")
    page.get_by_role("button", name="Use", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Stylize").click()
    expect(page.get_by_text("it follows the whole picture")).to_be_visible(timeout=SOON)


def test_a_dance_becomes_a_playable_movie_of_its_length_and_a_paused_one_keeps_its_frames(
    opened: Callable[..., Page],
    dance: Path,
) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint is not in weights/bundled")
    original = read_clip(dance)
    place = {"panel": "photo_stylization", "experiment": "clip", "clip": "uploaded file"}
    page = opened({"panel": "photo_stylization", "experiment": "clip"})
    choose(page, "Clip", "a clip of your own")
    page.get_by_label("Clip", exact=True).and_(page.locator("input[type=file]")).set_input_files(dance)
    page.get_by_text("More", exact=True).click()
    size = page.get_by_role("slider", name="Made at")
    move(size, "Home")
    expect_query(page, **place, longest="128")
    run = page.get_by_role("button", name="Stylize the clip")
    run.click()
    row = page.get_by_role("group", name="Results of this visit")
    expect(row.get_by_role("button")).to_have_count(2, timeout=SOON)
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert page.locator("video").evaluate("film => film.duration") == pytest.approx(26 / original.rate, abs=0.05)
    whole = download(page, "Download MP4")
    clip = read_clip(whole)
    assert (clip.count, clip.rate, clip.sound) == (original.count, original.rate, original.sound)
    assert read_clip_parameters(whole)["controls"]["longest"] == 128
    rest(page)
    page.get_by_text("Steady in time", exact=True).click()
    expect(page.get_by_role("checkbox", name="Steady in time")).not_to_be_checked()
    move(size, "End")  # So large that it cannot end before the hand is at Pause.
    expect_query(page, **place, longest="1024", steady="false")
    run.click()
    expect(page.get_by_text(re.compile(r"Frame ([3-9]|1\d) of 26"))).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused; what was finished stays.")).to_be_visible(timeout=SOON)
    part = read_clip(download(page, "Download MP4"))
    assert 2 <= part.count < 26 and part.rate == original.rate
    assert len(list(part.frames(128))) == part.count
    row.get_by_role("button").first.click()
    expect_query(page, **place, longest="128")
    assert read_clip(download(page, "Download MP4")).count == original.count


PLACES = [
    ("Darkroom", None, "Made with a gain"),
    ("Hard experiments", "Race", "Batch size"),
    ("Hard experiments", "Mirror", "Open it in the main face"),
    ("Hard experiments", "Trial", "Trials"),
    ("Hard experiments", "Click", "Download"),
    ("Photo stylization", "Stylize", "Drag the line"),
    ("Photo stylization", "Clip", "Download GIF"),
]
"""Panels with each kind of control and output, their experiments, and words that stand there when they are drawn."""


def test_axe_finds_nothing_serious(opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator(".st-key-saved input[type=file][aria-label]").wait_for(state="attached", timeout=SOON)
    serious = serious_in_both_schemes(page)
    for panel, experiment, drawn in PLACES:
        page.get_by_role("link", name=panel).first.click()
        if experiment is not None:
            page.get_by_role("radio", name=experiment, exact=True).click()
        expect(page.get_by_text(drawn).first).to_be_visible(timeout=SOON)
        rest(page)
        more = page.get_by_text("More", exact=True)
        if more.count():
            more.click()
        serious += serious_in_both_schemes(page)
    assert serious == []


def test_axe_finds_nothing_serious_in_the_painter(opened: Callable[..., Page]) -> None:
    page = opened(PHOTO)
    page.get_by_text("More", exact=True).click(timeout=SOON)
    page.get_by_role("button", name="Paint the regions").click()
    expect(page.get_by_role("application", name="Style")).to_be_visible()
    assert serious_in_both_schemes(page) == []
