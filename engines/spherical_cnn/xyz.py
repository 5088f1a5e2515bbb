"""XYZ files of molecules as they are in the wild: QM9's, Fortran's, those of atomic numbers or labels."""

import re
from collections.abc import Sequence
from itertools import islice

import numpy as np

from engines.runtime.errors import InputError
from engines.spherical_cnn.molecules import CHARGES, MOST_ATOMS, Molecule, bonded
from engines.spherical_cnn.text import lines

MOST_DIGITS = 9
"""Of the number of atoms that a file states."""
WORD = 40
"""Characters of a word that is quoted."""
LABEL = re.compile(r"([A-Za-z]{1,2})([0-9_].*)?")
"""An element's symbol, and what tells its atoms apart, as in C1."""
EXPONENT = re.compile(r"(?<=[0-9.])(?:[dD]|\*\^)(?=[+-]?[0-9])")
"""What stands for e in numbers of Fortran, and of Mathematica, which wrote QM9."""
PROPERTIES = re.compile(r'\bProperties="?([^\s"]+)')
"""The columns of an extended XYZ file, as in species:S:1:pos:R:3."""
ELEMENTS = {float(charge): element for element, charge in CHARGES.items()}


def read_xyz(content: bytes) -> Molecule:
    """The molecule of an XYZ file, centred; bonds are where two atoms are about as near as their covalent radii. Its
    `notices` say what of the file is not used.

    Raises:
        InputError: it is no XYZ file, has an element other than H, C, N, O and F, more than 23 atoms or one, a
            coordinate that is no finite number, two atoms in one place, or atoms that valences do not join to one
            molecule.
    """
    file = lines(content)
    first = next((line for line in file if line.strip()), "").strip()
    if not (first.isdecimal() and len(first) <= MOST_DIGITS):
        raise InputError(
            f"The first line of an XYZ file is the number of its atoms, and here it is {first[:WORD]!r}. "
            "Choose a file in the XYZ format."
        )
    count = int(first)
    if not 2 <= count <= MOST_ATOMS:
        raise InputError(f"The molecule has {count} atoms; the network reads 2 to {MOST_ATOMS}.")
    comment = next(file, "")
    listed = list(islice((line for line in file if line.strip()), count + 1))
    if _is_atom(comment) and not any(map(_is_atom, listed[count - 1 : count])):
        comment, listed = "", [comment, *listed][: count + 1]
    atoms, following = listed[:count], listed[count:]
    if len(atoms) < count:
        raise InputError(f"The file promises {count} atoms and lists {len(atoms)}; a line of it may be missing.")
    if any(map(_is_atom, following)):
        raise InputError(f"The file promises {count} atoms and lists more; correct its first line.")
    species, place = _columns(comment)
    read = [_atom(line.split(), number, species, place) for number, line in enumerate(atoms, start=1)]
    positions = np.array([coordinates for _, coordinates in read])
    molecule = bonded([element for element, _ in read], positions - positions.mean(0))
    return molecule._replace(notices=tuple(_notices(comment, atoms, following)))


def _columns(comment: str) -> tuple[int, int]:
    """The columns of the element and of the first coordinate: 0 and 1 unless the comment has others."""
    found = PROPERTIES.search(comment)
    words = found[1].split(":") if found else []
    starts, column = {}, 0
    for name, size in zip(words[::3], words[2::3], strict=False):
        starts[name] = column
        column += int(size) if size.isdecimal() and len(size) <= MOST_DIGITS else 1
    return (starts["species"], starts["pos"]) if {"species", "pos"} <= starts.keys() else (0, 1)


def _atom(words: Sequence[str], number: int, species: int = 0, place: int = 1) -> tuple[str, list[float]]:
    """The element of an atom and its three coordinates, from the words of its line."""
    symbol = next(iter(words[species : species + 1]), "")
    element = _element(symbol)
    if element is None:
        raise InputError(f"Atom {number} is {symbol[:WORD]!r}; the network knows {', '.join(CHARGES)} only.")
    coordinates = []
    for text in words[place : place + 3]:
        try:
            coordinates.append(float(EXPONENT.sub("e", text)))
        except ValueError:
            raise InputError(
                f"Atom {number} has a coordinate that is no number: {text[:WORD]!r}. Write it as in -0.63 or 6.3e-1."
            ) from None
    if len(coordinates) < 3 or not np.isfinite(coordinates).all():
        raise InputError(f"Atom {number} has the coordinates {coordinates}; three finite numbers are needed.")
    return element, coordinates


def _element(symbol: str) -> str | None:
    """That of a symbol, a label such as c1, or an atomic number; None if the network does not know it."""
    label = LABEL.fullmatch(symbol)
    if label:
        element = label[1].capitalize()
        return element if element in CHARGES else None
    try:
        return ELEMENTS.get(float(symbol))
    except ValueError:
        return None


def _is_atom(line: str) -> bool:
    try:
        _atom(line.split(), 1)
    except InputError:
        return False
    return True


def _notices(comment: str, atoms: Sequence[str], following: Sequence[str]) -> list[str]:
    """Sentences on what of a file is not used."""
    notices = []
    if any(len(line.split()) > 4 for line in atoms):
        notices.append("Of each atom in the file only its element and its place are used, not the further columns.")
    if "Lattice=" in comment:
        notices.append("The file's periodic cell is not used: its atoms are taken as one molecule alone.")
    if following and following[0].strip().isdecimal():
        notices.append("The file holds several molecules or frames; the first one is read.")
    elif following:
        notices.append("What follows the atoms in the file, such as frequencies and SMILES, is not used.")
    return notices
