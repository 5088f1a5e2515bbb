"""How checkpoints of BigGAN become its networks, and how well those of CIFAR-10's classes do."""

from collections.abc import Mapping
from typing import Any

from engines.biggan.network import BigGAN, BigGANDeep, remap, remap_deep
from engines.generative_adversarial.layout import remap_studio
from engines.generative_adversarial.quality import measure
from engines.runtime.checkpoints import Architecture


def build(config: Mapping[str, Any]) -> BigGAN:
    return BigGAN(**config)


def build_deep(config: Mapping[str, Any]) -> BigGANDeep:
    return BigGANDeep(**config)


ARCHITECTURES = {
    "biggan": Architecture(build, remap, measure),
    "biggan-deep": Architecture(build_deep, remap_deep, measure),
    "biggan-studio": Architecture(build, remap_studio, measure),
}
"""By layout: github.com/ajbrock/BigGAN-PyTorch, which leaves our own keys alone,
github.com/huggingface/pytorch-pretrained-BigGAN, and github.com/POSTECH-CVLab/PyTorch-StudioGAN."""
