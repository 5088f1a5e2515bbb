"""Train the small generators of this project on CIFAR-10: BigGAN's (arXiv:1809.11096) and SAGAN's (arXiv:1805.08318).

    python -m engines.generative_adversarial.train biggan --data DIR --out DIR --minutes 240

DIR holds `cifar10/` as parquet, in the layout of its Hugging Face data set. As in the papers: hinge loss, a projection
discriminator, spectral norm in both networks, an average of the generator's weights. Unlike the papers, the
discriminator also learns to classify, and the generator to be classified rightly: classes appear in fewer steps. The
state is saved every few minutes and found again, so the command can be stopped, and given more minutes later. `--out`
also gets the generator, ready for use, at the end and after growing numbers of steps, for a replay of the training.
"""

import argparse
import copy
import itertools
import json
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from engines.biggan.network import BigGAN
from engines.generative_adversarial.data import CLASSES, read_cifar
from engines.generative_adversarial.discriminator import ProjectionDiscriminator
from engines.generative_adversarial.network import ConditionalNorm, Norm
from engines.generative_adversarial.spectral_norm import add_spectral_norm, folded_state
from engines.generative_adversarial.training import AdversarialTraining
from engines.sagan.network import SAGAN

GENERATORS: dict[str, dict[str, Any]] = {
    "biggan": {
        "widths": [192, 128, 96, 64],
        "latent_size": 80,
        "embedding_size": 64,
        "classes": CLASSES,
        "attention_after": [1],
        "rows": 11,
    },
    "sagan": {"widths": [192, 128, 96, 64], "latent_size": 64, "classes": CLASSES, "attention_after": [1]},
}
DISCRIMINATORS: dict[str, dict[str, Any]] = {
    "biggan": {"widths": (64, 128, 128, 128), "halvings": 2},
    "sagan": {"widths": (64, 128, 256, 256), "halvings": 3},
}
BATCH = 32
GENERATOR_RATE = 2e-4
DISCRIMINATOR_RATE = 4e-4
"""Twice the generator's, for one step of each: two time scales, SAGAN, section 3.2."""
BETAS = (0.0, 0.99)
CLASS_WEIGHT = 0.2
"""Of the generator's wish to be classified rightly, beside its adversarial loss."""
AVERAGE_DECAY = 0.9998
SAVE_EVERY = 180.0
"""Seconds."""
LOG_EVERY = 100
"""Steps."""
SHORTEST_KEPT = 64
"""Steps after which the first generator is kept for the replay."""
STANDING_BATCHES = 20
"""A row of the statistics."""
STANDING_BATCH = 100


def build_generator(paper: str, spectral_norm: bool) -> BigGAN | SAGAN:
    """The paper's generator, ready to be trained; SAGAN's norms look gain and offset up, and have no spectral norm."""
    generator = BigGAN(**GENERATORS[paper]) if paper == "biggan" else SAGAN(**GENERATORS[paper])
    initialize(generator)
    if paper == "sagan":
        for norm in conditional_norms(generator):
            nn.init.zeros_(norm.gain.weight)
            nn.init.zeros_(norm.offset.weight)
    if spectral_norm:
        looked_up = [part for norm in conditional_norms(generator) for part in (norm.gain, norm.offset)]
        plain = looked_up if paper == "sagan" else []
        add_spectral_norm(generator, (nn.Conv2d, nn.Linear), plain)
    return generator.to(memory_format=torch.channels_last)


def conditional_norms(generator: nn.Module) -> list[ConditionalNorm]:
    return [module for module in generator.modules() if isinstance(module, ConditionalNorm)]


def build_discriminator(paper: str, spectral_norm: bool) -> ProjectionDiscriminator:
    discriminator = ProjectionDiscriminator(**DISCRIMINATORS[paper], classes=CLASSES)
    initialize(discriminator)
    if spectral_norm:
        add_spectral_norm(discriminator, (nn.Conv2d, nn.Linear, nn.Embedding), [discriminator.classifier])
    return discriminator.to(memory_format=torch.channels_last)


def initialize(network: nn.Module) -> None:
    """Orthogonal weights; BigGAN, section 3."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            nn.init.orthogonal_(module.weight)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


class Training(AdversarialTraining[BigGAN | SAGAN, ProjectionDiscriminator]):
    """The training of one of our small generators."""

    @classmethod
    def start(cls, paper: str, spectral_norm: bool = True) -> "Training":
        generator, discriminator = build_generator(paper, spectral_norm), build_discriminator(paper, spectral_norm)
        return cls(
            generator,
            discriminator,
            copy.deepcopy(generator).requires_grad_(False),
            torch.optim.Adam(generator.parameters(), GENERATOR_RATE, betas=BETAS, fused=True),
            torch.optim.Adam(discriminator.parameters(), DISCRIMINATOR_RATE, betas=BETAS, fused=True),
        )

    def advance(self, pictures: Tensor, labels: Tensor) -> dict[str, float]:
        """One step of both networks on pictures `(B, 3, 32, 32)` uint8 and their labels; returns the losses.

        The generator learns from the very pictures that the discriminator has just learnt from, so that they are made
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

        self.update_average()
        self.step += 1
        losses = {"hinge": hinge, "fooling": fooling, "class of real": classified, "class of fake": misclassified}
        return {name: loss.item() for name, loss in losses.items()}

    @torch.no_grad()
    def update_average(self) -> None:
        decay = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        for ours, theirs in zip(self.average.state_dict().values(), self.generator.state_dict().values(), strict=True):
            ours.lerp_(theirs, 1 - decay)


def as_input(pictures: Tensor) -> Tensor:
    """uint8 to [-1, 1], each mirrored with probability 1/2."""
    mirrored = torch.rand(len(pictures), 1, 1, 1) < 0.5
    pictures = torch.where(mirrored, pictures.flip(3), pictures)
    return (pictures.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def finished_state(average: BigGAN | SAGAN) -> dict[str, Tensor]:
    """The average generator's for use: standing statistics (BigGAN, appendix C), then spectral norms folded."""
    generator = copy.deepcopy(average).train()
    norms = [module for module in generator.modules() if isinstance(module, Norm)]
    random = torch.Generator().manual_seed(0)
    wanted = functional.one_hot(torch.arange(STANDING_BATCH) % CLASSES, CLASSES).float()
    rows = len(norms[0].mean)
    for row, batch in itertools.product(range(rows), range(STANDING_BATCHES)):
        for norm in norms:
            norm.tracked, norm.momentum = row, 1 / (batch + 1)
        deviation = row / (rows - 1) if rows > 1 else 1.0
        latent = deviation * torch.randn(STANDING_BATCH, generator.latent_size, generator=random)
        with torch.autocast("cpu", torch.bfloat16):
            generator(latent, wanted)
    return folded_state(generator.eval())


def export(paper: str, training: Training, path: Path) -> None:
    """Write the average generator in half precision."""
    state = {key: value.half().contiguous() for key, value in finished_state(training.average).items()}
    metadata = {
        "architecture": paper,
        "config": json.dumps(GENERATORS[paper]),
        "trained_on": "CIFAR-10",
        "steps": str(training.step),
    }
    save_file(state, path, metadata)


def is_kept(step: int) -> bool:
    """Whether a replay keeps the generator of this step: 1, 2, 3, 4, 6, 8, 12, 16, ... times the shortest."""
    times, rest = divmod(step, SHORTEST_KEPT)
    while times > 3 and times % 2 == 0:
        times //= 2
    return rest == 0 and times in (1, 2, 3)


def train(paper: str, data: Path, out: Path, minutes: float, spectral_norm: bool) -> None:
    """Go on until the training has had `minutes` in all, then export."""
    training = Training.start(paper, spectral_norm)
    if (out / "state.pt").exists():
        training.load(out / "state.pt")
    pictures, labels = read_cifar(data, "train")
    earlier = training.seconds
    started = saved = logged = time.perf_counter()
    logged_step = training.step
    means: dict[str, float] = {}
    while training.seconds < 60 * minutes:
        batch = torch.randint(len(pictures), (BATCH,))
        losses = training.advance(pictures[batch], labels[batch])
        means = {name: means.get(name, loss) * 0.98 + loss * 0.02 for name, loss in losses.items()}
        training.seconds = earlier + time.perf_counter() - started
        if training.step % LOG_EVERY == 0:
            rate = (training.step - logged_step) / (time.perf_counter() - logged)
            logged, logged_step = time.perf_counter(), training.step
            shown = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
            print(f"{training.seconds:.0f} s, step {training.step}, {rate:.2f} steps/s: {shown}", flush=True)
        if is_kept(training.step):
            export(paper, training, out / f"step-{training.step:06}.safetensors")
        if time.perf_counter() - saved > SAVE_EVERY:
            training.save(out / "state.pt")
            saved = time.perf_counter()
    training.save(out / "state.pt")
    export(paper, training, out / "generator.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paper", choices=GENERATORS)
    parser.add_argument("--data", type=Path, required=True, help="the folder of cifar10/")
    parser.add_argument("--out", type=Path, required=True, help="where the state and the generators are kept")
    parser.add_argument("--minutes", type=float, default=240.0, help="in all, earlier runs included")
    parser.add_argument("--threads", type=int, default=1, help="more are slower where the cores are shared")
    parser.add_argument("--without-spectral-norm", action="store_true", help="to see what it is good for")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(arguments.paper, arguments.data, arguments.out, arguments.minutes, not arguments.without_spectral_norm)


if __name__ == "__main__":
    main()
