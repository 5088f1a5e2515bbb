"""The Gradio face, by a visitor's means: a real server on the loopback interface, and Chromium."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Dialog, Page, expect

from engines.runtime import nested
from engines.runtime.jobs import JOBS
from engines.runtime.scheduler import SCHEDULER, State
from studio.faces.gradio import sheet
from tests.support import hard_experiments
from tests.support.browser import PAPER, Visit, visits
from tests.support.darkroom import PANEL
from tests.support.pictures import png
from tests.support.waiting import hold, wait_until


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL, hard_experiments.PANEL)


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    with visits(chromium, address) as visit:
        yield visit


def test_the_front_page_lists_the_panels_and_opens_them(visit: Callable[..., Visit]) -> None:
    page = visit().page
    rows = page.locator(".studio-survey li")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("A picture <em>darkens</em> in three stages.")
    rows.first.get_by_role("link", name="Darkroom").click()
    expect(page.get_by_role("heading", name="Darkroom").locator("visible=true")).to_be_visible()


def test_a_panel_opens_with_a_result(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    expect(_picture(page, "third")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Made with a gain of 0.8.")).to_be_visible()
    expect(page.locator(".studio-badge").locator("visible=true")).to_contain_text("Computed in")


def _picture(page: Page, caption: str) -> Any:
    return page.get_by_role("img", name=f"Result: {caption}").locator("visible=true")


def _settle(page: Page) -> None:
    """Wait until the run that a panel opens with has ended."""
    expect(page.get_by_role("status").filter(has_text="Made with")).to_be_visible()


WATCH_RUN = """() => {
    window.seen = [];
    const seen = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
    const look = () => {
        const words = seen("[role=status], .studio-status").map((each) => each.textContent).join();
        const making = words.includes("Making") ? ["Making"] : [];
        const stages = seen(".studio-strip button:enabled").map((each) => each.ariaLabel.split(",")[0]);
        const cancel = seen("button.studio-cancel").length ? ["Cancel"] : [];
        const now = [...making, ...cancel, ...stages].join(" ");
        if (now !== window.seen.at(-1)) window.seen.push(now);
        requestAnimationFrame(look);
    };
    look();
}"""
"""Notes what can be seen of a run, at every frame: a look from outside could miss what stands for a short while."""


def test_partial_results_come_one_by_one_and_leave_the_line_where_it_is(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    line = page.get_by_role("slider", name="left of the line")
    line.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    page.get_by_label("On the right").select_option("first")
    assert line.input_value() == "40"
    page.evaluate(WATCH_RUN)
    page.get_by_role("button", name="Develop").click()
    page.wait_for_function("seen.some((each) => each.includes('Cancel')) && !seen.at(-1).includes('Cancel')")
    seen = page.evaluate("window.seen")
    assert any("Making" in each and "Cancel" in each and "first" in each and "third" not in each for each in seen), seen
    expect(page.get_by_role("button", name="Develop")).to_be_visible()
    assert line.input_value() == "40"
    expect(_picture(page, "first")).to_be_visible()


def test_the_line_follows_the_mouse(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    line = page.get_by_role("slider", name="left of the line")
    box = line.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 40)
    page.mouse.up()
    assert 75 < float(line.input_value()) < 85
    shown = page.locator(".studio-frame .studio-over").locator("visible=true").bounding_box()
    assert shown is not None
    clip = (
        page.locator(".studio-frame .studio-over").locator("visible=true").evaluate("e => getComputedStyle(e).clipPath")
    )
    assert clip.startswith("inset(0px 2") or clip.startswith("inset(0px 1"), clip


def test_an_open_picture_survives_a_partial_result(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="first, full size").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("first, 240 × 160")
    _settle(page)
    expect(dialog).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()


def test_a_cancelled_run_stops_and_keeps_what_is_finished(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    page.get_by_role("button", name="More").click()
    page.get_by_role("slider", name="Pace").fill("10")
    page.get_by_role("button", name="Develop").click()
    wait_until(lambda: SCHEDULER._tasks)
    (run,) = SCHEDULER._tasks
    wait_until(lambda: "first" in run.result.get("stages", {}))
    page.get_by_role("button", name="Cancel").click()
    wait_until(lambda: run.ended)
    assert run.state is State.CANCELLED and "third" not in run.result["stages"]
    expect(page.get_by_text("Cancelled; what was finished stays.")).to_be_visible()
    expect(page.get_by_role("button", name="Develop")).to_be_visible()
    expect(page.get_by_role("button", name="first, full size")).to_be_enabled()
    expect(page.get_by_role("button", name="third, full size")).to_be_disabled()


def test_a_visitor_who_leaves_stops_the_run(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    page.get_by_role("button", name="More").click()
    page.get_by_role("slider", name="Pace").fill("100")
    page.get_by_role("button", name="Develop").click()
    page.get_by_role("status").filter(has_text="Making").wait_for()
    (run,) = SCHEDULER._tasks
    page.close()
    wait_until(lambda: run.ended)
    assert run.state is State.CANCELLED


def test_a_second_run_reads_how_many_come_first_and_another_visitor_s_does_not_wait(
    visit: Callable[..., Visit],
) -> None:
    one, other = visit(), visit().open("Darkroom")
    first = one.open("Darkroom")
    _settle(first)
    second = one.context.new_page()
    second.goto(first.url)
    for page in (second, other):
        _settle(page)
    gate = hold(SCHEDULER)
    for page in (first, second, other):
        page.get_by_role("button", name="Develop").click()
    second.get_by_role("status").filter(has_text="before yours").wait_for()
    gate.set()
    other.get_by_role("status").filter(has_text="Making").wait_for()
    for page in (first, second, other):
        _settle(page)


def test_a_refusal_is_one_sentence_and_the_next_run_works(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    page.get_by_role("slider", name="Gain").fill("0.5")
    page.get_by_role("button", name="More").click()
    page.get_by_label("Refuse").check()
    page.get_by_role("button", name="Develop").click()
    alert = page.get_by_role("alert").filter(has_text="Gain: <b>no</b> picture can be made of this; take another.")
    expect(alert).to_be_visible()
    assert page.get_by_role("slider", name="Gain").input_value() == "0.5"
    expect(_picture(page, "third")).to_be_visible()
    page.get_by_label("Refuse").uncheck()
    page.get_by_role("button", name="Develop").click()
    expect(page.get_by_role("status").filter(has_text="Made with a gain of 0.5.")).to_be_visible()
    expect(alert).not_to_be_visible()


def test_a_bug_is_an_apology_with_an_id_that_is_in_the_log(
    visit: Callable[..., Visit], caplog: pytest.LogCaptureFixture
) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    page.get_by_role("button", name="More").click()
    page.get_by_label("Stumble").check()
    page.get_by_role("button", name="Develop").click()
    alert = page.get_by_role("alert").filter(has_text="a mistake of ours")
    expect(alert).to_be_visible()
    words = alert.inner_text()
    assert "secret" not in words
    record = next(record for record in caplog.records if record.exc_info and "secret" in str(record.exc_info[1]))
    assert record.getMessage().split()[-1] in words


def _send(page: Page, name: str, content: bytes) -> None:
    page.get_by_label("Choose a file").locator("visible=true").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": content}
    )


def test_an_uploaded_photograph_is_used_whatever_its_name(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    _send(page, "<img src=x onerror=alert(1)>.png", png(np.full((128, 96, 3), 200, dtype=np.uint8)))
    expect(page.get_by_text("your picture").locator("visible=true")).to_be_visible()
    page.get_by_role("button", name="Develop").click()
    expect(page.get_by_role("cell", name="160", exact=True)).to_be_visible()
    _settle(page)
    assert _picture(page, "third").evaluate("e => [e.naturalWidth, e.naturalHeight]") == [96, 128]
    assert "onerror" not in page.content()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a picture at all", "this is text, not a picture"),
        (png(np.zeros((1, 1, 3), dtype=np.uint8)), "the picture is 1 x 1 pixels"),
        (png(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))[:3000], "damaged"),
    ],
    ids=["text", "1x1", "cut short"],
)
def test_a_bad_upload_is_one_sentence_and_the_picture_before_stays(
    visit: Callable[..., Visit], content: bytes, words: str
) -> None:
    one = visit()
    page = one.open("Darkroom")
    _send(page, "bad.png", content)
    expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    expect(page.get_by_role("button", name="gradient", exact=True)).to_have_attribute("aria-pressed", "true")
    _send(page, "good.png", png(np.full((64, 64, 3), 90, dtype=np.uint8)))
    expect(page.get_by_text("your picture").locator("visible=true")).to_be_visible()
    assert all("422" in complaint for complaint in one.complaints)
    one.complaints.clear()


def test_a_picture_carries_the_parameters_that_made_it(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.open("Darkroom")
    _settle(page)
    link = page.get_by_role("link", name="Download").locator("visible=true")
    assert link.get_attribute("download") == "third.png"
    answer = one.context.request.get(urljoin(page.url, str(link.get_attribute("href"))))
    parameters = Image.open(io.BytesIO(answer.body())).text["parameters"]  # type: ignore[attr-defined]
    assert '"experiment": "develop"' in parameters
    assert '"photo": "gradient"' in parameters


def test_a_preset_sets_the_controls_and_runs(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    page.get_by_role("button", name="dark", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Made with a gain of 0.4.")).to_be_visible()
    assert page.get_by_role("slider", name="Gain").input_value() == "0.4"


def test_a_preset_that_is_chosen_while_another_runs_is_not_lost(visit: Callable[..., Visit]) -> None:
    page = visit().open("Darkroom")
    _settle(page)
    page.get_by_role("button", name="dark", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Making first")).to_be_visible()
    page.get_by_role("button", name="bright", exact=True).click()
    expect(page.get_by_role("slider", name="Gain")).to_have_value("0.8")
    expect(page.get_by_role("button", name="Develop", exact=True)).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Made with a gain of 0.8.")).to_be_visible()


def test_a_job_is_paused_and_goes_on_even_after_a_reload(visit: Callable[..., Visit]) -> None:
    one = visit()
    page = one.open("Hard experiments", "Race")
    page.get_by_label("batch", exact=True).check()
    expect(page.get_by_role("button", name="Continue")).not_to_be_visible()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("status").filter(has_text=re.compile(r"step 1?\d of 60"))).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused; what was finished stays.")).to_be_visible()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    page.get_by_label("group", exact=True).check()
    page.reload()
    one.complaints.clear()  # Gradio's own, about the connection that the reload cut.
    page = one.open("Hard experiments", "Race")
    expect(page.get_by_text("Paused; what was finished stays.")).to_be_visible()
    page.get_by_label("group", exact=True).check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("batch", exact=True)).to_be_checked()
    expect(page.get_by_role("button", name="Continue")).not_to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    expect(page.get_by_text("Paused")).not_to_be_visible()
    identifier = page.evaluate("JSON.parse(localStorage['studio-job-hard_experiments-race']).id")
    (kept,) = [job for job in (JOBS.folder / identifier).iterdir() if job.name == "result.safetensors"]
    assert len(nested.read(kept)["result"]["curves"]["bn"][0]) == 60


def middle(box: Any) -> list[float]:
    return [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]


def test_a_job_survives_a_reload_is_cancelled_after_it_and_deleted(
    visit: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = visit()
    page = one.open("Hard experiments", "Race")
    page.get_by_label("batch", exact=True).check()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("status").filter(has_text=re.compile(r"step \d+ of 60"))).to_be_visible()
    page.reload()
    one.complaints.clear()  # Gradio's own, about the connection that the reload cut.
    page = one.open("Hard experiments", "Race")
    expect(page.get_by_role("application", name="Loss: loss over step, bn")).to_be_visible()
    expect(page.get_by_label("batch", exact=True)).to_be_checked()
    assert SCHEDULER._tasks
    pause = page.get_by_role("button", name="Pause")
    rests = pause.bounding_box()
    pause.click()
    wait_until(lambda: not SCHEDULER._tasks)
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    under = page.evaluate("([x, y]) => document.elementFromPoint(x, y)?.textContent ?? ''", middle(rests))
    assert "Delete" not in under, "a pointer that rests where Pause was"
    identifier = page.evaluate("JSON.parse(localStorage['studio-job-hard_experiments-race']).id")
    assert (JOBS.folder / identifier).exists()
    delete = page.get_by_role("button", name="Delete what is kept of it")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        (dialog.accept if len(asked) > 1 else dialog.dismiss)()

    page.on("dialog", answer)
    delete.click()
    expect(page.get_by_text("Paused; what was finished stays.")).to_be_visible()
    delete.click()
    expect(page.get_by_text("Deleted.")).to_be_visible()
    page.get_by_role("button", name="Undo: keep it").click()
    expect(page.get_by_text("Paused; what was finished stays.")).to_be_visible()
    expect(page.get_by_role("application", name="Loss: loss over step, bn")).to_be_visible()
    monkeypatch.setattr(sheet, "UNDO_SECONDS", 0.2)
    delete.click()
    expect(page.get_by_text("Deleted.")).to_be_visible()
    assert len(asked) == 3 and "take it back" in asked[0]
    expect(page.get_by_role("application", name="Loss: loss over step, bn")).not_to_be_visible()
    wait_until(lambda: not (JOBS.folder / identifier).exists())
    page.reload()
    one.complaints.clear()
    page = one.open("Hard experiments", "Race")
    expect(page.get_by_role("application", name="Loss: loss over step, bn")).not_to_be_visible()


def test_a_click_on_a_result_becomes_an_input(visit: Callable[..., Visit]) -> None:
    page = visit().open("Hard experiments", "Click")
    picture = page.get_by_role("img", name="Picture").locator("visible=true")
    expect(picture).to_be_visible()
    frame = page.get_by_role("button", name="Place: arrow keys")
    box = frame.bounding_box()
    assert box is not None
    frame.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})

    def lighter_at_right() -> float:
        right, left = (_brightness(page, picture, corner) for corner in ((0.6, 0.1), (0.1, 0.6)))
        return right - left

    wait_until(lambda: lighter_at_right() > 40)
    frame.focus()
    for key in ["ArrowLeft"] * 15 + ["ArrowDown"] * 15 + ["Enter"]:
        page.keyboard.press(key)
    wait_until(lambda: lighter_at_right() < -40)


def _brightness(page: Page, picture: Any, corner: tuple[float, float]) -> float:
    """The mean level of a patch of the picture as the browser shows it, whose corner is given in fractions."""
    address = urljoin(page.url, str(picture.get_attribute("src")))
    levels = np.asarray(Image.open(io.BytesIO(page.request.get(address).body())).convert("L"))
    height, width = levels.shape
    x, y = round(corner[0] * width), round(corner[1] * height)
    return float(levels[y : y + height // 4, x : x + width // 4].mean())


def test_a_view_posts_its_answer_and_follows_its_controls(visit: Callable[..., Visit]) -> None:
    page = visit().open("Hard experiments", "Trial")
    expect(page.get_by_role("cell", name="80", exact=True)).to_be_visible()
    page.get_by_role("slider", name="Exposure (ms)").fill("200")
    expect(page.get_by_role("cell", name="216", exact=True)).to_be_visible()


def test_a_stream_draws_the_camera(visit: Callable[..., Visit]) -> None:
    page = visit().open("Hard experiments", "Mirror")
    page.get_by_role("button", name="Start camera").click()
    expect(page.get_by_text("frames/s")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()


@pytest.mark.parametrize("tabs", [(), ("Darkroom",), ("Hard experiments", "Race"), ("Hard experiments", "Mirror")])
def test_a_phone_needs_no_horizontal_scroll_and_keeps_the_result_above_the_controls(
    visit: Callable[..., Visit], tabs: tuple[str, ...]
) -> None:
    one = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    page = one.open(*tabs) if tabs else one.page
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    if tabs == ("Darkroom",):
        first = ".studio-result > .studio-told-alert + .block"
        parts = (first, ".studio-controls", f"{first} + .block")
        boxes = [page.locator(part).locator("visible=true").first.bounding_box() for part in parts]
        result, controls, rest = (box or pytest.fail("it is not drawn") for box in boxes)
        assert result["y"] + result["height"] <= controls["y"]
        assert controls["y"] + controls["height"] <= rest["y"]
        page.get_by_role("slider", name="Gain").locator("visible=true").scroll_into_view_if_needed()
        page.mouse.wheel(0, 300)
        expect(page.locator(parts[0]).locator("visible=true").first).to_be_in_viewport()


@pytest.mark.parametrize(
    ("query", "scheme", "colour"),
    [
        ("", "light", PAPER["light"]),
        ("", "dark", PAPER["dark"]),
        ("?__theme=dark", "light", PAPER["dark"]),
    ],
)
def test_the_page_is_light_or_dark_as_it_is_asked(
    visit: Callable[..., Visit], query: str, scheme: str, colour: str
) -> None:
    page = visit(query=query, color_scheme=scheme).page
    page.wait_for_function(f"getComputedStyle(document.body).backgroundColor === '{colour}'")


def test_the_endpoints_are_documented(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.page.get_by_role("link", name="Use it from a program").click()
    expect(one.page.get_by_text("darkroom_develop").first).to_be_visible()
