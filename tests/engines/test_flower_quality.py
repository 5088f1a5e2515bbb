"""The judge of generated flowers, on pictures that are one colour a class."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engines.runtime.errors import InputError
from engines.sagan.network import SAGAN
from engines.shared.efficientnet_lite import EfficientNetLite, is_installed, published, wheel
from engines.shared.flowers import read_flowers
from engines.shared.generative_adversarial import flower_quality
from engines.shared.generative_adversarial.flower_quality import FlowerJudge, Spread, compared, interval, measure

SHARED = Path(__file__).parents[2] / "../shared"
COUNT, SIDE = 60, 64


def pictures(labels: Tensor, noise: int, seed: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    shades = (40 * labels + 10)[:, None, None, None] + torch.randint(noise, (len(labels), 3, 8, 8), generator=random)
    return shades.clamp(0, 255).to(torch.uint8)


@pytest.fixture(scope="module")
def judge() -> FlowerJudge:
    torch.manual_seed(0)
    labels = torch.arange(COUNT) % 6
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flower_quality, "JUDGED_SIDE", SIDE)
        patch.setattr(flower_quality, "COMPONENTS", 8)
        patch.setattr(flower_quality, "STRENGTH", 100.0)
        eyes = EfficientNetLite(0).eval()
        for module in eyes.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        return FlowerJudge(eyes, pictures(labels, 6, 1), labels)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flower_quality, "JUDGED_SIDE", SIDE)
    monkeypatch.setattr(flower_quality, "COUNT", COUNT)
    monkeypatch.setattr(flower_quality, "RESAMPLED", 20)


@pytest.mark.slow
def test_photographs_copies_and_wrong_classes_are_told_apart(judge: FlowerJudge) -> None:
    labels = torch.arange(COUNT) % 6
    held_out = judge.look(pictures(labels, 6, 2), labels)
    samplers = {
        "real ": lambda _, asked: pictures(asked, 6, 3),
        "copied ": lambda _, asked: pictures(labels, 6, 1),
        "wrong ": lambda _, asked: pictures((asked + 1) % 6, 6, 3),
        "one ": lambda _, asked: pictures(asked, 1, 3),
    }
    figures, score, intervals = compared(judge, held_out, nn.Identity(), {"": samplers["real "], **samplers})
    assert figures["real class agreement"] > 0.9
    assert figures["wrong class agreement"] < 0.1
    assert figures["copied nearest distance"] == pytest.approx(0, abs=1e-3)
    assert figures["copied share close to one"] == 1
    assert figures["real nearest distance"] == pytest.approx(1, abs=0.3)
    assert figures["one variety"] == pytest.approx(0, abs=0.01)
    assert figures["real variety"] == pytest.approx(1, abs=0.2)
    assert figures["one Frechet ratio"] > figures["real Frechet ratio"]
    assert score == -figures["Frechet ratio"]
    low, high = intervals["real Frechet ratio"]
    assert low < high


def test_an_interval_is_that_of_the_mean() -> None:
    values = torch.randn(400, generator=torch.Generator().manual_seed(0))
    low, high = interval(lambda chosen: values[chosen].mean().item(), 400)
    assert low < values.mean() < high
    assert high - low == pytest.approx(4 / 20, rel=0.4)


def test_spread_counts_no_picture_against_itself(judge: FlowerJudge) -> None:
    labels = torch.arange(12) % 6
    looked = judge.look(pictures(labels, 6, 4), labels)
    spread = Spread(looked)
    everything = torch.arange(12)
    expected = torch.stack([(looked.features[each] - looked.features[each + 6]).norm() for each in range(6)]).mean()
    assert spread(everything) == pytest.approx(expected.item(), rel=1e-3)
    assert spread(torch.cat([everything, everything])) == pytest.approx(expected.item(), rel=1e-3)


def test_what_cannot_be_measured_is_refused_with_what_to_do(tmp_path: Path) -> None:
    for data in (None, tmp_path):
        with pytest.raises(InputError, match="name the folder that holds flowers/"):
            measure(SAGAN([8, 8], 6, 6, []), data)


def test_the_judge_names_held_out_flowers(monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_installed(2) or not (SHARED / "data" / "flowers").is_dir():
        pytest.skip(f"the photographs or {wheel(2)} are not here")
    monkeypatch.setattr(flower_quality, "JUDGED_SIDE", 128)
    found, labels = read_flowers(SHARED / "data", "train")
    held_out, held_out_labels = read_flowers(SHARED / "data", "test")
    judged = FlowerJudge(published(2), found[::8], labels[::8]).look(held_out[:100], held_out_labels[:100])
    assert judged.agreement > 0.6
