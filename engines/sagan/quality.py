"""How well generators of CIFAR-10's classes and of flowers do."""

from pathlib import Path

from torch import nn

from engines.runtime.checkpoints import Quality
from engines.runtime.class_names import FLOWERS
from engines.shared.generative_adversarial import flower_quality, quality


def measure(generator: nn.Module, data: Path | None) -> Quality:
    """Measure as the judge of the generator's classes does."""
    judge = flower_quality if generator.classes == len(FLOWERS) else quality
    return judge.measure(generator, data)


MEASURES = dict.fromkeys(("sagan", "sagan-studio"), measure)
