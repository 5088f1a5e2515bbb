"""The page language: what a declaration promises, and what it refuses."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pages
from engines.runtime.errors import InputError
from studio.declared import Experiment
from studio.kinds import Camera, Choice, Click, Consent, Number, Photo, Picture, Seed, Switch
from studio.runs.run import finished, start
from tests.support import hard_experiments

STRENGTH = Number("Strength", 0, 2, 1, 0.1)
COUNT = Number("Count", 1, 64, 8, 1)


def scale(strength: float) -> Iterator[dict[str, Any]]:
    yield {"picture": strength}


EXPERIMENT = Experiment(
    name="scale",
    title="Scale",
    controls={"strength": STRENGTH},
    outputs={"picture": Picture("Picture")},
    presets={"one": {"strength": 1}},
    run=scale,
)


@given(st.floats(0, 2))
def test_a_number_in_bounds_is_passed_on_as_it_is(value: float) -> None:
    assert STRENGTH.check(value) == STRENGTH.check(str(value)) == value


@given(st.one_of(st.floats(-1e30, -1e-9), st.floats(2.0000001, 1e30)))
def test_a_number_beyond_the_bounds_is_held_within_them_and_said(value: float) -> None:
    assert STRENGTH.check(value) == (0 if value < 0 else 2)
    assert STRENGTH.corrected(str(value)).endswith(f"is beyond 0 to 2; {STRENGTH.check(value):g} is used.")
    assert STRENGTH.corrected(1.5) == STRENGTH.corrected("2") == ""


@given(st.one_of(st.sampled_from([math.nan, math.inf, -math.inf]), st.text("abx.", max_size=5)))
def test_what_is_no_number_is_refused_by_name_and_bounds(value: Any) -> None:
    with pytest.raises(InputError, match=r"Strength: .* 0 to 2"):
        STRENGTH.check(value)


def test_a_number_serves_for_a_choice_of_numbers() -> None:
    bandwidth = Choice("Bandwidth", {"8": "8", "0.5": "half"}, "8")
    assert [bandwidth.check(value) for value in ("8", 8, 8.0, 0.5)] == ["8", "8", "8", "0.5"]
    with pytest.raises(InputError, match="'9' is not among 8, 0.5"):
        bandwidth.check(9)


def agreed(photo: Any, consent: bool) -> Iterator[dict[str, Any]]:
    yield {"picture": consent}


def asking(**preset: Any) -> Experiment:
    """An experiment that asks for consent, with such a preset."""
    controls = {"photo": Photo("Photo"), "consent": Consent("Who is seen agreed", to="photo")}
    return dataclasses.replace(EXPERIMENT, controls=controls, presets={"one": preset}, run=agreed)


def test_consent_is_given_by_the_visitor_alone() -> None:
    experiment = asking()
    consent = experiment.control("consent")
    assert experiment.opening()["consent"] is False and consent.is_required and not consent.is_linked
    assert consent.check(True) is True and consent.read("true") is False
    with pytest.raises(ValueError, match="only a visitor can say so"):
        asking(consent=True)
    with pytest.raises(ValueError, match="consent is for film, which is no file"):
        dataclasses.replace(experiment, controls={"photo": Photo("Photo"), "consent": Consent("Agreed", to="film")})


def test_an_error_names_its_control_to_programs_and_its_label_to_visitors() -> None:
    with pytest.raises(InputError) as raised:
        EXPERIMENT.check({"strength": "much"})
    said = str(raised.value)
    assert said.startswith("Strength: 'much' is not") and EXPERIMENT.for_programs(raised.value, said).startswith(
        "strength: 'much' is not"
    )


def test_a_number_with_whole_steps_is_an_integer() -> None:
    assert isinstance(COUNT.check(3.0), int)
    with pytest.raises(InputError, match="3.5 is not a whole number"):
        COUNT.check(3.5)


@given(st.integers(0, 2**32 - 1))
def test_a_seed_survives_being_written_down(seed: int) -> None:
    assert Seed("Seed").check(str(seed)) == seed


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30, "x", None, 0.5])
def test_what_is_no_seed_is_refused(seed: Any) -> None:
    with pytest.raises(InputError, match="Seed: .* is no seed"):
        Seed("Seed").check(seed)


@pytest.mark.parametrize(
    ("control", "value", "message"),
    [
        (Choice("Norm", {"bn": "batch", "gn": "group"}, "bn"), "ln", "Norm: 'ln' is not among bn, gn"),
        (Switch("Filter", True), "maybe", "Filter: 'maybe' is neither true nor false"),
        (Photo("Content"), None, "Content: no picture was given"),
        (Photo("Content", examples={"cat": bytes}), "../etc/passwd", "is not among the examples cat"),
        (Click("Face", "faces"), (0.5, 1.5), "is no place on the picture"),
        (Click("Face", "faces"), "<script>", "is no place on the picture"),
        (Camera("Camera"), None, "no frame came"),
        (Photo("Content"), b"<html></html>", "Content"),
    ],
)
def test_a_value_that_cannot_be_used_is_one_clear_sentence(control: Any, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        control.check(value)
    assert "\n" not in str(raised.value)


def test_an_absurd_value_is_quoted_shortly() -> None:
    with pytest.raises(InputError) as raised:
        STRENGTH.check("9" * 10_000)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"controls": {"strength": STRENGTH, "seed": Seed("Seed")}}, "run takes"),
        ({"presets": {"one": {"strength": 3}}}, "out of bounds"),
        ({"presets": {"one": {"truncation": 1}}}, "no control is called truncation"),
        ({"presets": {}}, "preset to open with"),
        ({"controls": {"strength": Number("Strength", 0, 1, 5, 1)}}, "defaults"),
        ({"controls": {"strength": Click("Place", on="face")}}, "which is no output"),
        ({"controls": {"strength": Camera("Camera")}}, "only a Stream has a camera"),
    ],
)
def test_a_declaration_that_does_not_hold_together_fails_at_once(change: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        dataclasses.replace(EXPERIMENT, **change)


def test_unknown_controls_are_refused_and_missing_ones_have_their_default() -> None:
    assert EXPERIMENT.check({}) == {"strength": 1}
    with pytest.raises(InputError, match="'seed' is not a control of Scale; there are strength"):
        EXPERIMENT.check({"seed": 1})


def test_a_click_is_passed_to_the_run() -> None:
    experiment = hard_experiments.PANEL.experiment("click")
    plain = finished(start(experiment, {"photo": "noise"}))["picture"]
    clicked = finished(start(experiment, {"photo": "noise", "place": (0.9, 0.1)}))["picture"]
    changed = (plain != clicked).any(-1)
    assert changed[:32, 48:].mean() > 0.95 and not changed[32:].any() and not changed[:, :48].any()


def test_panels_are_found_in_the_survey_s_order() -> None:
    numbers = [panel.paper.number for panel in pages.panels()]
    assert numbers == sorted(numbers)
    assert "photo_stylization" in [panel.slug for panel in pages.panels()]


def test_an_unknown_panel_or_experiment_is_named_with_those_there_are() -> None:
    with pytest.raises(InputError, match="no panel 'x'; there are .*photo_stylization"):
        pages.panel("x")
    with pytest.raises(InputError, match="no experiment 'x'; there are stylize"):
        pages.panel("photo_stylization").experiment("x")


def test_no_experiment_computes_at_more_than_a_photograph_is_read_at() -> None:
    sizes = [
        control.high
        for panel in pages.panels()
        for experiment in panel.experiments
        if any(isinstance(control, Photo) for control in experiment.controls.values())
        for name, control in experiment.controls.items()
        if name == "longest" and isinstance(control, Number)
    ]
    assert sizes and max(sizes) <= Photo.longest
