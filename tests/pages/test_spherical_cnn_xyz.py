"""Spherical CNNs: XYZ files of many kinds, each of a molecule whose atoms and places are known."""

import codecs
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.runtime.errors import InputError
from engines.spherical_cnn.force_field import energy
from engines.spherical_cnn.molecules import example, potentials
from engines.spherical_cnn.xyz import read_xyz
from pages import spherical_cnn
from pages.spherical_cnn import molecule
from studio.runs.run import finished, start
from tests.support import SHARED
from tests.support.edits import edited

INPUTS = SHARED / "cases/inputs"
METHANE = """5
methane
C 0.0 0.0 0.0
H 0.63 0.63 0.63
H -0.63 -0.63 0.63
H -0.63 0.63 -0.63
H 0.63 -0.63 -0.63
"""
PLACES = 0.63 * np.array([(0, 0, 0), (1, 1, 1), (-1, -1, 1), (-1, 1, -1), (1, -1, -1)])
QM9 = (
    "3\n"
    "gdb 3\t799.58812\t437.90386\t282.94545\t1.8511\t6.31\t-0.2928\t0.0687\t0.3615\t19.0002\t0.021375\t-76.404702\n"
    "O\t-0.0343604951\t 0.9775395708\t 7.6015923*^-3\t-0.589706\n"
    "H\t 0.0647664923\t 0.0205721989\t 1.5346341*^-3\t 0.294853\n"
    "H\t 0.8717903737\t 1.3007924048\t 6.931336*^-4\t 0.294853\n"
    "1671.4222\t3803.6305\t3907.698\n"
    "O\tO\t\n"
    "InChI=1S/H2O/h1H2\tInChI=1S/H2O/h1H2\n"
)
"""Its own layout: properties in the comment, charges beside places, then frequencies, SMILES and InChI."""
WATER = np.array(
    [
        (-0.0343604951, 0.9775395708, 0.0076015923),
        (0.0647664923, 0.0205721989, 0.0015346341),
        (0.8717903737, 1.3007924048, 0.0006931336),
    ]
)
COLUMNS, FRAMES, CELL = "not the further columns", "several molecules or frames; the first", "periodic cell is not used"
FOLLOWS = "What follows the atoms in the file"


def each_atom(form: str, comment: str = "") -> str:
    """Methane with lines of this form, of an atom's number, element and place."""
    rows = [form.format(n, "CHHHH"[n - 1], *place, charge=6 if n == 1 else 1) for n, place in enumerate(PLACES, 1)]
    return "\n".join(["5", comment, *rows, ""])


EXTENDED = "Properties=species:S:1:pos:R:3:forces:R:3 energy=-40.5"
MOLECULES = {
    "Mathematica's exponents": (METHANE.replace("0.63", "6.3*^-1").replace("0.0", "0."), ""),
    "Fortran's exponents": (METHANE.replace("0.63", "0.63D+00"), ""),
    "Fortran's exponents in lower case": (METHANE.replace("0.63", ".63d0"), ""),
    "numbers without a digit before the point": (METHANE.replace("0.63", ".63"), ""),
    "symbols in lower case": (METHANE.replace("C ", "c ").replace("H ", "h "), ""),
    "atomic numbers": (each_atom("{charge} {2} {3} {4}"), ""),
    "atomic numbers as an array of floats has them": (each_atom("{charge:.18e} {2:.18e} {3:.18e} {4:.18e}"), ""),
    "labels": (each_atom("{1}{0} {2} {3} {4}"), ""),
    "labels with a dash below": (each_atom("{1}_{0}a {2} {3} {4}"), ""),
    "charges": (each_atom("{1} {2} {3} {4} -0.1"), COLUMNS),
    "columns that are aligned": (each_atom("   {1}  {2:12.6f}\t{3:12.6f}  {4:12.6f}   "), ""),
    "an empty comment": (METHANE.replace("methane", ""), ""),
    "no comment": (METHANE.replace("methane\n", ""), ""),
    "no comment, and frames": (2 * METHANE.replace("methane\n", ""), FRAMES),
    "a comment like an atom": (METHANE.replace("methane", "C 1 2 3"), ""),
    "empty lines at first": ("\n \n" + METHANE, ""),
    "empty lines between": (METHANE.replace("\nH", "\n\nH"), ""),
    "no end of the last line": (METHANE.rstrip(), ""),
    "frames": (3 * METHANE, FRAMES),
    "frames with empty lines between": (f"{METHANE}\n\n{METHANE}", FRAMES),
    "the extended format": (each_atom("{1} {2} {3} {4} 0 0 0", EXTENDED), COLUMNS),
    "the extended format in another order": (
        each_atom("{0} {2} {3} {4} {1}", 'Properties="id:I:1:pos:R:3:species:S:1"'),
        COLUMNS,
    ),
    "a periodic cell": (METHANE.replace("methane", 'Lattice="9 0 0 0 9 0 0 0 9" pbc="T T T"'), CELL),
    "words after the atoms": (METHANE + "made by hand\n", FOLLOWS),
}
"""Each methane, and what is said of it."""
FILES = {
    "UTF-8 with a byte order mark": codecs.BOM_UTF8 + METHANE.encode(),
    "UTF-16, little endian": codecs.BOM_UTF16_LE + METHANE.encode("utf-16-le"),
    "UTF-16, big endian": codecs.BOM_UTF16_BE + METHANE.encode("utf-16-be"),
    "Latin-1": METHANE.replace("methane", "Würfel").encode("latin-1"),
    "CRLF": METHANE.replace("\n", "\r\n").encode(),
    "CR": METHANE.replace("\n", "\r").encode(),
    "CRLF written twice": METHANE.replace("\n", "\r\r\n").encode(),
}


@pytest.mark.parametrize(("text", "sentence"), MOLECULES.values(), ids=list(MOLECULES))
def test_methane_is_read_however_it_is_written(text: str, sentence: str) -> None:
    molecule = read_xyz(text.encode())
    assert molecule.elements == ("C", "H", "H", "H", "H") and len(molecule.bonds) == 4
    np.testing.assert_allclose(molecule.positions, PLACES, atol=1e-12)
    assert (sentence in " ".join(molecule.notices)) if sentence else not molecule.notices


@pytest.mark.parametrize("content", FILES.values(), ids=list(FILES))
def test_methane_is_read_however_its_text_is_kept(content: bytes) -> None:
    molecule = read_xyz(content)
    np.testing.assert_allclose(molecule.positions, PLACES, atol=1e-12)
    assert molecule.elements == ("C", "H", "H", "H", "H") and not molecule.notices


def test_a_file_of_qm9_is_read_and_what_it_holds_beside_is_said() -> None:
    molecule = read_xyz(QM9.encode())
    assert molecule.elements == ("O", "H", "H") and len(molecule.bonds) == 2
    np.testing.assert_allclose(molecule.positions, WATER - WATER.mean(0), atol=1e-12)
    assert COLUMNS in molecule.notices[0] and FOLLOWS in molecule.notices[1] and len(molecule.notices) == 2


CHARGED = {
    "nitromethane": """7

C 0.0 0.0 -1.326
N 0.0 0.0 0.157
O 0.0 1.09 0.725
O 0.0 -1.09 0.725
H 1.04 0.0 -1.65
H -0.51 0.9 -1.65
H -0.51 -0.9 -1.65
""",
    "methyl isocyanide": """6

C 0 0 -1.18
N 0 0 0.246
C 0 0 1.412
H 1.03 0 -1.54
H -0.515 0.892 -1.54
H -0.515 -0.892 -1.54
""",
    "hydrazoic acid": "4\n\nH -0.54 0.85 0\nN 0 0 0\nN 1.24 0 0\nN 2.37 0.13 0\n",
    "ammonia oxide": "5\n\nN 0 0 0\nO 0 0 1.36\nH 0.95 0 -0.35\nH -0.475 0.823 -0.35\nH -0.475 -0.823 -0.35\n",
}


@pytest.mark.parametrize("text", CHARGED.values(), ids=list(CHARGED))
def test_a_charge_separated_group_is_named(text: str) -> None:
    with pytest.raises(InputError, match=r"Atom \d \(N\) needs a positive charge.*charge-separated group, as nitro"):
        read_xyz(text.encode())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2\n\nC 0 0 0\nO 0 0 1.128\n", "an ion, a radical, or one as carbon monoxide and ozone are"),
        ("4\n\nC 0 0 0\nH 1.08 0 0\nH -0.54 0.935 0\nH -0.54 -0.935 0\n", "a hydrogen is missing"),
        (METHANE.replace("5\n", "4\n", 1), "promises 4 atoms and lists more; correct its first line"),
        (METHANE.replace("5\n", "6\n", 1), "promises 6 atoms and lists 5"),
        (METHANE.replace("C 0.0", "C 0,0"), "Atom 1 has a coordinate that is no number: '0,0'. Write it as in -0.63"),
        (METHANE.replace("C 0.0", "C 0.0*^"), r"no number: '0.0\*\^'"),
        (METHANE.replace("C 0.0 0.0", "C 0.0"), r"coordinates \[0.0, 0.0\]; three finite numbers"),
        (METHANE.replace("C ", "Cl "), "Atom 1 is 'Cl'; the network knows"),
        (METHANE.replace("C ", "CA "), "Atom 1 is 'CA'; the network knows"),
        (METHANE.replace("C ", "16 "), "Atom 1 is '16'; the network knows"),
        (METHANE.split("\n", 2)[2], "first line of an XYZ file is the number of its atoms, and here it is 'C 0.0"),
        (METHANE.replace("methane", "m" * 200_000), "Line 2 of the file has more than 100,000 characters"),
        ("5" + 2_100_000 * "\n", "more than 2,000,000 lines"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_xyz(text.encode())


# Any bytes


ALPHABET = "12356789CHNOFchd*^.- +\n\r\t"


@given(
    st.binary()
    | st.text(ALPHABET).map(str.encode)
    | edited([METHANE.encode(), QM9.encode(), CHARGED["nitromethane"].encode(), (2 * METHANE).encode("utf-16")])
)
def test_any_bytes_are_a_molecule_or_a_sentence(content: bytes) -> None:
    begun = time.process_time()
    try:
        molecule = read_xyz(content)
        assert np.isfinite(molecule.positions).all() and len(molecule.elements) == len(molecule.positions)
        assert potentials(molecule, 2).isfinite().all()
        assert np.isfinite(energy(molecule).total)
    except InputError as error:
        assert str(error)
    assert time.process_time() - begun < 5


@given(
    st.lists(st.tuples(st.sampled_from("CNOHF"), st.integers(0, 3), st.integers(0, 3), st.integers(0, 1)), max_size=23)
)
def test_atoms_anywhere_are_a_molecule_or_a_sentence_soon(atoms: list[tuple[str, int, int, int]]) -> None:
    rows = [f"{element} {1.4 * x} {1.4 * y} {1.4 * z}" for element, x, y, z in atoms]
    begun = time.process_time()
    try:
        read_xyz("\n".join([str(len(rows)), "", *rows]).encode())
    except InputError as error:
        assert str(error)
    assert time.process_time() - begun < 5


# Through the page


def answer(path: Path) -> dict[str, Any]:
    """What the command line gives for a molecule in a file."""
    experiment = spherical_cnn.PANEL.experiment("molecule")
    values = {**experiment.opening(), "own": experiment.controls["own"].parse(str(path))}
    experiment.check(values)
    return finished(start(experiment, values))


def formula(result: dict[str, Any]) -> float:
    return result["energies"]["classical formula"][molecule.UNIT]


def test_the_page_says_what_of_a_file_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "water.xyz"
    file.write_text(QM9)
    words = answer(file)["words"]
    assert "round O, atom 1 of 3" in words["atom"] and COLUMNS in words["file 1"] and FOLLOWS in words["file 2"]
    file.write_text(METHANE)
    assert answer(file)["words"].keys() == {"atom"}


def shared(name: str) -> Path:
    path = INPUTS / name
    if not path.exists():
        pytest.skip("needs ../shared/cases/inputs")
    return path


@pytest.mark.parametrize("name", ["qm9-caret.xyz", "fortran-d.xyz"])
def test_the_reported_numbers_are_methane_s(name: str) -> None:
    path = shared(name)
    molecule = read_xyz(path.read_bytes())
    assert molecule.elements == ("C", "H", "H", "H", "H")
    np.testing.assert_allclose(molecule.positions, PLACES, atol=2e-6)
    assert formula(answer(path)) == pytest.approx(energy(example("methane")).total, abs=0.1)


def test_the_reported_nitromethane_is_a_sentence() -> None:
    with pytest.raises(InputError, match="Your molecule: Atom 2 .N. .*charge-separated group, as nitro"):
        answer(shared("nitromethane.xyz"))
