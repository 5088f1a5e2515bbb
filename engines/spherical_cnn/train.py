"""Train the networks that read what lies on the sphere (arXiv:1801.10130, sections 5.2 to 5.4).

    python -m engines.spherical_cnn.train spherical-cnn-mnist-nr --data DIR --out DIR --epochs 8

MNIST's digits, as they are placed (nr) or with a new random rotation whenever they are seen (r), are learned by the
paper's network and by a planar twin; shapes and the energies of molecules that this project makes by smaller spherical
networks.

As in the published code: Adam, batches of 32, cross entropy; an energy's loss is the square of small errors and the
size of large ones. Unlike it: the rate falls to zero along a cosine, pictures are in [0, 1], and the features before
the linear layer are normalized over the batch, which makes the spherical network learn from the first steps; the
statistics are then folded into that layer, so that the network is the published one.

DIR of --out gets NAME.safetensors, and NAME.pt, from which the same command goes on after it was stopped, with the very
numbers it would have had.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime import training as runtime
from engines.runtime.errors import InputError
from engines.spherical_cnn.architecture import ARCHITECTURES
from engines.spherical_cnn.data import Kind, Samples, read_samples
from engines.spherical_cnn.network import BANDWIDTHS, CHANNELS, PLANAR_CHANNELS
from engines.spherical_cnn.shapes import FAMILIES

BATCH = 32
SPHERICAL_RATE, PLANAR_RATE = 2e-2, 1e-3
MOLECULE_RATE = 1e-2
ENERGY_UNIT, SMALL_ERROR = 15.0, 0.2
"""In kilocalories by mole, about what `COMPOSITION` leaves of the energies; and in this unit."""
COMPOSITION = (-62.1, -146.0, -96.5, -95.8, -68.2)
"""The energy of an atom of each element in a molecule, in kilocalories by mole: least squares over the molecules that
are learned from."""


class Goal(NamedTuple):
    """What a training makes small, and what it reports beside it, of answers and labels."""

    loss: Callable[[Tensor, Tensor], Tensor]
    figure: str
    measure: Callable[[Tensor, Tensor], Tensor]


def share_right(scores: Tensor, labels: Tensor) -> Tensor:
    return (scores.argmax(1) == labels).float().mean()


def energy_loss(energies: Tensor, labels: Tensor) -> Tensor:
    return functional.smooth_l1_loss(energies[:, 0] / ENERGY_UNIT, labels / ENERGY_UNIT, beta=SMALL_ERROR)


def energy_error(energies: Tensor, labels: Tensor) -> Tensor:
    return (energies[:, 0] - labels).abs().mean()


CLASSES = Goal(functional.cross_entropy, "accuracy", share_right)
ENERGIES = Goal(energy_loss, "mean error", energy_error)


class Recipe(NamedTuple):
    """What a network is made of, what it learns, and its rate at first."""

    architecture: str
    config: Mapping[str, Any]
    kind: Kind
    rate: float
    goal: Goal = CLASSES


S2_GRID = {"function": "s2_near_identity_grid"}
SO3_GRID = {"function": "so3_near_identity_grid", "n_alpha": 6, "n_beta": 2, "n_gamma": 6}
"""With these rotations the network has the size that the paper's table states; the published code has more."""
SPHERICAL = {"bandwidths": BANDWIDTHS, "channels": CHANNELS, "s2_grid": S2_GRID, "so3_grid": SO3_GRID}
PLANAR = {"bandwidth": BANDWIDTHS[0], "channels": PLANAR_CHANNELS}
OF_SHAPES = {
    "inputs": 6,
    "classes": len(FAMILIES),
    "bandwidths": (16, 8, 4),
    "channels": (16, 32),
    "s2_grid": S2_GRID,
    "so3_grid": SO3_GRID,
}
OF_MOLECULES = {
    "bandwidths": (6, 4, 2),
    "channels": (16, 16),
    "hidden": 64,
    "composition": COMPOSITION,
    "unit": ENERGY_UNIT,
    "s2_grid": S2_GRID | {"max_beta": 2.8, "n_beta": 4},
    "so3_grid": SO3_GRID | {"max_beta": 1.6},
}
RECIPES = {
    "spherical-cnn-mnist-nr": Recipe("spherical-cnn-mnist", SPHERICAL, "digits", SPHERICAL_RATE),
    "spherical-cnn-mnist-r": Recipe("spherical-cnn-mnist", SPHERICAL, "rotated digits", SPHERICAL_RATE),
    "spherical-cnn-planar-nr": Recipe("spherical-cnn-planar", PLANAR, "digits", PLANAR_RATE),
    "spherical-cnn-planar-r": Recipe("spherical-cnn-planar", PLANAR, "rotated digits", PLANAR_RATE),
    "spherical-cnn-shapes": Recipe("spherical-cnn-shapes", OF_SHAPES, "shapes", SPHERICAL_RATE),
    "spherical-cnn-molecules": Recipe("spherical-cnn-molecules", OF_MOLECULES, "molecules", MOLECULE_RATE, ENERGIES),
}
"""By the names of their checkpoints."""


class Training(runtime.EpochTraining):
    """The training of one network over `epochs`."""

    def __init__(self, recipe: Recipe, samples: Samples, epochs: int) -> None:
        super().__init__(len(samples.labels), BATCH, epochs)
        torch.manual_seed(0)
        self.recipe, self.samples = recipe, samples
        self.network = ARCHITECTURES[recipe.architecture].build(recipe.config).train()
        self.norm = nn.BatchNorm1d(self.network.out_layer.in_features)
        self.optimizer = torch.optim.Adam([*self.network.parameters(), *self.norm.parameters()], recipe.rate)

    def parts(self) -> dict[str, Any]:
        return {"network": self.network, "norm": self.norm, "optimizer": self.optimizer}

    def learn(self, chosen: Tensor) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * runtime.cosine(self.share)
        signals = self.samples.draw(chosen, torch.Generator().manual_seed(self.step))
        labels = self.samples.labels[chosen]
        scores = self.network.out_layer(self.norm(self.network.features(signals)))
        answers = self.network.answer(scores, signals)
        loss = self.recipe.goal.loss(answers, labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.item(), self.recipe.goal.figure: self.recipe.goal.measure(answers, labels).item()}

    def folded(self) -> dict[str, Tensor]:
        """The network's tensors, with the norm's statistics and weights within the linear layer's."""
        state = {key: tensor.clone() for key, tensor in self.network.state_dict().items()}
        running = self.norm.state_dict()
        scale = running["weight"] / (running["running_var"] + self.norm.eps).sqrt()
        shift = running["bias"] - running["running_mean"] * scale
        state["out_layer.bias"] += state["out_layer.weight"] @ shift
        state["out_layer.weight"] *= scale
        return state

    def export(self, path: Path) -> None:
        metadata = {
            "architecture": self.recipe.architecture,
            "config": json.dumps(self.recipe.config),
            "trained_on": self.recipe.kind,
            "steps": str(self.step),
        }
        runtime.save_halved(self.folded(), path, metadata)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=RECIPES, help="the checkpoint's name")
    parser.add_argument("--data", type=Path, help="the folder of mnist10k/, for digits")
    parser.add_argument("--out", type=Path, required=True, help="where the state and the network are kept")
    parser.add_argument("--epochs", type=int, default=8, help="in all, earlier runs included")
    parser.add_argument("--threads", type=int, default=1, help="more are slower where the cores are shared")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    recipe = RECIPES[arguments.name]
    bandwidth = ARCHITECTURES[recipe.architecture].build(recipe.config).bandwidth
    try:
        samples = read_samples(recipe.kind, "train", bandwidth, arguments.data)
    except InputError as error:
        parser.exit(1, f"{error}\n")
    state, exported = (arguments.out / f"{arguments.name}{suffix}" for suffix in (".pt", ".safetensors"))
    runtime.go_on(Training(recipe, samples, arguments.epochs), state, exported)


if __name__ == "__main__":
    main()
