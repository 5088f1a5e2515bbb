"""How checkpoints of BigGAN become its networks."""

from collections.abc import Mapping
from typing import Any

from engines.biggan.network import BigGAN, BigGANDeep, remap, remap_deep
from engines.runtime.checkpoints import Architecture
from engines.shared.generative_adversarial.layout import remap_studio


def build(config: Mapping[str, Any]) -> BigGAN:
    return BigGAN(**config)


def build_deep(config: Mapping[str, Any]) -> BigGANDeep:
    return BigGANDeep(**config)


ARCHITECTURES = {
    "biggan": Architecture(build, remap),
    "biggan-deep": Architecture(build_deep, remap_deep),
    "biggan-studio": Architecture(build, remap_studio),
}
"""By layout: github.com/ajbrock/BigGAN-PyTorch, which leaves our own keys alone,
github.com/huggingface/pytorch-pretrained-BigGAN, and github.com/POSTECH-CVLab/PyTorch-StudioGAN."""
