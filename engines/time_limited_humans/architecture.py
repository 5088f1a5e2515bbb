"""How checkpoints of the classifiers that are attacked become their networks."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from engines.runtime.checkpoints import Architecture
from engines.time_limited_humans import classifiers, imagenet


def build(config: Mapping[str, Any]) -> nn.Module:
    return classifiers.KINDS[config["kind"]]()


def build_imagenet(config: Mapping[str, Any]) -> nn.Module:
    return imagenet.KINDS[config["kind"]]()


def remap(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state


ARCHITECTURES = {
    "time-limited-classifier": Architecture(build, remap),
    "time-limited-imagenet": Architecture(build_imagenet, imagenet.remap),
}
