"""Latents for truncation: paper's and published sampling, seeds, spread."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engines.biggan.latents import SAMPLINGS, deviation, truncated_latents, uniforms
from engines.runtime.errors import InputError


@pytest.mark.parametrize(
    ("sampling", "truncation", "bound", "spread"),
    # python -c "from scipy.stats import truncnorm as t; print(t.std(-.4, .4), .4 * t.std(-2, 2), t.std(-1, 1))"
    [("paper", 0.4, 0.4, 0.22848), ("published", 0.4, 0.8, 0.35185), ("paper", 1.0, 1.0, 0.53956)],
)
def test_latents_are_truncated_normal(sampling: str, truncation: float, bound: float, spread: float) -> None:
    latents = truncated_latents(uniforms(0, 200, 100), truncation, sampling)
    assert 0.98 * bound < latents.abs().max() <= bound
    assert latents.std().item() == pytest.approx(spread, rel=0.02)
    assert deviation(truncation, sampling) == pytest.approx(spread, rel=1e-3)


@given(truncation=st.floats(0.01, 1), sampling=st.sampled_from(SAMPLINGS))
def test_the_same_latents_shrink_smoothly_with_truncation(truncation: float, sampling: str) -> None:
    uniform = uniforms(7, 2, 20)
    latents = truncated_latents(uniform, truncation, sampling)
    less = truncated_latents(uniform, 0.99 * truncation, sampling)
    assert torch.isfinite(latents).all()
    assert torch.equal(latents.sign(), less.sign())
    assert (less.abs() <= latents.abs()).all()
    assert (latents - less).abs().max() <= 0.03 * math.sqrt(truncation)


def test_a_seed_gives_the_same_latents_and_more_of_them_begin_with_the_same() -> None:
    assert torch.equal(uniforms(5, 3, 10), uniforms(5, 8, 10)[:3])
    assert not torch.equal(uniforms(5, 1, 10), uniforms(6, 1, 10))
    assert uniforms(2**63 - 1, 1, 10).shape == (1, 10)


@pytest.mark.parametrize("truncation", [0.0, -0.5, math.nan])
def test_a_truncation_that_is_none_is_refused_with_its_value(truncation: float) -> None:
    with pytest.raises(InputError, match=f"{truncation}; choose a number above 0"):
        truncated_latents(uniforms(0, 1, 4), truncation, "paper")
    with pytest.raises(InputError, match="above 0"):
        deviation(truncation, "published")


@pytest.mark.parametrize("truncation", [1.01, 2.0, math.inf])
def test_more_than_1_is_the_paper_s_truncation_alone(truncation: float) -> None:
    latents = truncated_latents(uniforms(0, 1, 1000), truncation, "paper")
    assert 1 < float(latents.abs().max()) <= truncation
    with pytest.raises(InputError, match="at most 1, or the paper's"):
        deviation(truncation, "published")


@pytest.mark.parametrize("seed", [-1, 10**30])
def test_a_seed_out_of_range_is_refused_with_its_value(seed: int) -> None:
    with pytest.raises(InputError, match=str(seed)):
        uniforms(seed, 1, 4)
