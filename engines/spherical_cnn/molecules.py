"""Small molecules, and what a sphere round each atom sees of the others (arXiv:1801.10130, section 5.4).

The paper learns the atomization energies of QM7, which quantum chemistry computed. Nothing of that is here: molecules
are built by this project from a few groups, shaken at random, and have the energy of a classical force field
(force_field.py), which knows springs between bonded atoms and no electrons.

Positions are in angstroms. A bond is a pair of atoms and its order: 1, 2, 3, or 1.5 in an aromatic ring of six.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from engines.runtime.errors import InputError
from engines.spherical_cnn.grids import sphere_points

CHARGES = {"H": 1, "C": 6, "N": 7, "O": 8, "F": 9}
"""The elements, in the order of the potentials' channels, with the charges of their nuclei."""
VALENCES = {"H": 1, "C": 4, "N": 3, "O": 2, "F": 1}
COVALENT_RADII = {"H": 0.31, "C": 0.76, "N": 0.71, "O": 0.66, "F": 0.57}
"""Cordero and others, Dalton Transactions 2008, table 2."""
BOND_TOLERANCE = 0.3
"""So much longer than the sum of two covalent radii may a bond be."""
CLOSEST = 0.5
"""Nearer to each other are no two atoms; the shortest bond, of two hydrogens, has 0.74."""
MOST_ATOMS = 23
"""As in QM7 (section 5.4)."""
RADIUS = 0.45
"""Of the sphere round an atom: less than half of the bonds, so that spheres do not meet, as in section 5.4."""
AROMATIC, TRIPLE = 1.5, 3
"""Orders of bonds."""
RING = 6
"""Atoms of an aromatic ring."""
MOST_HEAVY_ATOMS = 7
"""In a random molecule, hydrogens not counted; as in QM7."""
MOST_SHAKEN = 0.04
"""Standard deviation of a coordinate, of the molecule that is shaken most."""
ROOM = 2.3
"""At least, between atoms of two groups that no bond joins."""
TURNS = 12
"""Of a group about its bond, that are tried."""
ATTEMPTS = 30
"""To attach groups to a random molecule, of which some have no room."""
GROUPS = {
    "methane": "C 0 0 0, H .63 .63 .63, H -.63 -.63 .63, H -.63 .63 -.63, H .63 -.63 -.63",
    "ammonia": "N 0 0 0, H .58 .58 .58, H -.58 -.58 .58, H -.58 .58 -.58",
    "water": "O 0 0 0, H .55 .55 .55, H -.55 -.55 .55",
    "hydrogen fluoride": "F 0 0 0, H .92 0 0",
    "formaldehyde": "C 0 0 0, O 1.21 0 0, H -.55 .94 0, H -.55 -.94 0",
    "methanimine": "C 0 0 0, N 1.27 0 0, H 1.61 .95 0, H -.55 .94 0, H -.55 -.94 0",
    "hydrogen cyanide": "C 0 0 0, N 1.16 0 0, H -1.07 0 0",
    "ethene": "C .67 0 0, C -.67 0 0, H 1.23 .93 0, H 1.23 -.93 0, H -1.23 .93 0, H -1.23 -.93 0",
    "ethyne": "C .60 0 0, C -.60 0 0, H 1.66 0 0, H -1.66 0 0",
    "benzene": "C 1.39 0 0, C .70 1.20 0, C -.70 1.20 0, C -1.39 0 0, C -.70 -1.20 0, C .70 -1.20 0, "
    "H 2.48 0 0, H 1.24 2.15 0, H -1.24 2.15 0, H -2.48 0 0, H -1.24 -2.15 0, H 1.24 -2.15 0",
    "pyridine": "N 1.39 0 0, C .70 1.20 0, C -.70 1.20 0, C -1.39 0 0, C -.70 -1.20 0, C .70 -1.20 0, "
    "H 1.24 2.15 0, H -1.24 2.15 0, H -2.48 0 0, H -1.24 -2.15 0, H 1.24 -2.15 0",
}
"""With usual bond lengths and angles, rounded; those of water and ammonia are tetrahedral."""
EXAMPLES = {
    "water": ("water",),
    "ammonia": ("ammonia",),
    "methane": ("methane",),
    "ethane": ("methane", "methane"),
    "ethene": ("ethene",),
    "ethyne": ("ethyne",),
    "methanol": ("methane", "water"),
    "ethanol": ("methane", "methane", "water"),
    "dimethyl ether": ("methane", "water", "methane"),
    "formaldehyde": ("formaldehyde",),
    "acetone": ("methane", "formaldehyde", "methane"),
    "acetic acid": ("methane", "formaldehyde", "water"),
    "acetamide": ("methane", "formaldehyde", "ammonia"),
    "acetonitrile": ("methane", "hydrogen cyanide"),
    "glycine": ("ammonia", "methane", "formaldehyde", "water"),
    "benzene": ("benzene",),
    "toluene": ("benzene", "methane"),
    "phenol": ("benzene", "water"),
    "aniline": ("benzene", "ammonia"),
    "fluorobenzene": ("benzene", "hydrogen fluoride"),
    "pyridine": ("pyridine",),
}
"""By name, the groups they are built from: each takes the place of the last hydrogen so far."""

Random = np.random.Generator


class Bond(NamedTuple):
    first: int
    second: int
    order: float


class Molecule(NamedTuple):
    """`elements`, one for each atom, their `positions` `(N, 3)`, and `bonds`, which stay when atoms are moved;
    sentences on what of a file is not in them."""

    elements: tuple[str, ...]
    positions: np.ndarray
    bonds: tuple[Bond, ...]
    notices: tuple[str, ...] = ()

    @property
    def charges(self) -> np.ndarray:
        return np.array([CHARGES[element] for element in self.elements])


def potentials(molecule: Molecule, bandwidth: int) -> Tensor:
    """The signal on the sphere round each atom, `(N, 5, 2b, 2b)`, a channel for each element: the sum over the other
    atoms j of an element of charge z of z_i z / |x - p_j| (section 5.4), in squared elementary charges by angstrom."""
    charges, positions = torch.from_numpy(molecule.charges), torch.from_numpy(molecule.positions)
    points = positions[:, None] + RADIUS * sphere_points(bandwidth).flatten(0, 1)
    each = (charges[:, None] * charges / torch.cdist(points, positions).transpose(0, 1)).permute(1, 2, 0)
    each = each * (1 - torch.eye(len(charges), dtype=each.dtype))[:, :, None]
    of_element = (charges == torch.tensor(list(CHARGES.values()))[:, None]).to(each)
    side = 2 * bandwidth
    return torch.einsum("ijx,ej->iex", each, of_element).unflatten(2, (side, side)).float()


def spheres(molecules: Sequence[Molecule], bandwidth: int) -> Tensor:
    """What the network reads of molecules, `(B, atoms, 6, 2b, 2b)`: each atom's potentials and its own charge, and 0
    where a molecule has fewer atoms than another."""
    each = []
    for molecule in molecules:
        of_others = potentials(molecule, bandwidth)
        own = torch.from_numpy(molecule.charges).to(of_others)[:, None, None, None]
        each.append(torch.cat([of_others, own.expand_as(of_others[:, :1])], 1))
    return pad_sequence(each, batch_first=True)


def rotated(molecule: Molecule, rotation: np.ndarray) -> Molecule:
    """Rotated about the origin by a matrix `(3, 3)`."""
    return molecule._replace(positions=molecule.positions @ rotation.T)


def shaken(molecule: Molecule, deviation: float, random: Random) -> Molecule:
    """Each coordinate moved by a normal deviation, in angstroms; bonds stay."""
    return molecule._replace(positions=molecule.positions + random.normal(0, deviation, molecule.positions.shape))


def bonded(elements: Sequence[str], positions: np.ndarray) -> Molecule:
    """The molecule of these atoms, with bonds where they are near and of orders that fill their valences.

    Raises:
        InputError: two atoms are in one place, or valences do not join the atoms to one molecule.
    """
    distances = cdist(positions, positions)
    radii = np.array([COVALENT_RADII[element] for element in elements])
    near = np.triu(distances < radii[:, None] + radii + BOND_TOLERANCE, 1)
    for first, second in np.argwhere(np.triu(distances < CLOSEST, 1)):
        raise InputError(
            f"Atoms {first + 1} and {second + 1} are {distances[first, second]:.2f} angstroms apart, at one place; "
            "coordinates must be in angstroms."
        )
    pairs = [(int(first), int(second)) for first, second in np.argwhere(near)]
    reached, frontier = {0}, {0}
    while frontier:
        frontier = {other for pair in pairs for other in pair if frontier & {*pair}} - reached
        reached |= frontier
    apart = set(range(len(elements))) - reached
    if apart:
        raise InputError(
            f"Atom {min(apart) + 1} ({elements[min(apart)]}) is not bonded to the first: this is more than one "
            "molecule, or the coordinates are not in angstroms."
        )
    free = [VALENCES[element] - sum(atom in pair for pair in pairs) for atom, element in enumerate(elements)]
    for atom, left in enumerate(free):
        if left < 0:
            _refuse_charge_separated(elements, pairs, free)
            raise InputError(
                f"Atom {atom + 1} ({elements[atom]}) has {VALENCES[elements[atom]] - left} neighbours, more than its "
                f"{VALENCES[elements[atom]]} bonds: ions and distorted molecules are not known here."
            )
    # Each bond uses up two: an odd number need not be tried, which takes long.
    extra = _multiple_bonds(pairs, free) if sum(free) % 2 == 0 else None
    if extra is None or any(extra.count(pair) > TRIPLE - 1 for pair in extra):
        _refuse_charge_separated(elements, pairs, free)
        raise InputError(
            "No double or triple bonds fill the valences of all atoms: a hydrogen is missing, or the molecule is an "
            "ion, a radical, or one as carbon monoxide and ozone are, which are not known here."
        )
    orders = {pair: 1.0 + extra.count(pair) for pair in pairs}
    for ring in _rings(pairs, orders):
        orders |= dict.fromkeys(ring, AROMATIC)
    return Molecule(tuple(elements), positions, tuple(Bond(*pair, order) for pair, order in orders.items()))


def _refuse_charge_separated(elements: Sequence[str], pairs: Sequence[tuple[int, int]], free: Sequence[int]) -> None:
    """Refuse a molecule whose bonds fill all valences once some nitrogens lack an electron, which gives them a bond
    more, and as many atoms of C, N and O have one too many, which takes one from them.

    Raises:
        InputError: it is one.
    """
    atoms = np.arange(len(elements))
    gives = np.array([element == "N" for element in elements])
    takes = np.array([element in "CNO" for element in elements])
    ends = np.array([[atom in pair for pair in pairs] for atom in atoms])
    # What is sought: how much the order of each bond is above 1, and whether each atom gives and takes an electron.
    filled = np.concatenate([ends, -np.eye(len(atoms)), np.eye(len(atoms))], axis=1)
    neutral = np.concatenate([np.zeros(len(pairs)), np.ones(len(atoms)), -np.ones(len(atoms))])
    found = milp(
        np.abs(neutral),
        integrality=np.ones_like(neutral),
        bounds=Bounds(0, np.concatenate([np.full(len(pairs), TRIPLE - 1), gives, takes])),
        constraints=LinearConstraint(np.vstack([filled, neutral]), [*free, 0], [*free, 0]),
    )
    if found.x is None:
        return
    giving, taking = found.x[len(pairs) :].round().reshape(2, -1).argmax(1)
    raise InputError(
        f"Atom {giving + 1} ({elements[giving]}) needs a positive charge and atom {taking + 1} ({elements[taking]}) a "
        "negative one to have their bonds: the molecule has a charge-separated group, as nitro compounds, N-oxides, "
        "azides and zwitterions have. Their energies are not known here; choose a molecule without one."
    )


def _multiple_bonds(pairs: list[tuple[int, int]], free: list[int]) -> list[tuple[int, int]] | None:
    """Pairs, each as often as its order is above 1, that use up what is `free` of the atoms' valences."""
    atom = next((atom for atom, left in enumerate(free) if left), None)
    if atom is None:
        return []
    for pair in pairs:
        if atom in pair and free[sum(pair) - atom]:
            less = [left - (other in pair) for other, left in enumerate(free)]
            found = _multiple_bonds(pairs, less)
            if found is not None:
                return [pair, *found]
    return None


def _rings(pairs: list[tuple[int, int]], orders: Mapping[tuple[int, int], float]) -> Iterator[list[tuple[int, int]]]:
    """The bonds of each ring of six whose single and double bonds alternate."""

    def walks(path: list[int]) -> Iterator[list[int]]:
        if len(path) == RING:
            yield path
            return
        order = 2 if len(path) % 2 else 1
        for pair in pairs:
            if path[-1] in pair and orders[pair] == order:
                other = sum(pair) - path[-1]
                if other not in path:
                    yield from walks([*path, other])

    atoms = {atom for pair in pairs if orders[pair] == 2 for atom in pair}
    for start in sorted(atoms):
        for path in walks([start]):
            closing = (min(start, path[-1]), max(start, path[-1]))
            if orders.get(closing) == 1:
                yield [(min(one, other), max(one, other)) for one, other in zip(path, [*path[1:], start], strict=True)]


# Molecules that this project builds


@cache
def group(name: str) -> Molecule:
    """A molecule that others are built from; its last atom is a hydrogen."""
    atoms = [text.split() for text in GROUPS[name].split(",")]
    return bonded([element for element, *_ in atoms], np.array([place for _, *place in atoms], dtype=np.float64))


@cache
def example(name: str) -> Molecule:
    """One of `EXAMPLES`, centred."""
    first, *others = EXAMPLES[name]
    molecule = group(first)
    for other in others:
        last_hydrogen = len(molecule.elements) - 1 - molecule.elements[::-1].index("H")
        found = attached(molecule, last_hydrogen, group(other))
        assert found is not None
        molecule = found
    return molecule._replace(positions=molecule.positions - molecule.positions.mean(0))


def random_molecule(random: Random) -> Molecule:
    """From random groups in random places, of up to seven atoms that are no hydrogens, and shaken."""
    heavy = int(random.integers(MOST_HEAVY_ATOMS)) + 1
    fitting = [name for name in GROUPS if _heavy(group(name)) <= heavy]
    molecule = group(fitting[random.integers(len(fitting))])
    for _ in range(ATTEMPTS):
        left = heavy - _heavy(molecule)
        hydrogens = [atom for atom, element in enumerate(molecule.elements) if element == "H"]
        if not left or not hydrogens:
            break
        fitting = [name for name in GROUPS if _heavy(group(name)) <= left]
        guest = group(fitting[random.integers(len(fitting))])
        molecule = attached(molecule, hydrogens[random.integers(len(hydrogens))], guest, random) or molecule
    return shaken(molecule, random.uniform(0, MOST_SHAKEN), random)


def attached(host: Molecule, hydrogen: int, guest: Molecule, random: Random | None = None) -> Molecule | None:
    """The host with a guest in the place of a hydrogen, bonded where the guest's last atom, a hydrogen, was.

    Of the guest's turns about the new bond the roomiest is taken, or a random one. None where there is no room, or
    where the bond would join two atoms of which none is carbon.
    """
    last = len(guest.elements) - 1
    stem, tip = _neighbour(host, hydrogen), _neighbour(guest, last)
    if "C" not in (host.elements[stem], guest.elements[tip]):
        return None
    out = host.positions[hydrogen] - host.positions[stem]
    out /= np.linalg.norm(out)
    back = guest.positions[last] - guest.positions[tip]
    facing, _ = Rotation.align_vectors(-out[None], back[None])
    arms = facing.apply(guest.positions[:last] - guest.positions[tip])
    length = COVALENT_RADII[host.elements[stem]] + COVALENT_RADII[guest.elements[tip]]
    origin = host.positions[stem] + length * out
    places = [origin + Rotation.from_rotvec(2 * math.pi * turn / TURNS * out).apply(arms) for turn in range(TURNS)]
    beside = np.delete(host.positions, [stem, hydrogen], axis=0)
    room = [cdist(beside, np.delete(place, tip, axis=0)).min(initial=np.inf) for place in places]
    roomy = [place for place, distance in zip(places, room, strict=True) if distance > ROOM]
    if not roomy:
        return None
    placed = roomy[random.integers(len(roomy))] if random else places[int(np.argmax(room))]
    kept = len(host.elements) - 1

    def of_host(atom: int) -> int:
        return atom - (atom > hydrogen)

    bonds = [
        Bond(of_host(one), of_host(other), order) for one, other, order in host.bonds if hydrogen not in (one, other)
    ]
    bonds += [Bond(kept + one, kept + other, order) for one, other, order in guest.bonds if last not in (one, other)]
    return Molecule(
        host.elements[:hydrogen] + host.elements[hydrogen + 1 :] + guest.elements[:last],
        np.concatenate([np.delete(host.positions, hydrogen, axis=0), placed]),
        (*bonds, Bond(of_host(stem), kept + tip, 1.0)),
    )


def _neighbour(molecule: Molecule, hydrogen: int) -> int:
    return next(one + other - hydrogen for one, other, _ in molecule.bonds if hydrogen in (one, other))


def _heavy(molecule: Molecule) -> int:
    return sum(element != "H" for element in molecule.elements)
