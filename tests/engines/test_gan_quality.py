"""The judge of generated CIFAR-10 pictures."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from engines.runtime.errors import InputError
from engines.sagan.network import SAGAN
from engines.shared.generative_adversarial import quality
from engines.shared.generative_adversarial.quality import Judge, Judged, frechet_distance, judge, measure, sample
from tests.support import SHARED


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_frechet_distance_is_that_of_normal_distributions(seed: int) -> None:
    """Where covariances commute: the squared distance of means, and of standard deviations."""
    torch.manual_seed(seed)
    features = torch.randn(50, 4, dtype=torch.float64)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-6)
    moved = 3 * features + 2
    covariance = torch.cov(features.T)
    means = (moved.mean(0) - features.mean(0)).square().sum()
    assert frechet_distance(moved, features) == pytest.approx((means + 4 * covariance.trace()).item(), rel=1e-6)


def test_agreement_and_spread_are_of_the_classes_that_were_asked_for() -> None:
    labels = torch.arange(10).repeat(2)
    features = torch.zeros(20, 3)
    features[10:, 0] = 4
    judged = Judged(features, labels, torch.tensor([True] * 5 + [False] * 15))
    assert judged.agreement == 0.25
    assert judged.spread == pytest.approx(2)


def test_sampling_draws_a_picture_of_each_label_the_same_at_each_call() -> None:
    generator, labels = SAGAN([16, 8, 8, 8], 6, 10, [1]).eval(), torch.arange(10).repeat(3)
    pictures = sample(generator, labels)
    assert pictures.shape == (30, 3, 32, 32)
    assert pictures.dtype == torch.uint8
    assert torch.equal(pictures, sample(generator, labels))
    assert not torch.equal(pictures[:10], pictures[10:20])


def test_a_block_that_halves_the_side_keeps_every_second_pixel_of_its_shortcut() -> None:
    block = quality.Block(4, 8).eval()
    block.bn2.weight.data.zero_()
    features = torch.rand(1, 4, 6, 6)
    expected = functional.pad(features[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))
    torch.testing.assert_close(block(features), expected)


@pytest.mark.proof
def test_the_judge_sees_the_classes_of_real_pictures() -> None:
    if not (SHARED / "judges").is_dir():
        pytest.skip("the judge is not here")
    from safetensors.torch import load_file

    from engines.runtime.progress import finish
    from engines.shared.cifar import read_cifar

    network = Judge()
    network.load_state_dict(load_file(SHARED / "judges" / "resnet56-cifar10.safetensors"), strict=False)
    pictures, labels = finish(read_cifar(SHARED / "data", "test"))
    judged = judge(network.eval(), pictures[:500], labels[:500])
    # python cifar.py --reference, of all 10,000 test pictures, prints: real test: accuracy 0.832
    assert judged.agreement == pytest.approx(0.832, abs=0.04)


def test_what_cannot_be_measured_is_refused_with_what_to_do(tmp_path: Path) -> None:
    generator = SAGAN([16, 8, 8, 8], 6, 10, [])
    for data in (None, tmp_path):
        with pytest.raises(InputError, match="name the folder of cifar10/ with --data"):
            measure(generator, data)
    with pytest.raises(InputError, match="no judge of 1000 classes"):
        measure(SAGAN([16, 8], 6, 1000, []), tmp_path)
