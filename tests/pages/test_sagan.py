"""SAGAN's panel: pictures with their attention, entropy by class, the replay of a training, a hand on a picture."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engines.runtime.errors import InputError
from engines.sagan import engine
from engines.sagan import replay as recorded
from engines.sagan.network import SAGAN
from engines.sagan.train import RECIPE
from engines.shared.generative_adversarial.network import prepare
from engines.shared.tensors import to_picture
from pages import sagan
from pages.sagan.replay import OURS
from studio.runs import store
from studio.runs.run import finished, start
from tests.support.runs import runner

PANEL = sagan.PANEL
run = runner(PANEL)
ATTENTION = PANEL.experiment("attention")
ASKED: dict[str, Any] = {"label": "ship", "seed": 5, "count": 2, "sigma": 2}


# Pictures and what their places attend to


@pytest.fixture(scope="module")
def network() -> SAGAN:
    """A small one whose attention has learnt something, of three classes and 16 pixels."""
    torch.manual_seed(0)
    made = SAGAN(widths=[24, 16, 16], latent_size=8, classes=3, attention_after=[0])
    made.generator.attentions["0"].sigma.data.fill_(0.7)
    for norm in (block.norm1 for block in made.generator.blocks):
        norm.gain.weight.data.normal_()
    prepare(made, torch.float32)
    return made


def test_a_strength_of_0_gives_exactly_what_the_network_makes_without_attention(network: SAGAN) -> None:
    latents = torch.randn(4, 8)
    without = [each.picture for each in engine.sample(network, latents, 1, strength=0)]
    learnt = [each.picture for each in engine.sample(network, latents, 1)]
    attentions, network.generator.attentions = network.generator.attentions, torch.nn.ModuleDict()
    bare = network(latents, torch.eye(3)[[1] * 4])
    network.generator.attentions = attentions
    assert torch.equal(torch.stack(without), bare)
    assert (torch.stack(learnt) - bare).abs().max() > 1e-3


def test_maps_sum_to_1_and_do_not_depend_on_the_strength(network: SAGAN) -> None:
    latents = torch.randn(2, 8)
    first, second = (engine.sample(network, latents, 0, strength)[1].maps for strength in (0.0, 3.0))
    assert first.shape == (8, 8, 4, 4) and first.min() >= 0
    assert torch.allclose(first.sum((2, 3)), torch.ones(8, 8), atol=1e-6)
    assert torch.equal(first, second)


def test_the_map_of_a_place_is_its_share_of_the_values_that_it_takes(network: SAGAN) -> None:
    features = torch.randn(1, 16, 8, 8)
    attention = network.generator.attentions["0"]
    seen: list[torch.Tensor] = []
    made = attention(features, 1.0, seen)
    values = torch.nn.functional.max_pool2d(attention.value(features), 2).flatten(2)
    taken = (seen[0][0, 11][None, None] * values).sum(-1)
    expected = features[0, :, 1, 3] + attention.sigma * attention.output(taken[..., None, None])[0, :, 0, 0]
    assert torch.allclose(made[0, :, 1, 3], expected, atol=1e-5)


def test_more_pictures_of_a_seed_begin_with_the_same() -> None:
    few, many, other = (
        [each.picture for each in engine.attend(7, seed, count, 1.0, engine.BUNDLED)]
        for seed, count in ((3, 1), (3, 3), (4, 1))
    )
    assert torch.equal(few[0], many[0]) and not torch.equal(few[0], other[0])


def test_entropy_is_0_of_one_key_and_all_bits_of_every_key_alike() -> None:
    one = torch.zeros(4, 4, 2, 2)
    one[..., 0, 1] = 1
    assert engine.entropy(one).abs().max() == 0
    assert torch.allclose(engine.entropy(torch.full((4, 4, 2, 2), 0.25)), torch.full((4, 4), 2.0))
    # From the middle of the first place, (1/8, 1/8), to that of the key above at the right, (1/4, 3/4).
    assert engine.distance(one)[0, 0] == pytest.approx(math.hypot(1 / 8, 5 / 8))


def test_classes_are_compared_all_or_ten_evenly_spaced() -> None:
    assert engine.compared_classes("sagan-small") == list(range(10))
    assert engine.compared_classes("sagan-studio") == list(range(0, 1000, 100))


# The page


@pytest.mark.parametrize("preset", list(ATTENTION.presets))
def test_every_preset_shows_pictures_with_maps_that_sum_to_1(preset: str) -> None:
    made = run("attention", preset=preset)["attention"]
    label = ATTENTION.opening(preset)["label"]
    assert list(made) == [f"{label} {number}" for number in range(1, 7)]
    for picture, maps in made.values():
        assert picture.shape == (32, 32, 3) and picture.dtype == np.uint8
        assert maps.shape == (16, 16, 8, 8) and maps.dtype == np.float16
        assert np.abs(maps.astype(np.float64).sum((2, 3)) - 1).max() < 1e-3


def test_the_bundled_network_without_attention_is_the_picture_of_sigma_0() -> None:
    made = run("attention", label="horse", sigma=0, count=1)
    network = engine.network(engine.BUNDLED)
    bare = SAGAN(**RECIPE.generator)
    bare.load_state_dict(network.state_dict())
    bare.generator.attentions = torch.nn.ModuleDict()
    prepare(bare, torch.float32)
    expected = bare(engine.draw_latents(engine.BUNDLED, 0, 1), torch.eye(10)[[7]])[0]
    assert np.array_equal(made["attention"]["horse 1"].picture, to_picture(expected))
    assert "attention is off" in made["words"]["gamma"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"label": "unicorn"}, "Class: There is no class 'unicorn' among"),
        ({"label": "goldfish"}, "Class: There is no class 'goldfish' among the 10; there are airplane, .* or another"),
        ({"label": "horse", "checkpoint": "sagan-studio"}, "Class: There is no class 'horse' among the 1,000"),
        ({"seed": 10**30}, r"Seed: 10+ is no seed; give a whole number from 0 to 4294967295"),
        ({"sigma": math.nan}, "Strength of attention: nan is out of bounds; give a number from 0 to 4"),
        ({"sigma": "much"}, "Strength of attention: 'much' is not a number"),
        ({"checkpoint": "sagan"}, "Checkpoint: 'sagan' is not among"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        run("attention", **values)
    assert "\n" not in str(raised.value)


def test_entropies_come_class_by_class_and_end_in_a_sentence() -> None:
    made = run("entropy", samples=4)
    assert list(made["numbers"]) == list(made["places"]) == list(OURS)
    entropies = {label: row["entropy, bits"] for label, row in made["numbers"].items()}
    narrowest, widest = min(entropies, key=entropies.__getitem__), max(entropies, key=entropies.__getitem__)
    assert 0 < entropies[narrowest] < entropies[widest] < 6
    assert made["words"]["outcome"].startswith(f"{narrowest.capitalize()} attends most narrowly")
    assert list(made["lines"]) == [narrowest, widest]
    assert all(shares[0] < shares[-1] == 1 for _, shares in made["lines"].values())
    assert made["places"]["frog"].shape == (192, 192, 3)


@pytest.mark.parametrize("preset", list(PANEL.experiment("replay").presets))
def test_the_replay_shows_both_trainings_from_the_same_latents(preset: str) -> None:
    made = run("replay", preset=preset)
    asked = PANEL.experiment("replay").opening(preset)["snapshot"]
    for name in recorded.RUNS:
        steps = recorded.recorded()[name]["steps"]
        assert steps == sorted(steps) and len(made[f"{name}_strip"]) == len(steps)
        assert made[name].shape == (296, 996, 3)
        assert f"after {steps[min(asked, len(steps)) - 1]:,} steps" in made["words"][name]
        assert made["losses"][name][0][-1] <= steps[-1]


def test_a_training_is_recorded_as_pictures(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trained = tmp_path / "training"
    trained.mkdir()
    generator = SAGAN(**RECIPE.generator)
    for step, sigma in ((64, 0.25), (128, 0.5)):
        generator.generator.attentions["1"].sigma.data.fill_(sigma)
        save_file(generator.state_dict(), trained / f"step-{step:06}.safetensors")
    logged = "90 s, step 100, 1.21 steps/s: hinge {}, fooling 2.0\n180 s, step 200, 1.2 steps/s: hinge 0.5, fooling 1\n"
    (trained / "log").write_text(logged.format("1.682"))
    recorded.record({"with": trained}, None, tmp_path / "recorded")
    assert recorded.recorded(tmp_path / "recorded")["with"] == {
        "steps": [64, 128],
        "sigmas": [0.25, 0.5],
        "losses": [[100, 1.682]],
        "judged": {},
        "minutes": 2,
    }
    first, second = recorded.snapshots("with", tmp_path / "recorded")
    assert second.step == 128 and first.pictures.shape == (3, 10, 32, 32, 3)
    latents = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
    expected = engine.sample(generator.eval(), latents[2:], 7)[0].picture
    assert np.abs(second.pictures[2, 7].astype(int) - to_picture(expected)).mean() < 12  # WebP loses some.


def test_what_was_rendered_is_read_again_as_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {**ATTENTION.opening(), **ASKED}
    task = start(ATTENTION, values)
    made = finished(task)["attention"]["ship 2"]
    store.save(PANEL, ATTENTION, values, task, tmp_path / "sagan" / "attention", suffix=".webp")
    monkeypatch.setattr(store, "RENDERED", tmp_path)
    opened = store.rendered(PANEL, ATTENTION)
    assert opened is not None
    again = opened[0]["attention"]["ship 2"]
    assert np.array_equal(np.load(again.maps), made.maps)
    assert np.array_equal(np.asarray(Image.open(again.picture)), made.picture)
