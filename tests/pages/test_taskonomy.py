"""The page on Taskonomy: its experiments as a visitor sets them, and what its graphs and plates show."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engines.runtime.checkpoints import FINGERPRINT, find, fingerprint
from engines.runtime.errors import InputError
from engines.taskonomy import answers, engine
from engines.taskonomy.architecture import ARCHITECTURES
from engines.taskonomy.published import SIZES, TASKS
from pages import taskonomy
from pages.taskonomy.answers import SEAM, SHOWN_SIDE
from pages.taskonomy.hierarchy import MEASURED_RIVALS
from studio.drawn import hypergraphs
from studio.drawn.curves import curves
from studio.drawn.hypergraphs import Graph
from studio.runs.run import finished, start
from studio.runs.store import rendered, save
from tests.support.pictures import png
from tests.support.runs import runner

PANEL = taskonomy.PANEL
run = runner(PANEL)
TAXONOMY = PANEL.experiment("taxonomy")


def graph_of(preset: str | None = None, **values: Any) -> Graph:
    """What is shown at once, before the curves and the prices are there."""
    checked = TAXONOMY.check({**TAXONOMY.opening(preset), **values})
    return next(TAXONOMY.run(**checked))["taxonomy"]


@pytest.fixture(scope="module")
def opening() -> dict[str, Any]:
    return run("taxonomy")


# Taxonomy


def test_a_graph_has_each_target_s_transfer_with_the_reasons_for_it(opening: dict[str, Any]) -> None:
    graph = opening["taxonomy"]
    learned = {node.name for node in graph.nodes if node.learned}
    assert len(graph.edges) == 22 == sum(node.target for node in graph.nodes) and len(learned) == 6
    assert len(graph.nodes) == 26 and "6 of a budget of 6" in graph.words and "objective 3.698" in graph.words
    for edge in graph.edges:
        assert learned | {"random"} >= set(edge.sources) and edge.title.startswith(TASKS[edge.target].title)
        assert set(edge.figures) == {"gain", "quality", "affinity"}
        assert any("Runner-up" in reason for reason in edge.reasons) and "Price of removal" in edge.reasons[-1]
        assert edge.second and learned | {"random"} >= set(edge.second) and edge.second != edge.sources


def test_the_curves_are_above_what_is_drawn_at_random(opening: dict[str, Any]) -> None:
    for name in ("quality", "gain"):
        budgets, values = opening[name]["best"]
        drawn, lows, highs = opening[name]["at random"]
        assert list(budgets) == list(drawn) == list(range(26))
        assert all(low <= high for low, high in zip(lows, highs, strict=True))
        assert all(value > high for value, high in zip(values[3:], highs[3:], strict=True))
    drawn = curves(opening["quality"], logarithmic=False)
    assert {line["name"] for line in drawn if "highs" in line} == {"at random"} and len(drawn) == 3


@pytest.mark.parametrize("size", ["base", "16k"])
def test_another_budget_shows_another_taxonomy(size: str) -> None:
    for budget in range(1, 10):
        graph = graph_of(size=size, budget=budget, order=3)
        assert sum(node.learned for node in graph.nodes) == budget


def test_importance_targets_and_sources_are_those_of_the_controls() -> None:
    only = graph_of("3D tasks first")
    assert {edge.target for edge in only.edges} == {name for name, task in TASKS.items() if task.family == "3d"}
    weighed = graph_of(budget=1, importance_segmentsemantic=5, importance_denoise=0, importance_edge2d=0)
    assert len(weighed.edges) == 20 and not next(node for node in weighed.nodes if node.name == "denoise").target
    new = graph_of("A new task: depth")
    depth = next(node for node in new.nodes if node.name == "rgb2depth")
    assert depth.barred and depth.target and not any("rgb2depth" in edge.sources for edge in new.edges)
    flat = graph_of(scratch="2d", random=False, size="1k")
    assert {TASKS[node.name].family for node in flat.nodes if node.learned} == {"2d"}
    assert not any("random" in edge.sources for edge in flat.edges) and len(flat.nodes) == 27


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"budget": 0, "random": False}, "Set the budget to 1"),
        ({"scratch": "none", "random": False}, "Allow Random projection"),
        ({"importance_edge2d": float("nan")}, "2D edges: nan is out of bounds"),
        ({name: 0 for name in TAXONOMY.controls if name.startswith("importance_")}, "give at least one more than 0"),
        ({"budget": 2.5}, "not a whole number"),
    ],
)
def test_what_has_no_taxonomy_is_refused_with_what_would_have_one(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        graph_of(**values)


def test_a_graph_is_saved_with_its_picture_and_restored(opening: dict[str, Any], tmp_path: Path) -> None:
    task = start(TAXONOMY, TAXONOMY.opening())
    assert finished(task).keys() == opening.keys()
    save(PANEL, TAXONOMY, TAXONOMY.opening(), task, tmp_path)
    files = json.loads((tmp_path / "result.json").read_text())["outputs"]["taxonomy"]
    again = hypergraphs.restored(files["graph"], tmp_path / files["picture"])
    assert again.drawn() == json.loads(json.dumps(opening["taxonomy"].drawn()))
    picture = np.array(Image.open(again.picture))
    assert picture.shape == (hypergraphs.HEIGHT, hypergraphs.WIDTH, 3)
    assert 0.02 < (picture != picture[0, 0]).any(2).mean() < 0.2


def test_a_rendered_graph_is_there_at_first_paint() -> None:
    kept = rendered(PANEL, TAXONOMY)
    assert kept is not None
    assert isinstance(kept[0]["taxonomy"], Graph) and kept[0]["taxonomy"].picture.is_file()


def test_what_wins_in_every_picture_is_called_doubtful() -> None:
    doubted = [edge for edge in graph_of(budget=12, without_doubtful=False).edges if "Doubtful" in edge.reasons[0]]
    assert doubted and all(edge.figures["gain"] == edge.figures["quality"] == "1.000" for edge in doubted)
    every = [each for size in SIZES for each in engine.TABLES[size]() if each.gain == each.quality == 1]
    assert len(every) == 22 and {len(each.sources) for each in every} == {2}


# Affinities


@pytest.mark.parametrize("size", SIZES)
def test_both_heat_maps_have_a_cell_for_each_published_transfer(size: str) -> None:
    made = run("affinities", size=size)
    single = [each for each in engine.TABLES[size]() if len(each.sources) == 1]
    for name in ("before", "after"):
        assert made[name].count("<rect") == len(single) and "<polyline" in made[name]
    assert "Surface normals, Surface normals: " in made["after"]
    unsorted = run("affinities", size=size, order="family", before="quality")
    assert "<polyline" not in unsorted["before"] and unsorted["before"].count("0.500</title>") >= 22


def test_the_hierarchy_process_ranks_what_a_visitor_sets() -> None:
    made = run("hierarchy")
    assert list(made["priorities"]) == ["Reshading", "Surface normals", "2D edges", "Autoencoding"]
    assert abs(sum(row["affinity p"] for row in made["priorities"].values()) - 1) < 1e-9
    assert made["shares"].count("<rect") == 16 and "agree with one another" in made["words"]["seen"]
    assert run("hierarchy", preset="One never loses")["priorities"]["Reshading"]["affinity p"] > 0.99
    circle = run("hierarchy", preset="Round in a circle")
    assert "no ranking" in circle["words"]["seen"]
    alike = run("hierarchy", preset="All alike")["priorities"]
    assert all(abs(row["affinity p"] - 0.25) < 1e-9 for row in alike.values())


# The small world


def test_the_small_world_s_table_is_solved_as_the_published_ones_are() -> None:
    graph = graph_of("Our small world")
    learned = {node.name for node in graph.nodes if node.learned}
    assert len(graph.edges) == 13 and len(graph.nodes) == 15 and learned == {"rgb2sfnorm", "segmentsemantic"}
    with pytest.raises(InputError, match="Set the budget to 1"):
        graph_of("Our small world", budget=0)


def test_measured_shares_of_wins_rank_the_four_sources_as_the_figures_do() -> None:
    made = run("hierarchy", preset="Measured in our small world")["priorities"]
    into_depth = {each.sources: each.affinity for each in engine.TABLES["ours"]() if each.target == "rgb2depth"}
    by_affinity = sorted(MEASURED_RIVALS.values(), key=lambda source: -into_depth[source,])
    assert [TASKS[source].title for source in by_affinity] == list(made)


def test_a_room_is_shown_with_what_is_right_and_what_is_answered() -> None:
    made = run("small_world")
    side = SHOWN_SIDE
    assert len(made["tasks"]) == 14 and {picture.shape for picture in made["tasks"].values()} == {
        (2 * side + SEAM, side, 3)
    }
    normals = made["tasks"]["Surface normals"].astype(int)
    right, found = normals[:side], normals[-side:]
    assert np.abs(right - found).mean() < np.abs(right - right.mean((0, 1))).mean() / 2
    assert "kitchen" in made["words"]["scene"] and "right: kitchen" in made["words"]["scene"]
    assert len(made["curves"]) == 3 and "no source" in made["curves"] and made["wins"].count("<rect") == 15 * 15
    again = run("small_world", seed=answers.SHOWN + 15)
    assert all((again["tasks"][name] == picture).all() for name, picture in made["tasks"].items())
    other = run("small_world", seed=16, target="scene")
    assert (other["given"]["jigsaw"] != made["given"]["jigsaw"]).any() and "Scenes" in other["wins"]


def test_a_picture_goes_through_every_task_and_the_page_says_whose_networks_answer() -> None:
    made = run("picture")
    assert len(made["answers"]) == 14 and "guesses" in made["words"]["origin"]
    other = run("picture", preset="A temple", seed=3)
    assert all((other["answers"][name] != picture).any() for name, picture in made["answers"].items())
    with pytest.raises(InputError, match="10 x 10"):
        run("picture", photo=png(np.zeros((10, 10, 3), np.uint8)))


def test_published_networks_answer_once_they_are_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path))
    assert (
        "None of the published networks is on this machine" in run("picture", networks="published")["words"]["origin"]
    )
    torch.manual_seed(0)
    for part in ("taskonomy-normal-encoder", "taskonomy-normal-decoder"):
        record = find(part)
        network = ARCHITECTURES[record.architecture].build(record.config)
        save_file(
            network.state_dict(), tmp_path / f"{part}.safetensors", {FINGERPRINT: fingerprint(network.state_dict())}
        )
    made = run("picture", networks="published")
    assert made["answers"]["Surface normals"].shape == (256, 256, 3) and made["answers"]["Surface normals"].std() > 0
    assert (
        list(made["answers"]) == ["Surface normals"] and "Not on this machine: Autoencoding" in made["words"]["lacking"]
    )
