"""PhotoWCT's networks, its whitening and colouring, and the bundled checkpoint."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from engines.photo_stylization.network import LEVELS, PhotoWCT, remap
from engines.photo_stylization.transform import (
    Stage,
    comparable,
    covariance,
    pair_regions,
    pair_regions_as_published,
    stylize,
    transform,
    whiten_and_colour,
)
from engines.runtime.progress import Progress, finish
from tests.support import ROOT

BUNDLED = ROOT / "weights/bundled/photo-stylization-small.safetensors"
TINY = (4, 6, 8, 10)


@pytest.fixture(scope="module")
def tiny() -> PhotoWCT:
    torch.manual_seed(0)
    return PhotoWCT(TINY).eval()


def last_stage(*arguments: object, **named: object) -> Stage:
    return [step for step in stylize(*arguments, **named) if isinstance(step, Stage)][-1]


def test_published_widths_have_the_published_keys_and_parameters() -> None:
    with torch.device("meta"):
        network = PhotoWCT()
    state = network.state_dict()
    assert len(state) == 80
    assert sum(tensor.numel() for tensor in state.values()) == 8_349_948
    assert state["e4.conv3_4.weight"].shape == (256, 256, 3, 3)
    assert state["d4.conv4_1.weight"].shape == (256, 512, 3, 3)
    assert state["d2.conv2_1.weight"].shape == (64, 128, 3, 3)
    assert state["e1.conv0.weight"].shape == (3, 3, 1, 1)


@settings(max_examples=15, deadline=None)
@given(height=st.integers(16, 50), width=st.integers(16, 50), level=st.sampled_from(LEVELS))
def test_decoding_restores_every_size(tiny: PhotoWCT, height: int, width: int, level: int) -> None:
    with torch.no_grad():
        encoded = tiny.encoder(level)(torch.rand(1, 3, height, width))
        decoded = tiny.decoder(level)(encoded.features[-1], encoded.poolings)
    assert decoded.shape == (1, 3, height, width)


def test_level_4_returns_the_features_of_every_level(tiny: PhotoWCT) -> None:
    tiny = PhotoWCT(TINY)
    tiny.load_state_dict(
        remap({key: value for key, value in tiny.state_dict().items() if key[:3] not in ("e1.", "e2.", "e3.")})
    )
    picture = torch.rand(1, 3, 24, 32)
    features = tiny.encoder(4)(picture).features
    for level in LEVELS:
        torch.testing.assert_close(features[level - 1], tiny.encoder(level)(picture).features[-1])


def test_transformed_features_have_the_mean_and_covariance_of_the_style() -> None:
    torch.manual_seed(0)
    mixing = torch.eye(5, dtype=torch.float64) + 0.2 * torch.randn(2, 5, 5, dtype=torch.float64)
    content, style = 100 * mixing @ torch.randn(2, 5, 400, dtype=torch.float64) + 7
    result, spectra = whiten_and_colour(content, style)
    torch.testing.assert_close(result.mean(1), style.mean(1))
    # The identity that is added to the content's covariance takes the share 1 / (1 + eigenvalue) of each variance.
    centred = result - result.mean(1, keepdim=True)
    wanted = covariance(style - style.mean(1, keepdim=True))
    assert spectra.content.min() > 100
    torch.testing.assert_close(covariance(centred), wanted, rtol=0, atol=wanted.abs().max().item() / 100)


def test_the_identity_damps_a_direction_of_little_variance() -> None:
    torch.manual_seed(0)
    content = torch.randn(1, 2000, dtype=torch.float64)
    result, _ = whiten_and_colour(content, content)
    variance = content.var().item()
    assert result.var().item() == pytest.approx(variance**2 / (1 + variance))


def test_a_flat_style_gives_its_mean_and_keeps_the_contrast_of_the_content() -> None:
    torch.manual_seed(0)
    content = torch.randn(4, 50)
    result, spectra = whiten_and_colour(content, torch.full((4, 30), 2.0))
    assert len(spectra.style) == 0
    torch.testing.assert_close(result, content - content.mean(1, keepdim=True) + 2)


def test_a_flat_style_picture_gives_a_finite_picture_that_is_not_flat(tiny: PhotoWCT) -> None:
    picture = last_stage(tiny, torch.rand(3, 24, 24), torch.full((3, 16, 16), 0.5)).picture
    assert picture.isfinite().all()
    assert picture.std() > 0


HALVES = np.repeat([[0, 1]], 32, axis=0).repeat(32, axis=1)
"""Left 0 and right 1, 32 x 64."""
COLOURS = ["#ff0000", "#00ff00", "#0000ff"]


def test_a_region_of_the_style_reaches_only_its_own_region_of_the_content() -> None:
    torch.manual_seed(0)
    content, style = torch.randn(2, 1, 5, 32, 64)
    regions = pair_regions(HALVES, HALVES, COLOURS)
    before, _ = finish(transform(content, style, regions, 1.0))
    changed = style.clone()
    changed[..., :32] = 3 * changed[..., :32] + 1
    after, _ = finish(transform(content, changed, regions, 1.0))
    assert torch.equal(after[..., 32:], before[..., 32:])
    assert not torch.isclose(after[..., :32], before[..., :32]).any()


def test_a_region_that_is_too_small_follows_the_whole_picture_and_says_so() -> None:
    torch.manual_seed(0)
    content, style = torch.randn(2, 1, 5, 32, 64)
    labels = HALVES.copy()
    labels[:3, :3] = 2
    regions = pair_regions(labels, HALVES, COLOURS)
    assert regions.matched == (0, 1)
    assert regions.notices == (
        "The region in #0000ff covers 9 pixels of the content and 0 of the style, "
        "too few or too unequal to be matched: it follows the whole picture.",
    )
    result, spectra = finish(transform(content, style, regions, 1.0))
    whole, _ = finish(transform(content, style, None, 1.0))
    torch.testing.assert_close(result[..., :3, :3], whole[..., :3, :3])
    assert set(spectra) == {None, 0, 1}


def test_as_published_an_unmatched_region_keeps_its_features() -> None:
    torch.manual_seed(0)
    content, style = torch.randn(2, 1, 5, 32, 64)
    regions = pair_regions_as_published(HALVES, np.zeros_like(HALVES))
    result, _ = finish(transform(content, style, regions, 1.0))
    assert torch.equal(result[..., 32:], content[..., 32:])
    assert not torch.isclose(result[..., :32], content[..., :32]).any()


def test_a_region_of_few_pixels_at_feature_size_does_not_crash(tiny: PhotoWCT) -> None:
    labels = np.zeros((32, 32), dtype=np.int64)
    labels[8:12, 8:12] = 1
    for regions in (pair_regions(labels, labels, COLOURS), pair_regions_as_published(labels, labels)):
        picture = last_stage(tiny, torch.rand(3, 32, 32), torch.rand(3, 32, 32), regions).picture
        assert picture.isfinite().all()


@given(content=st.integers(0, 10**6), style=st.integers(0, 10**6))
def test_whether_regions_are_comparable_does_not_depend_on_their_order(content: int, style: int) -> None:
    assert comparable(content, style) == comparable(style, content)
    assert comparable(content, content) == (content > 10)


def test_strength_zero_leaves_the_features_alone_and_one_half_is_half_way() -> None:
    torch.manual_seed(0)
    content, style = torch.randn(2, 1, 5, 12, 12)
    plain, half, full = (finish(transform(content, style, None, strength))[0] for strength in (0.0, 0.5, 1.0))
    assert torch.equal(plain, content)
    torch.testing.assert_close(half, (content + full) / 2)


def test_stylizing_goes_from_level_4_to_1_with_rising_progress(tiny: PhotoWCT) -> None:
    everything = np.zeros((32, 32), int)
    regions = pair_regions(everything, everything, COLOURS)
    steps = list(stylize(tiny, torch.rand(3, 17, 23), torch.rand(3, 31, 16), regions))
    assert [step.level for step in steps if isinstance(step, Stage)] == [4, 3, 2, 1]
    assert all(step.picture.shape == (3, 17, 23) for step in steps if isinstance(step, Stage))
    fractions = [step.fraction for step in steps if isinstance(step, Progress)]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < 0.1 < 0.9 < fractions[-1] <= 1


def test_remap_leaves_the_published_layout_alone_and_strict_loading_finds_a_missing_key(tiny: PhotoWCT) -> None:
    state = tiny.state_dict()
    assert remap(state) is state
    for lost in ("e1.conv0.weight", "e4.conv4_1.bias", "d3.conv1_1.weight"):
        with pytest.raises(RuntimeError, match=lost):
            PhotoWCT(TINY).load_state_dict(
                remap({key: value for key, value in state.items() if key != lost}), strict=True
            )


def test_remap_of_shared_encoders_reports_a_missing_key(tiny: PhotoWCT) -> None:
    state = {key: value for key, value in tiny.state_dict().items() if key[:3] not in ("e1.", "e2.", "e3.")}
    del state["e4.conv2_1.weight"]
    with pytest.raises(RuntimeError, match=r"e4\.conv2_1\.weight"):
        PhotoWCT(TINY).load_state_dict(remap(state), strict=True)


def test_the_bundled_checkpoint_loads_strictly_and_reconstructs_a_smooth_picture() -> None:
    assert BUNDLED.stat().st_size <= 4_000_000
    network = PhotoWCT((32, 64, 128, 256))
    network.load_state_dict(remap(load_file(BUNDLED)), strict=True)
    across, down = torch.meshgrid(torch.linspace(0.2, 0.8, 64), torch.linspace(0.2, 0.8, 64), indexing="xy")
    picture = torch.stack([across, down, 1 - across])[None]
    with torch.no_grad():
        for level in LEVELS:
            encoded = network.encoder(level)(picture)
            decoded = network.decoder(level)(encoded.features[-1], encoded.poolings)
            assert (decoded - picture).square().mean().sqrt() < 0.1, f"level {level}"
