"""How well generators of CIFAR-10's classes and of flowers do, with and without the truncation trick
(arXiv:1809.11096)."""

from pathlib import Path

from torch import Tensor, nn

from engines.biggan.latents import deviation, truncated_latents, uniforms
from engines.runtime.checkpoints import Quality
from engines.runtime.class_names import FLOWERS
from engines.shared.generative_adversarial import flower_quality, quality
from engines.shared.generative_adversarial.network import interpolated_rows

TRUNCATIONS = (0.4,)
FLOWER_TRUNCATIONS = (1.0, 0.5, 0.2)
"""At which generators are measured, too."""


def truncated(truncation: float) -> quality.Sampler:
    """Draw as `quality.sample`, with the paper's truncation."""

    def draw(generator: nn.Module, labels: Tensor) -> Tensor:
        drawn = uniforms(0, len(labels), generator.latent_size)
        rows = interpolated_rows(deviation(truncation, "paper"), generator.rows)
        return quality.sample_of(generator, labels, truncated_latents(drawn, truncation, "paper"), rows)

    return draw


def measure(generator: nn.Module, data: Path | None) -> Quality:
    """Measure as the judge of the generator's classes does, and again with the paper's truncation."""
    of_flowers = generator.classes == len(FLOWERS)
    judge = flower_quality.measure if of_flowers else quality.measure
    values = FLOWER_TRUNCATIONS if of_flowers else TRUNCATIONS
    return judge(generator, data, {f"truncation {value:g}: ": truncated(value) for value in values})


MEASURES = dict.fromkeys(("biggan", "biggan-deep", "biggan-studio"), measure)
