"""Training the generators of flowers against frozen features."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from PIL import Image
from pyarrow import parquet
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn.utils import parametrize

from engines.biggan.network import BigGAN
from engines.biggan.train_flowers import RECIPE as BIGGAN
from engines.runtime.errors import InputError
from engines.sagan.network import SAGAN
from engines.sagan.train_flowers import RECIPE as SAGANS
from engines.shared.efficientnet_lite import EfficientNetLite
from engines.shared.flowers import read_flowers
from engines.shared.generative_adversarial import augmentation, train, train_flowers
from engines.shared.generative_adversarial.projected import CHANNELS, Projection, seen_by
from engines.shared.generative_adversarial.train_flowers import FlowerTraining, balanced, sheet

pytestmark = pytest.mark.slow

RECIPES = {"biggan": BIGGAN, "sagan": SAGANS}
PAPERS = tuple(RECIPES)
KINDS = {"biggan": BigGAN, "sagan": SAGAN}


@pytest.fixture(scope="module")
def eyes() -> EfficientNetLite:
    """Random weights, so that no wheel is needed."""
    torch.manual_seed(0)
    return EfficientNetLite(0).eval().requires_grad_(False)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for recipe in RECIPES.values():
        monkeypatch.setitem(recipe.generator, "widths", [8, 8, 16, 8, 8])
        monkeypatch.setitem(recipe.discriminator, "width", 4)
        monkeypatch.setitem(recipe.discriminator, "head_width", 8)
    monkeypatch.setattr(train_flowers, "SEEN_SIDE", 64)
    monkeypatch.setattr(train_flowers, "BATCH", 4)
    monkeypatch.setattr(train, "STANDING_BATCHES", 2)
    monkeypatch.setattr(train, "STANDING_BATCH", 6)
    torch.manual_seed(0)


def started(paper: str, eyes: EfficientNetLite) -> FlowerTraining:
    """A training on six pictures."""
    generator = torch.Generator().manual_seed(3)
    pictures = torch.randint(256, (6, 3, 64, 64), dtype=torch.uint8, generator=generator)
    return FlowerTraining(RECIPES[paper], eyes, pictures, torch.arange(6), 1)


def test_flowers_are_read_at_the_generators_size(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (96, 96), (10, 50, 200)).save(file, "PNG")
    (tmp_path / "flowers").mkdir()
    table = pa.Table.from_pylist([{"img": {"bytes": file.getvalue(), "path": "rose/1.jpg"}, "label": 3}])
    parquet.write_table(table, tmp_path / "flowers" / "train-00000-of-00001.parquet")
    pictures, labels = read_flowers(tmp_path, "train")
    assert pictures.shape == (1, 3, 64, 64)
    assert pictures[0, :, 5, 5].tolist() == [10, 50, 200]
    assert labels.tolist() == [3]
    with pytest.raises(InputError, match="flowers/test-00000-of-00001.parquet"):
        read_flowers(tmp_path, "test")


def test_the_projection_mixes_every_coarser_scale_into_a_finer_one(eyes: EfficientNetLite) -> None:
    projection = Projection(CHANNELS, 4)
    features = [each.requires_grad_() for each in seen_by(eyes, torch.randn(2, 3, 64, 64))]
    mixed = projection(features)
    assert [each.shape[1:] for each in mixed] == [(4, 16, 16), (8, 8, 8), (16, 4, 4), (32, 2, 2)]
    mixed[1].sum().backward()
    assert [each.grad is not None for each in features] == [False, True, True, True]


@pytest.mark.parametrize("paper", PAPERS)
def test_a_step_trains_the_generator_and_the_heads_alone(paper: str, eyes: EfficientNetLite) -> None:
    training = started(paper, eyes)
    training.generator.generator.attentions["2"].sigma.data.fill_(0.1)
    frozen = [*eyes.parameters(), *training.discriminator.projection.parameters()]
    # The keys' bias adds the same to every key, which no softmax can tell; a head's own bias is pulled both ways alike
    # while all its answers are within the hinge's margin.
    named = [*training.generator.named_parameters(), *training.discriminator.heads.named_parameters()]
    trained = [parameter for name, parameter in named if not name.endswith(("key.bias", "realness.bias"))]
    before, frozen_before = ([each.clone() for each in group] for group in (trained, frozen))
    for _ in range(3):
        training.advance()
    assert not [old.shape for old, new in zip(before, trained, strict=True) if torch.equal(old, new)]
    assert all(torch.equal(old, new) for old, new in zip(frozen_before, frozen, strict=True))
    assert all(each.grad is None for each in frozen)
    averaged, latest = training.average.state_dict(), training.generator.state_dict()
    assert any(not torch.equal(averaged[key], latest[key]) for key in latest)


def test_each_head_has_spectral_norms_and_the_class_counts_in_it(eyes: EfficientNetLite) -> None:
    discriminator = started("biggan", eyes).discriminator
    for head in discriminator.heads:
        assert parametrize.is_parametrized(head.embedding)
        assert parametrize.is_parametrized(head.layers[0])
    features = seen_by(eyes, torch.randn(4, 3, 64, 64))
    one, other = (discriminator.eval()(features, torch.full((4,), label)) for label in (0, 5))
    assert [each.shape for each in one] == [(4, 4, 4), (4, 4, 4), (4, 4, 4), (4, 2, 2)]
    assert all(not torch.allclose(*pair) for pair in zip(one, other, strict=True))


@pytest.mark.parametrize("paper", PAPERS)
def test_a_training_goes_on_from_its_file_as_if_it_had_not_stopped(
    paper: str, eyes: EfficientNetLite, tmp_path: Path
) -> None:
    training = started(paper, eyes)
    training.advance()
    training.save(tmp_path / "state.pt")
    expected = [training.advance() for _ in range(2)]
    torch.manual_seed(99)
    resumed = started(paper, eyes)
    resumed.load(tmp_path / "state.pt")
    assert [resumed.advance() for _ in range(2)] == expected
    assert resumed.step == 3


@pytest.mark.parametrize("paper", PAPERS)
def test_the_exported_generator_is_one_of_the_studio(paper: str, eyes: EfficientNetLite, tmp_path: Path) -> None:
    training = started(paper, eyes)
    training.advance()
    training.export(tmp_path / "generator.safetensors")
    with safe_open(tmp_path / "generator.safetensors", "pt") as file:
        metadata = file.metadata()
    network = KINDS[paper](**json.loads(metadata["config"])).eval()
    state = load_file(tmp_path / "generator.safetensors")
    network.load_state_dict({key: tensor.float() for key, tensor in state.items()}, strict=True)
    with torch.no_grad():
        assert network(torch.randn(2, network.latent_size), torch.eye(6)[:2]).shape == (2, 3, 64, 64)
    assert metadata["trained_on"] == "flowers"
    assert sheet(training.average).size == (6 * 64, 8 * 64)


def test_rare_classes_are_drawn_as_often_as_common_ones() -> None:
    labels = torch.tensor([0] * 90 + [1] * 10)
    drawn = labels[torch.cat([balanced(labels, 10) for _ in range(300)])]
    assert drawn.float().mean() == pytest.approx(0.5, abs=0.05)


def test_pictures_are_moved_apart_and_keep_a_gradient() -> None:
    pictures = torch.rand(1, 3, 16, 16).expand(3, -1, -1, -1).clone().requires_grad_()
    seen = augmentation.moved(pictures, 24)
    assert seen.shape == (3, 3, 24, 24)
    assert not torch.equal(seen[0], seen[1])
    seen.sum().backward()
    assert pictures.grad is not None
    assert pictures.grad[:, :, 4:-4, 4:-4].min() > 0


def test_a_picture_is_moved_by_an_eighth_of_its_side_at_most() -> None:
    torch.manual_seed(0)
    pictures = torch.ones(50, 3, 32, 32)
    moved = augmentation.moved(pictures, 32)
    inside = moved[:, :, 5:-5, 5:-5]
    torch.testing.assert_close(inside, torch.ones_like(inside))
    assert (moved[:, 0, 0] == 0).any()
