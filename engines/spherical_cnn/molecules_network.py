"""The network that reads the energy of a molecule from the spheres round its atoms (arXiv:1801.10130, section 5.4)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.spherical_cnn.grids import KernelGrid
from engines.spherical_cnn.molecules import CHARGES
from engines.spherical_cnn.network import Network, S2Convolution, SO3Convolution
from engines.spherical_cnn.transform import analyse, integrate, power

LEAST_POWER = 1e-4
"""So that its root can be learned through."""


class MoleculeNetwork(Network):
    """Energies `(B, 1)`, in kilocalories by mole, of molecules as `molecules.spheres` gives them.

    As in the paper, every atom goes through the same spherical network, and what it says of each is added up; there
    the sum goes through more layers, while here it is the energy, so that each atom has its part of it. An atom starts
    from what `composition` gives to its element, as the paper's network starts from a fit to the elements alone.

    Beside the paper's layers it reads how much of the first one's features has each degree: near atoms have more of the
    high ones, so that bonds stand out from what is farther away.
    """

    def __init__(
        self,
        bandwidths: tuple[int, int, int],
        channels: tuple[int, int],
        hidden: int,
        composition: Sequence[float],
        unit: float,
        s2_grid: KernelGrid,
        so3_grid: KernelGrid,
    ) -> None:
        """`composition`, for each element, and `unit`, that of the answers, are in kilocalories by mole."""
        super().__init__()
        self.bandwidth, *outputs = bandwidths
        self.composition, self.unit = tuple(composition), unit
        self.conv1 = S2Convolution(len(CHARGES), channels[0], self.bandwidth, outputs[0], s2_grid)
        self.conv2 = SO3Convolution(channels[0], channels[1], outputs[0], outputs[1], so3_grid)
        invariants = channels[0] * (1 + outputs[0]) + channels[1]
        self.out_layer = nn.Linear(invariants + len(CHARGES), hidden)
        self.hidden = nn.Linear(hidden, hidden)
        self.energy = nn.Linear(hidden, 1)

    def features(self, signal: Tensor) -> Tensor:
        """Of each atom of all molecules, `(A, features)`: the first layer's means over SO(3) and its root power by
        degree, which a rotation does not change; the means of the second after ReLU, which it nearly does not; and the
        element."""
        atoms = signal[_present(signal)]
        own, charges = atoms[:, -1, 0, 0], self._charges(signal)
        # By the charges, channels and atoms have potentials of like size.
        potentials = atoms[:, :-1] / (own[:, None] * charges)[..., None, None]
        first = self.conv1(potentials)
        by_degree = (power(analyse(first, self.conv1.b_out)) + LEAST_POWER).sqrt().flatten(1)
        second = functional.relu(self.conv2(functional.relu(first)))
        element = (own[:, None] == charges).to(signal)
        return torch.cat([integrate(first), by_degree, integrate(second), element], 1)

    def answer(self, scores: Tensor, signal: Tensor) -> Tensor:
        return self._parts(scores, signal).sum(1, keepdim=True)

    def atom_energies(self, signal: Tensor) -> Tensor:
        """What each atom adds to the energy, `(B, atoms)`; 0 where a molecule has no more atoms."""
        return self._parts(self.out_layer(self.features(signal)), signal)

    def _parts(self, scores: Tensor, signal: Tensor) -> Tensor:
        present = _present(signal)
        learned = self.energy(functional.silu(self.hidden(functional.silu(scores))))[:, 0]
        of_element = (signal[..., -1, 0, 0][..., None] == self._charges(signal)).to(signal)
        parts = of_element @ torch.tensor(self.composition).to(signal)
        return parts.masked_scatter(present, parts[present] + self.unit * learned)

    def _charges(self, like: Tensor) -> Tensor:
        return torch.tensor(list(CHARGES.values())).to(like)


def _present(signal: Tensor) -> Tensor:
    """Whether there is an atom, `(B, atoms)`."""
    return signal[..., -1, 0, 0] > 0
