"""The class of pictures as a control: named, searched for, and kept to what the chosen checkpoint knows."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from engines.runtime.class_names import CIFAR10, class_id, class_names, imagenet
from engines.runtime.errors import CheckpointError, InputError
from pages import _permalink, photo_stylization
from pages._api import _description
from pages._panel import CheckpointChoice, Choice, Experiment, ImageClass, Notices
from pages._results import finished, start, used
from tests import hard_experiments
from tests.browser import Visit, serious_findings, studio

SMALL, LARGE = photo_stylization.CHECKPOINTS
"""Two names that the manifest has; what they compute does not matter here."""
LABEL = ImageClass("Class", {SMALL: CIFAR10, LARGE: imagenet()}, of="checkpoint", default="horse", help="What is made.")


def name(checkpoint: str, label: str) -> Iterator[Any]:
    yield {"words": {"made": f"A {label} by {checkpoint}."}}


def fall(checkpoint: str, label: str) -> Iterator[Any]:
    if checkpoint == LARGE:
        raise CheckpointError("It is not here.")
    yield from name(checkpoint, label)


EXPERIMENT = Experiment(
    name="name",
    title="Name",
    controls={"checkpoint": CheckpointChoice("Checkpoint", photo_stylization.CHECKPOINTS, SMALL), "label": LABEL},
    outputs={"words": Notices("Made")},
    presets={"horse": {}},
    run=name,
    live=True,
)
PANEL = dataclasses.replace(hard_experiments.PANEL, slug="naming", title="Naming", experiments=[EXPERIMENT])


def test_every_class_has_a_name_of_its_own() -> None:
    assert len(class_names(10)) == 10 and class_names(10)[7] == "horse"
    assert [class_names(1000)[place] for place in (0, 207, 388, 999)] == [
        "tench",
        "golden retriever",
        "giant panda",
        "toilet tissue",
    ]
    assert len({known.lower() for known in [*class_names(10), *class_names(1000)]}) == 1010


@pytest.mark.parametrize(
    ("value", "names", "message"),
    [
        ("hors", CIFAR10, "no class 'hors' among the 10; there are airplane, .*truck"),
        ("golden retreiver", imagenet(), "among the 1,000; did you mean golden retriever or"),
        ("\x00" * 10_000, imagenet(), r"no class '\\x00"),
        (None, imagenet(), "no class None"),
        (7, CIFAR10, "no class 7 among"),
    ],
)
def test_an_unknown_class_is_a_short_sentence_with_those_that_are_near(value: Any, names: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        class_id(value, names)
    assert len(str(raised.value)) < 250


def test_a_class_is_known_however_it_is_capitalised_but_only_to_a_checkpoint_that_knows_it() -> None:
    assert EXPERIMENT.check({"label": " Horse "})["label"] == "horse"
    assert EXPERIMENT.check({"checkpoint": LARGE, "label": "GOLDFISH"})["label"] == "goldfish"
    with pytest.raises(InputError, match="^Class: There is no class 'goldfish' among the 10; .* or another checkpoint"):
        EXPERIMENT.check({"label": "goldfish"})
    with pytest.raises(ValueError, match="label is of size, which is no checkpoint"):
        dataclasses.replace(
            EXPERIMENT,
            controls={"size": Choice("Size", {"a": "a"}, "a"), "label": dataclasses.replace(LABEL, of="size")},
            run=lambda size, label: iter(()),
        )


def test_a_link_that_names_a_checkpoint_alone_opens_with_a_class_it_knows() -> None:
    assert _permalink.read(EXPERIMENT, {"checkpoint": LARGE}) == ({"checkpoint": LARGE, "label": "tench"}, [])
    values, _ = _permalink.read(EXPERIMENT, {"checkpoint": LARGE, "label": "goldfish"})
    assert values["label"] == "goldfish"


def test_where_the_bundled_checkpoint_steps_in_a_class_it_knows_does_too() -> None:
    experiment = dataclasses.replace(EXPERIMENT, run=fall)
    values = {"checkpoint": LARGE, "label": "goldfish"}
    task = start(experiment, values)
    assert finished(task)["words"]["made"] == f"A horse by {SMALL}."
    assert task.substitution is not None
    assert task.substitution.sentence.endswith("It knows no goldfish; horse stands there.")
    assert used(task, values) == {"checkpoint": SMALL, "label": "horse"}


def test_the_api_says_which_classes_there_are() -> None:
    words = _description(LABEL)
    assert f"With {SMALL} one of 10: airplane" in words and "one of 1,000: tench" in words and len(words) < 1000


def test_in_the_browser_a_class_is_chosen_or_searched_for(chromium: Browser, tmp_path: Path) -> None:
    with studio([PANEL], tmp_path / "studio") as address:
        visit = Visit(chromium, address, "?panel=naming&label=frog")
        page = visit.page
        made = page.get_by_text(f"A frog by {SMALL}.")
        expect(made).to_be_visible()
        field = page.get_by_label("Class", exact=True)
        assert field.input_value() == "frog" and field.locator("option").count() == 10
        field.select_option("ship")
        expect(page.get_by_text(f"A ship by {SMALL}.")).to_be_visible()
        page.locator(".studio-checkpoints").get_by_role("radio").nth(1).check()
        expect(page.get_by_text(f"A tench by {LARGE}.")).to_be_visible()
        expect(field).to_have_value("tench")
        assert page.locator("datalist option").count() == 1000
        field.fill("goldfish")
        expect(page.get_by_text(f"A goldfish by {LARGE}.")).to_be_visible()
        field.fill("goldfsh")
        field.press("Tab")
        expect(page.get_by_role("alert").filter(has_text="did you mean goldfish")).to_be_visible()
        assert field.input_value() == "goldfsh"
        assert serious_findings(page) == []
        page.locator(".studio-checkpoints").get_by_role("radio").nth(0).check()
        expect(page.get_by_text(f"A horse by {SMALL}.")).to_be_visible()
        assert visit.complaints == []
        visit.context.close()


def _naming() -> None:
    from pages import _streamlit
    from tests.test_image_class import PANEL

    _streamlit.serve([PANEL])


def test_on_the_second_face_the_classes_are_those_of_the_checkpoint() -> None:
    page = AppTest.from_function(_naming, default_timeout=20)
    page.query_params.update({"panel": "naming", "checkpoint": LARGE, "label": "goldfish"})
    page._page_hash = calc_hash("naming")  # As tests/test_streamlit.py says.
    page.run()
    (label,) = [box for box in page.selectbox if box.label == "Class"]
    assert label.value == "goldfish" and len(label.options) == 1000
    (checkpoint,) = [radio for radio in page.radio if radio.label == "Checkpoint"]
    checkpoint.set_value(SMALL).run()
    (label,) = [box for box in page.selectbox if box.label == "Class"]
    assert label.value == "horse" and len(label.options) == 10
