"""A visitor's habits on the Gradio face: links, a visit's results, saved pictures, seeds, the keyboard; and axe."""

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Locator, Page, expect

from engines.photo_stylization.engine import warm
from engines.runtime.checkpoints import find, present
from engines.runtime.progress import Progress
from pages import photo_stylization
from pages._panel import Choice, Comparison, Experiment, Notices, Number, Panel, Photo, Seed, Switch
from pages._permalink import UPLOADED
from tests import hard_experiments
from tests.browser import Visit, drop, serious_in_both_schemes, studio

RUNS: list[dict[str, Any]] = []
"""The values of every print that was made."""


def expose(photo: np.ndarray, gain: float, paper: str, toned: bool, seed: int, pace: int) -> Iterator[Any]:
    """A grainy print."""
    RUNS.append({"gain": gain, "paper": paper, "toned": toned, "seed": seed})
    yield {"result": {"negative": photo}}
    for step in range(pace):
        time.sleep(0.01)
        yield Progress(step / pace, "Exposing")
    grain = np.random.default_rng(seed).normal(0, 20 if paper == "rough" else 5, photo.shape)
    tone = np.array([1, 0.9, 0.7]) if toned else 1
    picture = np.clip(photo * gain * tone + grain, 0, 255).astype(np.uint8)
    yield {"result": {"print": picture}, "words": {"done": f"Printed with a gain of {gain:g} and seed {seed}."}}


def _ramp(level: int) -> bytes:
    file = io.BytesIO()
    ramp = np.linspace(0, level, 96, dtype=np.uint8)
    Image.fromarray(np.stack([np.broadcast_to(ramp, (64, 96))] * 3, axis=2)).save(file, "PNG")
    return file.getvalue()


PANEL = Panel(
    slug="darkroom",
    title="Darkroom",
    paper=hard_experiments.PANEL.paper,
    story="A print with grain.",
    experiments=[
        Experiment(
            name="expose",
            title="Expose",
            action="Expose",
            controls={
                "photo": Photo("Negative", examples={"dim": lambda: _ramp(120), "bright": lambda: _ramp(250)}),
                "gain": Number("Gain", 0.1, 1, 0.8, 0.05),
                "paper": Choice("Paper", {"smooth": "smooth paper", "rough": "rough paper"}, "smooth"),
                "toned": Switch("Toned", False),
                "seed": Seed("Seed"),
                "pace": Number("Pace", 0, 1000, 0, 1, advanced=True),
            },
            outputs={"result": Comparison("Result", left="negative"), "words": Notices("Words")},
            presets={"plain": {"photo": "dim"}, "bright": {"photo": "bright"}},
            run=expose,
        )
    ],
)
PLACE = {"panel": "darkroom", "experiment": "expose"}
CHANGED = {"photo": "bright", "gain": "0.55", "paper": "rough", "toned": "true", "seed": "7"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    panels = [photo_stylization.PANEL, PANEL, hard_experiments.PANEL]
    with studio(panels, tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens the studio, with that query, in a browser of its own; at the end no page may have complained."""
    visits: list[Visit] = []

    def open_studio(query: dict[str, str] | None = None, **options: Any) -> Visit:
        visits.append(Visit(chromium, address, f"?{urlencode(query)}" if query else "", **options))
        return visits[-1]

    yield open_studio
    complaints = [words for each in visits for words in each.complaints]
    for each in visits:
        each.context.close()
    assert complaints == []


def shown(page: Page, selector: str) -> Locator:
    return page.locator(selector).locator("visible=true")


def query(page: Page) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.url).query))


def expect_query(page: Page, **expected: str) -> None:
    """Wait for the address bar to ask for the darkroom with these controls and no other."""
    page.wait_for_function(
        "wanted => JSON.stringify(Object.fromEntries([...new URLSearchParams(location.search)].sort())) === wanted",
        arg=json.dumps(dict(sorted({**PLACE, **expected}.items())), separators=(",", ":")),
    )


def settle(page: Page, gain: float = 0.8, seed: int = 0) -> None:
    """Wait for the print that these values give."""
    expect(shown(page, "[role=status]").filter(has_text=f"gain of {gain:g} and seed {seed}.")).to_be_visible()


def download(page: Page, suffix: str = ".png") -> bytes:
    """The file behind the result's Download, or its WebP."""
    address = urljoin(page.url, str(shown(page, "a[download]").first.get_attribute("href")))
    return page.request.get(address.replace(".png", suffix)).body()


def pixels(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)))


def png(parameters: str | None = None) -> bytes:
    """A picture that carries the text where the studio writes its parameters."""
    chunks = PngInfo()
    if parameters is not None:
        chunks.add_text("parameters", parameters)
    file = io.BytesIO()
    Image.fromarray(np.zeros((32, 32, 3), dtype=np.uint8)).save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def change_everything(page: Page) -> None:
    """Set every control of the darkroom as CHANGED says."""
    page.get_by_role("button", name="bright", exact=True).and_(page.locator(".studio-examples button")).click()
    page.get_by_role("slider", name="Gain").fill("0.55")
    page.get_by_role("radio", name="rough paper").check()
    page.get_by_role("checkbox", name="Toned").check()
    page.get_by_role("spinbutton", name="Seed").fill("7")


def test_the_address_follows_the_controls_and_the_tabs(visit: Callable[..., Visit]) -> None:
    page = visit({"__theme": "dark"}).open("Darkroom")
    settle(page)
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
    expect_query(page, __theme="dark")
    change_everything(page)
    expect_query(page, __theme="dark", **CHANGED)
    page.get_by_role("tab", name="The survey").click()
    page.wait_for_function("location.search === '?__theme=dark'")
    page.get_by_role("tab", name="Darkroom").click()
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
    assert dict(parse_qsl(urlsplit(link).query)) == {**PLACE, **CHANGED}
    fresh = visit(dict(parse_qsl(urlsplit(link).query))).page
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
        ({"gain": "9", "seed": "5"}, "Gain: '9' is out of bounds; give a number from 0.1 to 1.", {"seed": "5"}),
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
    expect(other.get_by_role("img", name="Loss: loss over step")).not_to_be_visible()


@pytest.mark.parametrize("suffix", [".png", ".webp"])
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
    alert = shown(page, ".studio-controls .studio-alert")
    expect(alert).to_contain_text("'<b>0' is not a control of Expose")
    assert 1 <= alert.locator("p").count() <= 3


def test_a_picture_dropped_on_a_photograph_s_field_is_used_as_a_photograph(visit: Callable[..., Visit]) -> None:
    page = visit({**PLACE, **CHANGED}).page
    settle(page, 0.55, 7)
    drop(page, download(page), ".studio-photo")
    expect(page.get_by_role("img", name="Negative: your picture")).to_be_visible()
    expect_query(page, **{**CHANGED, "photo": UPLOADED})


def test_earlier_results_of_the_visit_come_back_without_computing(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    opening = pixels(download(page))
    change_everything(page)
    page.get_by_role("button", name="Expose").click()
    settle(page, 0.55, 7)
    changed = pixels(download(page))
    visits = shown(page, ".studio-visits button")
    expect(visits).to_have_count(2)
    words = "Negative: bright, Gain: 0.55, Paper: rough paper, Toned: on, Seed: 7"
    expect(visits.first).to_have_attribute("aria-label", words)
    expect(visits.first).to_have_attribute("aria-pressed", "true")
    RUNS.clear()
    page.get_by_role("button", name="As it opened").click()
    settle(page)
    expect_query(page)
    assert np.array_equal(pixels(download(page)), opening)
    page.get_by_role("tab", name="The survey").click()
    page.get_by_role("tab", name="Darkroom").click()
    visits.first.click()
    settle(page, 0.55, 7)
    expect_query(page, **CHANGED)
    assert np.array_equal(pixels(download(page)), changed)
    assert page.get_by_role("spinbutton", name="Seed").input_value() == "7"
    assert RUNS == []


def test_one_result_makes_no_history(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    expect(page.get_by_role("heading", name="This visit")).not_to_be_visible()


def test_a_visit_keeps_its_last_twelve_results(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    for seed in range(1, 14):
        page.get_by_role("spinbutton", name="Seed").fill(str(seed))
        page.get_by_role("button", name="Expose").click()
        settle(page, seed=seed)
    visits = shown(page, ".studio-visits button")
    expect(visits.first).to_have_attribute("title", "Seed: 13")
    expect(visits).to_have_count(12)
    expect(visits.last).to_have_attribute("title", "Seed: 2")


def test_a_live_experiment_keeps_one_result_of_each_move(visit: Callable[..., Visit]) -> None:
    page = visit().open("Hard experiments", "Click")
    frame = page.get_by_role("button", name="Place: arrow keys")
    expect(frame).to_be_visible()
    page.wait_for_timeout(2100)
    frame.focus()
    for _ in range(3):
        source = page.get_by_role("img", name="Picture").locator("visible=true").get_attribute("src")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        expect(page.get_by_role("img", name="Picture").locator("visible=true")).not_to_have_attribute(
            "src", str(source)
        )
    expect(shown(page, ".studio-visits button")).to_have_count(2)


def test_the_dice_draws_a_seed_by_the_keyboard(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="New seed")).to_be_focused()
    drawn = set()
    for _ in range(3):
        page.keyboard.press("Enter")
        drawn.add(int(seed.input_value()))
    assert len(drawn) == 3 and all(0 <= number < 2**32 for number in drawn)
    page.keyboard.press("Control+Enter")
    settle(page, seed=int(seed.input_value()))


def test_a_seed_that_is_none_is_a_sentence(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    page.get_by_role("spinbutton", name="Seed").fill("-3")
    page.get_by_role("button", name="Expose").click()
    expect(page.get_by_role("alert").filter(has_text="is no seed; give a whole number")).to_be_visible()


def test_the_keyboard_stays_on_the_button_that_run_becomes(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    page.get_by_role("button", name="More").click()
    pace = page.get_by_role("slider", name="Pace")
    pace.fill("1000")
    page.wait_for_timeout(500)  # A slider that was filled as it came may take its first value once more.
    pace.fill("1000")
    expect_query(page, pace="1000")
    page.get_by_role("button", name="Expose").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Expose")).to_be_focused()
    page.get_by_role("slider", name="Gain").focus()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_role("slider", name="Gain")).to_be_focused()


def test_escape_closes_a_picture_and_the_keyboard_is_where_it_was(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    settle(page)
    full = page.get_by_role("button", name="Full size").locator("visible=true")
    full.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    expect(full).to_be_focused()


def test_escape_closes_the_page_about_the_endpoints(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.open("Darkroom")
    settle(page)
    page.get_by_role("button", name="Use it from a program").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    # Gradio's own page asks for its monitoring, which is switched off, and warns of itself when it closes soon.
    assert all("403" in complaint or "svelte.dev" in complaint for complaint in one.complaints)
    one.complaints.clear()


def test_nothing_moves_for_who_wants_no_motion(visit: Callable[..., Visit]) -> None:
    page = visit(reduced_motion="reduce").open("Darkroom")
    settle(page)
    moving = "[...document.querySelectorAll('*')].filter(e => getComputedStyle(e).transitionDuration !== '0s').length"
    assert page.evaluate(moving) == 0


PLACES = [
    ("The survey",),
    ("Photo stylization", "Stylize"),
    ("Photo stylization", "Clip"),
    ("Darkroom",),
    ("Hard experiments", "Race"),
    ("Hard experiments", "Mirror"),
    ("Hard experiments", "Trial"),
    ("Hard experiments", "Click"),
]


def test_axe_finds_nothing_serious(visit: Callable[..., Visit]) -> None:
    one = visit()
    serious = []
    for tabs in PLACES:
        page = one.open(*tabs)
        page.wait_for_timeout(500)
        for more in shown(page, ".studio-more > button").all():
            more.click()
        serious += [(*tabs, *finding) for finding in serious_in_both_schemes(page)]
    assert serious == []


def test_the_photo_panel_s_link_gives_the_identical_picture(visit: Callable[..., Visit]) -> None:
    if present(find("photo-stylization-small")) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")
    warm()
    page = visit().open("Photo stylization")
    page.get_by_label("guided filter: fast").check()
    page.get_by_role("button", name="More").locator("visible=true").click()
    page.get_by_role("slider", name="Computed at").fill("128")
    page.get_by_role("button", name="Stylize").click()
    made_after_opening(page)
    page.wait_for_function("location.search.includes('longest=128')")
    fresh = visit(query(page)).page
    made_after_opening(fresh)
    assert np.array_equal(pixels(download(fresh)), pixels(download(page)))


def made_after_opening(page: Page) -> None:
    """Wait for the first result after the one that is rendered beforehand."""
    expect(shown(page, ".studio-visits button")).to_have_count(2)


LAGGING = """
    const fetched = window.fetch;
    window.fetch = async (...request) => {
        const response = await fetched(...request);
        if (!String(request[0].url ?? request[0]).includes("queue/data")) return response;
        const late = new TransformStream({ async transform(chunk, controller) {
            await new Promise((resolve) => setTimeout(resolve, 400));
            controller.enqueue(chunk);
        } });
        return new Response(response.body.pipeThrough(late), { headers: response.headers });
    };
"""


def test_what_is_asked_while_the_news_of_an_earlier_end_travels_is_answered(
    visit: Callable[..., Visit],
) -> None:
    one = visit()
    one.page.add_init_script(LAGGING)
    one.page.reload()
    page = one.open("Darkroom")
    settle(page)
    page.get_by_role("slider", name="Gain").fill("0.5")
    page.wait_for_timeout(200)
    page.get_by_role("button", name="Expose").click()
    settle(page, 0.5)
