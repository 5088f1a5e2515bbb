"""Handles what the published layouts of SAGAN's and BigGAN's checkpoints have in common.

That is spectral norms that are kept beside the weights, and the names of attention's parts.
"""

import re
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

State = dict[str, Tensor]
Rules = Iterable[tuple[str, str]]
"""Patterns and replacements, applied to a key one after the other."""

SPECTRAL_EPS = 1e-12
"""Of the published codes' spectral norms; torch's too."""

ATTENTION: Rules = (
    (r"\.(?:snconv1x1_|conv1x1_)?theta\.", ".query."),
    (r"\.(?:snconv1x1_|conv1x1_)?phi\.", ".key."),
    (r"\.(?:snconv1x1_|conv1x1_)?g\.", ".value."),
    (r"\.(?:snconv1x1_|conv1x1_)?(?:attn|o_conv|o)\.", ".output."),
    (r"\.gamma$", ".sigma"),
)
BATCH_NORM: Rules = (
    (r"\.(?:running|stored)_means?$", ".mean"),
    (r"\.(?:running|stored)_vars?$", ".variance"),
)


def rename(state: State, rules: Rules) -> State:
    """Rename the keys of a state, and drop counts of batches, put statistics in rows, and make every sigma a scalar."""
    renamed = {}
    for key, value in state.items():
        if key.endswith(".num_batches_tracked"):
            continue
        for pattern, replacement in rules:
            key = re.sub(pattern, replacement, key)
        if key.endswith((".mean", ".variance")):
            value = torch.atleast_2d(value)
        renamed[key] = value.reshape(()) if key.endswith(".sigma") else value
    return renamed


def fold_torch(state: State) -> State:
    """Divide the weights of a state of torch.nn.utils.spectral_norm (weight_orig, weight_u, weight_v) by the norms."""
    folded = {}
    for key, value in state.items():
        if key.endswith(".weight_orig"):
            name = key.removesuffix("_orig")
            largest = state[f"{name}_u"] @ value.flatten(1) @ state[f"{name}_v"]
            folded[name] = value / largest
        elif not key.endswith((".weight_u", ".weight_v")):
            folded[key] = value
    return folded


def fold_biggan(state: State, eps: float = SPECTRAL_EPS) -> State:
    """Divide the weights of a state of BigGAN's published PyTorch code (weight, u0, sv0) by their norms.

    In use, that code makes one power iteration from u0; further singular vectors (u1, sv1) are for training.
    """
    folded = {}
    for key, value in state.items():
        name, _, kind = key.rpartition(".")
        if kind == "weight" and f"{name}.u0" in state:
            matrix = value.flatten(1)
            right = functional.normalize(state[f"{name}.u0"] @ matrix, eps=eps)
            folded[key] = value / (matrix @ right[0]).norm()
        elif re.fullmatch(r"(u|sv)\d+", kind) is None:
            folded[key] = value
    return folded


STUDIO: Rules = (
    *ATTENTION,
    *BATCH_NORM,
    (r"^shared\.", "embedding."),
    (r"^linear0\.", "generator.linear."),
    (r"^conv2d5\.", "generator.to_rgb."),
    (r"^bn4\.weight$", "generator.norm.gain"),
    (r"^bn4\.bias$", "generator.norm.offset"),
    (r"^bn4\.", "generator.norm."),
    (r"\.bn(\d)\.bn\.", r".norm\1."),
    (r"\.bn(\d)\.(?:embed0|gain)\.", r".norm\1.gain."),
    (r"\.bn(\d)\.(?:embed1|bias)\.", r".norm\1.offset."),
    (r"\.conv2d0\.", ".shortcut."),
    (r"\.conv2d(\d)\.", r".convolution\1."),
)


OPENMMLAB: Rules = (
    *ATTENTION,
    *BATCH_NORM,
    (r"^noise2feat\.", "generator.linear."),
    (r"^to_rgb\.conv\.", "generator.to_rgb."),
    (r"^to_rgb\.bn\.weight$", "generator.norm.gain"),
    (r"^to_rgb\.bn\.bias$", "generator.norm.offset"),
    (r"^to_rgb\.bn\.", "generator.norm."),
    (r"\.conv\.(weight|bias)$", r".\1"),
    (r"\.conv_(\d)\.", r".convolution\1."),
    (r"\.norm_(\d)\.norm\.", r".norm\1."),
    (r"\.norm_(\d)\.weight_embedding\.", r".norm\1.gain."),
    (r"\.norm_(\d)\.bias_embedding\.", r".norm\1.offset."),
)


def remap_openmmlab(state: State) -> State:
    """Translate the keys of github.com/open-mmlab/mmgeneration's SAGAN into ours; fold spectral norms.

    It counts attention as a block, its norms look up gain and offset by class, and the channels of its pictures are
    blue, green, red.
    """
    folded = {key: value.T if "_embedding." in key else value for key, value in fold_torch(state).items()}
    for key in ("to_rgb.conv.weight", "to_rgb.conv.bias"):
        folded[key] = folded[key].flip(0)
    return _blocks_without_attention(rename(folded, OPENMMLAB), r"conv_blocks\.(\d+)\.")


def remap_studio(state: State) -> State:
    """Translate the keys of github.com/POSTECH-CVLab/PyTorch-StudioGAN into SAGAN's and BigGAN's; fold spectral norms.

    It counts attention as a block, and SAGAN's norms look up gain and offset by class.
    """
    folded = {key: value.T if ".embed" in key else value for key, value in fold_torch(state).items()}
    return _blocks_without_attention(rename(folded, STUDIO), r"blocks\.(\d+)\.\d+\.")


def _blocks_without_attention(state: State, block: str) -> State:
    """Count blocks and attentions apart that a layout counts in one row; `block` is the pattern of a place in it."""
    places = [re.match(block, key) for key in state if key.endswith(".sigma")]
    attentions = sorted(int(place[1]) for place in places if place is not None)
    remapped = {}
    for key, value in state.items():
        found = re.match(block, key)
        if found is not None:
            place, rest = int(found[1]), key[found.end() :]
            index = place - sum(attention < place for attention in attentions)
            kind = f"attentions.{index - 1}" if place in attentions else f"blocks.{index}"
            key = f"generator.{kind}.{rest}"
        remapped[key] = value
    return remapped
