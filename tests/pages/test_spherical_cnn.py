"""The page on Spherical CNNs: its experiments as a visitor sets them, and what a globe is as picture and file."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engines.runtime.errors import InputError
from engines.spherical_cnn.digits import SIDE, as_digit
from engines.spherical_cnn.molecules import CHARGES, EXAMPLES, example
from engines.spherical_cnn.shapes import FAMILIES
from pages import spherical_cnn
from pages.spherical_cnn.ball_and_stick import ELEMENTS, ball_and_stick
from pages.spherical_cnn.globe import COMPARED, LEFT, OF, ROTATED, RX, X
from pages.spherical_cnn.inside import VIEW
from pages.spherical_cnn.mesh_file import MeshFile
from pages.spherical_cnn.molecule import MOLECULES, UNIT
from pages.spherical_cnn.molecule_file import MoleculeFile
from pages.spherical_cnn.shapes import FAMILIES as DECLARED_FAMILIES
from pages.spherical_cnn.shapes import SOLID
from studio.drawn import globes
from studio.drawn.globes import Solid, Sphere
from studio.drawn.theme import PAPER
from studio.runs.run import finished, start
from studio.runs.store import save
from tests.support import ROOT
from tests.support.runs import runner

PANEL = spherical_cnn.PANEL
run = runner(PANEL)


def photograph(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def obj(vertices: list[tuple[float, float, float]], faces: list[tuple[int, ...]]) -> bytes:
    lines = [f"v {x} {y} {z}" for x, y, z in vertices] + [f"f {' '.join(map(str, face))}" for face in faces]
    return "\n".join(lines).encode()


CORNERS = [(x, y, z) for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)]
SIDES: list[tuple[int, ...]] = [(1, 2, 4, 3), (5, 7, 8, 6), (1, 5, 6, 2), (3, 4, 8, 7), (1, 3, 7, 5), (2, 6, 8, 4)]


def test_the_panel_is_the_survey_s_first() -> None:
    assert PANEL.paper.number == 1 and PANEL.paper.arxiv == "1801.10130"
    assert tuple(FAMILIES) == DECLARED_FAMILIES and tuple(EXAMPLES) == MOLECULES
    assert ELEMENTS.keys() == CHARGES.keys()


def test_the_table_has_the_figures_of_the_card() -> None:
    card = (ROOT / "weights/cards/spherical-cnn-mnist-nr.md").read_text()
    for kind in ("planar", "spherical"):
        line = next(line for line in card.splitlines() if line.startswith(f"| {kind}, this project"))
        _, nr_nr, r_r, nr_r, *_, weights = (cell.strip() for cell in line.strip("|").split("|"))
        row = PANEL.experiment("digit").figures[0].rows[f"{kind}, here"]
        assert (row["NR/NR"], row["R/R"], row["NR/R"], row["weights"]) == (nr_nr, r_r, nr_r, weights)


def test_the_errors_of_energies_are_those_of_the_card() -> None:
    card = (ROOT / "weights/cards/spherical-cnn-molecules.md").read_text()
    rows = PANEL.experiment("molecule").figures[0].rows
    for row, kind in (("spherical, here", "this network"), ("best kernel, here", "Laplacian kernel on the sorted")):
        line = next(line for line in card.splitlines() if line.startswith(f"| {kind}"))
        assert rows[row]["RMSE"] == line.split("|")[2].strip()


# Globe


def error(result: dict[str, Any]) -> float:
    return float(result["globes"][LEFT].words.split()[-1])


def test_features_of_linear_layers_turn_with_the_signal_and_others_as_they_are() -> None:
    linear = run("globe")
    assert error(linear) < 1e-4 and set(linear["globes"]) == {X, RX, OF, LEFT, ROTATED}
    assert linear["globes"][X].values.shape == (512, 1024, 3) and linear["globes"][OF].values.shape == (32, 32)
    bandwidths, errors = linear["errors"]["spherical"]
    assert bandwidths == list(COMPARED) and max(errors) < 1e-4
    assert min(linear["errors"]["with ReLU"][1]) > 0.001 and min(linear["errors"]["planar"][1]) > 0.1
    for preset, least in (("With ReLU", 0.001), ("Planar layers", 0.1), ("Half a step off", 0.1)):
        assert error(run("globe", preset=preset)) > least


@pytest.mark.parametrize("signal", ["digit", "noise"])
@pytest.mark.parametrize("fibre", ["mean", "max"])
def test_every_signal_is_shown_at_every_bandwidth(signal: str, fibre: str) -> None:
    for bandwidth in ("4", "24"):
        result = run("globe", signal=signal, bandwidth=bandwidth, degree=3, fibre=fibre, depth=2, channel=3)
        side = 2 * int(bandwidth)
        assert result["globes"][OF].values.shape == result["globes"][RX].values.shape == (side, side)
        assert error(result) < 1e-4 and result["globes"][X].values.ndim == 2


def test_noise_has_the_chosen_degree_alone_and_none_beyond_the_bandwidth() -> None:
    degrees, shares = run("globe", preset="Noise", degree=7)["spectrum"]["the signal"]
    assert shares[7] == pytest.approx(1) and sum(shares) == pytest.approx(1, abs=1e-6) and len(degrees) == 16
    with pytest.raises(InputError, match="bandwidth 8 has degrees 0 to 7, no degree 9"):
        run("globe", preset="Noise", degree=9, bandwidth="8")


def test_gamma_chooses_the_slice_that_is_shown() -> None:
    slices = [run("globe", gamma=gamma)["globes"][OF].values for gamma in (0, 90, 360)]
    assert np.array_equal(slices[0], slices[2]) and not np.array_equal(slices[0], slices[1])


@pytest.mark.parametrize("name", ["globe", "inside"])
def test_a_picture_of_another_shape_is_refused_until_it_is_cropped_or_stretched(name: str) -> None:
    with pytest.raises(InputError, match="90 x 60 pixels; .* twice as wide as high. Choose whether to crop"):
        run(name, picture=photograph(90, 60))
    output = {"globe": "globes", "inside": "view"}[name]
    for fit in ("crop", "stretch"):
        (shown,) = (
            each for each in run(name, picture=photograph(90, 60), fit=fit)[output].values() if each.values.ndim == 3
        )
        assert shown.values.shape[1] == 2 * shown.values.shape[0]


# Inside


def test_a_bandwidth_takes_the_detail_of_a_panorama_and_leaves_its_means() -> None:
    whole, limited = (run("inside", bandwidth=bandwidth)["view"][VIEW].values for bandwidth in ("all", "8"))
    assert whole.shape == (1024, 2048, 3) and limited.shape == (256, 512, 3)
    detail = [float(np.abs(np.diff(each.astype(float), axis=1)).mean()) for each in (whole, limited)]
    assert detail[1] < detail[0] / 2
    assert np.abs(whole.mean((0, 1)) - limited.mean((0, 1))).max() < 12


# Draw a digit


def test_a_rolling_digit_stays_what_it_is_for_the_spherical_network_only() -> None:
    result = run("digit", preset="Rolled a little")
    readings = result["readings"]
    assert {row["as it is placed"] for row in readings.values()} == {5}
    tilts, spherical = result["lines"]["spherical"]
    assert tilts[0] == 0 and tilts[-1] == 180 and min(spherical) > 0.9
    assert np.mean(np.array(result["lines"]["planar"][1]) > 0.5) < 0.5
    assert set(result["unrolled"]) == {"now", "0°", "45°", "90°", "135°", "180°"}


def test_what_is_drawn_is_cut_out_scaled_and_put_in_the_middle() -> None:
    canvas = np.full((100, 300, 3), 255, np.uint8)
    canvas[10:60, 200:210] = 0
    digit = as_digit(canvas)
    rows, columns = np.nonzero(digit > 0.5)
    assert digit.shape == (SIDE, SIDE) and digit.max() == 1
    assert (rows.min(), rows.max()) == (4, 23) and abs(columns.mean() - 13.5) <= 1
    with pytest.raises(InputError, match="Nothing is drawn yet"):
        run("digit", drawing=photograph_of(np.zeros((20, 20, 3), np.uint8)))


def photograph_of(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


# Shapes


@pytest.mark.parametrize("rotation", [(0.0, 0.0, 0.0), (40.0, 170.0, 10.0)])
def test_a_shape_is_recognized_in_any_position(rotation: tuple[float, float, float]) -> None:
    result = run("shapes", rotation=rotation)
    assert next(iter(result["classes"])) == "chair" and "it is one" in result["words"]["class"]
    assert isinstance(result["globes"][SOLID], Solid)
    seen = [each for each in result["globes"].values() if isinstance(each, Sphere)]
    assert len(seen) == 6 and all(each.values.min() > -1e-5 and each.values.max() < 2 for each in seen)


def test_open_and_partly_degenerate_meshes_are_read_as_they_are() -> None:
    open_box = obj(CORNERS, [*SIDES[1:], (1, 1, 2)])
    result = run("shapes", mesh=open_box)
    assert "must choose one" in result["words"]["class"] and len(result["classes"]) == 5


@pytest.mark.parametrize(
    ("mesh", "sentence"),
    [
        (obj(CORNERS, []), "has no faces"),
        (obj(CORNERS, [(1, 2, 3)] * 1_000_000), "more than 200,000 triangles"),
        (obj([(float("nan"), 0, 0), *CORNERS], [(1, 2, 3)]), "Vertex 1 of the mesh is not finite"),
        (obj(CORNERS, [(1, 1, 2), (3, 3, 3)]), "No face of the mesh has an area"),
    ],
    ids=["no faces", "a million faces", "NaN", "degenerate"],
)
def test_a_mesh_that_cannot_be_read_is_a_sentence(mesh: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        run("shapes", mesh=mesh)


def test_a_mesh_that_is_sent_is_seen_before_it_is_used() -> None:
    preview = MeshFile.preview(obj(CORNERS, SIDES), "mesh", 120)
    assert preview.shape == (90, 120, 3) and len(np.unique(preview.reshape(-1, 3), axis=0)) > 2


# Molecule


def test_the_network_says_about_what_the_formula_says_in_any_position() -> None:
    differences = []
    for rotation in ((0.0, 0.0, 0.0), (70.0, 100.0, 20.0)):
        result = run("molecule", rotation=rotation)
        differences.append(result["energies"]["difference"][UNIT])
        assert set(result["globes"]) == set(PANEL.experiment("molecule").outputs["globes"].of)  # type: ignore[attr-defined]
    assert max(map(abs, differences)) < 10 and abs(differences[0] - differences[1]) < 0.5
    assert result["lines"]["formula"][1][0] == pytest.approx(
        sum(each["kcal/mol"] for each in result["parts"].values()), abs=0.3
    )


def test_a_shaken_molecule_has_more_energy_and_every_one_that_is_offered_is_drawn() -> None:
    at_rest, shaken = (run("molecule", shake=shake)["lines"]["formula"][1][0] for shake in (0, 0.04))
    assert shaken > at_rest
    for name in MOLECULES:
        solid = ball_and_stick(example(name))
        assert np.isfinite(solid.vertices).all() and np.linalg.norm(solid.vertices, axis=1).max() < 1


def test_a_molecule_of_a_file_is_seen_and_its_energy_read_and_a_bad_one_is_a_sentence() -> None:
    water = b"3\nwater\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n"
    preview = MoleculeFile.preview(water, "water", 120)
    assert preview.shape[1] == 120 and preview.std() > 10
    assert run("molecule", own=water)["words"]["atom"].startswith("The spheres are round O, atom 1 of 3")
    with pytest.raises(InputError, match="Your molecule: Atom 1 is 'Xx'"):
        run("molecule", own=water.replace(b"O 0", b"Xx 0"))


# Turning


@pytest.mark.parametrize("angles", [(1, 2), "ten", (float("nan"), 0, 0), (0, 181, 0), (0, -1, 0), (200, 0, 0), None])
def test_what_is_no_rotation_is_a_sentence(angles: Any) -> None:
    with pytest.raises(InputError, match="Rotation R: "):
        PANEL.experiment("globe").check({"rotation": angles})


# Globes as pictures and files


def test_a_globe_s_picture_shows_what_faces_the_eye() -> None:
    longitude = np.arange(64) / 64 * 360
    facing = np.where(np.abs(longitude - 180) < 60, 1.0, 0.0)[None].repeat(32, 0)
    middle = globes.HEIGHT // 2, globes.WIDTH // 2
    assert tuple(Sphere(facing).picture[middle]) == globes.RAMPS["sequential"][-1]
    assert tuple(Sphere(facing, turn=(180.0, 0.0, 0.0)).picture[middle]) == globes.RAMPS["sequential"][0]
    assert tuple(Sphere(facing).picture[0, 0]) == PAPER


def test_globes_are_saved_with_their_pictures_and_restored(tmp_path: Path) -> None:
    experiment = PANEL.experiment("shapes")
    task = start(experiment, experiment.opening())
    made = finished(task)["globes"]
    save(PANEL, experiment, experiment.opening(), task, tmp_path)
    files = json.loads((tmp_path / "result.json").read_text())["outputs"]["globes"]
    for caption, globe in made.items():
        again = globes.restored(tmp_path / files[caption]["globe"], tmp_path / files[caption]["picture"])
        assert type(again) is type(globe) and again.turn == globe.turn and again.words == globe.words
        assert again.drawn(lambda _: {}) == globe.drawn(lambda _: {})
        assert np.array_equal(np.array(Image.open(again.picture)), globe.picture)
