"""vid2vid's generators and discriminators: published layouts, composition, scales."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engines.runtime.checkpoints import find, loaded
from engines.shared.pix2pixhd.network import remap as remap_discriminator
from engines.vid2vid.network import (
    NORMS,
    Features,
    Generator,
    Synthesis,
    blended,
    image_discriminator,
    remap,
    temporal_discriminator,
    warped,
)
from weights import offered
from weights.keep import import_file
from weights.parity import fill

OURS = (
    ("condition_encoder.", "model_down_seg."),
    ("previous_encoder.", "model_down_img."),
    ("foreground_encoder.", "indv_down."),
    ("foreground.blocks.", "indv_res."),
    ("foreground.up.", "indv_up."),
    ("foreground_head.", "indv_final."),
    ("image.blocks.", "model_res_img."),
    ("image.up.", "model_up_img."),
    ("image_head.", "model_final_img."),
    ("flow.blocks.", "model_res_flow."),
    ("flow.up.", "model_up_flow."),
    ("flow_head.", "model_final_flow."),
    ("weight_head.", "model_final_w."),
    (".layers.", ".conv_block."),
)
"""Our names and those of vid2vid's code."""


def published(state: dict[str, Tensor]) -> dict[str, Tensor]:
    found = {}
    for key, tensor in state.items():
        for ours, theirs in OURS:
            key = key.replace(ours, theirs)
        found[key] = tensor
    return found


def tiny(**changed: Any) -> Generator:
    """A generator of nine channels of condition, everything drawn, in use."""
    network = Generator(**{"inputs": 9, "width": 4, "halvings": 2, "blocks": 2, **changed})
    network.load_state_dict({key: fill(key, tuple(tensor.shape)) for key, tensor in network.state_dict().items()})
    return network.eval()


@torch.no_grad()
def synthesized(network: Generator, *more: Any, height: int = 16, **named: Any) -> Synthesis:
    torch.manual_seed(1)
    width = height * 3 // 2
    return network(torch.rand(2, 9, height, width), torch.rand(2, 6, height, width), *more, **named)


def previous_picture() -> Tensor:
    """The last of the two that `synthesized` gives."""
    torch.manual_seed(1)
    torch.rand(2, 9, 16, 24)
    return torch.rand(2, 6, 16, 24)[:, 3:]


@pytest.mark.parametrize(
    ("config", "tensors", "millions", "some"),
    [
        (
            find("vid2vid-published").config,
            533,
            411.3,
            {"model_down_seg.1.weight": (128, 108, 7, 7), "indv_up.0.weight": (512, 256, 3, 3)},
        ),
        # Edges to faces: 15 channels a frame.
        ({"inputs": 45}, 356, 365.0, {"model_res_flow.3.conv_block.6.running_var": (1024,)}),
        # The second scale of the first.
        (
            {"width": 64, "blocks": 3, "scale": 1, "foreground": True},
            197,
            2.88,
            {"model_up_img.2.conv_block.5.weight": (128, 128, 3, 3), "indv_up.3.weight": (64, 32, 3, 3)},
        ),
    ],
    ids=["label2city", "edge2face", "local"],
)
def test_the_published_sizes_are_met(
    config: dict[str, Any], tensors: int, millions: float, some: dict[str, tuple[int, ...]]
) -> None:
    with torch.device("meta"):
        network = Generator(**config)
    saved = published(network.state_dict())
    assert len(saved) == tensors and {key: tuple(saved[key].shape) for key in some} == some
    assert sum(tensor.numel() for tensor in network.parameters()) == pytest.approx(millions * 1e6, abs=4e4)
    assert remap(saved).keys() == remap(network.state_dict()).keys() == network.state_dict().keys()


def test_a_published_file_without_counts_of_batches_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path / "kept"))
    config = {"inputs": 9, "width": 4, "halvings": 2, "blocks": 2, "foreground": True}
    checkpoint = replace(find("vid2vid-published"), name="vid2vid-small", config=config)
    state = published(tiny(foreground=True).state_dict())
    old = {key: tensor for key, tensor in state.items() if not key.endswith("num_batches_tracked")}
    torch.save(old, tmp_path / "latest_net_G0.pth")
    import_file(checkpoint, tmp_path / "latest_net_G0.pth")
    network = loaded(checkpoint, offered("architecture")["vid2vid"])
    mask = torch.full((2, 1, 16, 24), 0.5)
    expected = synthesized(tiny(foreground=True), foreground_mask=mask)
    torch.testing.assert_close(synthesized(network, foreground_mask=mask).final, expected.final)


def test_a_warped_picture_is_taken_from_where_the_flow_points_and_goes_on_beyond_its_border() -> None:
    picture = torch.arange(12.0).reshape(1, 1, 3, 4)
    flow = torch.stack([torch.full((3, 4), 2.0), torch.full((3, 4), -1.0)])[None]
    expected = torch.tensor([[2.0, 3, 3, 3], [2, 3, 3, 3], [6, 7, 7, 7]])
    torch.testing.assert_close(warped(picture, flow)[0, 0], expected)
    torch.testing.assert_close(warped(picture, torch.zeros(1, 2, 3, 4)), picture)
    torch.testing.assert_close(warped(picture, flow / 4)[0, 0, 1], torch.tensor([3.5, 4.5, 5.5, 6.0]))


def test_the_weight_is_of_the_raw_picture_and_the_rest_of_the_warped_one() -> None:
    network = tiny()
    made = synthesized(network)
    assert made.flow is not None and made.weight is not None
    assert made.flow.shape == (2, 2, 16, 24) and made.weight.shape == (2, 1, 16, 24)
    moved = warped(previous_picture(), made.flow)
    torch.testing.assert_close(made.final, blended(made.raw, moved, made.weight))
    network.weight_head[1].bias.data.fill_(1e3)
    torch.testing.assert_close(synthesized(network).final, made.raw)
    network.weight_head[1].bias.data.fill_(-1e3)
    torch.testing.assert_close(synthesized(network).final, moved)
    raw_only = synthesized(network, raw_only=True)
    assert torch.equal(raw_only.final, raw_only.raw) and raw_only.flow is not None


def test_without_flow_the_raw_picture_is_final() -> None:
    network = tiny(flow=False)
    made = synthesized(network)
    assert torch.equal(made.final, made.raw) and made.flow is None and made.weight is None
    assert not any(key.startswith(("flow", "weight")) for key in network.state_dict())


def test_the_foreground_is_seen_where_its_mask_says() -> None:
    network = tiny(foreground=True)
    mask = torch.zeros(2, 1, 16, 24)
    mask[..., 12:] = 1
    behind = synthesized(tiny())
    made = synthesized(network, foreground_mask=mask)
    for ours, background in ((made.final, behind.final), (made.raw, behind.raw)):
        torch.testing.assert_close(ours[..., :12], background[..., :12])
        assert (ours[..., 12:] - background[..., 12:]).abs().max() > 0.01
    torch.testing.assert_close(made.final[..., 12:], made.raw[..., 12:])
    with pytest.raises(AssertionError, match="is told where it is"):
        synthesized(network)


def test_a_local_generator_adds_to_the_features_of_half_the_size_and_counts_flow_in_finer_pixels() -> None:
    coarse = synthesized(tiny(width=8, halvings=3, foreground=True), foreground_mask=torch.ones(2, 1, 1, 1)).features
    assert coarse.foreground is not None and coarse.foreground.shape == (2, 4, 16, 24)
    named = {"height": 32, "foreground_mask": torch.ones(2, 1, 1, 1)}
    second, third = (tiny(halvings=3, scale=scale, foreground=True) for scale in (1, 2))
    made = synthesized(second, coarse, **named)
    assert made.final.shape == (2, 3, 32, 48)
    torch.testing.assert_close(synthesized(third, coarse, **named).flow, 2 * made.flow)
    for name in Features._fields:
        other = coarse._replace(**{name: torch.zeros_like(getattr(coarse, name))})
        changed = synthesized(second, other, **named).features
        for branch in Features._fields:
            same = torch.equal(getattr(changed, branch), getattr(made.features, branch))
            assert same == (branch != name)


def test_instances_are_normalized_by_the_statistics_of_training() -> None:
    norm = NORMS["instance"](2).eval()
    norm.running_mean.fill_(1)
    norm.running_var.fill_(4)
    torch.testing.assert_close(norm(torch.full((1, 2, 3, 3), 5.0)), torch.full((1, 2, 3, 3), 2.0))


def test_discriminators_judge_a_frame_with_its_condition_and_three_frames_with_their_flows() -> None:
    for network, channels in ((image_discriminator(condition=12, width=4), 15), (temporal_discriminator(width=4), 13)):
        judgements = network(torch.rand(1, channels, 32, 64))
        assert [tuple(judgement.realness.shape) for judgement in judgements] == [(1, 1, 7, 11), (1, 1, 5, 7)]
    with torch.device("meta"):
        own = temporal_discriminator().state_dict()
        assert image_discriminator().state_dict()["discriminators.0.layers.0.0.weight"].shape == (64, 39, 4, 4)
    names = [f"scale{scale}_layer{layer}.0.weight" for scale in (0, 1) for layer in range(5)]
    shapes = [(64, 13, 4, 4), (128, 64, 4, 4), (256, 128, 4, 4), (512, 256, 4, 4), (1, 512, 4, 4)]
    saved = {name: torch.empty(shape, device="meta") for name, shape in zip(names, 2 * shapes, strict=True)}
    convolutions = {key: tensor.shape for key, tensor in own.items() if tensor.dim() == 4}
    assert {key: tensor.shape for key, tensor in remap_discriminator(saved).items()} == convolutions
