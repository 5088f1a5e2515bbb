"""What the parity vectors of Spherical CNNs ask for: one layer as published, in float64."""

from typing import Any

import torch
from torch import Tensor

from engines.runtime.settings import check_settings
from engines.spherical_cnn.network import S2Convolution, SO3Convolution, grid_of
from engines.spherical_cnn.transform import integrate

Tensors = dict[str, Tensor]
LAYERS = {"S2Convolution": S2Convolution, "SO3Convolution": SO3Convolution}
"""By their published names."""


@torch.inference_mode()
def s2cnn(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """`signal` `(B, C, beta, alpha, gamma)`, and its `integral`."""
    check_settings(config, "layer nfeature_in nfeature_out b_in b_out grid")
    layer = LAYERS[config["layer"]](
        config["nfeature_in"], config["nfeature_out"], config["b_in"], config["b_out"], grid_of(config["grid"])
    ).double()
    layer.load_state_dict(weights, strict=True)
    signal = layer(inputs["x"].double())
    return {"signal": signal, "integral": integrate(signal)}


ARCHITECTURES = {"s2cnn": s2cnn}
"""Of github.com/jonkhler/s2cnn."""
