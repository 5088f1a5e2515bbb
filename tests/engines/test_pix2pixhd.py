"""pix2pixHD's networks: published layouts, scales, discriminators."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engines.runtime.checkpoints import Checkpoint, loaded
from engines.runtime.errors import CheckpointError
from engines.shared.pix2pixhd.network import (
    FaceGenerator,
    GlobalGenerator,
    LocalEnhancer,
    MultiscaleDiscriminator,
    pyramid,
    remap,
)
from weights import offered
from weights.keep import import_file
from weights.parity import fill

TINY_LOCAL: dict[str, Any] = {"inputs": 6, "width": 4, "halvings": 1, "blocks": 1, "enhancers": 2, "enhancer_blocks": 1}


def published(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A network's tensors as pix2pixHD's code would have saved them."""
    found = {}
    for key, tensor in state.items():
        key = re.sub(r"^discriminators\.(\d)\.layers\.", r"scale\1_layer", key)
        key = re.sub(r"^enhancers\.(\d)\.(down|up)", lambda found: f"model{found[1]}_{1 + (found[2] == 'up')}", key)
        found[re.sub(r"^layers", "model", key).replace(".layers.", ".conv_block.")] = tensor
    return found


@pytest.mark.parametrize(
    ("kind", "keys", "parameters", "some"),
    [
        (GlobalGenerator, 56, 182_452_675, {"model.1.weight": (64, 6, 7, 7), "model.38.bias": (3,)}),
        (LocalEnhancer, 74, 182_715_939, {"model1_1.1.weight": (32, 6, 7, 7), "model1_2.7.weight": (3, 32, 7, 7)}),
        (FaceGenerator, 36, 26_724_291, {"model.17.conv_block.5.weight": (512, 512, 3, 3)}),
        (MultiscaleDiscriminator, 20, 5_547_906, {"scale1_layer3.0.weight": (512, 256, 4, 4)}),
    ],
)
def test_the_published_sizes_are_met(
    kind: type[nn.Module], keys: int, parameters: int, some: dict[str, tuple[int, ...]]
) -> None:
    with torch.device("meta"):
        state = kind().state_dict()
    assert len(state) == keys and sum(tensor.numel() for tensor in state.values()) == parameters
    saved = published(state)
    assert {key: tuple(saved[key].shape) for key in some} == some
    assert remap(saved).keys() == remap(state).keys() == state.keys()


@pytest.mark.parametrize(
    ("architecture", "config", "some"),
    [
        ("pix2pixhd-global", {"width": 4, "halvings": 1, "blocks": 1, "norm": "batch"}, "model.9.running_mean"),
        ("pix2pixhd-local", TINY_LOCAL, "model2_2.0.conv_block.1.weight"),
        ("everybody-dance-now-face", {"width": 4}, "model.17.conv_block.5.weight"),
    ],
)
def test_a_published_file_is_imported_and_one_that_lacks_a_layer_is_not(
    architecture: str, config: dict[str, Any], some: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path / "kept"))
    kind = offered("architecture")[architecture]
    state = {key: fill(key, tuple(tensor.shape)) for key, tensor in published(kind.build(config).state_dict()).items()}
    checkpoint = Checkpoint(
        name="somebody",
        file="latest_net_G.pth",
        where="a test",
        size=1,
        licence="none",
        source="A test.",
        trained_on="nothing",
        architecture=architecture,
        badge="none",
        config=config,
    )
    torch.save(state, tmp_path / checkpoint.file)
    import_file(checkpoint, tmp_path / checkpoint.file)
    kept = published(loaded(checkpoint, kind).state_dict())
    assert torch.equal(kept.pop(some), state.pop(some)) and kept.keys() == state.keys()
    torch.save(state, tmp_path / "less.pth")
    with pytest.raises(CheckpointError, match="is missing in the file"):
        import_file(checkpoint, tmp_path / "less.pth")


def test_each_enhancer_works_at_twice_the_size_of_the_one_before() -> None:
    network = LocalEnhancer(**TINY_LOCAL)
    seen: list[tuple[int, ...]] = []
    for enhancer in network.enhancers.values():
        enhancer.register_forward_hook(lambda module, inputs, output: seen.append(tuple(inputs[0].shape[2:])))
    with torch.no_grad():
        picture = network(torch.rand(2, 6, 32, 48))
    assert seen == [(16, 24), (32, 48)]
    assert picture.shape == (2, 3, 32, 48) and picture.abs().max() <= 1


def test_a_smaller_picture_of_one_colour_has_it_to_its_borders() -> None:
    for picture in pyramid(torch.full((1, 3, 12, 20), 0.7), 3):
        torch.testing.assert_close(picture, torch.full_like(picture, 0.7))
    assert picture.shape[2:] == (3, 5)


def test_a_face_is_made_from_the_figure_and_from_the_picture() -> None:
    torch.manual_seed(0)
    network = FaceGenerator(width=4)
    figure, picture, other = torch.rand(3, 1, 3, 32, 32)
    with torch.no_grad():
        residual = network(figure, picture)
        assert residual.shape == (1, 3, 32, 32)
        assert (network(other, picture) - residual).abs().max() > 0.01
        assert (network(figure, other) - residual).abs().max() > 0.01


def test_discriminators_judge_from_the_finest_to_the_coarsest_and_train_by_their_features() -> None:
    torch.manual_seed(0)
    network = MultiscaleDiscriminator(inputs=12, width=4, halvings=2, scales=3)
    pictures = torch.rand(1, 12, 64, 96, requires_grad=True)
    judgements = network(pictures)
    assert [tuple(judgement.realness.shape) for judgement in judgements] == [
        (1, 1, 19, 27),
        (1, 1, 11, 15),
        (1, 1, 7, 9),
    ]
    assert [features.shape[1] for features in judgements[0].features] == [4, 8, 16]
    coarsest = network.discriminators[0](pyramid(pictures, 3)[-1])
    torch.testing.assert_close(coarsest.realness, judgements[-1].realness)
    sum(features.mean() for judgement in judgements for features in judgement.features).backward()
    assert pictures.grad is not None and pictures.grad.abs().max() > 0
