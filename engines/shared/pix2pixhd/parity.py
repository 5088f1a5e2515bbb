"""Computes what the parity vectors of pix2pixHD ask for: as published, in float64."""

from typing import Any

import torch
from torch import Tensor, nn

from engines.runtime.settings import check_settings
from engines.shared.pix2pixhd.network import NORMS, GlobalGenerator, LocalEnhancer, remap

Tensors = dict[str, Tensor]


def pix2pixhd_global(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """Compute `image`, `(B, outputs, H, W)` in [-1, 1]."""
    check_settings(config, "input_nc output_nc ngf n_downsampling n_blocks norm", padding_type="reflect")
    network = GlobalGenerator(
        inputs=config["input_nc"],
        outputs=config["output_nc"],
        width=config["ngf"],
        halvings=config["n_downsampling"],
        blocks=config["n_blocks"],
        norm=NORMS[config["norm"]],
    )
    return {"image": computed(network, weights, inputs["input"])}


def pix2pixhd_local(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """Compute `image`, `(B, outputs, H, W)` in [-1, 1]."""
    check_settings(
        config,
        "input_nc output_nc ngf n_downsample_global n_blocks_global n_local_enhancers n_blocks_local norm",
        padding_type="reflect",
    )
    network = LocalEnhancer(
        inputs=config["input_nc"],
        outputs=config["output_nc"],
        width=config["ngf"],
        halvings=config["n_downsample_global"],
        blocks=config["n_blocks_global"],
        enhancers=config["n_local_enhancers"],
        enhancer_blocks=config["n_blocks_local"],
        norm=NORMS[config["norm"]],
    )
    return {"image": computed(network, weights, inputs["input"])}


@torch.inference_mode()
def computed(network: nn.Module, weights: Tensors, condition: Tensor) -> Tensor:
    """Load the weights into the network, and apply it to a condition."""
    network.double().eval().load_state_dict(remap(weights), strict=True)
    return network(condition.double())


ARCHITECTURES = {"pix2pixhd-global": pix2pixhd_global, "pix2pixhd-local": pix2pixhd_local}
"""Of github.com/carolineec/EverybodyDanceNow."""
