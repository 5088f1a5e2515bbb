"""The checkpoints from which a visitor chooses."""

import pytest

import pages
from engines.photo_stylization.engine import BUNDLED, warm
from engines.runtime.checkpoints import catalogue, find, groups, present
from studio.kinds import CheckpointChoice


@pytest.fixture(autouse=True)
def bundled() -> None:
    if present(find(BUNDLED)) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")
    warm()


def test_the_default_checkpoint_of_every_panel_is_bundled() -> None:
    for panel in pages.panels():
        for experiment in panel.experiments:
            for control in experiment.controls.values():
                if isinstance(control, CheckpointChoice):
                    assert find(control.files_of(control.default)).bundled
                    assert {control.files_of(name) for name in control.options} <= {*catalogue(), *groups()}


def test_every_checkpoint_is_a_choice_in_a_panel_or_says_why_it_is_none() -> None:
    offered = {
        control.files_of(name)
        for panel in pages.panels()
        for experiment in panel.experiments
        for control in experiment.controls.values()
        if isinstance(control, CheckpointChoice)
        for name in control.options
    }
    for name, checkpoint in catalogue().items():
        is_offered = name in offered or checkpoint.group in offered
        assert is_offered == (checkpoint.unchosen is None), name
