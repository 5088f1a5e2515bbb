"""What the parity vectors of Group Normalization ask for: the published ResNet-50, in float64."""

from typing import Any

import torch
from torch import Tensor

from engines.group_normalization.network import PUBLISHED_GROUPS, Norm, published
from engines.runtime.settings import check_settings
from engines.shared.residual import IMAGENET_CLASSES, remap

Tensors = dict[str, Tensor]


@torch.no_grad()
def resnet50(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """`logits` of the pictures `x`, which have 193 to 224 pixels a side."""
    check_settings(config, "num_classes")
    network = published(Norm("group", PUBLISHED_GROUPS), config.get("num_classes", IMAGENET_CLASSES)).double().eval()
    network.load_state_dict({key: tensor.double() for key, tensor in remap(weights).items()}, strict=True)
    return {"logits": network(inputs["x"].double())}


ARCHITECTURES = {"resnet50-gn": resnet50}
