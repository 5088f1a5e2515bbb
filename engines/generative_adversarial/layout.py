"""What published layouts of SAGAN's and BigGAN's checkpoints have in common: spectral norms that are kept beside the
weights, and the names of attention's parts."""

import re
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

State = dict[str, Tensor]
Rules = Iterable[tuple[str, str]]
"""Pattern and replacement, applied to a key one after the other."""

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
    """The state under other keys, without counts of training batches, statistics in rows, and every sigma a scalar."""
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
    """A state of torch.nn.utils.spectral_norm (weight_orig, weight_u, weight_v) with its weights divided."""
    folded = {}
    for key, value in state.items():
        if key.endswith(".weight_orig"):
            name = key.removesuffix("_orig")
            largest = state[f"{name}_u"] @ value.flatten(1) @ state[f"{name}_v"]
            folded[name] = value / largest
        elif not key.endswith((".weight_u", ".weight_v")):
            folded[key] = value
    return folded


def fold_biggan(state: State) -> State:
    """A state of BigGAN's published PyTorch code (weight, u0, sv0) with its weights divided: in use, it makes one power
    iteration from u0."""
    folded = {}
    for key, value in state.items():
        name, _, kind = key.rpartition(".")
        if kind == "weight" and f"{name}.u0" in state:
            matrix = value.flatten(1)
            right = functional.normalize(state[f"{name}.u0"] @ matrix, eps=1e-12)
            folded[key] = value / (matrix @ right[0]).norm()
        elif kind not in ("u0", "sv0"):
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


def remap_studio(state: State) -> State:
    """SAGAN's and BigGAN's keys from those of github.com/POSTECH-CVLab/PyTorch-StudioGAN, with spectral norms folded.

    It counts attention as a block, and SAGAN's norms look gain and offset up by class.
    """
    folded = {key: value.T if ".embed" in key else value for key, value in fold_torch(state).items()}
    attentions = sorted(int(key.split(".")[1]) for key in folded if key.endswith(".sigma"))
    remapped = {}
    for key, value in rename(folded, STUDIO).items():
        if key.startswith("blocks."):
            _, place, _, rest = key.split(".", 3)
            before = sum(attention < int(place) for attention in attentions)
            index = int(place) - before
            attends = int(place) in attentions
            key = f"generator.attentions.{index - 1}.{rest}" if attends else f"generator.blocks.{index}.{rest}"
        remapped[key] = value
    return remapped
