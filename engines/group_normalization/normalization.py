"""Which numbers share a mean (equations 1 to 7 of Group Normalization, Wu and He, ECCV 2018, arXiv:1803.08494), written
out, to be seen and to check torch's layers by."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engines.group_normalization.network import EPSILON, Norm, check_groups


class Normalized(NamedTuple):
    """`values` is `(N, C, H, W)`; `mean` and `deviation` are `(1, C)` for batch norm, else `(N, G)`: one a set."""

    values: Tensor
    mean: Tensor
    deviation: Tensor


def normalize(features: Tensor, norm: Norm) -> Normalized:
    """The features `(N, C, H, W)` less the mean of their set, over its deviation; no scale, no shift.

    Raises:
        InputError: the groups do not divide the channels.
    """
    count, channels = features.shape[:2]
    if norm.kind == "batch":
        sets = features.transpose(0, 1).reshape(1, channels, -1)
    else:
        groups = {"group": norm.groups, "layer": 1, "instance": channels}[norm.kind]
        check_groups(groups, channels)
        sets = features.reshape(count, groups, -1)
    mean = sets.mean(2, keepdim=True)
    variance = (sets - mean).square().mean(2, keepdim=True)
    deviation = (variance + EPSILON).sqrt()
    made = (sets - mean) / deviation
    if norm.kind == "batch":
        values = made.reshape(channels, count, *features.shape[2:]).transpose(0, 1)
    else:
        values = made.reshape(features.shape)
    return Normalized(values, mean[..., 0], deviation[..., 0])


@torch.no_grad()
def identities(features: Tensor, norm: Norm) -> dict[str, float]:
    """How far, at most, what should be the same on these features is apart: the formula and torch's layer in training
    mode; one group and layer norm over channels and places; a group for each channel and instance norm."""
    channels = features.shape[1]
    layer = norm.layer(channels).to(features).train()
    pairs = {
        "formula, torch": (normalize(features, norm).values, layer(features)),
        "G = 1, layer norm": (
            functional.group_norm(features, 1, eps=EPSILON),
            functional.layer_norm(features, features.shape[1:], eps=EPSILON),
        ),
        f"G = {channels}, instance norm": (
            functional.group_norm(features, channels, eps=EPSILON),
            functional.instance_norm(features, eps=EPSILON),
        ),
    }
    return {name: float((one - other).abs().max()) for name, (one, other) in pairs.items()}
