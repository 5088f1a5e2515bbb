"""What the parity vectors of BigGAN ask for: as published, in float64."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engines.biggan.network import PUBLISHED_WIDTHS, BigGAN, BigGANDeep, remap, remap_deep, rows_as_published
from engines.runtime.settings import check_settings
from engines.shared.generative_adversarial.layout import SPECTRAL_EPS

Tensors = dict[str, Tensor]


def double(tensors: Tensors) -> Tensors:
    return {key: tensor.double() for key, tensor in tensors.items()}


def biggan(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """`image`, `(B, 3, H, W)` in [-1, 1]."""
    check_settings(
        config,
        "G_ch dim_z bottom_width resolution G_kernel_size G_attn n_classes num_G_SVs num_G_SV_itrs G_shared shared_dim "
        "hier cross_replica mybn BN_eps SN_eps G_init skip_init no_optim",
        G_param="SN",
        norm_style="bn",
    )
    widths = [config["G_ch"] * width for width in PUBLISHED_WIDTHS[config["resolution"]]]
    attended = {int(side) for side in config["G_attn"].split("_")}
    sides = [2 ** (3 + index) for index in range(len(widths) - 1)]
    network = BigGAN(
        widths,
        config["dim_z"],
        (config["shared_dim"] or config["dim_z"]) if config["G_shared"] else None,
        config["n_classes"],
        [index for index, side in enumerate(sides) if side in attended],
        hierarchical=config["hier"],
        eps=config["BN_eps"],
        bottom_side=config["bottom_width"],
    )
    network.double().eval().load_state_dict(remap(double(weights), config.get("SN_eps", SPECTRAL_EPS)), strict=True)
    classes = functional.one_hot(inputs["y"], config["n_classes"]).double()
    with torch.no_grad():
        return {"image": network(inputs["z"].double(), classes)}


def biggan_deep(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """`image`, `(B, 3, H, W)` in [-1, 1], with the published choice of statistics."""
    check_settings(
        config,
        "output_dim z_dim class_embed_dim channel_width num_classes layers attention_layer_position eps n_stats",
    )
    network = BigGANDeep(
        config["layers"],
        config["channel_width"],
        config["z_dim"],
        config["num_classes"],
        config["attention_layer_position"],
        config["eps"],
        config["n_stats"],
    )
    network.double().eval().load_state_dict(remap_deep(double(weights)), strict=True)
    rows = rows_as_published(float(inputs["truncation"]), network.rows)
    with torch.no_grad():
        return {"image": network(inputs["z"].double(), inputs["class_label"].double(), rows)}


ARCHITECTURES = {"biggan": biggan, "biggan-deep": biggan_deep}
"""Of github.com/ajbrock/BigGAN-PyTorch, and of github.com/huggingface/pytorch-pretrained-BigGAN."""
