"""Gives a checkpoint's network in memory; every engine gets its networks here."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from engines.runtime.checkpoints import Architecture, find, loaded
from engines.runtime.device import device
from engines.runtime.resident import RESIDENT


def ready(
    checkpoint: str,
    architectures: Mapping[str, Architecture],
    prepare: Callable[[nn.Module], nn.Module] | None = None,
    *,
    variant: str = "",
    where: torch.device | None = None,
) -> Any:
    """Return the network of a checkpoint, in evaluation mode; its weights have no gradients and must not be changed.

    Args:
        architectures: by name, as the paper offers them.
        prepare: makes the network fast before it goes to its device, and returns it.
        variant: a name that distinguishes networks that are prepared differently.
        where: the device; `device()` if none is given.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    place = device() if where is None else where

    def build() -> nn.Module:
        record = find(checkpoint)
        # The first caller may be in inference mode, while others may need gradients of inputs.
        with torch.inference_mode(False):
            network = loaded(record, architectures[record.architecture]).requires_grad_(False)
            return (network if prepare is None else prepare(network)).to(place)

    return RESIDENT.get((f"{checkpoint}, {variant}" if variant else checkpoint, place), build)


def channels_last(network: nn.Module) -> nn.Module:
    """Lay the weights out in the order in which convolutions on a CPU are fastest."""
    return network.to(memory_format=torch.channels_last)
