"""What a visitor brought stays through every preset, and what is shown is never of something else."""

import asyncio
from typing import Any

import pytest

import pages
from studio.declared import Experiment, LongExperiment, Panel, Stream
from studio.kinds import Consent, Start, Upload
from studio.runs import permalink
from studio.runs.store import rendered
from studio.wire.files import KeptAddresses
from studio.wire.payloads import Payloads
from studio.wire.visit import Visit

OWN = "a token of a file that was sent"
UPLOADS = [
    pytest.param(panel, experiment, name, id=f"{panel.slug}-{experiment.name}-{name}")
    for panel in pages.panels()
    for experiment in panel.experiments
    for name, control in experiment.controls.items()
    if isinstance(control, Upload)
]
JOBS = [
    pytest.param(panel, experiment, id=f"{panel.slug}-{experiment.name}")
    for panel in pages.panels()
    for experiment in panel.experiments
    if isinstance(experiment, LongExperiment)
]


@pytest.mark.parametrize(("panel", "experiment", "name"), UPLOADS)
def test_a_file_of_the_visitor_s_stays_through_every_preset_that_names_no_other(
    panel: Panel, experiment: Experiment, name: str
) -> None:
    visit = Visit(panel, experiment)
    for preset, named in experiment.presets.items():
        before = {**experiment.opening(), name: OWN}
        beside: dict[str, Any] = {
            each: 7.5 if isinstance(control, Start) else True
            for each, control in experiment.controls.items()
            if control.belongs == name and isinstance(control, Start | Consent)
        }
        put, _ = visit.choose(preset, {**before, **beside}, None)
        photograph = experiment.controls[name].belongs
        is_replaced = name in named or (photograph is not None and before[photograph] != put[photograph])
        assert put[name] == (experiment.opening(preset)[name] if is_replaced else OWN)
        for each, value in beside.items():
            assert put[each] == (experiment.opening(preset)[each] if is_replaced else value)
        others = put.keys() - {name, *beside}
        assert {each: put[each] for each in others} == {each: experiment.opening(preset)[each] for each in others}


@pytest.mark.parametrize(("panel", "experiment", "name"), UPLOADS)
def test_an_example_and_no_file_follow_the_preset(panel: Panel, experiment: Experiment, name: str) -> None:
    for example in (*list(experiment.controls[name].examples)[:2], None):  # type: ignore[attr-defined]
        for preset in experiment.presets:
            assert experiment.chosen(preset, {**experiment.opening(), name: example}) == experiment.opening(preset)


@pytest.mark.parametrize(("panel", "experiment", "name"), UPLOADS)
def test_a_link_made_with_a_file_asks_for_it(panel: Panel, experiment: Experiment, name: str) -> None:
    query = permalink.write(panel, experiment, {**experiment.opening(), name: OWN})
    values, sentences = permalink.read(experiment, query)
    assert values[name] is None
    assert sentences[0].startswith(experiment.controls[name].label) and "choose it again" in sentences[0]


@pytest.mark.parametrize(
    ("panel", "experiment", "name"), [each for each in UPLOADS if not isinstance(each.values[1], Stream)]
)
def test_what_cannot_be_used_leaves_the_result_back_and_says_so(
    panel: Panel, experiment: Experiment, name: str
) -> None:
    async def told() -> list[dict[str, Any]]:
        visit = Visit(panel, experiment)
        return [each async for each in visit.run("somebody", {**experiment.opening(), name: OWN})]

    every = asyncio.run(told())
    assert every[-1]["alert"].startswith('<p class="studio-failed">') and "no longer held here" in every[-1]["alert"]
    assert not any("outputs" in each or "made" in each for each in every), "the earlier result stands back, and stays"


@pytest.mark.parametrize(("panel", "experiment"), JOBS)
def test_a_preset_of_a_job_shows_its_own_rendered_result_or_nothing(panel: Panel, experiment: Experiment) -> None:
    visit = Visit(panel, experiment)
    kept = rendered(panel, experiment)
    drawing = Payloads(panel, experiment, KeptAddresses, {"controls": experiment.opening()})
    drawing.changes(kept[0] if kept else {})
    opening = visit.made(experiment.opening(), drawing, "") if kept else None
    for number, preset in enumerate(experiment.presets):
        _, told = visit.choose(preset, experiment.opening(), opening)
        if number == 0 and kept:
            assert told["outputs"].keys() >= kept[0].keys() and told["made"]["values"] == experiment.opening()
        else:
            assert set(told["outputs"].values()) == {None} and told["made"] is None
