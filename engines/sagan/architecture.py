"""How checkpoints of SAGAN become its network."""

from collections.abc import Mapping
from typing import Any

from engines.runtime.checkpoints import Architecture
from engines.sagan.network import SAGAN, remap
from engines.shared.generative_adversarial.layout import remap_openmmlab, remap_studio


def build(config: Mapping[str, Any]) -> SAGAN:
    return SAGAN(**config)


ARCHITECTURES = {
    "sagan": Architecture(build, remap),
    "sagan-studio": Architecture(build, remap_studio),
    "sagan-openmmlab": Architecture(build, remap_openmmlab),
}
"""By layout: github.com/voletiv/self-attention-GAN-pytorch, which leaves our own keys alone,
github.com/POSTECH-CVLab/PyTorch-StudioGAN, and github.com/open-mmlab/mmgeneration."""
