"""What the previous version of the studio kept is opened by this one: jobs, answers, links and saved pictures.

The files in tests/support/previous were written by the version before the framework had rooms of its own.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import pages
from engines.runtime.images import read_parameters
from engines.runtime.jobs import Jobs
from engines.runtime.scheduler import Scheduler, State
from engines.time_limited_humans.answers import Answers
from engines.time_limited_humans.service import STIMULI
from engines.time_limited_humans.trials import Stimulus
from studio.runs import permalink

PREVIOUS = Path(__file__).parents[1] / "support" / "previous"
KNOWN = json.loads((PREVIOUS / "known.json").read_text())
ENDED, WAITING = "KrjiJcYa5nCmSkbhrtXhrA", "fCKUADyGjBXD5acdtq1hsQ"


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    # New copies, since jobs go after a day.
    shutil.copytree(PREVIOUS / "jobs", tmp_path / "jobs", copy_function=shutil.copyfile)
    for folder in (tmp_path / "jobs").iterdir():
        folder.touch()
    return Jobs(tmp_path / "jobs", Scheduler())


def test_a_job_that_had_ended_is_found_with_its_result(jobs: Jobs) -> None:
    job = jobs.find(ENDED, "somebody")
    assert job.state is State.DONE
    outputs = pages.panel("group_normalization").experiment("race").outputs
    assert set(job.result) <= outputs.keys() and {"error", "gap", "numbers"} <= job.result.keys()
    for name, value in job.result.items():
        outputs[name].check(value)


def test_a_job_that_was_not_begun_goes_on_with_its_values(jobs: Jobs) -> None:
    found = {}

    def again(name: str, values: Mapping[str, Any]) -> Any:
        def run(*, saved: Any, **substituted: Any) -> Iterator[Any]:
            found[name] = values
            yield {}

        return run

    (job,) = jobs.resume(again)
    version = -1
    while not job.ended:
        version = job.wait(version)
    assert job.id == WAITING
    experiment = pages.panel("photo_stylization").experiment("clip")
    assert experiment.check(found["photo_stylization/clip"])["longest"] == 128


def test_answers_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite3"
    shutil.copyfile(PREVIOUS / "answers.sqlite3", path)
    stimuli = [Stimulus(**one) for one in json.loads(STIMULI.read_text())["stimuli"]]
    answers = Answers(path, stimuli)
    first, second = answers.given(participant=KNOWN["participant"])
    assert (first.answer.chosen, first.answer.milliseconds) == ("vehicles", 812.5) and second.answer.chosen is None
    assert answers.count(KNOWN["room"]) == (1, 2)
    answers.end_room(KNOWN["room"], KNOWN["key"])


@pytest.mark.parametrize("place", KNOWN["links"])
def test_a_link_leads_to_the_same_values(place: str) -> None:
    query = KNOWN["links"][place]
    experiment = pages.panel(query["panel"]).experiment(query["experiment"])
    values, sentences = permalink.read(experiment, query)
    assert sentences == []
    query = {name: text for name, text in query.items() if name != "consent"}  # Which no link carries any more.
    assert permalink.write(pages.panel(query["panel"]), experiment, values) == query


def test_a_saved_picture_brings_its_values_back() -> None:
    query = permalink.saved(read_parameters(PREVIOUS / "truncation.png"))
    values, sentences = permalink.read(pages.panel("biggan").experiment(query["experiment"]), query)
    assert sentences == [] and values["truncation"] == 0.4
