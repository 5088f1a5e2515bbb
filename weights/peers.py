"""The published implementations, imported from a checkout of theirs: what their files hold, and what they draw.

Their modules are imported without what only their training, downloads or pages need.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from engines.ganimation.action_units import UNITS
from engines.runtime.checkpoints import Checkpoint
from engines.runtime.errors import InputError
from weights import openmmlab
from weights.samples import Inputs

VISION = (
    "torchvision",
    "torchvision.datasets",
    "torchvision.models",
    "torchvision.models.feature_extraction",
    "torchvision.ops",
    "torchvision.ops.misc",
    "torchvision.transforms",
    "torchvision.transforms.functional",
)
"""What timm and vid2vid import for their data and for other networks than those here."""


class Peer(NamedTuple):
    """A published implementation.

    `repository` is where it is; `build` makes its network in evaluation mode; `draw` the output of `weights.samples`.
    `inside` and `prefix` say where in a file its tensors are.
    """

    repository: str
    build: Callable[[Path, Checkpoint], nn.Module]
    draw: Callable[[Any, Inputs], Tensor]
    inside: str = ""
    prefix: str = ""


def peer_of(checkpoint: Checkpoint) -> Peer:
    """Find the published implementation of a checkpoint.

    Raises:
        InputError: none runs here.
    """
    found = PEERS.get(checkpoint.name) or PEERS.get(checkpoint.architecture)
    if found is None:
        raise InputError(f"{checkpoint.name} has no published code that runs here.")
    return found


def _modules(root: Path, stand_ins: Mapping[str, Mapping[str, Any]], *names: str) -> list[Any]:
    """Import modules of a checkout; `stand_ins` take the place of what they import and do not need."""
    for name, contents in stand_ins.items():
        module = ModuleType(name)
        vars(module).update(contents)
        sys.modules[name] = module
        parent, _, own = name.rpartition(".")
        if parent in stand_ins:
            setattr(sys.modules[parent], own, module)
    sys.path.insert(0, str(root.resolve()))
    try:
        return [importlib.import_module(name) for name in names]
    finally:
        sys.path.pop(0)


def _biggan_deep(root: Path, checkpoint: Checkpoint) -> nn.Module:
    config = checkpoint.config
    package: Mapping[str, Any] = {"__path__": [str(root / "pytorch_pretrained_biggan")]}
    stand_ins: dict[str, Mapping[str, Any]] = {"pretrained": package, "pretrained.file_utils": {"cached_path": None}}
    configuration, model = _modules(root, stand_ins, "pretrained.config", "pretrained.model")
    wanted = configuration.BigGANConfig(
        output_dim=4 << sum(enlarges for enlarges, _, _ in config["blocks"]),
        z_dim=config["latent_size"],
        class_embed_dim=config["latent_size"],
        channel_width=config["width"],
        num_classes=config["classes"],
        layers=config["blocks"],
        attention_layer_position=config["attention_before"],
    )
    made: nn.Module = model.BigGAN(wanted).eval()
    return made


def _studio(root: Path, checkpoint: Checkpoint) -> nn.Module:
    config = checkpoint.config
    misc = {"dummy_context_mgr": nullcontext}
    stand_ins: dict[str, Mapping[str, Any]] = {"utils": {"__path__": [str(root / "src/utils")]}, "utils.misc": misc}
    ops, wide, narrow = _modules(root / "src", stand_ins, "utils.ops", "models.big_resnet", "models.resnet")
    parts = SimpleNamespace(
        g_conv2d=ops.snconv2d, g_linear=ops.snlinear, g_bn=ops.ConditionalBatchNorm2d, g_act_fn=nn.ReLU(inplace=True)
    )
    blocks = len(config["widths"]) - 1
    arguments = {
        "z_dim": config["latent_size"],
        "g_shared_dim": config.get("embedding_size", "N/A"),
        "img_size": 4 << blocks,
        "g_conv_dim": config["widths"][-1] // (4 if blocks == 3 else 1),
        "apply_attn": True,
        "attn_g_loc": [index + 1 for index in config["attention_after"]],
        "g_cond_mtd": "cBN",
        "num_classes": config["classes"],
        "g_init": "N/A",
        "g_depth": "N/A",
        "mixed_precision": False,
        "MODULES": parts,
        "MODEL": SimpleNamespace(info_type="N/A", g_info_injection="N/A", backbone="resnet"),
    }
    made: nn.Module = (wide if "embedding_size" in config else narrow).Generator(**arguments).eval()
    return made


class _NetworkBase(nn.Module):
    """In the place of GANimation's, whose module is written for Python 2."""

    @property
    def name(self) -> str:
        return ""


def _vid2vid(root: Path, checkpoint: Checkpoint) -> nn.Module:
    package = {"video": {"__path__": [str(root / "models")]}}
    (module,) = _modules(root, package | _vision(), "video.networks")
    config = checkpoint.config
    made: nn.Module = module.CompositeGenerator(
        SimpleNamespace(fp16=False), config["inputs"], 3, 6, config["width"], config["halvings"], config["blocks"], True
    )
    return made


def _openmmlab(root: Path, checkpoint: Checkpoint) -> nn.Module:
    package = "mmgen.models.architectures.sngan_proj"
    stood_in = openmmlab.stand_ins(str(root / "mmgen"))
    _, module = _modules(root, stood_in, f"{package}.modules", f"{package}.generator_discriminator")
    _modules(root, {}, "mmgen.models.architectures.biggan.modules")
    # configs/sagan/sagan_128_woReLUinplace_noaug_bigGAN_Glr-1e-4_Dlr-4e-4_ndisc1_imagenet1k_b32x8.py
    made: nn.Module = module.SNGANGenerator(
        output_scale=128,
        num_classes=checkpoint.config["classes"],
        attention_after_nth_block=4,
        with_spectral_norm=True,
        with_embedding_spectral_norm=False,
        norm_eps=1e-5,
        sn_eps=1e-8,
        init_cfg={"type": "BigGAN"},
    )
    return made.eval()


def _ganimation(root: Path, checkpoint: Checkpoint) -> nn.Module:
    package, base = {"__path__": [str(root / "networks")]}, {"NetworkBase": _NetworkBase}
    (module,) = _modules(root, {"official": package, "official.networks": base}, "official.generator_wasserstein_gan")
    made: nn.Module = module.Generator(conv_dim=checkpoint.config["width"], c_dim=len(UNITS)).eval()
    return made


def _ganimation_replicate(root: Path, checkpoint: Checkpoint) -> nn.Module:
    package = {"__path__": [str(root / "model")]}
    (module,) = _modules(root, {"replicate": package}, "replicate.model_utils")
    norm = module.get_norm_layer("instance")
    made: nn.Module = module.SplitGenerator(3, len(UNITS), checkpoint.config["width"], norm_layer=norm).eval()
    return made


def _photowct(root: Path, checkpoint: Checkpoint) -> nn.Module:
    (module,) = _modules(root, {}, "photo_wct")
    made: nn.Module = module.PhotoWCT().eval()
    return made


def _taskonomy(root: Path, checkpoint: Checkpoint) -> nn.Module:
    package = {"__path__": [str(root / "visualpriors")]}
    (module,) = _modules(root, {"visual": package}, "visual.taskonomy_network")
    if checkpoint.architecture == "taskonomy-encoder":
        made: nn.Module = module.TaskonomyEncoder(normalize_outputs=checkpoint.config.get("normalized", False))
    else:
        made = module.TaskonomyDecoder(checkpoint.config["channels"])
    return made.eval()


def _timm(root: Path, checkpoint: Checkpoint) -> nn.Module:
    (timm,) = _modules(root, _vision(), "timm")
    assert checkpoint.repo is not None
    made: nn.Module = timm.create_model(checkpoint.repo.removeprefix("timm/")).eval()
    return made


class _Nothing(type):
    """A class for whatever is imported and not used, all of whose attributes are their own names."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


def _nothing(name: str) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    return _Nothing(name, (), {})


def _drawn_deep(network: Any, inputs: Inputs) -> Tensor:
    made: Tensor = network(inputs["latent"], inputs["classes"], 1.0)
    return made


def _not_here(network: Any, inputs: Inputs) -> Tensor:
    raise InputError("The published code asks for a CUDA device; `studio weights parity` compares with what it gave.")


def _vision() -> dict[str, Mapping[str, Any]]:
    return {name: {"__path__": [], "__getattr__": _nothing} for name in VISION}


def _drawn_openmmlab(network: Any, inputs: Inputs) -> Tensor:
    return openmmlab.pictures(network, inputs["latent"], inputs["classes"])


def _drawn_studio(network: Any, inputs: Inputs) -> Tensor:
    made: Tensor = network(inputs["latent"], inputs["classes"].argmax(1), eval=True)
    return made


def _animated(network: Any, inputs: Inputs) -> Tensor:
    colour, attention, *_ = network(inputs["picture"], inputs["units"])
    made: Tensor = attention * inputs["picture"] + (1 - attention) * colour
    return made


def _stylized(network: Any, inputs: Inputs) -> Tensor:
    import numpy as np

    made: Tensor = network.transform(inputs["content"], inputs["style"], np.asarray([]), np.asarray([]))
    return made


def _classified(network: Any, inputs: Inputs) -> Tensor:
    mean, deviation = (torch.tensor(network.pretrained_cfg[name])[:, None, None] for name in ("mean", "std"))
    made: Tensor = network(((inputs["picture"] + 1) / 2 - mean) / deviation)
    return made


def _of_picture(network: Any, inputs: Inputs) -> Tensor:
    made: Tensor = network(inputs["picture"])
    return made


def _of_code(network: Any, inputs: Inputs) -> Tensor:
    made: Tensor = network(inputs["code"])
    return made


PEERS: Mapping[str, Peer] = {
    "biggan-deep": Peer("huggingface/pytorch-pretrained-BigGAN", _biggan_deep, _drawn_deep),
    "biggan-studio": Peer("POSTECH-CVLab/PyTorch-StudioGAN", _studio, _drawn_studio, "state_dict"),
    "sagan-studio": Peer("POSTECH-CVLab/PyTorch-StudioGAN", _studio, _drawn_studio, "state_dict"),
    "sagan-openmmlab": Peer(
        "open-mmlab/mmgeneration", _openmmlab, _drawn_openmmlab, inside="state_dict", prefix="generator_ema."
    ),
    "ganimation-replicate": Peer("donydchen/ganimation_replicate", _ganimation_replicate, _animated),
    "ganimation": Peer("albertpumarola/GANimation", _ganimation, _animated),
    "photowct": Peer("NVIDIA/FastPhotoStyle", _photowct, _stylized),
    "resnet50-gn": Peer("huggingface/pytorch-image-models", _timm, _classified),
    "time-limited-imagenet": Peer("huggingface/pytorch-image-models", _timm, _classified),
    "vid2vid": Peer("NVIDIA/vid2vid", _vid2vid, _not_here),
    "taskonomy-encoder": Peer("alexsax/visual-prior", _taskonomy, _of_picture, "state_dict"),
    "taskonomy-decoder": Peer("alexsax/visual-prior", _taskonomy, _of_code, "state_dict"),
}
"""By a checkpoint's name or architecture."""
