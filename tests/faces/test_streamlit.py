"""The Streamlit face: its pages run by AppTest against real engines."""

import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import pages
from engines.runtime.checkpoints import find, present
from engines.runtime.images import MAXIMUM_BYTES, read_photo, write_picture
from engines.runtime.jobs import JOBS
from engines.runtime.memory import Memory
from engines.runtime.scheduler import SCHEDULER
from engines.runtime.video import write_clip
from pages.examples import examples
from studio.faces.streamlit import sheet as streamlit_sheet
from studio.faces.streamlit.page import SNAPSHOTS
from studio.kinds import Footage, Upload
from studio.runs import store
from studio.runs.run import finished, start
from studio.runs.store import save
from studio.wire.shelf import Shelf
from tests.support import ROOT, hard_experiments
from tests.support.pictures import png
from tests.support.streamlit import (
    ASKED,
    EXPERIMENT,
    OTHER,
    PANEL,
    computed,
    gradient,
    made,
    query,
    same,
    sheet,
    task,
    until_ended,
    visit,
    widget,
    words,
)
from tests.support.waiting import hold


def saved(parameters: str) -> bytes:
    """A picture that carries the text where the studio writes its parameters."""
    chunks = PngInfo()
    chunks.add_text("parameters", parameters)
    file = io.BytesIO()
    Image.fromarray(np.zeros((32, 32, 3), dtype=np.uint8)).save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    yield
    for left in list(SCHEDULER._tasks):
        left.cancel()


def test_the_front_page_opens_every_panel_in_its_order() -> None:
    page = visit()
    assert not page.exception
    titles = [panel.title for panel in pages.panels()]
    assert [link.proto.label for link in page.get("page_link")] == ["Darkroom", "Hard experiments", *titles]
    assert "A picture &lt;em&gt;darkens&lt;/em&gt; in three stages." in words(page)


def test_a_panel_opens_with_the_result_of_its_first_preset() -> None:
    page = until_ended(visit(panel="darkroom"))
    assert not page.exception
    assert same(made(page).result, computed(EXPERIMENT))
    assert query(page) == {"panel": "darkroom", "experiment": "develop"}
    assert "Made with a gain of 0.8 &amp; seed 0." in words(page) and "Computed in </dt>" in words(page)


def test_a_rendered_opening_is_shown_without_computing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start(EXPERIMENT, EXPERIMENT.opening())
    finished(run)
    save(PANEL, EXPERIMENT, EXPERIMENT.opening(), run, tmp_path / "darkroom" / "develop", ".webp")
    monkeypatch.setattr(store, "RENDERED", tmp_path)
    page = visit(panel="darkroom")
    assert not page.exception
    assert sheet(page).task is None and isinstance(made(page).result["stages"]["third"], Path)
    assert "Made with a gain of 0.8" in words(page)
    assert len(visit().get("image")) == 1
    page = until_ended(visit(panel="darkroom", gain="0.5"))
    assert same(made(page).result, computed(EXPERIMENT, gain=0.5))


def test_a_permalink_gives_the_controls_and_the_identical_result() -> None:
    page = until_ended(
        visit(panel="darkroom", experiment="develop", gain="0.35", paper="gloss", toned="true", seed="7")
    )
    assert widget(page, "slider", "Gain").value == 0.35
    assert widget(page, "radio", "Paper").value == "gloss"
    assert widget(page, "checkbox", "Toned").value is True
    assert widget(page, "number_input", "Seed").value == 7
    assert same(made(page).result, computed(EXPERIMENT, gain=0.35, paper="gloss", toned=True, seed=7))


def test_the_address_follows_the_controls_and_the_button_computes_with_them() -> None:
    page = until_ended(visit(panel="darkroom"))
    widget(page, "slider", "Gain").set_value(0.6)
    page.run()
    assert query(page) == {"panel": "darkroom", "experiment": "develop", "gain": "0.6"}
    assert same(made(page).result, computed(EXPERIMENT))
    widget(page, "button", "Develop").click().run()
    assert same(made(until_ended(page)).result, computed(EXPERIMENT, gain=0.6))


def test_an_older_query_that_a_browser_still_sends_does_not_turn_the_controls_back() -> None:
    page = until_ended(visit(panel="darkroom"))
    older = dict(page.query_params)
    widget(page, "slider", "Gain").set_value(0.6)
    page.run()
    page.query_params = older
    page.run()
    assert widget(page, "slider", "Gain").value == 0.6 and query(page)["gain"] == "0.6"


def test_a_preset_sets_the_controls_and_computes() -> None:
    page = until_ended(visit(panel="darkroom"))
    widget(page, "button", "Dark").click().run()
    assert widget(page, "slider", "Gain").value == 0.5
    assert same(made(until_ended(page)).result, computed(EXPERIMENT, gain=0.5))


def test_consent_is_withdrawn_when_the_recording_is_another() -> None:
    page = visit(panel="everybody_dance_now", experiment="train")
    agreed = "Who is seen in it agreed to be made to dance"
    widget(page, "checkbox", agreed).check().run()
    assert widget(page, "checkbox", agreed).value is True
    widget(page, "selectbox", "Recording").set_value("child").run()
    assert widget(page, "checkbox", agreed).value is False
    assert sheet(page).values["consent"] is False
    widget(page, "checkbox", agreed).check().run()
    widget(page, "button", "The dancer").click().run()
    assert widget(page, "checkbox", agreed).value is False


def test_a_file_may_be_as_large_as_its_kind_says() -> None:
    page = visit(panel="everybody_dance_now", experiment="train")
    widget(page, "selectbox", "Recording").set_value("a recording of your own").run()
    largest = {chooser.label: chooser.proto.max_upload_size_mb * 1e6 for chooser in page.get("file_uploader")}
    assert largest == {"Recording": Footage.largest, "Open a saved picture or film": MAXIMUM_BYTES}
    server = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["server"]
    assert server["maxUploadSize"] * 1e6 == max(kind.largest for kind in Upload.kinds())


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"panel": "darkroom", "gain": "9"}, "Gain: 9 is beyond 0.1 to 1; 1 is used."),
        ({"panel": "darkroom", "photo": "/etc/passwd"}, "&#39;/etc/passwd&#39; is not among the examples gradient."),
        ({"panel": "darkroom", "photo": "uploaded file"}, "choose it again."),
        ({"panel": "darkroom", "cuont": "1"}, "&#39;cuont&#39; is not a control of Develop"),
        (
            {"panel": "darkroom", "experiment": "<b>"},
            "Darkroom has no experiment &#39;&lt;b&gt;&#39;; there are develop.",
        ),
        ({"panel": "<b>"}, "There is no panel &#39;&lt;b&gt;&#39;; choose one below."),
        ({"panel": "hard_experiments", "experiment": "race", "job": "x"}, "That job is no longer here"),
    ],
)
def test_a_link_that_cannot_be_followed_is_answered_by_a_sentence(asked: dict[str, str], sentence: str) -> None:
    page = visit(**asked)
    assert not page.exception
    assert sentence in words(page)


def test_a_refusal_is_a_sentence_and_the_controls_stay() -> None:
    page = until_ended(visit(panel="darkroom", gain="0.35", fault="refusal"))
    assert "Gain: &lt;b&gt;no&lt;/b&gt; picture can be made of this; take another." in words(page)
    assert widget(page, "slider", "Gain").value == 0.35
    widget(page, "radio", "Fault").set_value("none")
    widget(page, "button", "Develop").click().run()
    assert same(made(until_ended(page)).result, computed(EXPERIMENT, gain=0.35))
    assert "take another" not in words(page)


def test_a_bug_is_an_apology_that_tells_nothing_of_the_server() -> None:
    page = until_ended(visit(panel="darkroom", fault="bug"))
    assert "Sorry, this is a mistake of ours" in words(page) and "secret" not in words(page)


def test_a_picture_of_ones_own_is_used_and_what_is_no_picture_is_named() -> None:
    page = until_ended(visit(panel="darkroom"))
    widget(page, "selectbox", "Photograph").set_value("a picture of your own")
    page.run()
    widget(page, "button", "Develop").click().run()
    assert "Photograph: no picture was given; choose a file or one of the examples." in words(page)
    own = png(np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8))
    widget(page, "file_uploader", "Photograph").set_value(("<script>.png", own, "image/png"))
    page.run()
    assert query(page)["photo"] == "uploaded file"
    widget(page, "button", "Develop").click().run()
    assert same(made(until_ended(page)).result, computed(EXPERIMENT, photo=own))
    widget(page, "file_uploader", "Photograph").set_value(("a.png", b"<html></html>", "image/png"))
    page.run()
    assert "Photograph: this is a web page, not a picture the studio reads" in words(page)


def test_a_cancel_stops_the_work_and_keeps_what_is_finished() -> None:
    page = visit(panel="darkroom", pace="20")
    while sheet(page).made is None or "first" not in made(page).result["result"]:
        page.run()
    run = task(page)
    widget(page, "button", "Cancel").click().run()
    until_ended(page)
    assert run.state.value == "cancelled"
    assert list(made(page).result["result"]) == ["content", "first"]
    assert "Cancelled; what was finished stays." in [caption.value for caption in page.caption]


def test_touching_a_control_neither_stops_a_run_nor_loses_what_it_made() -> None:
    page = visit(panel="darkroom", pace="10")
    run = task(page)
    widget(page, "slider", "Gain").set_value(0.3)
    until_ended(page)
    assert made(page).result is run.result and same(run.result, computed(EXPERIMENT))


def test_a_run_that_waits_says_how_many_are_before_it() -> None:
    gate = hold(SCHEDULER)
    page = visit(panel="darkroom", pace="1")
    page.run()
    assert "1 run before yours" in page.get("progress")[0].proto.text
    gate.set()
    until_ended(page)


def test_a_download_has_every_pixel_and_the_parameters() -> None:
    page = until_ended(visit(panel="darkroom", gain="0.5", pace="1"))
    picture = made(page).result["result"]["third"]
    file = made(page).download(picture)
    assert np.array_equal(read_photo(file), picture)
    parameters = json.loads(Image.open(io.BytesIO(file)).info["parameters"])
    assert (parameters["panel"], parameters["experiment"]) == ("darkroom", "develop")
    assert parameters["controls"] == {**EXPERIMENT.opening(), "gain": 0.5, "pace": 1}


def test_a_live_experiment_follows_its_controls_and_a_click_comes_by_link() -> None:
    click = hard_experiments.PANEL.experiment("click")
    page = visit(panel="hard_experiments", experiment="click", place="0.9,0.1")
    assert not page.exception
    assert same(made(page).result, computed(click, place=(0.9, 0.1)))
    assert not [button for button in page.button if button.label == "Run"]


def test_each_snapshot_is_one_frame_of_a_stream() -> None:
    frames = [np.full((20, 30, 3), level, dtype=np.uint8) for level in (100, 200)]
    page = visit(panel="hard_experiments", experiment="mirror")
    for frame, level in zip(frames, (100, 150), strict=True):
        sheet(page).values["frame"] = png(frame)
        page.run()
        assert made(page).result["picture"].mean() == level
        page.run()
    assert made(page).result["picture"].mean() == 150


def test_a_job_goes_on_without_its_page_and_is_found_again_by_its_address() -> None:
    page = visit(panel="hard_experiments", experiment="race", norm="bn")
    assert sheet(page).task is None
    widget(page, "button", "Start").click().run()
    address = query(page)
    assert address["job"].startswith(f"{task(page).id}.")
    again = visit(**address)
    assert task(again) is task(page) and widget(again, "radio", "Norm").value == "bn"
    widget(again, "button", "Pause").click().run()
    until_ended(again)
    assert JOBS.find(task(page).id, task(page).visitor).state.value == "cancelled"
    paused = until_ended(visit(**address))
    assert len(made(paused).result["curves"]["bn"][0]) > 0
    widget(paused, "radio", "Norm").set_value("gn").run()
    widget(paused, "button", "Continue").click().run()
    assert widget(paused, "radio", "Norm").value == "bn"
    assert len(made(until_ended(paused)).result["curves"]["bn"][0]) == 60
    assert not [button for button in paused.button if button.label == "Continue"]


def test_what_this_face_cannot_do_is_said_with_a_link_that_carries_the_controls() -> None:
    page = visit(panel="hard_experiments", experiment="mirror", strength="0.9")
    assert SNAPSHOTS in [caption.value for caption in page.caption]
    address = page.get("link_button")[0].proto.url
    assert address == "http://127.0.0.1:7860/?panel=hard_experiments&experiment=mirror&strength=0.9"


def test_the_photo_panel_gives_the_same_pictures_as_the_engine_without_a_face() -> None:
    stylize = pages.panel("photo_stylization").experiment("stylize")
    if present(find(stylize.opening()["checkpoint"])) is None:
        pytest.skip("the bundled checkpoint is not in weights/bundled")
    page = until_ended(visit(panel="photo_stylization", longest="128", smoother="guided", strength_1="0.5"))
    result = computed(stylize, longest=128, smoother="guided", strength_1=0.5)
    for name, value in result.items():
        assert name == "seconds" or same(made(page).result[name], value)


def controls(page: AppTest) -> dict[str, Any]:
    """What the darkroom's widgets say."""
    return {
        "gain": widget(page, "slider", "Gain").value,
        "paper": widget(page, "radio", "Paper").value,
        "toned": widget(page, "checkbox", "Toned").value,
        "seed": widget(page, "number_input", "Seed").value,
    }


def test_an_earlier_result_of_the_visit_comes_back_with_its_controls_and_is_not_computed_again() -> None:
    page = until_ended(visit(panel="darkroom"))
    opening, before = made(page), controls(page)
    widget(page, "slider", "Gain").set_value(0.35)
    widget(page, "radio", "Paper").set_value("gloss")
    widget(page, "checkbox", "Toned").set_value(True)
    widget(page, "number_input", "Seed").set_value(7)
    widget(page, "button", "Develop").click().run()
    changed = made(until_ended(page))
    visits = sheet(page).visits
    assert [each.words for each in visits] == ["Gain: 0.35, Paper: glossy, Toned: on, Seed: 7", "As it opened"]
    for kept, result, values in [(visits[1], opening, before), (visits[0], changed, OTHER)]:
        sheet(page).recall(kept.token)
        page.run()
        assert sheet(page).task is None and made(page) is result and controls(page) == values
    assert query(page) == ASKED


def test_a_visit_keeps_its_last_twelve_results_and_says_of_the_same_values_that_they_are() -> None:
    page = until_ended(visit(panel="darkroom"))
    widget(page, "button", "Develop").click().run()
    until_ended(page)
    assert [each.words for each in sheet(page).visits] == ["The same again", "As it opened"]
    for seed in range(1, 13):
        widget(page, "number_input", "Seed").set_value(seed)
        widget(page, "button", "Develop").click().run()
        until_ended(page)
    assert [each.words for each in sheet(page).visits] == [f"Seed: {seed}" for seed in range(12, 0, -1)]


def test_a_result_whose_pictures_are_gone_gives_its_controls_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    page = until_ended(visit(**ASKED))
    monkeypatch.setattr(streamlit_sheet, "HELD", Shelf(Memory(1), 60))
    sheet(page).choose("Dark")
    sheet(page).recall(sheet(page).visits[0].token)
    page.run()
    assert controls(page) == OTHER
    assert "The pictures of this result are no longer held here" in words(page)


def test_a_cancelled_run_is_none_of_the_visit_s_results() -> None:
    page = visit(panel="darkroom", pace="50")
    widget(page, "button", "Cancel").click().run()
    assert until_ended(page).session_state["sheets"]["darkroom", "develop"].visits == []


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_a_saved_picture_brings_every_control_back(suffix: str, tmp_path: Path) -> None:
    values = {**EXPERIMENT.opening(), **OTHER}
    write_picture(read_photo(gradient()), tmp_path / f"saved{suffix}", saved_parameters(values))
    page = until_ended(visit(panel="darkroom"))
    drop(page, (tmp_path / f"saved{suffix}").read_bytes())
    assert controls(page) == OTHER and query(page) == ASKED
    assert same(made(until_ended(page)).result, computed(EXPERIMENT, **OTHER))


def test_a_saved_picture_opens_its_panel_from_the_front_page_too(tmp_path: Path) -> None:
    write_picture(read_photo(gradient()), tmp_path / "saved.png", saved_parameters({**EXPERIMENT.opening(), **OTHER}))
    page = visit()
    drop(page, (tmp_path / "saved.png").read_bytes())
    page._page_hash = calc_hash("darkroom")  # Where a browser is now.
    assert controls(until_ended(page)) == OTHER


def test_a_saved_picture_made_of_one_s_own_asks_for_it_again(tmp_path: Path) -> None:
    values = {**EXPERIMENT.opening(), **OTHER, "photo": "uploaded file"}
    write_picture(read_photo(gradient()), tmp_path / "saved.png", saved_parameters(values))
    page = until_ended(visit(panel="darkroom"))
    drop(page, (tmp_path / "saved.png").read_bytes())
    assert controls(page) == OTHER and sheet(page).task is None
    assert "Photograph: your own file cannot come with a link or a saved result; choose it again." in words(page)


def test_a_saved_film_brings_every_control_back(tmp_path: Path) -> None:
    clip = pages.panel("photo_stylization").experiment("clip")
    values = {**clip.opening(), "style": "night", "steady": False, "strength": 0.25, "longest": 128}
    parameters = {"panel": "photo_stylization", "experiment": "clip", "controls": values}
    write_clip(examples("lake")["lake"](), tmp_path / "saved.mp4", parameters)
    page = visit()
    drop(page, (tmp_path / "saved.mp4").read_bytes())
    assert sheet(page).values == values
    assert widget(page, "slider", "Strength").value == 0.25
    assert widget(page, "checkbox", "Steady in time").value is False


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no picture", "this is text, not a picture"),
        (gradient(), "carries no parameters"),
        (saved('["a", "list"]'), "does not say how it was made"),
        (saved('{"panel": 3, "experiment": {}, "controls": "x"}'), "does not say how it was made"),
        (saved('{"panel": "<b>", "experiment": "x", "controls": {}}'), "There is no panel &#39;&lt;b&gt;&#39; here"),
        (b"\x00\x00\x00\x18ftypmp42 and no more", "it carries no parameters"),
    ],
    ids=["text", "a picture of others", "a list", "other types", "no such panel", "no film"],
)
def test_a_file_of_others_is_one_sentence_and_the_controls_stay(content: bytes, sentence: str) -> None:
    page = until_ended(visit(**ASKED))
    result = made(page)
    drop(page, content)
    assert sentence in words(page)
    assert controls(page) == OTHER and made(page) is result


def test_the_dice_draws_another_seed() -> None:
    page = until_ended(visit(panel="darkroom"))
    drawn = set()
    for _ in range(3):
        widget(page, "button", "New").click().run()
        drawn.add(widget(page, "number_input", "Seed").value)
    assert len(drawn) == 3 and sheet(page).values["seed"] in drawn and query(page)["seed"] in map(str, drawn)


def saved_parameters(values: dict[str, Any]) -> dict[str, Any]:
    return {"panel": "darkroom", "experiment": "develop", "controls": values}


def drop(page: AppTest, content: bytes) -> None:
    """Let go of a file where saved ones are opened."""
    widget(page, "file_uploader", "Open a saved picture or film").set_value(("saved", content, ""))
    page.run()
