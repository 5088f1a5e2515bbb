"""How checkpoints of residual networks with norms become their networks, and how well the small ones do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from engines.group_normalization.data import Data, read_cifar, read_digits
from engines.group_normalization.network import Norm, ResidualNetwork, published, remap, small
from engines.runtime.checkpoints import Architecture, Quality
from engines.runtime.errors import InputError
from engines.runtime.progress import finish

CHUNK = 500
CIFAR_HELD_OUT = 10_000


def build(config: Mapping[str, Any]) -> ResidualNetwork:
    return small(Norm(config["norm"], config.get("groups", 0)), config["channels"], config["width"])


def build_published(config: Mapping[str, Any]) -> ResidualNetwork:
    return published(Norm("group", config["groups"]))


def measure(network: ResidualNetwork, data: Path | None) -> Quality:
    """The share of held-out pictures that are classified rightly: scikit-learn's 500 digits, or CIFAR-10's 10,000.

    Raises:
        InputError: there is no folder with CIFAR-10.
    """
    if network.conv1.in_channels == 1:
        return _accuracy(network, read_digits())
    return _accuracy(network, finish(read_cifar(data, count=1, held_out=CIFAR_HELD_OUT)))


def measure_published(network: ResidualNetwork, data: Path | None) -> Quality:
    """
    Raises:
        InputError: always.
    """
    raise InputError("A ResNet-50 is measured on ImageNet, which the studio does not read; its card has the figures.")


@torch.no_grad()
def _accuracy(network: ResidualNetwork, data: Data) -> Quality:
    right = 0
    for pictures, labels in zip(data.held_out.split(CHUNK), data.held_out_labels.split(CHUNK), strict=True):
        right += int((network(pictures).argmax(1) == labels).sum())
    accuracy = right / len(data.held_out_labels)
    return Quality({"accuracy": accuracy}, accuracy)


ARCHITECTURES = {
    "group-normalization-small": Architecture(build, remap, measure),
    "resnet50-gn": Architecture(build_published, remap, measure_published),
}
"""Of this project, and in the layout of github.com/ppwwyyxx/GroupNorm-reproduce and of timm's resnet50_gn."""
