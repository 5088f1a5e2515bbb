"""The generators of BigGAN and SAGAN: published layouts, statistics, attention, inference."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from engines.biggan.network import (
    PUBLISHED_WIDTHS,
    BigGAN,
    BigGANDeep,
    remap,
    remap_deep,
    rows_as_published,
)
from engines.sagan.network import PUBLISHED_ATTENTION_AFTER, SAGAN
from engines.sagan.network import PUBLISHED_WIDTHS as SAGAN_WIDTHS
from engines.sagan.network import remap as remap_sagan
from engines.shared.generative_adversarial.discriminator import PoolingConvolution
from engines.shared.generative_adversarial.layout import fold_torch, remap_studio
from engines.shared.generative_adversarial.network import (
    EnlargingConvolution,
    SelfAttention,
    interpolated_rows,
    prepare,
)

DEEP_BLOCKS = ((False, 16, 16), (True, 16, 8), (True, 8, 4), (False, 4, 1))


def randomized(network: nn.Module) -> nn.Module:
    """Everything drawn, so that no term of the computation vanishes."""
    torch.manual_seed(0)
    for name, tensor in network.state_dict().items():
        tensor.copy_(0.5 + torch.rand(tensor.shape) if name.endswith("variance") else 0.2 * torch.randn(tensor.shape))
    return network.eval()


def tiny_biggan() -> BigGAN:
    return randomized(BigGAN([16, 16, 8, 8], 20, 6, 10, [1]))


def tiny_deep() -> BigGANDeep:
    return randomized(BigGANDeep(DEEP_BLOCKS, 2, 8, 10, attention_before=2))


def inputs(network: BigGAN | SAGAN | BigGANDeep) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(3, network.latent_size), functional.one_hot(torch.tensor([0, 7, 3]), 10).float()


def test_the_published_sizes_are_met() -> None:
    with torch.device("meta"):
        biggan = BigGAN([96 * width for width in PUBLISHED_WIDTHS[128]], 120, 128, 1000, [3])
        studio = BigGAN([384] * 4, 80, 128, 10, [1], eps=1e-4, last_eps=1e-4)
        sagan = SAGAN([64 * width for width in SAGAN_WIDTHS], 128, 1000, PUBLISHED_ATTENTION_AFTER)
    # The published code prints "Number of params in G: 70433988" for its bs256x8 script.
    assert sum(parameter.numel() for parameter in biggan.parameters()) == 70_433_988
    # PyTorch-StudioGAN's CIFAR10-BigGAN-Mod is a file of 37.9 MB in float32.
    assert sum(parameter.numel() for parameter in studio.parameters()) == pytest.approx(37.9e6 / 4, rel=0.01)
    # With Adam's two moments, PyTorch-StudioGAN's ImageNet-SAGAN-256 is a file of 505 MB.
    assert sum(parameter.numel() for parameter in sagan.parameters()) == pytest.approx(505e6 / 12, rel=0.01)


def published_norm(name: str, channels: int, table: tuple[int, ...] = ()) -> dict[str, Tensor]:
    return {f"{name}_mean": torch.randn(*table, channels), f"{name}_var": 0.5 + torch.rand(*table, channels)}


def spectral(name: str, *shape: int) -> dict[str, Tensor]:
    """A weight as torch.nn.utils.spectral_norm keeps it, its two vectors converged."""
    weight = torch.randn(shape)
    left, _, right = torch.linalg.svd(weight.flatten(1), full_matrices=False)
    return {f"{name}.weight_orig": weight, f"{name}.weight_u": left[:, 0], f"{name}.weight_v": right[0]}


def studio_state(sagan: bool) -> dict[str, Tensor]:
    """The keys of PyTorch-StudioGAN's generator with two blocks of 16 channels, attention after the first."""
    state = {**spectral("linear0", 256, 6 if sagan else 5), "linear0.bias": torch.randn(256)}
    if not sagan:
        state["shared.weight"] = torch.randn(10, 4)
    for place in (0, 2):
        for norm in ("bn1", "bn2"):
            prefix = f"blocks.{place}.0.{norm}"
            state |= published_norm(f"{prefix}.bn.running", 16)
            state[f"{prefix}.bn.num_batches_tracked"] = torch.tensor(7)
            for part in ("embed0", "embed1") if sagan else ("gain", "bias"):
                state |= spectral(f"{prefix}.{part}", *((10, 16) if sagan else (16, 9)))
        for layer, side in (("conv2d0", 1), ("conv2d1", 3), ("conv2d2", 3)):
            state |= spectral(f"blocks.{place}.0.{layer}", 16, 16, side, side)
            state[f"blocks.{place}.0.{layer}.bias"] = torch.randn(16)
    for part, shape in (("theta", (2, 16)), ("phi", (2, 16)), ("g", (8, 16)), ("attn", (16, 8))):
        state |= spectral(f"blocks.1.0.conv1x1_{part}", *shape, 1, 1)
    state |= {"blocks.1.0.sigma": torch.randn(1), **published_norm("bn4.running", 16)}
    state |= {"bn4.weight": torch.randn(16), "bn4.bias": torch.randn(16), "bn4.num_batches_tracked": torch.tensor(7)}
    return state | spectral("conv2d5", 3, 16, 3, 3) | {"conv2d5.bias": torch.randn(3)}


@pytest.mark.parametrize("sagan", [False, True])
def test_studiogan_s_layout_is_loaded_strictly_and_divided_by_the_largest_singular_value(sagan: bool) -> None:
    state = studio_state(sagan)
    network: BigGAN | SAGAN = BigGAN([16] * 3, 15, 4, 10, [0], eps=1e-4, last_eps=1e-4)
    if sagan:
        network = SAGAN([16] * 3, 6, 10, [0], attention_bias=False, eps=1e-4)
    network.load_state_dict(remap_studio(state), strict=True)
    second = network.generator.blocks[1]
    torch.testing.assert_close(second.norm2.variance[0], state["blocks.2.0.bn2.bn.running_var"])
    torch.testing.assert_close(second.shortcut.bias, state["blocks.2.0.conv2d0.bias"])
    torch.testing.assert_close(network.generator.attentions["0"].sigma, state["blocks.1.0.sigma"][0])
    key = "blocks.2.0.bn1." + ("embed1" if sagan else "bias")
    divided = state[f"{key}.weight_orig"] / torch.linalg.matrix_norm(state[f"{key}.weight_orig"], 2)
    torch.testing.assert_close(second.norm1.offset.weight, divided.T if sagan else divided)


def test_a_published_state_without_a_part_of_its_spectral_norm_is_refused() -> None:
    state = studio_state(sagan=False)
    del state["conv2d5.weight_v"]
    with pytest.raises(KeyError, match="conv2d5.weight_v"):
        fold_torch(state)


@pytest.mark.parametrize("network", [tiny_biggan(), randomized(SAGAN([16, 8, 8], 6, 10, [0]))], ids=["biggan", "sagan"])
def test_remap_leaves_the_networks_own_keys_alone(network: BigGAN | SAGAN) -> None:
    state = network.state_dict()
    remapped = remap(state) if isinstance(network, BigGAN) else remap_sagan(state)
    assert remapped.keys() == state.keys()
    assert all(torch.equal(remapped[key], value) for key, value in state.items())


def test_published_biggan_without_shared_embedding_looks_its_gains_up_by_class() -> None:
    with torch.device("meta"):
        network = BigGAN([16] * 4, 20, None, 10, [], hierarchical=False)
    published = {"blocks.0.0.bn1.gain.weight": torch.randn(10, 16)}
    remapped = remap(published)["generator.blocks.0.norm1.gain.weight"]
    assert network.state_dict()["generator.blocks.0.norm1.gain.weight"].shape == remapped.shape
    torch.testing.assert_close(remapped[:, 3], published["blocks.0.0.bn1.gain.weight"][3])


@settings(max_examples=20, deadline=None)
@given(height=st.integers(1, 9), width=st.integers(1, 9), side=st.sampled_from([1, 3]))
def test_an_enlarging_convolution_is_a_convolution_of_enlarged_features(height: int, width: int, side: int) -> None:
    convolution = EnlargingConvolution(3, 5, side)
    features = torch.randn(2, 3, height, width)
    enlarged = functional.interpolate(features, scale_factor=2.0)
    expected = functional.conv2d(enlarged, convolution.weight, convolution.bias, padding=side // 2)
    torch.testing.assert_close(convolution(features), expected, atol=1e-5, rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(height=st.integers(1, 6), width=st.integers(1, 6))
def test_a_pooling_convolution_is_the_mean_of_a_convolution(height: int, width: int) -> None:
    convolution = PoolingConvolution(3, 5, 3, padding=1)
    features = torch.randn(2, 3, 2 * height, 2 * width)
    convolved = functional.conv2d(features, convolution.weight, convolution.bias, padding=1)
    torch.testing.assert_close(convolution(features), functional.avg_pool2d(convolved, 2), atol=1e-5, rtol=1e-5)


def test_attention_maps_sum_to_one_and_sigma_zero_switches_attention_off() -> None:
    attention = SelfAttention(16, bias=True)
    features = torch.randn(2, 16, 8, 6)
    maps = attention.maps(features)
    assert maps.shape == (2, 48, 12)
    torch.testing.assert_close(maps.sum(-1), torch.ones(2, 48))
    assert torch.equal(attention(features), features)
    attention.sigma.data.fill_(0.5)
    assert (attention(features) - features).abs().max() > 0.01


@given(truncation=st.floats(0, 1))
def test_statistics_are_interpolated_linearly_in_truncation(truncation: float) -> None:
    rows = interpolated_rows(truncation, 51)
    assert rows.sum().item() == pytest.approx(1)
    assert (rows @ torch.arange(51.0).double()).item() == pytest.approx(50 * truncation, abs=1e-9)


def test_the_published_choice_of_statistics_differs_at_five_tabulated_truncations_and_between_all() -> None:
    steps = [step / 50 for step in range(1, 51)]
    wrong = [t for t in steps if not torch.allclose(interpolated_rows(t, 51), rows_as_published(t, 51))]
    assert wrong == [0.14, 0.28, 0.56, 0.58, 0.94]
    assert (rows_as_published(0.405, 51)[20:22]).tolist() == pytest.approx([0.25, 0.75])
    assert (interpolated_rows(0.405, 51)[20:22]).tolist() == pytest.approx([0.75, 0.25])


def test_deep_statistics_follow_truncation() -> None:
    network = tiny_deep()
    latent, classes = inputs(network)
    with torch.no_grad():
        pictures = [network(latent, classes, interpolated_rows(t, 51)) for t in (0.4, 0.41, 1.0)]
    assert pictures[0].shape == (3, 3, 16, 16)
    assert 0 < (pictures[0] - pictures[1]).abs().max() < (pictures[0] - pictures[2]).abs().max()


def test_a_slot_of_the_latent_reaches_its_own_block_and_those_behind_it() -> None:
    network = tiny_biggan()
    latent, classes = inputs(network)
    changed = latent.clone()
    changed[:, -network.slot_size :] += 1
    seen: list[Tensor] = []
    hooks = [block.register_forward_hook(lambda *call: seen.append(call[2])) for block in network.generator.blocks]
    with torch.no_grad():
        network(latent, classes)
        network(changed, classes)
    for hook in hooks:
        hook.remove()
    before, after = seen[:3], seen[3:]
    assert torch.equal(before[1], after[1])
    assert not torch.allclose(before[2], after[2])


def test_a_latent_is_rounded_down_to_slots_of_equal_size() -> None:
    assert BigGAN([8] * 4, 22, 4, 10, []).latent_size == 20


@pytest.mark.parametrize("make", [tiny_biggan, tiny_deep])
def test_a_prepared_network_gives_the_same_pictures_and_a_preview_of_them_in_half_the_bits(make) -> None:  # type: ignore[no-untyped-def]
    network = make()
    latent, classes = inputs(network)
    more = (interpolated_rows(0.5, 51),) if make is tiny_deep else ()
    with torch.inference_mode():
        pictures = network(latent, classes, *more)
        exact = prepare(make(), torch.float32)(latent, classes, *more)
        preview = prepare(make(), torch.bfloat16)(latent, classes, *more)
    torch.testing.assert_close(exact, pictures, atol=1e-5, rtol=1e-5)
    assert preview.dtype == torch.bfloat16
    assert 0 < (preview.float() - pictures).abs().max() < 0.1


def test_published_deep_layers_count_attention_in_and_show_three_of_their_outputs() -> None:
    network = tiny_deep()
    published = {
        **spectral("generator.gen_z", 512, 16),
        **spectral("generator.layers.2.snconv1x1_o_conv", 16, 8, 1, 1),
        "generator.layers.2.gamma": torch.randn(1),
        **spectral("generator.layers.3.bn_1.offset", 4, 16),
        **spectral("generator.conv_to_rgb", 2, 2, 3, 3),
    }
    published["generator.conv_to_rgb.bias"] = torch.randn(8)
    remapped = remap_deep(published)
    assert remapped["to_rgb.bias"].shape == (3,)
    assert remapped["attention.output.weight"].shape == network.attention.output.weight.shape
    assert remapped["blocks.2.norms.1.offset.weight"].shape == network.blocks[2].norms[1].offset.weight.shape
    row = remapped["linear.weight"].unflatten(0, (32, 4, 4))[5, 1, 2]
    original = published["generator.gen_z.weight_orig"]
    largest = torch.linalg.matrix_norm(original, 2)
    torch.testing.assert_close(row * largest, original.unflatten(0, (4, 4, 32))[1, 2, 5])
