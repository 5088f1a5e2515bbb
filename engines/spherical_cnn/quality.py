"""How well the networks of this project read what lies on the sphere (arXiv:1801.10130, sections 5.2 to 5.4).

    python -m engines.spherical_cnn.quality --data DIR

DIR holds `mnist10k/`. The table is the paper's, NR/R: trained on digits as they are placed, tested on digits that are
rotated at random, and so on; below it, how many rotated shapes are recognized, and how far the energies of molecules
are missed, by the network and by others that learned from the same molecules. --trained names a folder that the
trainer wrote; without it, the bundled checkpoints are measured. --kernels measures only these others, without DIR, and
keeps the best one's error for the page.
"""

import argparse
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engines.runtime import measured
from engines.runtime.checkpoints import Quality, find, loaded, parse_state
from engines.runtime.fitting import fit
from engines.spherical_cnn.architecture import ARCHITECTURES
from engines.spherical_cnn.data import MOLECULES, Samples, make_molecules, read_samples
from engines.spherical_cnn.force_field import energy
from engines.spherical_cnn.molecules import CHARGES, MOST_ATOMS, Molecule
from engines.spherical_cnn.network import Network
from engines.spherical_cnn.shapes import FAMILIES
from engines.spherical_cnn.train import RECIPES

CHUNK = 50
KERNELS = "spherical_cnn_kernels"
"""The table of measured.toml with the error of the best of what knows no sphere."""
WIDTHS = {"rbf": (1e-5, 1e-4, 1e-3, 1e-2), "laplacian": (1e-4, 1e-3, 1e-2, 1e-1)}
PENALTIES = (1e-6, 1e-4, 1e-2)
CHOSEN_BY = 1200
"""As many molecules choose a kernel's width and penalty, by cross-validation; then it learns from all."""


@torch.no_grad()
def recognized(network: Network, samples: Samples) -> Tensor:
    """Whether each sample is, `(N,)` of 0 and 1; random rotations are the same for every network."""
    generator = torch.Generator().manual_seed(0)
    chunks = torch.arange(len(samples.labels)).split(CHUNK)
    found = torch.cat([network(samples.draw(chosen, generator)).argmax(1) for chosen in chunks])
    return (found == samples.labels).float()


def on_digits(network: nn.Module, data: Path | None) -> dict[str, float]:
    """The shares of test digits that are read rightly.

    Raises:
        InputError: they are not there.
    """
    assert isinstance(network, Network)
    as_placed = recognized(network, read_samples("digits", "test", network.bandwidth, data))
    rotated = recognized(network, read_samples("rotated digits", "test", network.bandwidth, data))
    return {"as placed": float(as_placed.mean()), "rotated": float(rotated.mean())}


def on_shapes(network: nn.Module) -> dict[str, float]:
    """The shares of new rotated shapes that are recognized, of all and of each family."""
    assert isinstance(network, Network)
    samples = read_samples("shapes", "test", network.bandwidth, None)
    right = recognized(network, samples)
    families = {name: float(right[samples.labels == label].mean()) for label, name in enumerate(FAMILIES)}
    return {"all": float(right.mean()), **families}


@torch.no_grad()
def on_molecules(network: nn.Module) -> dict[str, float]:
    """Errors, in kilocalories by mole, of the energies of other molecules than were learned from, and of those that
    none is like but for the places of its atoms; and how far another rotation moves an answer."""
    assert isinstance(network, Network)
    samples = read_samples("molecules", "test", network.bandwidth, None)
    chunks = torch.arange(len(samples.labels)).split(CHUNK)
    first, second = (
        torch.cat([network(samples.draw(chosen, generator))[:, 0] for chosen in chunks])
        for generator in map(torch.Generator().manual_seed, (0, 1))
    )
    errors = (first - samples.labels).numpy()
    return {
        "root mean square error": _root_mean_square(errors),
        "of new kinds": _root_mean_square(errors[_new_kinds()]),
        "mean error": float(np.abs(errors).mean()),
        "moved by a rotation": _root_mean_square((first - second).numpy()),
    }


def baselines() -> dict[str, tuple[float, float]]:
    """The root mean square errors, in kilocalories by mole, of all these molecules and of new kinds, of what knows no
    sphere: the mean, least squares over how many atoms a molecule has of each element, and kernels that learn from the
    Coulomb matrix what these leave."""
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.model_selection import GridSearchCV

    learned, tested = _molecules()
    labels, wanted = (np.array([energy(molecule).total for molecule in some]) for some in (learned, tested))
    counts, new_counts = (
        np.array([[each.elements.count(name) for name in CHARGES] for each in some]) for some in (learned, tested)
    )
    by_element = np.linalg.lstsq(counts, labels, rcond=None)[0]
    left, wanted_left = labels - counts @ by_element, wanted - new_counts @ by_element
    errors = {"the mean": wanted - labels.mean(), "counts of atoms": wanted_left}
    for name, descriptor in DESCRIPTORS.items():
        seen, new = (np.stack([descriptor(molecule) for molecule in some]) for some in (learned, tested))
        for kernel, widths in WIDTHS.items():
            search = GridSearchCV(KernelRidge(kernel=kernel), {"alpha": PENALTIES, "gamma": widths}, cv=3)
            best = search.fit(seen[:CHOSEN_BY], left[:CHOSEN_BY]).best_params_
            errors[f"{name}, {kernel}"] = KernelRidge(kernel=kernel, **best).fit(seen, left).predict(new) - wanted_left
    kinds = _new_kinds()
    return {name: (_root_mean_square(each), _root_mean_square(each[kinds])) for name, each in errors.items()}


@cache
def _molecules() -> tuple[list[Molecule], list[Molecule]]:
    """Those that are learned from, and those that are not."""
    return make_molecules("train", MOLECULES["train"]), make_molecules("test", MOLECULES["test"])


def _new_kinds() -> np.ndarray:
    """Whether no molecule that is learned from has the atoms and bonds of each of the others."""
    learned, tested = _molecules()
    kinds = set(map(kind, learned))
    return np.array([kind(molecule) not in kinds for molecule in tested])


def kind(molecule: Molecule) -> tuple[int, ...]:
    """The same for the same atoms and bonds in any order: what is bonded to each atom, and to that, and so on."""
    labels = [hash(element) for element in molecule.elements]
    for _ in labels:
        around: list[list[tuple[float, int]]] = [[] for _ in labels]
        for one, other, order in molecule.bonds:
            around[one].append((order, labels[other]))
            around[other].append((order, labels[one]))
        labels = [hash((label, *sorted(near))) for label, near in zip(labels, around, strict=True)]
    return tuple(sorted(labels))


def coulomb_matrix(molecule: Molecule) -> np.ndarray:
    """Of Rupp and others (Physical Review Letters 108, 058301, 2012), `(N, N)`: z^2.4 / 2 on the diagonal, and
    beside it z_i z_j by the distance in angstroms."""
    charges = molecule.charges.astype(np.float64)
    distances = np.linalg.norm(molecule.positions[:, None] - molecule.positions, axis=2)
    np.fill_diagonal(distances, 1)
    matrix = np.outer(charges, charges) / distances
    np.fill_diagonal(matrix, charges**2.4 / 2)
    return matrix


def eigenvalues(molecule: Molecule) -> np.ndarray:
    """Of the Coulomb matrix, by falling size, and 0 up to the most atoms."""
    values = np.linalg.eigvalsh(coulomb_matrix(molecule))
    return np.pad(values[np.argsort(-np.abs(values))], (0, MOST_ATOMS - len(values)))


def sorted_matrix(molecule: Molecule) -> np.ndarray:
    """One half of the Coulomb matrix with its rows by falling norm, and 0 up to the most atoms."""
    matrix = coulomb_matrix(molecule)
    order = np.argsort(-np.linalg.norm(matrix, axis=1))
    padded = np.pad(matrix[order][:, order], (0, MOST_ATOMS - len(order)))
    return padded[np.tril_indices(MOST_ATOMS)]


DESCRIPTORS = {"eigenvalues": eigenvalues, "sorted matrix": sorted_matrix}


def _root_mean_square(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def trained(name: str, folder: Path | None) -> nn.Module:
    """The network of that recipe, from the trainer's folder or bundled.

    Raises:
        CheckpointError: it is not there, or does not fit.
    """
    kind = ARCHITECTURES[RECIPES[name].architecture]
    if folder is None:
        return loaded(find(name), kind)
    network, file = kind.build(RECIPES[name].config), folder / f"{name}.safetensors"
    fit(network, {key: tensor.float() for key, tensor in parse_state(file).items()}, str(file))
    return network.eval()


def measure_digits(network: nn.Module, data: Path | None) -> Quality:
    """Measure the shares of MNIST's test digits that are read rightly, as placed and rotated; their mean decides.

    Raises:
        InputError: there is no folder with MNIST.
    """
    figures = on_digits(network, data)
    return Quality(figures, sum(figures.values()) / len(figures))


def measure_shapes(network: nn.Module, data: Path | None) -> Quality:
    """Measure the shares of new rotated shapes that are recognized, of all, which decides, and of each family."""
    figures = on_shapes(network)
    return Quality(figures, figures["all"])


def measure_molecules(network: nn.Module, data: Path | None) -> Quality:
    """Measure errors of other molecules' energies in kilocalories by mole, the root of whose mean square decides."""
    figures = on_molecules(network)
    return Quality(figures, -figures["root mean square error"])


MEASURES = {
    "spherical-cnn-mnist": measure_digits,
    "spherical-cnn-planar": measure_digits,
    "spherical-cnn-shapes": measure_shapes,
    "spherical-cnn-molecules": measure_molecules,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of mnist10k/")
    parser.add_argument("--trained", type=Path, help="the folder that the trainer wrote")
    parser.add_argument("--kernels", action="store_true", help="measure only what knows no sphere, and keep the best")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.kernels:
        best = min(error for error, _ in _print_baselines().values())
        measured.keep(KERNELS, "python -m engines.spherical_cnn.quality --kernels", {"best": best})
        return
    if arguments.data is None:
        parser.error("name the folder of mnist10k/ with --data")
    print(f"{'':10} NR/NR    R/R   NR/R   R/NR  parameters")
    for kind in ("planar", "mnist"):
        network = trained(f"spherical-cnn-{kind}-nr", arguments.trained)
        of_unrotated = on_digits(network, arguments.data)
        of_rotated = on_digits(trained(f"spherical-cnn-{kind}-r", arguments.trained), arguments.data)
        size = sum(parameter.numel() for parameter in network.parameters())
        print(
            f"{'planar' if kind == 'planar' else 'spherical':10} {of_unrotated['as placed']:.3f}  "
            f"{of_rotated['rotated']:.3f}  {of_unrotated['rotated']:.3f}  {of_rotated['as placed']:.3f}  {size:10,}",
            flush=True,
        )
    for family, share in on_shapes(trained("spherical-cnn-shapes", arguments.trained)).items():
        print(f"{family:10} {share:.3f}")
    for name, error in on_molecules(trained("spherical-cnn-molecules", arguments.trained)).items():
        print(f"{name:24} {error:.2f}", flush=True)
    kinds = _new_kinds()
    print(f"{kinds.sum()} of {len(kinds)} molecules are of new kinds")
    _print_baselines()


def _print_baselines() -> dict[str, tuple[float, float]]:
    found = baselines()
    for name, (error, of_new) in found.items():
        print(f"{name:24} {error:.2f}, of new kinds {of_new:.2f}")
    return found


if __name__ == "__main__":
    main()
