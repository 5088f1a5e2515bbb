"""Fits the tensors of files into networks: strictly, but for what their authors' loaders forgive as well."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engines.runtime.errors import CheckpointError
from engines.runtime.state_files import Laid, readings

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]
    Remap = Callable[[State], State]

COUNT = ".num_batches_tracked"
"""What PyTorch before 0.4.1 does not write; in use it says nothing."""
MISFITS = (LookupError, ValueError, TypeError, AttributeError, StopIteration, RuntimeError)
"""What a `remap`, which is written for one layout, raises on another."""
STATISTICS = (".running_mean", ".running_var", COUNT)
"""What PyTorch before 0.4 writes of an instance norm that does not use them."""


def fit(module: "nn.Module", state: "State", subject: str, keys: Mapping[str, str] | None = None) -> None:
    """Load the tensors into the network, strictly; `subject` names their origin in the message.

    Args:
        keys: names of the tensors for the message, by their keys.

    Raises:
        CheckpointError: names the first key or shape in which they differ.
    """
    misfit = _misfit(module, state, keys or {})
    if misfit is not None:
        raise CheckpointError(f"{subject} does not fit its network: {misfit}")
    module.load_state_dict(state)


def fit_file(module: "nn.Module", path: Path, remap: "Remap", subject: str) -> None:
    """Load a published file's tensors into the network, in the first way of reading the file that fits it strictly.

    Half precision is widened to float32. Counts of batches that old files lack are 0, and statistics that an instance
    norm does not use are left out.

    Args:
        remap: turns published keys into the network's.
        subject: names the file in the message.

    Raises:
        CheckpointError: the file holds no tensors, or names the first key or shape in which they differ, by the file's
            own key.
    """
    nearest: tuple[int, str] | None = None
    for laid in readings(path):
        state = _remapped(laid.state, remap)
        if state is None:
            continue
        state = _forgiven(module, state)
        misfit = _misfit(module, state, _origins(state, laid))
        if misfit is None:
            module.load_state_dict(state)
            return
        known = len(module.state_dict().keys() & state.keys())
        if known and (nearest is None or known > nearest[0]):
            nearest = known, misfit
    if nearest is not None:
        raise CheckpointError(f"{subject} does not fit its network: {nearest[1]}")
    plainest = next(readings(path))
    raise CheckpointError(
        f"{subject} does not fit its network: none of its keys is of that network; the first is "
        f"{next(iter(plainest.keys))}."
    )


def _remapped(state: "State", remap: "Remap") -> "State | None":
    """Return the state under the network's keys; None if the file is of another layout."""
    import torch

    half = (torch.float16, torch.bfloat16)
    try:
        return remap({key: tensor.float() if tensor.dtype in half else tensor for key, tensor in state.items()})
    except MISFITS:
        return None


def _forgiven(module: "nn.Module", state: "State") -> "State":
    """Return the state with the counts that old files lack, and without the statistics that instance norms ignore."""
    import torch

    expected = module.state_dict()
    counts = {key: torch.zeros_like(value) for key, value in expected.items() if key.endswith(COUNT)}
    unused = {
        f"{name}{kind}"
        for name, part in module.named_modules()
        if isinstance(part, torch.nn.modules.instancenorm._InstanceNorm)
        for kind in STATISTICS
        if f"{name}{kind}" not in expected
    }
    return counts | {key: value for key, value in state.items() if key not in unused}


def _misfit(module: "nn.Module", state: "State", keys: Mapping[str, str]) -> str | None:
    """Describe the first difference; None if there is none."""
    expected = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    given = {key: tuple(tensor.shape) for key, tensor in state.items()}
    for key in [*expected, *given]:
        if expected.get(key) != given.get(key):
            return (
                f"{keys.get(key, key)} is {given.get(key, 'missing')} in the file and {expected.get(key, 'missing')} "
                "in the network."
            )
    return None


def _origins(state: "State", laid: Laid) -> Mapping[str, str]:
    """Find the file's own key of each tensor that `remap` renamed or cut, by the memory they share."""
    places = {tensor.untyped_storage().data_ptr(): laid.keys[key] for key, tensor in laid.state.items()}
    shared = {key: places.get(tensor.untyped_storage().data_ptr()) for key, tensor in state.items()}
    return {key: place for key, place in shared.items() if place is not None}
