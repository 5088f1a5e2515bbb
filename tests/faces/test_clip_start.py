"""Where in a clip to start is asked beside every clip, in every face, and what is not used of a clip is said there."""

import dataclasses
import inspect
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from gradio_client import Client, handle_file
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import pages
from engines.runtime.errors import InputError
from engines.runtime.video import Clip as Film
from pages.vid2vid.label_clip import LabelClip
from studio.declared import Stream
from studio.faces.api import _endpoint, _in_order
from studio.kinds import Clip, Footage, Notices, Start, Table
from studio.runs.permalink import read, write
from studio.runs.run import finished, start
from tests.support.clip_start import EXPERIMENT, PANEL, long

LENGTH = "The clip lasts 24.0 seconds; 10.0 of them are taken, from second {} on."


def watch(memory: dict[str, Any], clip: Film | None) -> Iterator[dict[str, Any]]:
    yield {"numbers": {"clip": {"frames": 0 if clip is None else clip.count}}}


WATCHED = Stream(
    name="watch",
    title="Watch",
    controls={"clip": Clip("Clip", examples={"long": long}, optional=True)},
    outputs={"numbers": Table("Numbers")},
    presets={"none": {}},
    run=watch,
)


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL)


def test_every_clip_of_every_panel_has_a_start_beside_it() -> None:
    clips = [
        (experiment, name, control)
        for panel in pages.panels()
        for experiment in panel.experiments
        for name, control in experiment.controls.items()
        if isinstance(control, Clip)
    ]
    assert {Clip, Footage, LabelClip} == {type(control) for _, _, control in clips} and len(clips) >= 6
    for experiment, name, control in clips:
        beside = experiment.controls[f"{name}_start"]
        assert isinstance(beside, Start) and (beside.of, beside.group) == (name, control.group)
        assert any(isinstance(output, Notices) for output in experiment.outputs.values())


def test_an_experiment_that_is_declared_again_has_one_start() -> None:
    again = dataclasses.replace(EXPERIMENT, title="Again")
    assert list(again.controls) == list(EXPERIMENT.controls) == ["clip", "clip_start", "doubled"]
    assert list(again.outputs) == ["numbers", "notices"]


def test_a_run_gets_the_clip_from_there_and_says_so() -> None:
    made = finished(start(EXPERIMENT, {"clip": "long", "clip_start": 5}))
    assert made["numbers"]["clip"] == {"frames": 30, "first": 15}
    assert made["notices"] == {"length": LENGTH.format(5)}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("soon", "Clip: from: 'soon' is not a number"),
        (24, "Clip: the clip lasts 24.0 seconds, and none is left from second 24 on; start earlier"),
    ],
)
def test_a_start_that_cannot_be_is_refused_by_its_name(value: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        start(EXPERIMENT, {"clip": "long", "clip_start": value})


def test_a_stream_is_told_once_and_again_when_it_is_no_longer_so() -> None:
    memory: dict[str, Any] = {}
    told = [
        finished(start(WATCHED, {"clip": clip}, memory)).get("notices") for clip in ("long", "long", None, None, "long")
    ]
    words = {"length": LENGTH.format(0)}
    assert told == [words, None, {}, None, words]


def test_a_link_carries_it() -> None:
    query = write(PANEL, EXPERIMENT, {**EXPERIMENT.opening(), "clip_start": 2.5})
    assert query == {"panel": "counting", "experiment": "count", "clip_start": "2.5"}
    assert read(EXPERIMENT, query) == ({"clip": "long", "clip_start": 2.5, "doubled": False}, [])


def test_the_api_s_other_arguments_stand_where_they_stood(address: str) -> None:
    endpoint = _endpoint(PANEL, EXPERIMENT, _in_order(EXPERIMENT))
    assert list(inspect.signature(endpoint).parameters)[:3] == ["clip", "doubled", "clip_start"]
    client = Client(address, verbose=False)
    assert client.predict("long", False, api_name="/counting_count")["numbers"]["clip"]["first"] == 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "long.mp4"
        path.write_bytes(long())
        made = client.predict(handle_file(str(path)), clip_start=7, api_name="/counting_count")
    assert made["numbers"]["clip"] == {"frames": 30, "first": 21} and made["notices"] == {"length": LENGTH.format(7)}


def script() -> None:
    """What `streamlit run` runs, with this panel alone."""
    from studio.faces.streamlit import page as streamlit_page
    from tests.support import clip_start

    streamlit_page.serve([clip_start.PANEL])


def test_it_is_set_on_the_second_face() -> None:
    page = AppTest.from_function(script, default_timeout=120)
    page.query_params["panel"] = "counting"
    page._page_hash = calc_hash("counting")
    page.run()
    next(number for number in page.number_input if number.label == "Clip: from (s)").set_value(3.0).run()
    next(button for button in page.button if button.label == "Count").click().run()
    for _ in range(200):
        if LENGTH.format(3) in " ".join(element.proto.body for element in page.get("html")):
            return
        time.sleep(0.05)
        page.run()
    raise TimeoutError("the page does not say from where the clip is taken")
