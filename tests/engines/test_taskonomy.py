"""Taskonomy's numbers: the published table, the analytic hierarchy process, and the boolean integer program."""

import json
import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from engines.runtime.checkpoints import catalogue
from engines.runtime.errors import InputError
from engines.taskonomy import engine, hierarchy
from engines.taskonomy.affinities import Transfer, first_order, leaves, similarity_tree, to_try
from engines.taskonomy.program import Program, Setting
from engines.taskonomy.published import ALIASES, FAMILIES, FILE, SIZES, TASKS, transfers
from tests.support import SHARED

PUBLISHED = SHARED / "data/taskonomy/published_results.json"


def test_every_published_network_of_the_manifest_is_an_encoder_or_its_decoder() -> None:
    names = {name for name, each in catalogue().items() if any("visual-prior" in address for address in each.addresses)}
    assert len(names) == 24
    for name in names:
        each = catalogue()[name]
        assert each.sha256 and each.file.endswith(f"-{each.sha256}.pth")
        assert all(address.endswith(each.file) for address in each.addresses)
        part = name.rsplit("-", 1)[1]
        other = {"encoder": "decoder", "decoder": "encoder"}[part]
        assert each.architecture == f"taskonomy-{part}" and name.replace(part, other) in names


# The published numbers


@pytest.mark.parametrize("size", SIZES)
def test_a_target_s_published_affinities_sum_to_one(size: str) -> None:
    rows = json.loads(FILE.read_text())["sizes"][size]
    sums = {target: sum(row[2] for row in rows if row[0] == target) for target, *_ in rows}
    assert len(sums) == 22 and all(abs(total - 1) < 1e-6 for total in sums.values())
    assert all(transfer.quality == 0.5 for transfer in transfers(size) if transfer.own)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published results are not beside this checkout")
def test_the_table_is_the_published_one() -> None:
    published = json.loads(PUBLISHED.read_text())
    for size, suffix in zip(SIZES, ("", "_1k", "_16k"), strict=True):
        tables = [published[name + suffix] for name in ("all_affinities", "wins_vs_pixels", "wins_vs_task")]
        expected = {}
        for key in tables[0]:
            *sources, target = (ALIASES.get(name, name) for name in key.split("__"))
            if target not in sources:
                of = frozenset([target] if sources == ["self"] else sources)
                expected[target, of] = tuple(table[key] for table in tables)
        found = {(each.target, frozenset(each.sources)): each[2:] for each in transfers(size)}
        assert found == expected and len(transfers(size)) == len(expected)
    assert "Permission is hereby granted" in json.loads(FILE.read_text())["licence"]


def test_every_task_has_a_title_of_its_own_and_a_family() -> None:
    assert len({task.title for task in TASKS.values()}) == len(TASKS)
    assert {task.family for task in TASKS.values()} == set(FAMILIES)
    assert {name for table in engine.TABLES.values() for each in table() for name in each.sources} == set(TASKS)


@pytest.mark.parametrize(
    ("size", "order", "quality", "gain"),
    [("base", 1, 0.285, 0.687), ("base", 2, 0.394, 0.857), ("16k", 1, 0.243, 0.685), ("16k", 3, 0.294, 0.839)],
)
def test_the_best_transfers_of_an_order_are_worth_what_was_published(
    size: str, order: int, quality: float, gain: float
) -> None:
    """In the mean over the targets, from the files of github.com/StanfordVL/taskonomy, results/winrates."""
    of_order = [each for each in transfers(size) if len(each.sources) == order and not each.own]
    targets = {each.target for each in of_order}
    assert len(targets) == 22
    for objective, expected in (("quality", quality), ("gain", gain)):
        best = [max(getattr(each, objective) for each in of_order if each.target == target) for target in targets]
        assert round(float(np.mean(best)), 3) == expected


def test_the_beam_has_all_combinations_of_the_five_best_sources_and_then_the_best_ones_together() -> None:
    worth = {name: place for place, name in enumerate("abcdefgh")}
    pairs = to_try(worth, 2)
    assert len(pairs) == 10 and pairs[0] == ("h", "g") and not any("c" in pair for pair in pairs)
    assert len(to_try(worth, 4)) == 5
    assert to_try(worth, 6) == [("h", "g", "f", "e", "d", "c")] and to_try(worth, 9) == []


def test_three_dimensional_tasks_are_neighbours_in_the_tree() -> None:
    _, sources, affinities = first_order(transfers("base"), "affinity")
    assert affinities.shape == (22, 26) and not np.isnan(affinities).any()
    ordered = [sources[leaf] for leaf in leaves(similarity_tree(affinities))]
    places = [ordered.index(name) for name in ("rgb2depth", "rgb2mist", "reshade", "rgb2sfnorm", "keypoint3d")]
    assert max(places) - min(places) < 10


# The analytic hierarchy process


def test_ratios_that_agree_give_back_what_they_are_the_ratios_of() -> None:
    weights = np.array([0.5, 0.3, 0.15, 0.05])
    shares = weights[:, None] / (weights[:, None] + weights)
    assert np.allclose(hierarchy.priorities(shares), weights)
    assert abs(hierarchy.inconsistency(shares)) < 1e-9
    cycle = np.array([[0.5, 0.9, 0.1], [0.1, 0.5, 0.9], [0.9, 0.1, 0.5]])
    assert np.allclose(hierarchy.priorities(cycle), 1 / 3) and hierarchy.inconsistency(cycle) > 1


def test_shares_of_wins_are_of_losses_below_and_a_source_that_never_wins_still_has_a_priority() -> None:
    shares = hierarchy.win_shares(np.array([[1.0, 1, 1, 1], [2, 2, 0, 1], [3, 3, 3, 3]]))
    assert shares.tolist() == [[0.5, 0.625, 1], [0.375, 0.5, 1], [0, 0, 0.5]]
    priorities = hierarchy.priorities(shares)
    assert priorities.argmax() == 0 and 0 < priorities[2] < 0.01
    assert hierarchy.shown(np.array([0.0, 1.0])).tolist() == [1.0, math.exp(-20)]


# The program


def test_the_base_file_s_taxonomies_are_worth_what_was_found_with_another_solver_s_form() -> None:
    program = Program(transfers("base"))
    found = {budget: program.solve(budget).objective for budget in (1, 2, 4, 8, 22)}
    assert {budget: round(value, 3) for budget, value in found.items()} == {
        1: 1.313, 2: 2.152, 4: 3.516, 8: 4.569, 22: 4.859,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["affinity", "gain", "quality"])
def test_the_objective_never_falls_as_the_budget_grows_nor_as_orders_are_added(objective: str) -> None:
    values = []
    for order in (1, 2):
        program = Program(transfers("base"), Setting(objective, order))  # type: ignore[arg-type]
        taxonomies = [program.solve(budget) for budget in range(23)]
        values.append([each.objective for each in taxonomies])
        for budget, each in enumerate(taxonomies):
            assert len(each.supervised) <= budget and len(each.transfers) == 22
            has = {"random", *each.supervised}
            assert all(
                has.issuperset(transfer.sources) and len(transfer.sources) <= order for transfer in each.transfers
            )
    assert (np.diff(values, axis=1) > -1e-9).all() and (np.diff(values, axis=0) > -1e-9).all()


SIX = ("edge2d", "segment2d", "rgb2sfnorm", "reshade", "room_layout", "class_1000")
SMALL = tuple(each for each in transfers("base") if each.target in SIX and {*each.sources} <= {*SIX, "random"})
SETTINGS = (
    Setting(),
    Setting("gain", 1),
    Setting("quality", importance=(("reshade", 3.0), ("edge2d", 0.5), ("room_layout", 0.0))),
    Setting("affinity", barred=frozenset({"random", "rgb2sfnorm"})),
)


@pytest.mark.parametrize("setting", SETTINGS)
def test_both_forms_of_the_program_find_what_trying_all_sets_of_sources_finds(setting: Setting) -> None:
    program = Program(SMALL, setting)
    weights = dict(setting.importance)
    for budget in range("random" in setting.barred, 7):
        best = -math.inf
        for sources in combinations(
            sorted({*SIX} - setting.barred), min(budget, len(SIX) - len(setting.barred & {*SIX}))
        ):
            has = {*sources, "random"} - setting.barred
            total = 0.0
            for target in SIX:
                if weights.get(target, 1) > 0:
                    possible = [e for e in SMALL if e.target == target and has.issuperset(e.sources)]
                    possible = [e for e in possible if len(e.sources) <= setting.order]
                    worth = max((e.worth(setting.objective) for e in possible), default=-math.inf)
                    total += weights.get(target, 1) * worth
            best = max(best, total)
        assert abs(program.solve(budget).objective - best) < 1e-9
        assert abs(program.solve_as_printed(budget).objective - best) < 1e-9


def test_both_forms_agree_on_all_tasks() -> None:
    program = Program(transfers("base"))
    for budget in (1, 5, 10):
        assert abs(program.solve(budget).objective - program.solve_as_printed(budget).objective) < 1e-9


def test_the_price_of_a_transfer_is_what_the_best_taxonomy_without_it_loses() -> None:
    program = Program(SMALL)
    taxonomy = program.solve(2)
    for transfer in taxonomy.transfers:
        rest = Program([each for each in SMALL if each != transfer]).solve(2)
        price = program.price(2, taxonomy, transfer)
        assert price is not None and abs(price - (taxonomy.objective - rest.objective)) < 1e-9
        second = program.runner_up(taxonomy, transfer)
        assert second is not None and second != transfer and price <= transfer.affinity - second.affinity + 1e-9
        assert {"random", *taxonomy.supervised}.issuperset(second.sources)


def test_random_taxonomies_are_no_better_than_the_best_and_the_same_for_a_seed() -> None:
    program = Program(transfers("base"), Setting("quality"))
    for budget in (0, 3, 12):
        drawn = program.sample(budget, 200, seed=1)
        assert len(drawn.quality) == 200 and drawn.quality.max() <= program.solve(budget).quality + 1e-9
        assert np.array_equal(drawn.gain, program.sample(budget, 200, seed=1).gain)
    assert program.sample(12, 200, seed=1).quality.mean() > program.sample(3, 200, seed=1).quality.mean()
    assert not len(Program(transfers("base"), Setting(barred=frozenset({"random"}))).sample(0, 9, seed=1).gain)


@pytest.mark.parametrize(
    ("setting", "budget", "words"),
    [
        (Setting(barred=frozenset({"random"})), 0, "budget of 0 is too small.* at least 1 task.* Set the budget to 1"),
        (Setting(barred=frozenset(TASKS)), 3, "No source is allowed.* Allow Random projection"),
        (Setting(importance=(("edge2d", -1.0),)), 3, "Importance of 2D edges: -1.0"),
        (Setting(importance=(("edge2d", math.nan),)), 3, "Importance of 2D edges: nan"),
        (Setting(importance=tuple((name, 0.0) for name in TASKS)), 3, "no target; give at least one"),
    ],
)
def test_settings_without_a_taxonomy_are_refused_with_the_nearest_one_that_has_one(
    setting: Setting, budget: int, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        engine.taxonomy("base", setting, budget)


def test_a_target_that_no_allowed_source_reaches_is_named_with_a_source_that_does() -> None:
    lonely = [Transfer("reshade", ("edge2d",), 0.5, 0.5, 0.5), Transfer("edge2d", ("edge2d",), 0.5, 0.5, 0.5)]
    lonely.append(Transfer("jigsaw", ("jigsaw",), 0.5, 0.5, 0.5))
    with pytest.raises(InputError, match="No allowed source leads to jigsaw. Allow jigsaw as a source"):
        Program(lonely, Setting(barred=frozenset({"jigsaw"})))
    with pytest.raises(InputError, match="at least 2 tasks"):
        Program(lonely).solve(1)


def test_a_sweep_is_remembered() -> None:
    setting = replace(Setting(), order=1)
    first = list(engine.sweep("base", setting))
    assert [budget for budget, _, _ in first] == list(range(26))
    assert all(
        again is before for (_, again, _), (_, before, _) in zip(engine.sweep("base", setting), first, strict=True)
    )
    for _, taxonomy, band in first:
        assert band is not None and band.quality[0] <= band.quality[1] <= taxonomy.quality + 0.2
