"""Molecules, and their energies from potentials round each atom."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.measured import command, figure
from pages.checkpoints import only
from pages.spherical_cnn.ball_and_stick import ELEMENTS, ball_and_stick
from pages.spherical_cnn.molecule_file import MoleculeFile
from studio.declared import Experiment, Figure
from studio.drawn.globes import Sphere, turned
from studio.kinds import Choice, Curves, Globes, Notices, Number, Rotation, Seed, Table

if TYPE_CHECKING:
    from engines.spherical_cnn import engine, force_field, molecules
    from engines.spherical_cnn.molecules import Molecule
else:
    engine = lazy.load("engines.spherical_cnn.engine")
    force_field = lazy.load("engines.spherical_cnn.force_field")
    molecules = lazy.load("engines.spherical_cnn.molecules")

MOLECULES = (
    *("water", "ammonia", "methane", "ethane", "ethene", "ethyne", "methanol", "ethanol", "dimethyl ether"),
    *("formaldehyde", "acetone", "acetic acid", "acetamide", "acetonitrile", "glycine", "benzene", "toluene"),
    *("phenol", "aniline", "fluorobenzene", "pyridine"),
)
MOLECULE, UNIT = "the molecule", "kcal/mol"
POTENTIALS, MOLECULE_TILTS = 16, 13
"""The bandwidth at which potentials are shown; and the rotations of the curve."""


def run(
    name: str,
    own: "Molecule | None",
    rotation: tuple[float, float, float],
    atom: int,
    shake: float,
    seed: int,
    checkpoint: str,
) -> Iterator[dict[str, Any]]:
    chosen = molecules.shaken(own or molecules.example(name), shake, np.random.default_rng(seed))
    place = min(atom, len(chosen.elements)) - 1
    formula = force_field.energy(chosen)
    now = molecules.rotated(chosen, turned(rotation))
    found = float(engine.energies([now], checkpoint)[0])
    seen = molecules.potentials(now, POTENTIALS)[place].numpy()
    said = f"{chosen.elements[place]}, atom {place + 1} of {len(chosen.elements)}"
    yield {
        "globes": {_potential(element): _from(seen[n]) for n, element in enumerate(molecules.CHARGES)},
        "energies": {
            "classical formula": {UNIT: round(formula.total, 1)},
            "network": {UNIT: round(found, 1)},
            "difference": {UNIT: round(found - formula.total, 1)},
        },
        "words": {"atom": f"The spheres are round {said}: what the others of each element do to it."},
    }
    yield {"globes": {MOLECULE: ball_and_stick(chosen, place, rotation)}}
    parts = {"bonds": formula.bonding, "stretched": formula.stretching, "bent": formula.bending}
    yield {
        "parts": {each: {UNIT: round(value, 1)} for each, value in {**parts, "apart": formula.van_der_waals}.items()}
    }
    tilts = [float(tilt) for tilt in np.linspace(0, 180, MOLECULE_TILTS)]
    answers: list[float] = []
    for tilt in tilts:
        answers.append(float(engine.energies([molecules.rotated(chosen, turned((0.0, tilt, 0.0)))], checkpoint)[0]))
        lines = {"network": (tilts[: len(answers)], list(answers)), "formula": (tilts, [formula.total] * len(tilts))}
        yield {"lines": lines}


def _from(potential: np.ndarray) -> Sphere:
    """In shades of grey from the least to the most; where there is no such atom it is 0 all over."""
    return Sphere(potential, float(potential.min()), float(potential.max()))


def _potential(element: str) -> str:
    return f"of {ELEMENTS[element][0]}"


def _on_molecules() -> Figure:
    """The paper's errors on molecules, beside those of the bundled network and of kernels."""
    ours, kernels = "spherical-cnn-molecules", "spherical_cnn_kernels"
    return Figure(
        caption="Energies of molecules, root mean square error in kilocalories by mole: QM7's are from quantum "
        "chemistry, and here those of a classical formula",
        rows={
            "spherical, the paper, QM7": {"RMSE": "8.47", "molecules": "QM7"},
            "best other in the paper's table, QM7": {"RMSE": "5.96", "molecules": "QM7"},
            "spherical, here": {"RMSE": f"{figure(ours, 'root mean square error'):.1f}", "molecules": "1,000 of ours"},
            "best kernel, here": {"RMSE": f"{figure(kernels, 'best'):.1f}", "molecules": "1,000 of ours"},
        },
        citation=f"arXiv:1801.10130v3, section 5.4. Here: {command(ours)}; kernels: {command(kernels)}. 6,000 "
        "molecules were learned from. The two data sets cannot be compared.",
        heading="As published, and as measured here",
    )


EXPERIMENT = Experiment(
    name="molecule",
    title="Molecule",
    live=True,
    controls={
        "rotation": Rotation("Rotation", on="globes", group="Turn", help="Or drag the molecule."),
        "name": Choice(
            "Molecule", {name: name for name in MOLECULES}, "ethanol", group="Molecule", where={"own": False}
        ),
        "own": MoleculeFile("Or a molecule of yours", optional=True, group="Molecule", help="XYZ: H, C, N, O and F."),
        "atom": Number("Atom", 1, 23, 1, 1, group="Molecule", help="Round which the spheres are."),
        "shake": Number(
            "Shaken by",
            0,
            0.04,
            0,
            0.005,
            unit="angstroms",
            group="Molecule",
            help="Deviation of a coordinate.",
        ),
        "seed": Seed("Seed of the shaking", advanced=True, where={"shake": True}),
        "checkpoint": only("spherical-cnn-molecules"),
    },
    outputs={
        "globes": Globes("The molecule, and the potentials round one atom", of=(MOLECULE, *map(_potential, ELEMENTS))),
        "words": Notices("Seen"),
        "energies": Table("Energy"),
        "lines": Curves("Energy while it tilts", "degrees", "kilocalories by mole"),
        "parts": Table("Of the formula", help="Bonds as they are at rest, then what stretches, bends and keeps apart."),
    },
    presets={
        "Ethanol": {"rotation": (20.0, 30.0, 0.0)},
        "Ethanol, shaken": {"rotation": (20.0, 30.0, 0.0), "shake": 0.04},
        "Benzene": {"name": "benzene", "rotation": (0.0, 60.0, 0.0)},
        "Acetamide": {"name": "acetamide", "rotation": (30.0, 40.0, 0.0)},
    },
    notes=(
        "A small sphere round each atom has a potential for each element of the others, as in the paper.",
        "Energies are those of a classical formula of bonds, angles and contacts: no quantum chemistry.",
        "Try: turn it: the formula does not change, and the network hardly; shake it: both rise.",
    ),
    figures=[_on_molecules()],
    run=run,
)
