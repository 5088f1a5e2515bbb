"""The page on time-limited humans: what a retina keeps, and the attack, as a visitor sets them."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engines.runtime.errors import InputError
from engines.shared.tensors import to_picture, to_tensor
from engines.time_limited_humans import engine, imagenet
from engines.time_limited_humans.attack import BRIGHTEST, DARKEST
from engines.time_limited_humans.classifiers import CLASSES, GROUPS, HELD_OUT
from engines.time_limited_humans.retina import Retina, Viewing
from pages import time_limited_humans
from pages.examples import SMALL
from pages.time_limited_humans.attack import TARGETS
from pages.time_limited_humans.pictures import GREY
from studio.runs.run import finished, start
from studio.runs.store import save
from tests.support.pictures import png
from tests.support.runs import runner

PANEL = time_limited_humans.PANEL
run = runner(PANEL)
ATTACK = PANEL.experiment("attack")
PLACES = ("first", "second", "third", "fourth")
SHOWN = {label: group for group, classes in GROUPS.items() for label in np.array(CLASSES)[list(classes)]}
"""Seconds of a look once the filters were there: five a second while a hand drags."""


def noise(height: int = 192, width: int = 256) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def lost(result: dict[str, Any], x: float, y: float) -> float:
    """Levels of noise, on average, that are lost about a place."""
    apart = np.abs(result["seen"].astype(int) - noise()).mean(2)
    row, column = round(y * len(apart)), round(x * apart.shape[1])
    return float(apart[max(0, row - 6) : row + 6, max(0, column - 6) : column + 6].mean())


def test_the_panel_stands_where_the_survey_has_the_paper() -> None:
    assert PANEL.paper.number == 2 and PANEL.paper.arxiv == "1802.08195"
    assert [experiment.name for experiment in PANEL.experiments][:2] == ["retina", "attack"]
    assert list(TARGETS) == [*GROUPS, *imagenet.GROUPS] and SMALL == CLASSES


# The retina


@pytest.mark.parametrize("place", [(0.2, 0.25), (0.85, 0.7), (0.0, 1.0)])
def test_the_place_looked_at_stays_and_the_more_is_lost_the_farther_from_it(place: tuple[float, float]) -> None:
    result = run("retina", photo=png(noise()), place=place, alpha=0.05)
    halfway = ((place[0] + 0.5) / 2, (place[1] + 0.5) / 2)
    farthest = (float(place[0] < 0.5), float(place[1] < 0.5))
    assert lost(result, *place) < 0.5 * lost(result, *halfway) < 0.5 * lost(result, *farthest)
    assert set(result["parts"]) == {"photograph", "lost", "rings"}


def test_more_loss_loses_more_and_a_distance_changes_next_to_nothing_while_angles_are_small() -> None:
    totals = {
        (alpha, distance): np.abs(
            run("retina", photo=png(noise()), alpha=alpha, distance=distance)["seen"].astype(int) - noise()
        ).mean()
        for alpha, distance in ((0.002, 61), (0.01, 61), (0.05, 61), (0.01, 200), (0.01, 10))
    }
    assert 2 * totals[0.002, 61] < totals[0.01, 61] < 0.75 * totals[0.05, 61]
    assert totals[0.01, 200] == pytest.approx(totals[0.01, 61], rel=0.02) != pytest.approx(totals[0.01, 10], rel=0.02)


def test_the_line_of_cutoffs_is_what_the_filters_have() -> None:
    """Cycles by degree of the page, against radians by pixel of the layer, at one pixel of the picture."""
    result = run("retina", photo=png(noise()), place=(0.5, 0.5), distance=40, width=20, alpha=0.01)
    viewing = Viewing(0.2, 0.4)
    theta, cutoff = (float(made[96, 200]) for made in (viewing.eccentricities(192, 256), viewing.cutoffs(192, 256)))
    # tan(theta) grows by 1 / cos(theta)^2 a radian on the way outwards.
    pixels_by_degree = math.radians(1) / math.cos(theta) ** 2 * 0.4 / (0.2 / 256)
    degrees, cycles = result["cutoffs"]["retina"]
    assert np.interp(math.degrees(theta), degrees, cycles) == pytest.approx(
        cutoff * pixels_by_degree / (2 * math.pi), rel=0.01
    )
    assert np.interp(math.degrees(theta), *result["cutoffs"]["pixels"]) == pytest.approx(pixels_by_degree / 2, rel=0.01)


def test_a_retina_that_keeps_its_filters_sees_what_the_layer_sees() -> None:
    photo = noise(64, 96)
    for viewing in (Viewing(alpha=0.1), Viewing(alpha=0.1, across=0.1, down=0.9), Viewing(0.3, 0.2)):
        layer = Retina(64, 96, viewing)(to_tensor(photo)[None])[0]
        assert np.abs(engine.look(photo, viewing).astype(int) - to_picture(layer)).max() <= 1


def test_a_picture_of_one_colour_stays_and_a_sentence_says_so() -> None:
    plain = np.full((100, 150, 3), (30, 160, 90), np.uint8)
    result = run("retina", photo=png(plain), alpha=0.1)
    assert (result["seen"] == plain).all() and (result["parts"]["lost"] == GREY).all()
    assert "of one colour" in result["words"]["plain"]


# The attack


def test_an_attack_raises_the_target_step_by_step_and_says_who_took_part() -> None:
    result = run("attack", steps=12, fourth=False)
    steps, attacked = result["course"]["attacked"]
    assert steps == list(range(13)) and attacked[0] < 0.2 and attacked[-1] > 0.9
    assert list(result["models"]) == [
        "plain, attacked",
        "residual, attacked",
        "separable, attacked",
        "inception, left alone",
        *(f"{kind}, held out" for kind in HELD_OUT),
    ]
    assert all(sum(row[group] for group in GROUPS) == pytest.approx(1, abs=0.002) for row in result["models"].values())
    assert [caption[:10] for caption in result["fewer"]] == ["1 attacked", "2 attacked", "3 attacked"]
    assert result["transfer"]["held out"][0] == [1, 2, 3]
    last = result["transfer"]["held out"][1][-1]
    assert last == result["course"]["held out"][1][-1] and f"to {last:.2f}, where" in result["words"]["outcome"]
    assert (list(result["fewer"].values())[-1] == result["parts"]["attacked"]).all()


def test_the_bound_holds_to_the_level_in_saved_pictures(tmp_path: Path) -> None:
    for bound, step in ((7, 2), (40, 9.5)):
        values = {**ATTACK.opening("One classifier"), "bound": bound, "step": step, "steps": 5}
        task = start(ATTACK, values)
        finished(task)
        save(PANEL, ATTACK, values, task, tmp_path)
        levels = {
            name: np.asarray(Image.open(tmp_path / f"parts-{name}.png")).astype(int)
            for name in ("as-it-is", "attacked", "control", "perturbation")
        }
        before = levels["as-it-is"]
        assert before.shape == (256, 256, 3) and DARKEST <= before.min() <= before.max() <= BRIGHTEST
        for name in ("attacked", "control"):
            assert np.abs(levels[name] - before).max() == bound
            blocks = levels[name].reshape(32, 8, 32, 8, 3)
            assert (blocks == blocks[:, :1, :, :1]).all(), "each pixel is a square of one colour"
        apart = (levels["attacked"] - before)[::8, ::8]
        assert (apart[::-1] == (levels["control"] - before)[::8, ::8]).all()
        magnified = (levels["perturbation"] - GREY)[::8, ::8]
        assert np.abs(magnified - apart * (127 / bound)).max() <= 1
        assert json.loads((tmp_path / "result.json").read_text())["controls"]["bound"] == bound


@pytest.mark.parametrize("preset", [name for name, values in ATTACK.presets.items() if "classifiers" not in values])
def test_every_attack_that_is_offered_runs(preset: str) -> None:
    made = run("attack", preset=preset, steps=1)
    count = sum(ATTACK.opening(preset)[place] for place in PLACES)
    assert len(made["fewer"]) == count and ("transfer" in made) == (count > 1)


def test_other_inputs_are_drawn_from_the_seed_and_the_retina_changes_what_is_made() -> None:
    first, again, other = (
        run("attack", preset="One classifier", steps=3, diverse=True, seed=seed)["parts"]["attacked"]
        for seed in (1, 1, 3)
    )
    assert (first == again).all() and (first != other).any()
    through = [run("attack", preset="One classifier", steps=2, alpha=alpha)["parts"]["attacked"] for alpha in (0, 0.3)]
    assert (through[0] != through[1]).any()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (dict.fromkeys(PLACES, False), "No classifier is attacked; switch on at least one of plain, residual"),
        ({"target": "furred animals"}, "see furred animals in this picture already; choose other animals or vehicles"),
        ({"photo": png(np.full((50, 70, 3), 99, np.uint8))}, "all of one colour"),
        ({"photo": None}, "no picture was given"),
        ({"target": "pets"}, "do not tell pets; choose furred animals, other animals or vehicles"),
        ({"target": "shoes"}, "is not among furred animals"),
    ],
    ids=["nobody", "there already", "plain", "none", "no group", "no target"],
)
def test_what_cannot_be_attacked_is_refused_in_a_sentence(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run("attack", **values)


def test_the_examples_are_what_they_are_called_to_the_classifiers() -> None:
    starts = torch.cat([engine.start(ATTACK.controls["photo"].check(label), 32) for label in SMALL])
    seen = engine.read_groups(starts, engine.SMALL.kinds).mean(0).argmax(1).tolist()
    assert [list(GROUPS)[group] for group in seen] == [SHOWN[label] for label in SMALL]


def test_an_attack_stops_where_it_is_cancelled() -> None:
    task = start(ATTACK, {**ATTACK.opening(), "steps": 60})
    version = -1
    while "course" not in task.result:
        version = task.wait(version)
    task.cancel()
    finished(task)
    assert len(task.result["course"]["attacked"][0]) < 61 and "fewer" not in task.result
