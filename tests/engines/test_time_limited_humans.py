"""The retina, the attack and the statistics of the time-limited experiment, on networks at their real sizes or tiny."""

import io
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engines.runtime.errors import InputError
from engines.runtime.progress import finish
from engines.time_limited_humans.attack import (
    Attack,
    Classifier,
    ascent,
    attack,
    ensemble_logarithms,
    flipped,
    group_logarithms,
    prepared,
    seen,
)
from engines.time_limited_humans.classifiers import ATTACKED, CLASSES, GROUPS, HELD_OUT, KINDS
from engines.time_limited_humans.detection import sensitivity, share
from engines.time_limited_humans.retina import Retina, Viewing

OF_GROUPS = list(GROUPS.values())
MUCH = 0.1
"""Radians by radian: a retina whose loss is large at the tests' sizes."""


def classifier(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 10, dtype=torch.float64))


def small(count: int = 2, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return prepared(torch.rand(count, 3, 8, 8, generator=generator, dtype=torch.float64) * 2 - 1)


def test_a_picture_of_one_colour_is_the_same_to_every_retina() -> None:
    plain = torch.full((1, 3, 24, 32), 0.3)
    for viewing in (Viewing(), Viewing(alpha=MUCH, across=0.0, down=1.0), Viewing(alpha=1.0, distance=0.1)):
        assert (Retina(24, 32, viewing)(plain) - plain).abs().max() < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [2.0, 4.0, 6.0])
def test_a_wave_is_weakened_as_designed_at_three_eccentricities(degrees: float) -> None:
    side = 160
    viewing = Viewing(alpha=0.08)
    column = round(side / 2 + math.tan(math.radians(degrees)) * viewing.distance / viewing.width * side)
    cutoff = float(viewing.cutoffs(side, side)[side // 2, column])
    retina = Retina(side, side, viewing)
    for share_of_cutoff in (0.5, 1.0, 1.3, 1.6):
        frequency = share_of_cutoff * cutoff
        # A wave down the picture: along it, at this column, eccentricity hardly changes near the middle.
        rows = torch.arange(side)
        turns = torch.stack([(frequency * rows).cos(), (frequency * rows).sin()])
        seen_by = retina(turns[:, None, :, None].expand(-1, 3, -1, side).float())[:, 0, side // 2, column]
        designed = math.exp(-(share_of_cutoff**2))
        power = float(seen_by.square().sum())
        assert power == pytest.approx(designed**2, rel=0.12)


def test_the_point_looked_at_stays_sharp_and_gradients_reach_the_picture() -> None:
    picture = torch.rand(1, 3, 64, 64, requires_grad=True)
    made = Retina(64, 64, Viewing(alpha=MUCH, across=0.25, down=0.75))(picture)
    change = (made - picture).abs().mean((0, 1))
    assert change[46:50, 14:18].mean() < 0.1 * change[:8, -8:].mean()
    made.square().sum().backward()
    assert picture.grad is not None and (picture.grad != 0).all()


def test_the_direction_of_an_attack_is_that_of_finite_differences_through_the_retina() -> None:
    retina = Retina(8, 8, Viewing(alpha=MUCH, across=0.2))
    classifiers = [classifier(seed) for seed in range(2)]

    def member(number: int) -> Classifier:
        return lambda pictures: classifiers[number](retina(pictures))

    members, targets, start = [member(0), member(1)], torch.tensor([1, 2]), small()

    def ensemble(levels: torch.Tensor) -> float:
        scores = [classify(seen(levels)) for classify in members]
        return float(ensemble_logarithms(scores, OF_GROUPS).gather(1, targets[:, None]).sum())

    direction, loss = ascent(start, targets, members, OF_GROUPS, Attack(), torch.Generator())
    assert loss == pytest.approx(-ensemble(start) / 2)
    for seed in range(4):
        way = torch.randn(start.shape, generator=torch.Generator().manual_seed(seed), dtype=start.dtype)
        difference = (ensemble(start + 1e-3 * way) - ensemble(start - 1e-3 * way)) / 2e-3
        assert float((direction * way).sum()) == pytest.approx(difference, rel=1e-6, abs=1e-9)


def test_groups_share_all_the_probability_and_an_ensemble_is_a_geometric_mean() -> None:
    scores = torch.randn(2, 4, len(CLASSES), dtype=torch.float64)
    groups = group_logarithms(scores, OF_GROUPS).exp()
    classes = scores.softmax(-1)
    vehicles = classes[..., [0, 1, 8, 9]].sum(-1)
    assert torch.allclose(groups.sum(-1), torch.ones(2, 4, dtype=torch.float64))
    assert torch.allclose(groups[..., 2], vehicles)  # Every class of CIFAR-10 is in a group.
    product = groups.prod(0).sqrt()
    assert torch.allclose(ensemble_logarithms(list(scores), OF_GROUPS).exp(), product / product.sum(-1, keepdim=True))


@settings(max_examples=20, deadline=None)
@given(
    bound=st.integers(1, 40),
    step=st.floats(0.3, 9.0),
    momentum=st.sampled_from([0.0, 1.0]),
    diverse=st.booleans(),
    smoothed=st.booleans(),
    seed=st.integers(0, 9),
)
def test_the_bound_holds_to_the_level_in_an_exported_png(
    bound: int, step: float, momentum: float, diverse: bool, smoothed: bool, seed: int
) -> None:
    start = small(seed=seed)
    how = Attack(bound, 4, step, momentum, diverse, smoothed)
    made = finish(attack(start, torch.tensor([0, 1]), [classifier(0)], OF_GROUPS, how, seed))
    for picture, original, control in zip(made, start, flipped(start, made), strict=True):
        for changed in (picture, control):
            file = io.BytesIO()
            Image.fromarray(changed.permute(1, 2, 0).byte().numpy()).save(file, "PNG")
            levels = np.asarray(Image.open(file)).astype(int)
            assert np.abs(levels - original.permute(1, 2, 0).numpy()).max() <= bound


def test_an_attack_raises_the_target_in_what_it_sees_and_the_same_seed_makes_the_same() -> None:
    start, targets, members = small(4), torch.tensor([0, 1, 2, 0]), [classifier(seed) for seed in range(3)]
    how = Attack(bound=24, steps=8, step=4.0)
    steps = list(attack(start, targets, members, OF_GROUPS, how))
    losses = [step.loss for step in steps]
    assert losses[-1] < 0.8 * losses[0] and [step.steps for step in steps] == list(range(1, 9))
    again = finish(attack(start, targets, members, OF_GROUPS, how))
    assert torch.equal(again, steps[-1].pictures)


def test_the_control_is_the_perturbation_upside_down() -> None:
    start = torch.full((1, 3, 4, 4), 100.0)
    made = start.clone()
    made[0, :, 0, 1] = 116
    assert flipped(start, made)[0, :, 3, 1].tolist() == [116.0] * 3
    assert (flipped(start, made) - start).abs().sum() == 3 * 16


def test_classifiers_are_of_six_kinds_small_together_and_two_are_held_out() -> None:
    sizes = {kind: sum(one.numel() for one in make().state_dict().values()) for kind, make in KINDS.items()}
    assert len(set(sizes.values())) == 6 and 2 * sum(sizes.values()) < 4e6
    assert len(ATTACKED) == 4 and set(ATTACKED) | set(HELD_OUT) == set(KINDS) and len(HELD_OUT) == 2
    for make in KINDS.values():
        assert make().eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_sensitivities_are_those_computed_by_hand() -> None:
    # 15.5 / 21 and 5.5 / 21: z = 0.6375 and -0.6375, as a table of the normal distribution has them.
    found = sensitivity(15, 20, 5, 20)
    assert found.value == pytest.approx(1.2750, abs=1e-3)
    # p (1 - p) / (n phi(z)^2) = 0.19331 / (21 * 0.32559^2) of each; 1.95996 times the root of twice that.
    assert found.high - found.value == pytest.approx(0.8168, abs=2e-3)
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_rates_of_none_and_all_are_corrected_by_half_an_answer() -> None:
    # 10.5 / 11 and 0.5 / 11: z = 1.6906 and -1.6906.
    assert sensitivity(10, 10, 0, 10).value == pytest.approx(3.3812, abs=1e-3)
    assert sensitivity(5, 10, 5, 10).value == 0


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_sensitivity_is_zero_for_equal_rates_and_changes_sign_with_the_answers(
    signals: int, noises: int, data: st.DataObject
) -> None:
    hits, alarms = data.draw(st.integers(0, signals)), data.draw(st.integers(0, noises))
    found = sensitivity(hits, signals, alarms, noises)
    mirrored = sensitivity(signals - hits, signals, noises - alarms, noises)
    assert found.low < found.value < found.high
    assert mirrored.value == pytest.approx(-found.value, abs=1e-9)
    assert share(hits, signals).low <= share(hits, signals).value <= share(hits, signals).high


def test_shares_have_wilsons_interval() -> None:
    # By hand for 8 of 10: (0.8 + 0.19207) / 1.38415 -+ 1.95996 / 1.38415 * sqrt(0.016 + 0.0096036).
    assert share(8, 10) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-3)


def test_what_was_not_tried_has_no_figure() -> None:
    with pytest.raises(InputError, match="0 hits in 0 trials"):
        sensitivity(0, 0, 1, 2)
    with pytest.raises(InputError, match="3 false alarms in 2 trials"):
        sensitivity(1, 2, 3, 2)
    with pytest.raises(InputError, match="0 of 0"):
        share(0, 0)
