"""How checkpoints of SAGAN become its network, and how well those of CIFAR-10's classes do."""

from collections.abc import Mapping
from typing import Any

from engines.generative_adversarial.layout import remap_studio
from engines.generative_adversarial.quality import measure
from engines.runtime.checkpoints import Architecture
from engines.sagan.network import SAGAN, remap


def build(config: Mapping[str, Any]) -> SAGAN:
    return SAGAN(**config)


ARCHITECTURES = {
    "sagan": Architecture(build, remap, measure),
    "sagan-studio": Architecture(build, remap_studio, measure),
}
"""By layout: github.com/voletiv/self-attention-GAN-pytorch, which leaves our own keys alone, and
github.com/POSTECH-CVLab/PyTorch-StudioGAN."""
