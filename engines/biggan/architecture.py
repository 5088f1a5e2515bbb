"""How checkpoints of BigGAN become its networks, and how well those of CIFAR-10's classes do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engines.biggan.latents import deviation, truncated_latents, uniforms
from engines.biggan.network import BigGAN, BigGANDeep, remap, remap_deep
from engines.generative_adversarial import quality
from engines.generative_adversarial.data import CLASSES
from engines.generative_adversarial.layout import remap_studio
from engines.generative_adversarial.network import interpolated_rows
from engines.runtime.checkpoints import Architecture, Quality

TRUNCATION = 0.4
"""At which a generator is measured, too."""


def build(config: Mapping[str, Any]) -> BigGAN:
    return BigGAN(**config)


def build_deep(config: Mapping[str, Any]) -> BigGANDeep:
    return BigGANDeep(**config)


def sample_truncated(generator: nn.Module) -> tuple[Tensor, Tensor]:
    drawn = uniforms(0, CLASSES * quality.PER_CLASS, generator.latent_size)
    rows = interpolated_rows(deviation(TRUNCATION, "paper"), generator.rows)
    return quality.sample_of(generator, truncated_latents(drawn, TRUNCATION, "paper"), rows)


def measure(generator: nn.Module, data: Path | None) -> Quality:
    """As `quality.measure`, and again with the paper's truncation at 0.4."""
    return quality.measure(generator, data, {f"truncation {TRUNCATION:g}: ": sample_truncated})


ARCHITECTURES = {
    "biggan": Architecture(build, remap, measure),
    "biggan-deep": Architecture(build_deep, remap_deep, measure),
    "biggan-studio": Architecture(build, remap_studio, measure),
}
"""By layout: github.com/ajbrock/BigGAN-PyTorch, which leaves our own keys alone,
github.com/huggingface/pytorch-pretrained-BigGAN, and github.com/POSTECH-CVLab/PyTorch-StudioGAN."""
