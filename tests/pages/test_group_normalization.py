"""The page on Group Normalization: its experiments as a visitor sets them, and the drawing of what shares a mean."""

import json
import math
from typing import Any

import numpy as np
import pytest

from engines.group_normalization import recorded
from engines.group_normalization.engine import warm
from engines.runtime.errors import InputError
from pages import group_normalization
from pages.group_normalization import share
from studio.runs.run import finished, start
from tests.support.runs import runner

PANEL = group_normalization.PANEL
run = runner(PANEL)
RACE = PANEL.experiment("race")
SHARE = PANEL.experiment("share")
BLOCK = json.loads(share.BLOCK.read_text())


def test_the_panel_stands_where_the_survey_has_the_paper() -> None:
    assert PANEL.paper.number == 4 and PANEL.paper.arxiv == "1803.08494"
    assert [experiment.name for experiment in PANEL.experiments][:3] == ["share", "mates", "race"]


# Which numbers share a mean?


def drawn(norm: str, groups: int) -> dict[str, list[float]]:
    """What the drawing answers, computed by numpy."""
    block = np.array(BLOCK["values"]).reshape(BLOCK["shape"])
    count, channels = block.shape[:2]
    sets = block.swapaxes(0, 1).reshape(channels, -1) if norm == "batch" else block.reshape(count * groups, -1)
    return {"means": sets.mean(1).tolist(), "deviations": np.sqrt(sets.var(1) + 1e-5).tolist()}


@pytest.mark.parametrize("preset", list(SHARE.presets))
def test_what_shares_a_mean_is_checked_against_torch(preset: str) -> None:
    values = SHARE.opening(preset)
    checked = run("share", drawn(values["norm"], 2 ** values["power"]), preset=preset)["identities"]
    assert len(checked) == 4
    assert max(row["difference"] for row in checked.values()) < 1e-6


def test_a_drawing_that_is_wrong_is_seen_and_one_that_is_none_is_refused() -> None:
    answer = drawn("group", 8)
    answer["means"][3] += 0.25
    assert run("share", answer)["identities"]["drawing, torch"]["difference"] == pytest.approx(0.25)
    for hostile in ({}, {"means": [1]}, {**answer, "means": ["x"] * 32}, {**answer, "deviations": None}):
        with pytest.raises(InputError, match="32 numbers were expected"):
            run("share", hostile)


# Batch mates


@pytest.mark.parametrize("preset", list(PANEL.experiment("mates").presets))
def test_batch_mates_show_the_cause(preset: str) -> None:
    result = run("mates", preset=preset)
    sizes, batch = result["spread"]["BN"]
    assert sizes == [2, 4, 8, 16, 32] and batch[0] > batch[-1] > 0
    assert result["spread"]["GN"] == (sizes, [0.0] * 5)
    assert len(set(result["probability"]["GN"][1])) == 1 and len(set(result["probability"]["BN"][1])) == 40
    assert result["batches"].dtype == np.uint8 and result["batches"].shape[2] == 3
    assert all(row["GN ±"] == 0 for row in result["numbers"].values())
    assert "a logit varies by 0." in result["words"]["GN"]


def test_another_seed_draws_other_mates_and_the_same_seed_the_same() -> None:
    warm()
    mates = PANEL.experiment("mates")
    tasks = [start(mates, {**mates.opening(), "seed": seed}) for seed in (1, 1, 2)]
    first, again, other = (finished(task)["spread"]["BN"][1] for task in tasks)
    assert first == again != other


# The race


@pytest.mark.proof
def test_a_race_shows_errors_gap_loss_and_numbers_of_both() -> None:
    result = run("race", epochs=1, batch_size=4)
    assert list(result["error"]) == ["BN eval", "GN eval", "BN train", "GN train"]
    assert all(epochs == [0.5, 1] for epochs, _ in result["error"].values())
    assert result["gap"]["GN"][1] == [0, 0] and max(result["gap"]["BN"][1]) > 1
    assert set(result["numbers"]) == {"BN", "GN"} and result["numbers"]["BN"]["pictures a second"] > 0
    assert "no batch has a say" in result["words"]["GN"] and "points away" in result["words"]["BN"]


@pytest.mark.parametrize("preset", list(RACE.presets))
def test_every_race_that_is_offered_runs(preset: str) -> None:
    batch_size = max(32, RACE.opening(preset)["batch_size"])
    result = run("race", preset=preset, epochs=1, batch_size=batch_size)
    assert result["words"]


def test_one_norm_races_alone() -> None:
    assert set(run("race", against="none", epochs=1, batch_size=64)["loss"]) == {"BN"}


def test_a_learning_rate_of_a_billion_is_stopped_and_said() -> None:
    result = run("race", preset="A rate of a billion")
    assert all("diverged in epoch 1 and was stopped" in result["words"][name] for name in ("BN", "GN"))
    assert result["numbers"] == {}


def test_batches_of_one_are_raced_with_a_word_about_batch_norm() -> None:
    values = RACE.check({**RACE.opening("Batches of 1"), "against": "none", "epochs": 1})
    result: dict[str, Any] = {}
    for made in RACE.run(saved=None, **values):
        result |= made if isinstance(made, dict) else {}
        if {"words", "loss"} <= result.keys():
            break
    assert "as instance norm does" in result["words"]["batch of one"]
    assert all(math.isfinite(loss) for loss in result["loss"]["BN"][1])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"norm": "group", "against": "none", "groups": 5}, "5 groups cannot share 16 channels .* 1, 2, 4, 8, 16"),
        ({"norm": "group", "against": "group"}, "group norm cannot stand against itself"),
        ({"batch_size": math.nan}, "Pictures in a batch: nan is out of bounds"),
        ({"rate": "nan"}, "Learning rate .*: 'nan' is not among"),
        ({"epochs": 2.5}, "Epochs: 2.5 is not a whole number"),
        ({"seed": -1}, "Seed: -1 is no seed"),
    ],
)
def test_what_cannot_be_raced_is_one_clear_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        run("race", **values)
    assert "\n" not in str(raised.value)


def test_cifar_10_that_is_not_here_is_said_to_the_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDIO_CIFAR10", raising=False)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *place, **more: None)
    with pytest.raises(InputError, match="choose the digits"):
        run("race", data="cifar", epochs=1)


# Activations, published and ours, inside a real one


@pytest.mark.parametrize("preset", list(PANEL.experiment("activations").presets))
def test_activations_are_percentiles_in_their_order(preset: str) -> None:
    result = run("activations", preset=preset, epochs=1, batch_size=32)
    assert [name.split(" ", 1)[1] for name in result["percentiles"]] == ["1 %", "20 %", "80 %", "99 %"]
    for percentiles in (result["percentiles"], result["others"]):
        lines = np.array([values for _, values in percentiles.values()])
        assert lines.shape == (4, 8) and (np.diff(lines, axis=0) > 0).all()


def test_activations_are_looked_at_alone() -> None:
    assert list(run("activations", against="none", epochs=1, batch_size=64)) == ["percentiles"]


@pytest.mark.parametrize("batch_size", ["2", "8", "32"])
def test_published_and_ours_stand_side_by_side(batch_size: str) -> None:
    result = run("published", batch_size=batch_size)
    assert list(result["rises"]) == ["BN paper", "GN paper", "BN here", "GN here"]
    assert result["rises"]["BN paper"] == ([2, 4, 8, 16, 32], [11.1, 3.7, 1.2, 0.1, 0.0])
    assert len(result["rises"]["BN here"][0]) == 3 and len(result["training"]["GN eval"][0]) == 6
    assert result["numbers"] == recorded.table() and set(recorded.CAVEATS) < set(result["words"].values())


@pytest.mark.parametrize("preset", list(PANEL.experiment("inside").presets))
def test_a_photograph_is_looked_at_group_by_group(preset: str) -> None:
    result = run("inside", preset=preset, checkpoint="group-normalization-cifar")
    assert result["maps"].dtype == np.uint8 and result["maps"].shape[1] > 2 * result["maps"].shape[0] - 10
    assert list(result["statistics"]) == ["mean", "deviation"] and len(result["statistics"]["mean"][0]) == 8
