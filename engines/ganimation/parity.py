"""What the parity vectors of GANimation ask for: as published, in float64."""

from typing import Any

import torch
from torch import Tensor

from engines.ganimation.action_units import UNITS
from engines.ganimation.network import RESIDUAL_BLOCKS, Generator, remap
from engines.runtime.settings import check_settings

Tensors = dict[str, Tensor]


@torch.inference_mode()
def ganimation(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """`color`, `attention` and `fused`, the composite."""
    check_settings(config, "conv_dim c_dim repeat_num")
    network = Generator(config["conv_dim"], config.get("repeat_num", RESIDUAL_BLOCKS), config.get("c_dim", len(UNITS)))
    network.double().eval()
    network.load_state_dict(remap({key: weight.double() for key, weight in weights.items()}), strict=True)
    face = inputs["image"].double()
    generated = network(face, inputs["aus"].double())
    return {
        "color": generated.colour,
        "attention": generated.attention,
        "fused": generated.composite(face),
    }


ARCHITECTURES = {"ganimation": ganimation}
