"""Runs a training of two networks against each other."""

import copy
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from engines.runtime.training import TimedTraining

Generator = TypeVar("Generator", bound=nn.Module)
Discriminator = TypeVar("Discriminator", bound=nn.Module)


class AdversarialTraining(TimedTraining, Generic[Generator, Discriminator]):
    """Trains a generator and a discriminator, each by its own Adam; `average` is the generator's moving average."""

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        rates: tuple[float, float],
        betas: tuple[float, float],
        minutes: float,
    ) -> None:
        """Prepare the training; `rates` are the generator's and the discriminator's."""
        super().__init__(minutes)
        self.generator, self.discriminator = generator, discriminator
        self.average = copy.deepcopy(generator).requires_grad_(False)
        self.generator_optimizer, self.discriminator_optimizer = (
            torch.optim.Adam(network.parameters(), rate, betas=betas, fused=True)
            for network, rate in zip((generator, discriminator), rates, strict=True)
        )

    def parts(self) -> dict[str, Any]:
        """Return the networks and optimizers by name."""
        names = ("generator", "discriminator", "average", "generator_optimizer", "discriminator_optimizer")
        return {name: getattr(self, name) for name in names}
