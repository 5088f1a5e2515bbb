"""Spherical CNNs: molecules, their bonds and classical energies, and the network that reads them from spheres."""

import math
from collections import Counter

import numpy as np
import pytest
import torch

from engines.runtime.checkpoints import catalogue, find, loaded
from engines.runtime.errors import InputError
from engines.spherical_cnn.architecture import ARCHITECTURES
from engines.spherical_cnn.data import make_molecules, molecule_samples, random_rotations
from engines.spherical_cnn.force_field import KINDS, energy, kind_names, rest_length
from engines.spherical_cnn.grids import sphere_points
from engines.spherical_cnn.molecules import (
    CHARGES,
    EXAMPLES,
    MOST_ATOMS,
    MOST_HEAVY_ATOMS,
    RADIUS,
    Molecule,
    example,
    potentials,
    random_molecule,
    rotated,
    shaken,
    spheres,
)
from engines.spherical_cnn.molecules_network import MoleculeNetwork
from engines.spherical_cnn.quality import coulomb_matrix, eigenvalues, kind, sorted_matrix
from engines.spherical_cnn.train import COMPOSITION, RECIPES, Training
from engines.spherical_cnn.xyz import read_xyz

NAME = "spherical-cnn-molecules"
RECIPE = RECIPES[NAME]
TINY = RECIPE._replace(config={**RECIPE.config, "bandwidths": (3, 2, 2), "channels": (2, 3), "hidden": 4})
WATER = b"3\nwater\nO 0.0 0.0 0.117\nH 0.0 0.757 -0.469\nH 0.0 -0.757 -0.469\n"


def turns(count: int) -> np.ndarray:
    return random_rotations(count, torch.Generator().manual_seed(3)).double().numpy()


def xyz(molecule: Molecule) -> bytes:
    atoms = zip(molecule.elements, molecule.positions.tolist(), strict=True)
    lines = [f"{element} {' '.join(map(str, place))}" for element, place in atoms]
    return "\n".join([str(len(lines)), "", *lines]).encode()


# Molecules


@pytest.mark.parametrize(
    ("name", "formula", "orders"),
    [
        ("ethanol", {"C": 2, "H": 6, "O": 1}, {1.0: 8}),
        ("acetic acid", {"C": 2, "H": 4, "O": 2}, {1.0: 6, 2.0: 1}),
        ("acetonitrile", {"C": 2, "H": 3, "N": 1}, {1.0: 4, 3.0: 1}),
        ("benzene", {"C": 6, "H": 6}, {1.0: 6, 1.5: 6}),
        ("pyridine", {"C": 5, "H": 5, "N": 1}, {1.0: 5, 1.5: 6}),
        ("glycine", {"C": 2, "H": 5, "N": 1, "O": 2}, {1.0: 8, 2.0: 1}),
    ],
)
def test_an_example_has_its_formula_and_bonds(name: str, formula: dict[str, int], orders: dict[float, int]) -> None:
    molecule = example(name)
    assert Counter(molecule.elements) == formula
    assert Counter(bond.order for bond in molecule.bonds) == orders


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_xyz_file_of_an_example_is_read_as_that_example(name: str) -> None:
    molecule = example(name)
    read = read_xyz(xyz(molecule))
    assert read.elements == molecule.elements
    assert {(frozenset(bond[:2]), bond.order) for bond in read.bonds} == {
        (frozenset(bond[:2]), bond.order) for bond in molecule.bonds
    }
    np.testing.assert_allclose(read.positions, molecule.positions, atol=1e-9)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "first line of an XYZ file is the number"),
        (b"\x89PNG\r\n\x1a\n", "first line of an XYZ file is the number"),
        (WATER.replace(b"3\n", b"4\n", 1), "promises 4 atoms and lists 3"),
        (b"24\n\n" + b"H 0 0 0\n" * 24, f"has 24 atoms; the network reads 2 to {MOST_ATOMS}"),
        (b"1\n\nO 0 0 0\n", "has 1 atoms"),
        (b"9" * 5000, "first line of an XYZ file is the number"),
        (b"2\n\nC 0 0 0\nC 0 0 1.24\n", "No double or triple bonds fill the valences"),
        (WATER.replace(b"O", b"S"), "Atom 1 is 'S'; the network knows H, C, N, O, F only"),
        (WATER.replace(b"0.117", b"nan"), "Atom 1 has the coordinates .*nan.*three finite numbers"),
        (WATER.replace(b"0.117", b"up"), "Atom 1 has a coordinate that is no number"),
        (WATER.replace(b"0.117", b""), "Atom 1 has the coordinates .*three finite numbers"),
        (WATER.replace(b"-0.757 -0.469", b"0.757 -0.469"), "Atoms 2 and 3 are 0.00 angstroms apart"),
        (WATER.replace(b"-0.757", b"-7.57"), "Atom 3 .H. is not bonded to the first"),
        (WATER.replace(b"H 0.0 -", b"N 0.0 -"), "No double or triple bonds fill the valences"),
        (WATER.replace(b"O", b"F"), "Atom 1 .F. has 2 neighbours, more than its 1"),
    ],
)
def test_a_file_that_is_no_molecule_of_ours_is_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_xyz(content)


def test_random_molecules_are_whole_differ_and_keep_their_valences() -> None:
    random = np.random.default_rng(0)
    found = [random_molecule(random) for _ in range(60)]
    assert len({"".join(molecule.elements) for molecule in found}) > 30
    for molecule in found:
        assert len(molecule.elements) <= MOST_ATOMS and np.isfinite(molecule.positions).all()
        assert 1 <= sum(element != "H" for element in molecule.elements) <= MOST_HEAVY_ATOMS
        for atom, element in enumerate(molecule.elements):
            orders = sum(bond.order for bond in molecule.bonds if atom in bond[:2])
            assert orders == {"H": 1, "C": 4, "N": 3, "O": 2, "F": 1}[element]


# What a sphere sees


def test_potentials_are_the_paper_s_formula() -> None:
    water = read_xyz(WATER)
    found = potentials(water, 4)
    assert found.shape == (3, len(CHARGES), 8, 8)
    points = torch.from_numpy(water.positions[0]) + RADIUS * sphere_points(4)
    of_hydrogens = sum(
        8 * 1 / np.linalg.norm(points.numpy() - water.positions[hydrogen], axis=-1) for hydrogen in (1, 2)
    )
    np.testing.assert_allclose(found[0, 0].numpy(), of_hydrogens, rtol=1e-5)
    assert (found[0, 1:] == 0).all() and found[1, 0].max() > 0 and found[1, 3].max() > found[1, 0].max()


def test_potentials_turn_with_the_molecule() -> None:
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    ethanol = example("ethanol")
    torch.testing.assert_close(potentials(rotated(ethanol, quarter), 4), potentials(ethanol, 4).roll(2, 3))


# Energies


def test_rest_lengths_are_those_that_uff_is_known_for() -> None:
    single, double = (rest_length(KINDS[kind], KINDS[kind], order) for kind, order in (("C_3", 1), ("C_2", 2)))
    assert math.isclose(single, 1.514, abs_tol=1e-3) and math.isclose(double, 1.329, abs_tol=1e-3)
    assert math.isclose(rest_length(KINDS["C_3"], KINDS["H_"], 1), 1.109, abs_tol=1e-3)


def test_the_energy_of_water_is_computed_as_by_hand() -> None:
    water = read_xyz(WATER)
    assert kind_names(water) == ["O_3", "H_", "H_"]
    found = energy(water)
    length = rest_length(KINDS["O_3"], KINDS["H_"], 1)
    stiffness = 664.12 * 2.3 * 0.712 / length**3
    assert math.isclose(found.stretching, stiffness * (math.hypot(0.757, 0.586) - length) ** 2, rel_tol=1e-6)
    assert math.isclose(found.bonding, -2 * 464 / 4.184) and found.van_der_waals == 0
    assert 0 <= found.bending < 0.1 and math.isclose(found.total, sum(found))


def test_bonds_and_angles_cost_energy_when_they_leave_their_rest_and_rotations_none() -> None:
    ethanol = example("ethanol")
    at_rest = energy(ethanol)
    moved = energy(shaken(ethanol, 0.08, np.random.default_rng(0)))
    assert moved.bonding == at_rest.bonding
    assert moved.stretching > at_rest.stretching + 5 and moved.bending > at_rest.bending + 1
    for turn in turns(3):
        np.testing.assert_allclose(energy(rotated(ethanol, turn)), at_rest, atol=1e-4)


def test_isomers_have_different_energies_of_bonds() -> None:
    assert energy(example("ethanol")).bonding < energy(example("dimethyl ether")).bonding


def test_a_bond_without_a_known_energy_is_a_sentence() -> None:
    peroxide = b"4\n\nO 0 0.73 0\nO 0 -0.73 0\nH 0.9 0.9 0.4\nH -0.9 -0.9 0.4\n"
    with pytest.raises(InputError, match="bond of O and O"):
        energy(read_xyz(peroxide))


# The network


def test_a_network_s_answer_is_the_sum_of_its_atoms_whatever_stands_beside() -> None:
    torch.manual_seed(0)
    network = ARCHITECTURES[TINY.architecture].build(TINY.config).eval()
    assert isinstance(network, MoleculeNetwork)
    both = spheres([example("water"), example("ethanol")], network.bandwidth)
    assert both.shape == (2, 9, 1 + len(CHARGES), 6, 6)
    with torch.no_grad():
        together, parts = network(both), network.atom_energies(both)
        alone = network(spheres([example("water")], network.bandwidth))
    torch.testing.assert_close(parts.sum(1, keepdim=True), together)
    torch.testing.assert_close(together[:1], alone)
    assert (parts[0, 3:] == 0).all() and (parts[0, :3] < 0).all()
    shuffled = example("ethanol")
    order = np.random.default_rng(0).permutation(len(shuffled.elements))
    mixed = Molecule(tuple(shuffled.elements[atom] for atom in order), shuffled.positions[order], ())
    with torch.no_grad():
        torch.testing.assert_close(network(spheres([mixed], network.bandwidth)), together[1:])


def test_a_training_makes_the_error_of_energies_small_and_folds_its_norm() -> None:
    samples = molecule_samples(make_molecules("train", 64), TINY.config["bandwidths"][0])
    training = Training(TINY, samples, 8)
    losses = [training.advance()["loss"] for _ in range(training.steps)]
    assert np.mean(losses[-4:]) < 0.9 * np.mean(losses[:4])
    network = ARCHITECTURES[TINY.architecture].build(TINY.config)
    network.load_state_dict(training.folded(), strict=True)
    training.network.eval(), training.norm.eval()
    signals = samples.draw(torch.arange(4), torch.Generator().manual_seed(0))
    with torch.no_grad():
        scores = training.network.out_layer(training.norm(training.network.features(signals)))
        torch.testing.assert_close(network(signals), training.network.answer(scores, signals))


@pytest.mark.slow
def test_the_composition_is_a_fit_to_the_molecules_that_are_learned_from() -> None:
    molecules = make_molecules("train", 600)
    counts = np.array([[molecule.elements.count(element) for element in CHARGES] for molecule in molecules])
    left = np.array([energy(molecule).total for molecule in molecules]) - counts @ COMPOSITION
    assert abs(left.mean()) < 2 and left.std() < 18


def test_what_baselines_read_does_not_change_with_a_rotation_or_the_atoms_order() -> None:
    ethanol = example("ethanol")
    assert math.isclose(coulomb_matrix(ethanol)[0, 0], 6**2.4 / 2)
    order = np.random.default_rng(0).permutation(9)
    elements = tuple(ethanol.elements[atom] for atom in order)
    mixed = rotated(Molecule(elements, ethanol.positions[order], ()), turns(1)[0])
    assert kind(read_xyz(xyz(mixed))) == kind(ethanol) != kind(example("dimethyl ether"))
    np.testing.assert_allclose(eigenvalues(mixed), eigenvalues(ethanol), atol=1e-4)
    assert sorted_matrix(mixed).shape == sorted_matrix(ethanol).shape == (MOST_ATOMS * (MOST_ATOMS + 1) // 2,)


@pytest.mark.skipif(NAME not in catalogue(), reason="the network for molecules is not bundled yet")
def test_the_bundled_network_knows_energies_and_a_rotation_moves_them_little() -> None:
    network = loaded(find(NAME), ARCHITECTURES[RECIPE.architecture])
    assert isinstance(network, MoleculeNetwork)
    names = ["water", "ethanol", "dimethyl ether", "acetic acid", "benzene"]
    with torch.no_grad():
        found = network(spheres([example(name) for name in names], network.bandwidth))[:, 0]
        turned = network(spheres([rotated(example("ethanol"), turn) for turn in turns(8)], network.bandwidth))[:, 0]
    wanted = torch.tensor([energy(example(name)).total for name in names])
    assert (found - wanted).abs().max() < 20 and (turned - found[1]).abs().max() < 5
