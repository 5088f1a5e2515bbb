"""How checkpoints of residual networks with norms become their networks."""

from collections.abc import Mapping
from typing import Any

from engines.group_normalization.network import Norm, published, small
from engines.runtime.checkpoints import Architecture
from engines.shared.residual import ResidualNetwork, remap


def build(config: Mapping[str, Any]) -> ResidualNetwork:
    return small(Norm(config["norm"], config.get("groups", 0)), config["channels"], config["width"])


def build_published(config: Mapping[str, Any]) -> ResidualNetwork:
    return published(Norm("group", config["groups"]))


ARCHITECTURES = {
    "group-normalization-small": Architecture(build, remap),
    "resnet50-gn": Architecture(build_published, remap),
}
"""Of this project, and in the layout of github.com/ppwwyyxx/GroupNorm-reproduce and of timm's resnet50_gn."""
