"""Group Normalization: the norms, the networks, the race, batch mates, and the recorded races."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from engines.group_normalization import engine, recorded
from engines.group_normalization.architecture import ARCHITECTURES
from engines.group_normalization.data import read_digits
from engines.group_normalization.mates import draw_mates
from engines.group_normalization.network import (
    PUBLISHED_GROUPS,
    Kind,
    Norm,
    divisors,
    initialize,
    published,
    small,
)
from engines.group_normalization.normalization import identities, normalize
from engines.group_normalization.quality import measure
from engines.group_normalization.race import DIVERGED, Racer, Rules, race
from engines.runtime import nested
from engines.runtime.checkpoints import find
from engines.runtime.class_names import class_names
from engines.runtime.errors import CheckpointError, InputError
from engines.runtime.progress import Progress, Saved, finish
from engines.shared import cifar
from engines.shared.cifar import Data, read_data
from engines.shared.residual import ResidualNetwork, remap
from tests.support import SHARED
from weights import parity
from weights.keep import network

pytestmark = pytest.mark.slow

KINDS: tuple[Kind, ...] = ("batch", "group", "layer", "instance")
WIDTH = 8


def features(seed: int, *shape: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) + scale / 3


def few(learned: int = 64, held_out: int = 32) -> Data:
    """The first of the digits."""
    data = read_digits()
    return Data(
        data.pictures[:learned].clone(),
        data.labels[:learned],
        data.held_out[:held_out],
        data.held_out_labels[:held_out],
    )


def racer(norm: Norm, rules: Rules, data: Data | None = None) -> Racer:
    return Racer(data or few(), norm, rules, WIDTH)


RULES = Rules(batch_size=4, rate=0.1, scaled=True, epochs=2, seed=1)


# The norms


@given(st.integers(0, 2**16), st.integers(1, 4), st.sampled_from([1, 2, 6, 12]), st.integers(2, 5), st.data())
def test_the_formula_is_what_torch_computes(seed: int, count: int, channels: int, side: int, data: Any) -> None:
    groups = data.draw(st.sampled_from(divisors(channels)))
    given_features = features(seed, count, channels, side, side + 1)
    for kind in KINDS:
        assert max(identities(given_features, Norm(kind, groups)).values()) < 5e-6


@pytest.mark.parametrize("kind", KINDS)
def test_identities_hold_below_a_millionth(kind: Kind) -> None:
    found = identities(features(0, 4, 32, 7, 5), Norm(kind, 8))
    assert list(found) == ["formula, torch", "G = 1, layer norm", "G = 32, instance norm"]
    assert max(found.values()) < 1e-6


def test_each_set_has_its_own_mean_and_nobody_else_s() -> None:
    block = features(1, 3, 8, 4, 4)
    group = normalize(block, Norm("group", 4))
    assert group.mean.shape == (3, 4) and normalize(block, Norm("batch")).mean.shape == (1, 8)
    changed = block.clone()
    changed[2] += 5
    assert torch.equal(normalize(changed, Norm("group", 4)).values[:2], group.values[:2])
    assert not torch.allclose(normalize(changed, Norm("batch")).values[:2], normalize(block, Norm("batch")).values[:2])


@pytest.mark.parametrize("groups", [0, -1, 5, 64])
def test_groups_that_do_not_divide_the_channels_are_refused_with_those_that_do(groups: int) -> None:
    with pytest.raises(InputError, match=rf"{groups} groups cannot share 16 channels .* 1, 2, 4, 8, 16"):
        small(Norm("group", groups), 1)


def published_keys(network: ResidualNetwork) -> dict[str, Tensor]:
    return {key.replace("norm", "bn"): tensor for key, tensor in network.state_dict().items()}


def test_the_published_layout_has_its_keys_and_parameters_and_is_loaded_strictly() -> None:
    with torch.device("meta"):
        network = published(Norm("group", PUBLISHED_GROUPS))
    state = published_keys(network)
    assert len(state) == 161 and sum(tensor.numel() for tensor in state.values()) == 25_557_032
    assert {"bn1.weight", "layer1.0.downsample.1.bias", "layer4.2.bn3.weight", "fc.bias"} <= set(state)
    network.load_state_dict(remap(state), assign=True)
    del state["layer3.5.bn2.bias"]
    with pytest.raises(RuntimeError, match=r"Missing key.*layer3.5.norm2.bias"):
        network.load_state_dict(remap(state), assign=True)


def test_a_published_file_becomes_the_network_of_its_checkpoint(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = published_keys(published(Norm("group", PUBLISHED_GROUPS)))
    state = {key: parity.fill(key, tuple(tensor.shape)).half() for key, tensor in shapes.items()}
    save_file(state, tmp_path / "model.safetensors")
    loaded = network(find("group-normalization-resnet50"), tmp_path / "model.safetensors")
    assert torch.equal(loaded.state_dict()["layer4.2.norm3.bias"], state["layer4.2.bn3.bias"].float())
    del state["layer4.2.bn3.bias"]
    save_file(state, tmp_path / "less.safetensors")
    with pytest.raises(CheckpointError, match=r"layer4.2.bn3.bias is missing in the file"):
        network(find("group-normalization-resnet50"), tmp_path / "less.safetensors")


def test_a_block_begins_as_its_shortcut() -> None:
    network = small(Norm("group", 2), 1, WIDTH)
    initialize(network, torch.Generator().manual_seed(0))
    block = network.get_submodule("layer1")[0]
    given_features = features(2, 2, WIDTH, 6, 6)
    assert torch.equal(block(given_features), given_features.relu())


@pytest.mark.parametrize("name", ["group-normalization-digits-batch", "group-normalization-digits-group"])
def test_a_bundled_network_reads_digits_it_has_not_learned(name: str) -> None:
    assert measure(engine.network(name), None).score > 0.95


def test_an_architecture_builds_what_its_checkpoint_says() -> None:
    kind = ARCHITECTURES["group-normalization-small"]
    network = kind.build({"norm": "instance", "channels": 3, "width": 8})
    assert isinstance(network, ResidualNetwork) and isinstance(network.norm1, nn.InstanceNorm2d)
    assert network.conv1.weight.shape == (8, 3, 3, 3)


# Batch mates


def reader(norm: Norm) -> ResidualNetwork:
    network = small(norm, 1, WIDTH)
    initialize(network, torch.Generator().manual_seed(3))
    network.fc.weight.data *= 100
    return network.eval()


def spread(norm: Norm, batch_size: int) -> float:
    data = few()
    generator = torch.Generator().manual_seed(0)
    return draw_mates(reader(norm), data.held_out[0], data.pictures, batch_size, 30, generator).spread


@pytest.mark.parametrize("norm", [Norm("group", 2), Norm("layer"), Norm("instance")])
@pytest.mark.parametrize("batch_size", [2, 3, 16, 32])
def test_mates_do_not_change_a_bit_of_what_group_norm_answers(norm: Norm, batch_size: int) -> None:
    assert spread(norm, batch_size) == 0.0


def test_the_fewer_its_mates_the_more_batch_norm_s_answer_varies() -> None:
    few, some, many = (spread(Norm("batch"), batch_size) for batch_size in (2, 8, 32))
    assert few > some > many > 0


def test_mates_are_drawn_without_the_picture_twice_and_leave_the_network_as_it_was() -> None:
    network, data = reader(Norm("batch")), few()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    mates = draw_mates(network, data.held_out[0], data.pictures, 8, 5, torch.Generator().manual_seed(0))
    assert mates.chosen.shape == (5, 7) and mates.logits.shape == (5, 10)
    assert all(len(set(row)) == 7 for row in mates.chosen.tolist())
    assert not network.training
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert torch.allclose(mates.probabilities.sum(1), torch.ones(5))


# The race


def test_all_start_alike_and_learn_from_the_same_batches() -> None:
    racers = [racer(Norm(kind, 2), RULES) for kind in KINDS]
    for other in racers[1:]:
        assert torch.equal(other.network.conv1.weight, racers[0].network.conv1.weight)
        assert torch.equal(other.network.fc.weight, racers[0].network.fc.weight)
    seeds = [racer(Norm("batch"), RULES._replace(seed=seed)).network.conv1.weight for seed in (1, 2)]
    assert not torch.equal(*seeds)


def test_a_race_is_measured_as_often_as_asked_and_learns() -> None:
    learned = racer(Norm("group", 2), RULES._replace(batch_size=8, points=3), read_digits())
    learned.finish()
    assert [round(point.epoch, 2) for point in learned.points][:4] == [0.33, 0.67, 1.0, 1.33]
    assert len(learned.points) == 6 and learned.points[-1].epoch == 2 and learned.progress == 1
    first, last = learned.points[0], learned.points[-1]
    assert last.loss < 0.7 * first.loss and last.training_error < 0.7 * first.training_error
    assert all(sorted(point.percentiles) == list(point.percentiles) for point in learned.points)


@pytest.mark.proof
def test_only_batch_norm_has_a_gap_between_training_and_evaluation_mode() -> None:
    for kind in KINDS:
        learned = racer(
            Norm(kind, 2), RULES._replace(batch_size=2, epochs=1), few(650 if kind == "batch" else 100, 128)
        )
        learned.finish()
        gap = max(abs(point.mates_training - point.mates_evaluation) for point in learned.points)
        assert gap > 0 if kind == "batch" else gap == 0


def test_the_learning_rate_follows_the_batch_only_where_it_should() -> None:
    assert Rules(2, 0.1, True, 1, 0).first_rate == pytest.approx(0.1 * 2 / 32)
    assert Rules(2, 0.1, False, 1, 0).first_rate == 0.1


NORMS = {"BN": Norm("batch"), "GN": Norm("group", 2)}


def steps(data: Data, saved: Mapping[str, Any] | None) -> Iterator[Any]:
    return race(data, {name: norm for name, norm in NORMS.items()}, RULES._replace(batch_size=2), saved)


def outcome(made: dict[str, Racer]) -> dict[str, list[tuple[Any, ...]]]:
    return {name: [point[:-1] for point in each.points] for name, each in made.items()}


def test_a_race_that_goes_on_from_its_saved_state_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    data = few()
    whole: dict[str, Racer] = {}
    for made in steps(data, None):
        if isinstance(made, dict):
            whole = made
    for turn, made in enumerate(made for made in steps(data, None) if isinstance(made, Saved)):
        nested.write(tmp_path / f"{turn}", made.state)
    assert turn == 3
    for saved in (1, 3):  # After the last nothing is left to do.
        ended: dict[str, Racer] = {}
        for made in steps(data, nested.read(tmp_path / f"{saved}")):
            if isinstance(made, dict):
                ended = made
        assert outcome(ended) == outcome(whole)
        for name, each in ended.items():
            there = whole[name].network.state_dict()
            assert all(torch.equal(tensor, there[key]) for key, tensor in each.network.state_dict().items())


def test_a_race_tells_where_it_is_and_is_saved_when_all_are_as_far() -> None:
    made = list(steps(few(), None))
    counts = [sorted(len(points) for points in outcome(each).values()) for each in made if isinstance(each, dict)]
    assert counts[-1] == [4, 4]
    fractions = [each.fraction for each in made if isinstance(each, Progress)]
    assert fractions == sorted(fractions) and 0 < fractions[0] < fractions[-1] <= 1
    assert sum(isinstance(each, Saved) for each in made) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_an_absurd_learning_rate_is_stopped(kind: Kind) -> None:
    lost = racer(Norm(kind, 2), RULES._replace(rate=1e9))
    lost.finish()
    assert lost.done and lost.diverged is not None and 0 < lost.diverged <= 1
    assert len(lost.points) < 2


def test_pictures_that_are_no_numbers_are_stopped() -> None:
    data = few()
    data.pictures[5] = torch.nan
    lost = racer(Norm("group", 2), RULES, data)
    lost.finish()
    assert lost.diverged is not None and DIVERGED > 0


def test_one_that_diverges_leaves_the_other_in_the_race() -> None:
    norms = {"lost": Norm("layer"), "other": Norm("group", 2)}
    saved = {name: Racer(few(), norm, RULES).state for name, norm in norms.items()}
    saved["lost"]["diverged"] = 0.1
    ended: dict[str, Racer] = {}
    for made in race(few(), norms, RULES, saved):
        if isinstance(made, dict):
            ended = made
    assert len(ended["other"].points) == 4 and not ended["lost"].points


def test_batch_norm_learns_from_batches_of_one() -> None:
    alone = racer(Norm("batch"), RULES._replace(batch_size=1, epochs=1))
    alone.finish()
    assert alone.diverged is None and len(alone.points) == 2


# The data


def test_the_digits_are_all_there_and_none_is_held_out_and_learned() -> None:
    data = read_digits()
    assert data.pictures.shape == (1297, 1, 8, 8) and data.held_out.shape == (500, 1, 8, 8)
    assert data.pictures.min() == -1 and data.pictures.max() == 1 and not data.mirrored
    assert torch.bincount(data.held_out_labels, minlength=10).min() > 30


@pytest.mark.skipif(not (SHARED / "data" / "cifar10").is_dir(), reason="CIFAR-10 is not beside this checkout")
def test_cifar_10_is_read_from_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CIFAR10", str(SHARED / "data" / "cifar10"))
    data = finish(read_data(count=700, held_out=40))
    same = finish(read_data(SHARED / "data", count=2, held_out=1))
    assert torch.equal(same.pictures, data.pictures[:2]) and torch.equal(same.held_out, data.held_out[:1])
    assert data.pictures.shape == (700, 3, 32, 32) and data.held_out.shape == (40, 3, 32, 32) and data.mirrored
    assert data.pictures.min() == -1 and data.pictures.max() == 1
    assert torch.bincount(data.labels, minlength=10).min() > 40


def test_cifar_10_that_is_not_here_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no train-00000-of-00001.parquet in"):
        finish(read_data(tmp_path))
    monkeypatch.delenv("STUDIO_CIFAR10", raising=False)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *place, **more: None)
    with pytest.raises(InputError, match="choose the digits.*engines.shared.cifar.*STUDIO_CIFAR10"):
        finish(read_data())
    assert cifar.REPOSITORY == "uoft-cs/cifar10"


# What pages ask for


def test_the_cause_is_seen_in_a_digit_among_its_mates() -> None:
    made = [each for each in engine.read_among_mates(7, seed=0) if not isinstance(each, Progress)]
    assert [each.batch_size for each in made] == list(engine.BATCH_SIZES)
    batch = [each.readers["BN"].spread for each in made]
    assert batch[0] > batch[2] > batch[4] > 0
    assert [each.readers["GN"].spread for each in made] == [0.0] * 5


def test_a_stage_is_looked_into_group_by_group() -> None:
    photograph = features(4, 3, 60, 90).clamp(-1, 1)
    inside = engine.look_inside(photograph, "group-normalization-cifar", 2)
    assert inside.mean.shape == inside.deviation.shape == (8,) and inside.maps.shape == (8, 16, 16)
    assert inside.maps.mean((1, 2)).abs().max() < 1e-5
    assert len(inside.answers) == 5 and set(inside.answers) <= set(class_names(10))
    deepest = engine.look_inside(photograph, "group-normalization-cifar", 4)
    assert torch.equal(deepest.maps, engine.look_inside(photograph, "group-normalization-cifar", 3).maps)


def test_a_checkpoint_that_is_not_here_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *place, **more: None)
    with pytest.raises(CheckpointError, match="weights fetch group-normalization-resnet50"):
        engine.look_inside(torch.zeros(3, 40, 40), "group-normalization-resnet50", 1)


# The recorded races


def test_the_recorded_races_are_whole() -> None:
    settings = [(run["norm"], run["batch_size"], run["seed"]) for run in recorded.runs()]
    assert sorted(settings) == sorted(
        (norm, size, seed) for norm in recorded.NAMES for size in recorded.BATCH_SIZES for seed in range(3)
    )
    for run in recorded.runs():
        assert len(run["points"]) == 6 and run["points"][-1]["epoch"] == 6 and run["diverged"] is None
        if run["norm"] == "group":
            assert all(point["mates_training"] == point["mates_evaluation"] for point in run["points"])


def test_the_recorded_races_are_printed_with_their_spread_beside_what_was_published(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorded.main()
    printed = capsys.readouterr().out
    row = next(line for line in printed.splitlines() if line.startswith("batch 2 "))
    gap = recorded.gap(2)
    assert f"{gap.mean:.1f}" in row and f"{gap.deviation:.1f}" in row and "34.7" in row and "24.1" in row
    assert len(recorded.verdicts()) == 5 and all(sentence in printed for sentence in recorded.verdicts())
    assert all(caveat in printed for caveat in recorded.CAVEATS)


@pytest.mark.parametrize(
    ("ours", "published_difference", "verdict"),
    [
        (recorded.Spread(10.0, 1.0), 10.6, "It agrees."),
        (recorded.Spread(6.0, 1.0), 10.6, "agrees in sign and, within a factor of two, in size."),
        (recorded.Spread(3.0, 1.0), 10.6, "agrees in sign, not in size."),
        (recorded.Spread(-3.0, 1.0), 10.6, "disagrees"),
        (recorded.Spread(0.5, 1.0), 10.6, "seeds differ by more"),
        (recorded.Spread(0.5, 1.0), 0.0, "It agrees."),
        (recorded.Spread(-3.0, 1.0), 0.0, "disagrees"),
    ],
)
def test_a_verdict_says_no_more_than_the_spread_allows(
    ours: recorded.Spread, published_difference: float, verdict: str
) -> None:
    assert verdict in recorded.verdict(ours, published_difference)
