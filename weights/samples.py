"""One small sample of each published architecture, drawn by our network: to try a file, and to compare with a peer."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.checkpoints import Checkpoint
from engines.runtime.networks import channels_last
from engines.shared.generative_adversarial.network import prepare
from engines.shared.residual import IMAGENET_DEVIATION, IMAGENET_MEAN

Inputs = Mapping[str, Tensor]
CLASS = 7
"""The class that is drawn."""
PHOTOGRAPH = 256
"""Pixels along each side of the photographs that are stylized."""


class Sample(NamedTuple):
    """Makes the inputs of a checkpoint's network, and the one output that is looked at.

    Two codes that compute the same agree to many digits in numbers of that `precision`, whatever the order of their
    sums. `prepare` makes a network as fast as its panel has it.
    """

    inputs: Callable[[Checkpoint], Inputs]
    draw: Callable[[nn.Module, Inputs], Tensor]
    precision: torch.dtype = torch.float64
    prepare: Callable[[nn.Module], nn.Module] = channels_last


def _latent(checkpoint: Checkpoint) -> Inputs:
    config = checkpoint.config
    classes = functional.one_hot(torch.tensor([CLASS % config["classes"]]), config["classes"]).float()
    return {"latent": _noise(1, config["latent_size"]), "classes": classes}


def _photograph(side: int) -> Callable[[Checkpoint], Inputs]:
    return lambda checkpoint: {"picture": _picture(side)}


def _face(checkpoint: Checkpoint) -> Inputs:
    from engines.ganimation.action_units import UNITS

    return {"picture": _picture(128), "units": torch.linspace(0, 1, len(UNITS))[None]}


def _code(checkpoint: Checkpoint) -> Inputs:
    return {"code": _noise(1, 8, 16, 16).relu()}


def _photographs(checkpoint: Checkpoint) -> Inputs:
    content = (_picture(PHOTOGRAPH) + 1) / 2
    return {"content": content, "style": content.flip(3).roll(1, 1) ** 2}


def _picture(side: int) -> Tensor:
    """A smooth picture with detail, `(1, 3, side, side)` in [-1, 1]."""
    coarse = functional.interpolate(_noise(1, 3, 8, 8), (side, side), mode="bilinear")
    return torch.tanh(coarse + 0.2 * _noise(1, 3, side, side))


def _noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def _prepared(network: nn.Module) -> nn.Module:
    return prepare(network, torch.float32)


def _street(checkpoint: Checkpoint) -> Inputs:
    return {
        "labels": torch.arange(12, dtype=torch.uint8).repeat_interleave(16).expand(1, 3, 64, -1),
        "before": _noise(1, 6, 64, 192),
    }


def _driven(network: Any, inputs: Inputs) -> Tensor:
    from engines.vid2vid.city import CityGenerator

    made: Tensor = CityGenerator(network)(inputs["labels"].to(torch.uint8), inputs["before"]).final
    return made


def _of_latent(network: nn.Module, inputs: Inputs) -> Tensor:
    made: Tensor = network(inputs["latent"], inputs["classes"])
    return made


def _composite(network: nn.Module, inputs: Inputs) -> Tensor:
    made: Tensor = network(inputs["picture"], inputs["units"]).composite(inputs["picture"])
    return made


def _of_picture(network: nn.Module, inputs: Inputs) -> Tensor:
    made: Tensor = network(inputs["picture"])
    return made


def _of_prepared_picture(network: nn.Module, inputs: Inputs) -> Tensor:
    """Of a picture as ImageNet's are prepared."""
    mean, deviation = (torch.tensor(each)[:, None, None] for each in (IMAGENET_MEAN, IMAGENET_DEVIATION))
    made: Tensor = network(((inputs["picture"] + 1) / 2 - mean) / deviation)
    return made


def _of_code(network: nn.Module, inputs: Inputs) -> Tensor:
    made: Tensor = network(inputs["code"])
    return made


def _stylized(network: Any, inputs: Inputs) -> Tensor:
    from engines.photo_stylization.transform import Stage, stylize

    steps = stylize(network, inputs["content"][0], inputs["style"][0], None)
    return [step for step in steps if isinstance(step, Stage)][-1].picture[None]


SAMPLES: Mapping[str, Sample] = {
    "biggan-deep": Sample(_latent, _of_latent, prepare=_prepared),
    "biggan-studio": Sample(_latent, _of_latent, prepare=_prepared),
    "sagan-studio": Sample(_latent, _of_latent, torch.float32, _prepared),
    "sagan-openmmlab": Sample(_latent, _of_latent, prepare=_prepared),
    "ganimation": Sample(_face, _composite),
    "photowct": Sample(_photographs, _stylized, torch.float32),
    "resnet50-gn": Sample(_photograph(224), _of_prepared_picture),
    "time-limited-imagenet": Sample(_photograph(224), _of_picture),
    "vid2vid": Sample(_street, _driven, torch.float32),
    "taskonomy-encoder": Sample(_photograph(256), _of_picture),
    "taskonomy-decoder": Sample(_code, _of_code),
}
"""By architecture."""
