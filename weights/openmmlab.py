"""Stand-ins of what the code of github.com/open-mmlab/mmgeneration imports of mmcv, which does not build here.

Only what SAGAN's generator computes with is made; mmcv 1.x, cnn/bricks/conv_module.py, says how.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Config = Mapping[str, Any]
_KNOWN: dict[str, Any] = {}


class Registry:
    """In the place of mmgen's list of its modules."""

    def register_module(self, name: str | None = None) -> Callable[[Any], Any]:
        """Note a class under a name, or under its own."""

        def add(made: Any) -> Any:
            _KNOWN[name or made.__name__] = made
            return made

        return add


def build_module(config: Config) -> Any:
    """Make the module that a configuration describes."""
    arguments = dict(config)
    return _KNOWN[arguments.pop("type")](**arguments)


def activation(config: Config) -> nn.Module:
    """Make the activation that a configuration describes."""
    made: nn.Module = {"ReLU": nn.ReLU, "Tanh": nn.Tanh}[config["type"]]()
    return made


def norm(config: Config, channels: int) -> tuple[str, nn.Module]:
    """Make the batch norm that a configuration describes, and its name."""
    return "bn", nn.BatchNorm2d(channels, eps=config["eps"], affine=config.get("affine", True))


def upsample(config: Config) -> nn.Module:
    """Make the enlargement that a configuration describes."""
    return nn.Upsample(scale_factor=config["scale_factor"], mode=config["type"])


class ConvModule(nn.Module):
    """A convolution with a norm and an activation, in an order; a norm that comes first has the inputs' channels."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        norm_cfg: Config | None = None,
        act_cfg: Config | None = None,
        with_spectral_norm: bool = False,
        order: Sequence[str] = ("conv", "norm", "act"),
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size, stride, padding, bias=bias)
        if with_spectral_norm:
            self.conv = nn.utils.spectral_norm(self.conv)
        self.order = order
        self.bn = None if norm_cfg is None else norm(norm_cfg, inputs if order[0] == "norm" else outputs)[1]
        self.activate = None if act_cfg is None else activation(act_cfg)

    def forward(self, features: Tensor) -> Tensor:
        """Map the features, `(B, C, H, W)`."""
        for part in (getattr(self, {"conv": "conv", "norm": "bn", "act": "activate"}[name]) for name in self.order):
            features = features if part is None else part(features)
        return features


def _pass(*_: Any, **__: Any) -> None:
    """Initialize nothing: the weights are loaded."""


def stand_ins(root: str) -> dict[str, dict[str, Any]]:
    """Give the contents of the modules that stand in, by their names; `root` is the checkout's folder of mmgen."""
    builder = {"MODULES": Registry(), "build_module": build_module}
    layers = {
        "ConvModule": ConvModule,
        "build_activation_layer": activation,
        "build_norm_layer": norm,
        "build_upsample_layer": upsample,
        "constant_init": _pass,
        "xavier_init": _pass,
    }
    architectures = f"{root}/models/architectures"
    common = {"get_module_device": lambda module: next(module.parameters()).device}
    return {
        "mmcv": {"__path__": []},
        "mmcv.cnn": {"__path__": [], **layers},
        "mmcv.cnn.bricks": layers,
        "mmcv.runner": {"__path__": [], "load_checkpoint": _pass},
        "mmcv.runner.checkpoint": {"_load_checkpoint_with_prefix": _pass},
        "mmcv.utils": {"is_list_of": lambda value, kind: all(isinstance(each, kind) for each in value)},
        "mmgen": {"__path__": [root]},
        "mmgen.utils": {"__path__": [], "check_dist_init": lambda: False},
        "mmgen.utils.logger": {"get_root_logger": _pass},
        "mmgen.models": {"__path__": [f"{root}/models"]},
        "mmgen.models.builder": builder,
        "mmgen.models.architectures": {"__path__": [architectures]},
        "mmgen.models.architectures.common": common,
        "mmgen.models.architectures.biggan": {"__path__": [f"{architectures}/biggan"]},
        "mmgen.models.architectures.sngan_proj": {"__path__": [f"{architectures}/sngan_proj"]},
    }


def pictures(network: Any, latent: Tensor, classes: Tensor) -> Tensor:
    """Draw the network's pictures, whose channels are blue, green, red, in the order red, green, blue."""
    made: Tensor = network(latent, label=classes.argmax(1))
    return torch.flip(made, [1])
