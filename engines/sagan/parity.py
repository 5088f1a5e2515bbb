"""What the parity vectors of SAGAN ask for: as published, in float64."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engines.runtime.settings import check_settings
from engines.sagan.network import PUBLISHED_ATTENTION_AFTER, PUBLISHED_WIDTHS, SAGAN, remap

Tensors = dict[str, Tensor]


def sagan(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """`image`, `(B, 3, 128, 128)` in [-1, 1]."""
    check_settings(config, "z_dim g_conv_dim num_classes")
    widths = [config["g_conv_dim"] * width for width in PUBLISHED_WIDTHS]
    network = SAGAN(widths, config["z_dim"], config["num_classes"], PUBLISHED_ATTENTION_AFTER).double().eval()
    network.load_state_dict(remap({key: weight.double() for key, weight in weights.items()}), strict=True)
    classes = functional.one_hot(inputs["labels"], config["num_classes"]).double()
    with torch.no_grad():
        return {"image": network(inputs["z"].double(), classes)}


ARCHITECTURES = {"sagan": sagan}
"""Of github.com/voletiv/self-attention-GAN-pytorch, which follows the authors' code."""
