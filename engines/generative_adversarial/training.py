"""What a training of two networks against each other is made of, and how it goes on after it was stopped."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

Generator = TypeVar("Generator", bound=nn.Module)
Discriminator = TypeVar("Discriminator", bound=nn.Module)


@dataclass
class AdversarialTraining(Generic[Generator, Discriminator]):
    """All that a training is made of; `average` is the generator's moving average, `seconds` and `step` count earlier
    runs in."""

    generator: Generator
    discriminator: Discriminator
    average: Generator
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    seconds: float = 0.0
    step: int = 0

    def parts(self) -> dict[str, Any]:
        return {name: part for name, part in vars(self).items() if name not in ("seconds", "step")}

    def save(self, path: Path) -> None:
        """Write the state; whenever the process is stopped, the file is the old one or the new one."""
        state = {name: part.state_dict() for name, part in self.parts().items()}
        state |= {"seconds": self.seconds, "step": self.step, "random": torch.get_rng_state()}
        torch.save(state, path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)

    def load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.seconds, self.step = state["seconds"], state["step"]
        torch.set_rng_state(state["random"])
