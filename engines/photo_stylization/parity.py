"""What the parity vectors of photo stylization ask for: as published, in float32."""

from typing import Any

import torch
from torch import Tensor

from engines.photo_stylization.network import PUBLISHED_WIDTHS, PhotoWCT, remap
from engines.photo_stylization.transform import Stage, pair_regions_as_published, stylize
from engines.runtime.settings import check_settings

Tensors = dict[str, Tensor]


def photowct(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """`feature4`, relu4_1 of the content, and `image`, the stylized picture, not clipped."""
    check_settings(config, "masks widths")
    network = PhotoWCT(tuple(config.get("widths", PUBLISHED_WIDTHS)))
    network.load_state_dict(remap(weights), strict=True)
    content, style = inputs["cont_img"].float(), inputs["styl_img"].float()
    regions = None
    if config.get("masks"):
        regions = pair_regions_as_published(inputs["cont_seg"].numpy(), inputs["styl_seg"].numpy())
    stages = [step for step in stylize(network, content[0], style[0], regions) if isinstance(step, Stage)]
    with torch.no_grad():
        feature4 = network.encoder(4)(content).features[-1]
    return {"feature4": feature4, "image": stages[-1].picture[None]}


def smoothing(config: dict[str, Any], weights: Tensors, inputs: Tensors) -> Tensors:
    """`smoothed`, before it is cut to 8 bits, with the published windows; there are no weights."""
    from engines.photo_stylization.smoothing import WEIGHT, smooth_as_published

    check_settings(config, "beta", eps=1e-7, win_rad=1)
    smoothed = smooth_as_published(inputs["initial"].numpy(), inputs["content"].numpy(), config.get("beta", WEIGHT))
    return {"smoothed": torch.as_tensor(smoothed)}


ARCHITECTURES = {"photowct": photowct, "photo-smoothing": smoothing}
