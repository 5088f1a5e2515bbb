"""What the studio offers of published models, and two models side by side without a browser."""

import asyncio
import dataclasses
from typing import Any

import pytest

import pages
from engines.runtime.checkpoints import choice_of
from engines.runtime.errors import InputError
from pages.photo_stylization.controls import CHECKPOINTS
from studio.declared import Experiment, LongExperiment, Stream
from studio.kinds import CheckpointChoice, Published
from studio.wire.beside import beside, offer
from studio.wire.downloads import members
from tests.support.naming import EXPERIMENT, LABEL, LARGE, PANEL, SMALL

SHOWS = {"A thousand names": "It names what the small one cannot."}


def offering(option: str = LARGE) -> Experiment:
    published = Published(option, "the large one", SHOWS)
    choice = CheckpointChoice("Checkpoint", CHECKPOINTS, SMALL, published=published)
    return dataclasses.replace(EXPERIMENT, controls={"checkpoint": choice, "label": LABEL})


def told_last(experiment: Experiment, **values: Any) -> dict[str, Any]:
    """The last that is told of both sides."""

    async def follow() -> dict[str, Any]:
        last: dict[str, Any] = {}
        async for told in beside(PANEL, experiment, "a visitor", values):
            last = told
        return last

    return asyncio.run(follow())


def published_options(choice: CheckpointChoice) -> list[str]:
    return [
        option
        for option in choice.options
        if all(each.fetchable for each in members(choice_of(choice.files_of(option))))
    ]


def test_every_panel_with_a_published_checkpoint_to_choose_offers_one() -> None:
    panels = {"photo_stylization", "group_normalization", "taskonomy", "sagan", "ganimation", "biggan"}
    for panel in pages.panels():
        assert (panel.offering is not None) == (panel.slug in panels)
        for experiment in panel.experiments:
            choices = [one for one in experiment.controls.values() if isinstance(one, CheckpointChoice)]
            can = any(published_options(choice) for choice in choices)
            is_compared = not isinstance(experiment, LongExperiment | Stream)
            assert (experiment.offered is not None) == (can and is_compared), experiment.name
            if experiment.offered:
                assert experiment.offered.published.option in published_options(experiment.offered.choice)


def test_an_offer_says_whose_it_is_and_under_which_licence() -> None:
    licences = {
        panel.slug: offer(panel, panel.offering)["licence"] for panel in pages.panels() if panel.offering is not None
    }
    assert licences["ganimation"] == licences["biggan"] == "licence not stated"
    assert (licences["photo_stylization"], licences["taskonomy"]) == ("CC BY-NC-SA 4.0", "MIT")


def test_what_is_no_option_cannot_be_offered() -> None:
    with pytest.raises(ValueError, match="checkpoint offers nothing, which is no option"):
        offering("nothing")


def test_both_sides_have_the_same_controls_but_for_what_one_model_does_not_know() -> None:
    told = told_last(offering(), checkpoint=SMALL, label="horse")
    left, right = (side["outputs"]["words"]["html"] for side in told["sides"])
    assert f"A horse by {SMALL}." in left and f"A sorrel by {LARGE}." in right
    assert told["words"].startswith("Class: horse on the left and sorrel on the right")
    assert [
        EXPERIMENT.controls["checkpoint"].words(name) in side["badge"]
        for name, side in zip((SMALL, LARGE), told["sides"], strict=True)
    ] == [True, True]


def test_the_chosen_checkpoint_changes_nothing_of_the_sides() -> None:
    told = told_last(offering(), checkpoint=LARGE, label="container ship")
    assert f"A ship by {SMALL}." in told["sides"][0]["outputs"]["words"]["html"]
    assert f"A container ship by {LARGE}." in told["sides"][1]["outputs"]["words"]["html"]


def test_what_a_model_refuses_is_said_on_its_side() -> None:
    def refuse(checkpoint: str, label: str) -> Any:
        if checkpoint == LARGE:
            raise InputError("It draws nothing today.")
        yield {"words": {"made": label}}

    told = told_last(dataclasses.replace(offering(), run=refuse), checkpoint=SMALL, label="horse")
    assert "horse" in told["sides"][0]["outputs"]["words"]["html"] and told["sides"][0]["alert"] == ""
    assert "It draws nothing today." in told["sides"][1]["alert"]
