"""How checkpoints of the classifiers that are attacked become their networks, and how well these do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engines.runtime.checkpoints import Architecture, Quality
from engines.runtime.errors import InputError
from engines.time_limited_humans import classifiers, imagenet


def build(config: Mapping[str, Any]) -> nn.Module:
    return classifiers.KINDS[config["kind"]]()


def build_imagenet(config: Mapping[str, Any]) -> nn.Module:
    return imagenet.KINDS[config["kind"]]()


def remap(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state


def measure(network: nn.Module, data: Path | None) -> Quality:
    """The shares of CIFAR-10's test pictures whose class, which decides, and whose group is read rightly.

    Raises:
        InputError: there is no folder with CIFAR-10.
    """
    from engines.time_limited_humans.quality import on_pictures

    if data is None:
        raise InputError("It is measured on CIFAR-10; name its folder by --data.")
    figures = on_pictures(network, data)
    return Quality(figures, figures["class"])


def measure_imagenet(network: nn.Module, data: Path | None) -> Quality:
    """
    Raises:
        InputError: always.
    """
    raise InputError("It is measured on ImageNet, which the studio does not read.")


ARCHITECTURES = {
    "time-limited-classifier": Architecture(build, remap, measure),
    "time-limited-imagenet": Architecture(build_imagenet, imagenet.remap, measure_imagenet),
}
