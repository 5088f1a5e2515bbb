"""What the parity vectors of vid2vid ask for: as published, in float64."""

from typing import Any

import torch
from torch import Tensor

from engines.runtime.settings import check_settings
from engines.vid2vid.network import NORMS, Features, Generator, remap

Tensors = dict[str, Tensor]


def composite(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    return synthesized(config, weights, inputs, config["n_blocks"], scale=0)


def local(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    return synthesized(config, weights, inputs, config["n_blocks_local"], config["scale"])


@torch.inference_mode()
def synthesized(config: dict[str, Any], weights: Tensors, inputs: Tensors, blocks: int, scale: int) -> Tensors:
    """`img_final`, `img_raw`, `flow` and `weight`, and the features of the branches, as far as there are."""
    check_settings(
        config,
        "input_nc output_nc prev_output_nc ngf n_downsampling n_blocks n_blocks_local use_fg_model no_flow norm scale "
        "use_raw_only",
        padding_type="reflect",
    )
    network = Generator(
        inputs=config["input_nc"],
        outputs=config["output_nc"],
        previous=config["prev_output_nc"],
        width=config["ngf"],
        halvings=config["n_downsampling"],
        blocks=blocks,
        scale=scale,
        foreground=config["use_fg_model"],
        flow=not config["no_flow"],
        norm=NORMS[config["norm"]],
    )
    network.double().eval().load_state_dict(remap(weights), strict=True)
    given = {name: tensor.double() for name, tensor in inputs.items()}
    coarse = Features(*(given.get(f"{branch}_feat_coarse") for branch in ("img", "flow", "img_fg")))
    raw_only = config.get("use_raw_only", False)
    made = network(given["input"], given["img_prev"], coarse, given.get("mask"), raw_only)
    outputs = {
        "img_final": made.final,
        "img_raw": made.raw,
        "flow": made.flow,
        "weight": made.weight,
        "img_feat": made.features.image,
        "flow_feat": made.features.flow,
        "img_fg_feat": made.features.foreground,
    }
    return {name: tensor for name, tensor in outputs.items() if tensor is not None}


ARCHITECTURES = {"vid2vid-composite": composite, "vid2vid-local": local}
"""Of github.com/NVIDIA/vid2vid."""
