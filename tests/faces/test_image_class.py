"""The class of pictures as a control: named, searched for, and kept to what the chosen checkpoint knows."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from engines.runtime.class_names import ALIKE, CIFAR10, FLOWERS, class_id, class_names, imagenet
from engines.runtime.errors import CheckpointError, InputError
from studio.kinds import Choice
from studio.runs import permalink
from studio.runs.run import finished, start, used
from tests.support.naming import EXPERIMENT, LABEL, LARGE, SMALL, name
from tests.support.streamlit import visit


def fall(checkpoint: str, label: str) -> Iterator[Any]:
    if checkpoint == LARGE:
        raise CheckpointError("It is not here.")
    yield from name(checkpoint, label)


def test_every_class_has_a_name_of_its_own() -> None:
    assert len(class_names(10)) == 10 and class_names(10)[7] == "horse"
    assert [class_names(1000)[place] for place in (0, 207, 388, 999)] == [
        "tench",
        "golden retriever",
        "giant panda",
        "toilet tissue",
    ]
    assert len({known.lower() for known in [*class_names(10), *class_names(1000)]}) == 1010


def test_each_class_that_is_like_another_stands_in_both_sets() -> None:
    for small, large in ALIKE.items():
        assert small in (*CIFAR10, *FLOWERS) and large in imagenet()
    assert set(CIFAR10) <= set(ALIKE)
    assert LABEL.among("ship", LARGE) == "container ship" and LABEL.among("container ship", SMALL) == "ship"
    assert LABEL.among("tench", SMALL) == "horse" and LABEL.among("tench", LARGE) == "tench"


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
    assert permalink.read(EXPERIMENT, {"checkpoint": LARGE}) == ({"checkpoint": LARGE, "label": "sorrel"}, [])
    values, _ = permalink.read(EXPERIMENT, {"checkpoint": LARGE, "label": "goldfish"})
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
    words = LABEL.described()
    assert f"With {SMALL} one of 10: airplane" in words and "one of 1,000: tench" in words and len(words) < 1000


def _naming() -> None:
    from studio.faces.streamlit import page as streamlit_page
    from tests.support.naming import PANEL

    streamlit_page.serve([PANEL])


def test_on_the_second_face_the_classes_are_those_of_the_checkpoint() -> None:
    page = visit(_naming, panel="naming", checkpoint=LARGE, label="goldfish")
    (label,) = [box for box in page.selectbox if box.label == "Class"]
    assert label.value == "goldfish" and len(label.options) == 1000
    (checkpoint,) = [radio for radio in page.radio if radio.label == "Checkpoint"]
    checkpoint.set_value(SMALL).run()
    (label,) = [box for box in page.selectbox if box.label == "Class"]
    assert label.value == "horse" and len(label.options) == 10
