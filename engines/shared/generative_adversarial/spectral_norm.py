"""Adds and removes spectral norm (Miyato et al., 2018, arXiv:1802.05957), with which both networks are trained."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize


def add_spectral_norm(network: nn.Module, kinds: tuple[type[nn.Module], ...], plain: Sequence[nn.Module] = ()) -> None:
    """Divide the weight of every layer of these kinds, except the `plain` ones, by its largest singular value.

    Each training pass improves the estimate of that value.
    """
    for module in network.modules():
        if isinstance(module, kinds) and module not in plain:
            parametrizations.spectral_norm(module)


def folded_state(network: nn.Module) -> dict[str, Tensor]:
    """Return the state of the same network without spectral norms, every divided weight replaced by its value."""
    state = {key: value for key, value in network.state_dict().items() if ".parametrizations." not in key}
    for name, module in network.named_modules():
        if parametrize.is_parametrized(module):
            state[f"{name}.weight"] = module.weight.detach()
    return state
