"""Trains a small generator of this project on CIFAR-10, as BigGAN's and SAGAN's commands do.

    python -m engines.biggan.train --data DIR --out DIR --minutes 240

DIR holds `cifar10/` as parquet, in the layout of its Hugging Face data set. As in the papers (arXiv:1809.11096,
arXiv:1805.08318): hinge loss, a projection discriminator, spectral norm in both networks, an average of the generator's
weights. Unlike the papers, the discriminator also learns to classify, and the generator to be classified rightly, so
that classes appear in fewer steps. The state is saved every few minutes and found again, so the command can be stopped,
and given more minutes later. `--out` also gets the generator, ready for use, at the end and after growing numbers of
steps, for a replay of the training.
"""

import argparse
import copy
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.progress import finish
from engines.runtime.training import follow, go_on, save_halved
from engines.shared.cifar import CLASSES, read_cifar
from engines.shared.generative_adversarial.discriminator import ProjectionDiscriminator
from engines.shared.generative_adversarial.network import ConditionalNorm, Norm
from engines.shared.generative_adversarial.spectral_norm import add_spectral_norm, folded_state
from engines.shared.generative_adversarial.training import AdversarialTraining
from engines.shared.tensors import from_levels

BATCH = 32
GENERATOR_RATE = 2e-4
DISCRIMINATOR_RATE = 4e-4
"""Twice the generator's, for one step of each: two time scales, SAGAN, section 3.2."""
BETAS = (0.0, 0.99)
CLASS_WEIGHT = 0.2
"""The weight of the generator's loss of classification, beside its adversarial loss."""
AVERAGE_DECAY = 0.9998
SHORTEST_KEPT = 64
"""The number of steps after which the first generator is kept for the replay."""
STANDING_BATCHES = 20
"""The number of batches for a row of the statistics."""
STANDING_BATCH = 100


class Recipe(NamedTuple):
    """Describes a paper's small generator and its discriminator.

    `looks_up` says that the generator's norms look up gain and offset for a class; these begin as zeros, and have no
    spectral norm.
    """

    architecture: str
    build: Callable[..., nn.Module]
    generator: dict[str, Any]
    discriminator: dict[str, Any]
    looks_up: bool = False


def build_generator(recipe: Recipe, spectral_norm: bool) -> nn.Module:
    """Build the recipe's generator, ready to be trained."""
    generator = recipe.build(**recipe.generator)
    initialize(generator)
    looked_up = [part for norm in conditional_norms(generator) for part in (norm.gain, norm.offset)]
    plain = looked_up if recipe.looks_up else []
    for part in plain:
        nn.init.zeros_(part.weight)
    if spectral_norm:
        add_spectral_norm(generator, (nn.Conv2d, nn.Linear), plain)
    return generator.to(memory_format=torch.channels_last)


def conditional_norms(generator: nn.Module) -> list[ConditionalNorm]:
    """List the generator's norms that a condition scales and shifts."""
    return [module for module in generator.modules() if isinstance(module, ConditionalNorm)]


def build_discriminator(recipe: Recipe, spectral_norm: bool) -> ProjectionDiscriminator:
    """Build the recipe's discriminator, ready to be trained."""
    discriminator = ProjectionDiscriminator(**recipe.discriminator, classes=CLASSES)
    initialize(discriminator)
    if spectral_norm:
        add_spectral_norm(discriminator, (nn.Conv2d, nn.Linear, nn.Embedding), [discriminator.classifier])
    return discriminator.to(memory_format=torch.channels_last)


def initialize(network: nn.Module) -> None:
    """Set all weights to orthogonal ones; BigGAN, section 3."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            nn.init.orthogonal_(module.weight)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


class Training(AdversarialTraining[nn.Module, ProjectionDiscriminator]):
    """Trains a small generator on pictures `(N, 3, 32, 32)` uint8 and their labels."""

    log_every = 100
    exports_often = False

    def __init__(
        self, recipe: Recipe, pictures: Tensor, labels: Tensor, minutes: float, spectral_norm: bool = True
    ) -> None:
        generator, discriminator = build_generator(recipe, spectral_norm), build_discriminator(recipe, spectral_norm)
        super().__init__(generator, discriminator, (GENERATOR_RATE, DISCRIMINATOR_RATE), BETAS, minutes)
        self.recipe, self.pictures, self.labels = recipe, pictures, labels

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw the next batch of pictures and labels."""
        batch = torch.randint(len(self.pictures), (BATCH,))
        return self.pictures[batch], self.labels[batch]

    def learn(self, pictures: Tensor, labels: Tensor) -> dict[str, float]:
        """Train both networks on pictures `(B, 3, 32, 32)` uint8 and their labels, and return the losses.

        The generator learns from the same pictures that the discriminator has just learned from, so that they are made
        once.
        """
        real = as_input(pictures)
        wanted = torch.randint(CLASSES, (len(real),))
        latent = torch.randn(len(real), self.generator.latent_size)
        with torch.autocast("cpu", torch.bfloat16):
            fake = self.generator(latent, functional.one_hot(wanted, CLASSES).float()).float()
            judged = self.discriminator(torch.cat([real, fake.detach()]), torch.cat([labels, wanted]))
        of_real, of_fake = judged.realness.chunk(2)
        hinge = functional.relu(1 - of_real).mean() + functional.relu(1 + of_fake).mean()
        classified = functional.cross_entropy(judged.class_scores[: len(real)], labels)
        self.discriminator_optimizer.zero_grad()
        (hinge + classified).backward()
        self.discriminator_optimizer.step()

        self.discriminator.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            judged = self.discriminator(fake, wanted)
        self.discriminator.requires_grad_(True)
        fooling = -judged.realness.mean()
        misclassified = functional.cross_entropy(judged.class_scores, wanted)
        self.generator_optimizer.zero_grad()
        (fooling + CLASS_WEIGHT * misclassified).backward()
        self.generator_optimizer.step()

        follow(self.average.state_dict().values(), self.generator.state_dict().values(), self.step, AVERAGE_DECAY)
        losses = {"hinge": hinge, "fooling": fooling, "class of real": classified, "class of fake": misclassified}
        return {name: loss.item() for name, loss in losses.items()}

    def snapshot(self) -> str | None:
        """Name the file of the generator that a replay keeps, after growing numbers of steps."""
        return f"step-{self.step:06}.safetensors" if is_kept(self.step) else None

    def export(self, path: Path) -> None:
        """Write the average generator in half precision."""
        metadata = {
            "architecture": self.recipe.architecture,
            "config": json.dumps(self.recipe.generator),
            "trained_on": "CIFAR-10",
            "steps": str(self.step),
        }
        save_halved(finished_state(self.average), path, metadata)


def as_input(pictures: Tensor) -> Tensor:
    """Convert uint8 to [-1, 1], each picture mirrored with probability 1/2."""
    mirrored = torch.rand(len(pictures), 1, 1, 1) < 0.5
    pictures = torch.where(mirrored, pictures.flip(3), pictures)
    return from_levels(pictures).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def finished_state(average: nn.Module, precision: torch.dtype = torch.bfloat16) -> dict[str, Tensor]:
    """Return the average generator's state for use: standing statistics (BigGAN, appendix C), spectral norms folded."""
    generator = copy.deepcopy(average).train()
    norms = [module for module in generator.modules() if isinstance(module, Norm)]
    random = torch.Generator().manual_seed(0)
    wanted = functional.one_hot(torch.arange(STANDING_BATCH) % generator.classes, generator.classes).float()
    rows = len(norms[0].mean)
    for row, batch in itertools.product(range(rows), range(STANDING_BATCHES)):
        for norm in norms:
            norm.tracked, norm.momentum = row, 1 / (batch + 1)
        deviation = row / (rows - 1) if rows > 1 else 1.0
        latent = deviation * torch.randn(STANDING_BATCH, generator.latent_size, generator=random)
        with torch.autocast("cpu", precision, enabled=precision is not torch.float32):
            generator(latent, wanted)
    return folded_state(generator.eval())


def is_kept(step: int) -> bool:
    """Tell whether a replay keeps the generator of this step: 1, 2, 3, 4, 6, 8, 12, 16, ... times the shortest."""
    times, rest = divmod(step, SHORTEST_KEPT)
    while times > 3 and times % 2 == 0:
        times //= 2
    return rest == 0 and times in (1, 2, 3)


def train(recipe: Recipe, data: Path, out: Path, minutes: float, spectral_norm: bool) -> None:
    """Continue until the training has had `minutes` in all, then export."""
    training = Training(recipe, *finish(read_cifar(data, "train")), minutes, spectral_norm)
    go_on(training, out / "state.pt", out / "generator.safetensors")


def main(recipe: Recipe) -> None:
    """Train a paper's generator, as its command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of cifar10/")
    parser.add_argument("--out", type=Path, required=True, help="where the state and the generators are kept")
    parser.add_argument("--minutes", type=float, default=240.0, help="in all, earlier runs included")
    parser.add_argument("--threads", type=int, default=1, help="more are slower where the cores are shared")
    parser.add_argument("--without-spectral-norm", action="store_true", help="to see what it is good for")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(recipe, arguments.data, arguments.out, arguments.minutes, not arguments.without_spectral_norm)
