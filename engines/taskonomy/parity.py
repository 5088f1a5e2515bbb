"""What the parity vectors of Taskonomy's networks ask for: as published, in float64."""

from typing import Any

import torch
from torch import Tensor

from engines.runtime.settings import check_settings
from engines.taskonomy.network import Decoder, Encoder, remap_decoder

Tensors = dict[str, Tensor]


@torch.inference_mode()
def encoded(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    check_settings(config, "normalize_outputs eval_only train_penultimate train")
    network = Encoder(config.get("normalize_outputs", True)).double().eval()
    network.load_state_dict(weights, strict=True)
    return {"representation": network(inputs["x"].double())}


@torch.inference_mode()
def decoded(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    check_settings(config, "out_channels eval_only")
    network = Decoder(config.get("out_channels", 3)).double().eval()
    network.load_state_dict(remap_decoder(weights), strict=True)
    return {"image": network(inputs["x"].double())}


ARCHITECTURES = {"taskonomy-encoder": encoded, "taskonomy-decoder": decoded}
"""Of github.com/alexsax/visual-prior."""
