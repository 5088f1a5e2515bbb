"""Training the small generators: one step, resuming, what is exported."""

import io
import json
from functools import partial
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from PIL import Image
from pyarrow import parquet
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrize

from engines.biggan import train as biggan
from engines.biggan.network import BigGAN
from engines.runtime.progress import finish
from engines.sagan import train as sagan
from engines.sagan.network import SAGAN
from engines.shared.cifar import read_cifar
from engines.shared.generative_adversarial import train
from engines.shared.generative_adversarial.train import Training, finished_state, is_kept

pytestmark = pytest.mark.slow

RECIPES = {"biggan": biggan.RECIPE, "sagan": sagan.RECIPE}
PAPERS = tuple(RECIPES)
KINDS = {"biggan": BigGAN, "sagan": SAGAN}


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for recipe in RECIPES.values():
        monkeypatch.setitem(recipe.generator, "widths", [8, 16, 8, 8])
        monkeypatch.setitem(recipe.discriminator, "widths", (8, 8, 8, 8))
    monkeypatch.setattr(train, "BATCH", 4)
    monkeypatch.setattr(train, "STANDING_BATCHES", 3)
    monkeypatch.setattr(train, "STANDING_BATCH", 10)
    torch.manual_seed(0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two pictures of each class, in the data set's layout."""
    rows = []
    for label in range(20):
        file = io.BytesIO()
        Image.new("RGB", (32, 32), (10 * label, 50, 200)).save(file, "PNG")
        rows.append({"img": {"bytes": file.getvalue(), "path": None}, "label": label % 10})
    (tmp_path / "cifar10").mkdir()
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "cifar10" / "train-00000-of-00001.parquet")
    return tmp_path


def started(paper: str, spectral_norm: bool = True) -> Training:
    """A training on four pictures."""
    generator = torch.Generator().manual_seed(3)
    pictures = torch.randint(256, (4, 3, 32, 32), dtype=torch.uint8, generator=generator)
    return Training(RECIPES[paper], pictures, torch.arange(4), 1, spectral_norm)


def test_pictures_are_read_with_their_labels(data: Path) -> None:
    pictures, labels = finish(read_cifar(data, "train"))
    assert pictures.shape == (20, 3, 32, 32)
    assert pictures[13, :, 5, 5].tolist() == [130, 50, 200]
    assert labels[13] == 3


@pytest.mark.parametrize("paper", PAPERS)
def test_a_step_trains_every_weight_and_moves_the_average_behind_the_generator(paper: str) -> None:
    training = started(paper)
    training.generator.generator.attentions["1"].sigma.data.fill_(0.1)
    before = [
        parameter.clone() for part in (training.generator, training.discriminator) for parameter in part.parameters()
    ]
    for _ in range(3):
        training.advance()
    after = [parameter for part in (training.generator, training.discriminator) for parameter in part.parameters()]
    still = [old.shape for old, new in zip(before, after, strict=True) if torch.equal(old, new)]
    assert not still
    averaged, trained = training.average.state_dict(), training.generator.state_dict()
    assert any(not torch.equal(averaged[key], trained[key]) for key in trained)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_training_goes_on_from_its_file_as_if_it_had_not_stopped(paper: str, tmp_path: Path) -> None:
    training = started(paper)
    training.advance()
    training.save(tmp_path / "state.pt")
    expected = [training.advance() for _ in range(2)]
    torch.manual_seed(99)
    resumed = started(paper)
    resumed.load(tmp_path / "state.pt")
    assert resumed.step == 1
    assert [resumed.advance() for _ in range(2)] == expected
    assert not (tmp_path / "state.new").exists()


@pytest.mark.parametrize("paper", PAPERS)
def test_the_exported_generator_is_the_average_with_spectral_norm_folded(paper: str, tmp_path: Path) -> None:
    training = started(paper)
    for _ in range(2):
        training.advance()
    training.export(tmp_path / "generator.safetensors")
    with safe_open(tmp_path / "generator.safetensors", "pt") as file:
        metadata = file.metadata()
    assert metadata["architecture"] == paper
    assert metadata["steps"] == "2"
    network = KINDS[paper](**json.loads(metadata["config"]))
    state = load_file(tmp_path / "generator.safetensors")
    assert {tensor.dtype for tensor in state.values()} == {torch.float16}
    network.load_state_dict({key: tensor.float() for key, tensor in state.items()}, strict=True)

    latent, classes = torch.randn(4, network.latent_size), functional.one_hot(torch.arange(4), 10).float()
    average = training.average.eval()
    statistics = {key: tensor for key, tensor in finished_state(average).items() if key.endswith(("mean", "variance"))}
    average.load_state_dict(statistics, strict=False)
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(latent, classes), average(latent, classes), atol=0.02, rtol=0)


@pytest.mark.proof
def test_standing_statistics_are_those_of_the_features_at_each_spread_of_the_latent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train, "STANDING_BATCH", 300)
    monkeypatch.setitem(biggan.RECIPE.generator, "rows", 3)
    network = BigGAN(**biggan.RECIPE.generator)
    network.load_state_dict(finished_state(started("biggan").average))
    norm = network.eval().generator.blocks[0].norm1
    seen: list[torch.Tensor] = []
    norm.register_forward_hook(lambda *call: seen.append(call[1][0]))
    classes = functional.one_hot(torch.arange(400) % 10, 10).float()
    with torch.no_grad():
        for deviation in (0.5, 1.0):
            network(deviation * torch.randn(400, network.latent_size), classes)
    for row, features in enumerate(seen, 1):
        torch.testing.assert_close(norm.variance[row].sqrt(), features.std((0, 2, 3)), rtol=0.15, atol=0)
    assert norm.variance[0].abs().max() < 1e-3


def test_every_layer_but_the_looked_up_ones_and_the_classifier_has_a_spectral_norm() -> None:
    def plain(network: nn.Module) -> set[str]:
        return {
            name.rpartition(".")[2]
            for name, module in network.named_modules()
            if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding) and not parametrize.is_parametrized(module)
        }

    assert plain(started("biggan").generator) == {"embedding"}
    assert plain(started("sagan").generator) == {"gain", "offset"}
    assert plain(started("sagan").discriminator) == {"classifier"}
    without = started("sagan", spectral_norm=False)
    assert not any(parametrize.is_parametrized(module) for module in without.generator.modules())
    assert not any(parametrize.is_parametrized(module) for module in without.discriminator.modules())


def test_the_replay_keeps_steps_at_growing_distances() -> None:
    assert [step for step in range(1, 1600) if is_kept(step)] == [64, 128, 192, 256, 384, 512, 768, 1024, 1536]


@pytest.mark.proof
def test_the_command_goes_on_when_it_is_given_more_minutes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "SHORTEST_KEPT", 2)
    monkeypatch.setattr(Training, "log_every", 2)
    monkeypatch.setattr("time.perf_counter", partial(next, count(0, 0.05)))  # So long is a step, on any machine.
    steps = []
    for minutes in ("0.02", "0.04"):
        command = ["train", "--data", str(data), "--out", str(tmp_path / "out"), "--minutes", minutes]
        monkeypatch.setattr("sys.argv", command)
        train.main(sagan.RECIPE)
        steps.append(torch.load(tmp_path / "out" / "state.pt", weights_only=True)["step"])
    assert 0 < steps[0] < steps[1]
    assert "step 2, " in capsys.readouterr().out
    assert (tmp_path / "out" / "step-000002.safetensors").exists()
    with safe_open(tmp_path / "out" / "generator.safetensors", "pt") as file:
        assert file.metadata()["steps"] == str(steps[1])
