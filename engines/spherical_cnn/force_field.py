"""The energy that a molecule has beside its atoms apart, by two classical formulas: average energies of its bonds, and
what the force field UFF charges for bonds and angles that are not at rest and for atoms that are near (Rappé, Casewit,
Colwell, Goddard, Skiff, Journal of the American Chemical Society 114, 1992, 10024).

Nothing of this is quantum chemistry. Of UFF's terms torsions, inversions and partial charges are left out; amides have
single bonds here, where UFF gives them the order 1.41.
"""

import math
from itertools import combinations
from typing import NamedTuple

from scipy.spatial.distance import cdist

from engines.runtime.errors import InputError
from engines.spherical_cnn.molecules import AROMATIC, Molecule

STIFFNESS = 664.12
"""Of bonds (equation 6) and angles (equation 13), in kilocalories by mole and angstrom."""
ORDER_SHORTENS = 0.1332
"""Equation 3."""


class Kind(NamedTuple):
    """Table I of an atom: `radius` of its bonds (angstroms), `angle` between them (degrees), van der Waals `distance`
    (angstroms) and `depth` (kilocalories by mole), effective `charge`; and its `electronegativity` (equation 4)."""

    radius: float
    angle: float
    distance: float
    depth: float
    charge: float
    electronegativity: float


KINDS = {
    "H_": Kind(0.354, 180.0, 2.886, 0.044, 0.712, 4.528),
    "C_3": Kind(0.757, 109.47, 3.851, 0.105, 1.912, 5.343),
    "C_R": Kind(0.729, 120.0, 3.851, 0.105, 1.912, 5.343),
    "C_2": Kind(0.732, 120.0, 3.851, 0.105, 1.912, 5.343),
    "C_1": Kind(0.706, 180.0, 3.851, 0.105, 1.912, 5.343),
    "N_3": Kind(0.700, 106.7, 3.660, 0.069, 2.544, 6.899),
    "N_R": Kind(0.699, 120.0, 3.660, 0.069, 2.544, 6.899),
    "N_2": Kind(0.685, 111.2, 3.660, 0.069, 2.544, 6.899),
    "N_1": Kind(0.656, 180.0, 3.660, 0.069, 2.544, 6.899),
    "O_3": Kind(0.658, 104.51, 3.500, 0.060, 2.300, 8.741),
    "O_2": Kind(0.634, 120.0, 3.500, 0.060, 2.300, 8.741),
    "F_": Kind(0.668, 180.0, 3.364, 0.050, 1.735, 10.874),
}
"""The paper's values and names: an element, and 3, 2 or 1 by its hybridization, or R in an aromatic ring."""
LINEAR, PLANAR = 180.0, 120.0
"""Rest angles whose energies are waves of their own (equation 10); all others' are of equation 11."""


KILOJOULES = 4.184
"""In a kilocalorie."""
BOND_ENERGIES = {
    ("C", "H"): (415,),
    ("H", "N"): (390,),
    ("H", "O"): (464,),
    ("F", "H"): (569,),
    ("C", "C"): (345, 611, 837),
    ("C", "N"): (290, 615, 891),
    ("C", "O"): (350, 741),
    ("C", "F"): (439,),
}
"""Averages over many molecules, of single, double and triple bonds, in kilojoules by mole: OpenStax, Chemistry 2e,
table 7.2. An aromatic bond has the mean of a single and a double one's."""


class Energy(NamedTuple):
    """In kilocalories by mole: `bonding`, below 0, of bonds at rest; `stretching` and `bending`, at least 0; and the
    atoms' that are more than two bonds apart."""

    bonding: float
    stretching: float
    bending: float
    van_der_waals: float

    @property
    def total(self) -> float:
        return sum(self)


def energy(molecule: Molecule) -> Energy:
    """That of its bonds, and UFF's of where its atoms are (equations 1a, 10, 11 and 20).

    Raises:
        InputError: it has a bond of which no energy is known here, such as one of two nitrogens.
    """
    kinds = [KINDS[name] for name in kind_names(molecule)]
    lengths: dict[int, dict[int, float]] = {atom: {} for atom in range(len(kinds))}
    bonding = stretching = bending = van_der_waals = 0.0
    distances = cdist(molecule.positions, molecule.positions)
    for one, other, order in molecule.bonds:
        bonding -= _bond_energy(molecule.elements[one], molecule.elements[other], order)
        length = lengths[one][other] = lengths[other][one] = rest_length(kinds[one], kinds[other], order)
        stiffness = STIFFNESS * kinds[one].charge * kinds[other].charge / length**3
        stretching += stiffness * (distances[one, other] - length) ** 2 / 2
    near = {frozenset(pair[:2]) for pair in molecule.bonds}
    for middle, ends in lengths.items():
        for one, other in combinations(ends, 2):
            near.add(frozenset((one, other)))
            arms = molecule.positions[[one, other]] - molecule.positions[middle]
            cosine = float(arms[0] @ arms[1]) / (distances[one, middle] * distances[other, middle])
            bending += _angle_energy(kinds[one], kinds[middle], kinds[other], ends[one], ends[other], cosine)
    for one, other in combinations(range(len(kinds)), 2):
        if frozenset((one, other)) not in near:
            ratio = math.sqrt(kinds[one].distance * kinds[other].distance) / distances[one, other]
            van_der_waals += math.sqrt(kinds[one].depth * kinds[other].depth) * (ratio**12 - 2 * ratio**6)
    return Energy(bonding, float(stretching), bending, float(van_der_waals))


def kind_names(molecule: Molecule) -> list[str]:
    """The key in `KINDS` of each atom, which its element and the orders of its bonds decide."""
    names = []
    for atom, element in enumerate(molecule.elements):
        orders = [order for one, other, order in molecule.bonds if atom in (one, other)]
        if element in "HF":
            names.append(f"{element}_")
        elif AROMATIC in orders:
            names.append(f"{element}_R")
        else:
            # Two double bonds are on a line, as a triple and a single one are.
            names.append(f"{element}_{3 - int(sum(orders) - len(orders))}")
    return names


def _bond_energy(one: str, other: str, order: float) -> float:
    energies = BOND_ENERGIES.get((min(one, other), max(one, other)))
    if energies is None:
        raise InputError(
            f"The molecule has a bond of {one} and {other}; energies are known here of bonds of C with H, C, N, O and "
            "F, and of H with N, O and F."
        )
    return (energies[math.floor(order) - 1] + energies[math.ceil(order) - 1]) / 2 / KILOJOULES


def rest_length(one: Kind, other: Kind, order: float) -> float:
    """Of a bond, in angstroms: equations 2 to 4, where the correction for electronegativity is subtracted, as its
    constants were fitted, and not added, as printed."""
    both = one.radius + other.radius
    shortened = ORDER_SHORTENS * both * math.log(order)
    root = math.sqrt(one.electronegativity) - math.sqrt(other.electronegativity)
    drawn = one.electronegativity * one.radius + other.electronegativity * other.radius
    return both - shortened - one.radius * other.radius * root**2 / drawn


def _angle_energy(one: Kind, middle: Kind, other: Kind, to_one: float, to_other: float, cosine: float) -> float:
    """Of the angle between bonds with these rest lengths, by its cosine: equations 10 to 13."""
    rest = math.cos(math.radians(middle.angle))
    across = math.sqrt(to_one**2 + to_other**2 - 2 * to_one * to_other * rest)
    stiffness = STIFFNESS * one.charge * other.charge / across**5
    stiffness *= 3 * to_one * to_other * (1 - rest**2) - across**2 * rest
    if middle.angle == LINEAR:
        return stiffness * (1 + cosine)
    if middle.angle == PLANAR:
        return stiffness / 9 * (1 - (4 * cosine**3 - 3 * cosine))
    second = 1 / (4 * (1 - rest**2))
    first, constant = -4 * second * rest, second * (2 * rest**2 + 1)
    return stiffness * (constant + first * cosine + second * (2 * cosine**2 - 1))
