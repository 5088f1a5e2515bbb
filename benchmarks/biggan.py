"""BigGAN-deep beside its published PyTorch code: seconds a picture, and how far the pictures are apart.

`python -m benchmarks biggan --peer DIR`, DIR being a checkout of github.com/huggingface/pytorch-pretrained-BigGAN. Both
have the same weights and inputs, and compute in turn in one process. Weights are random, but made calm: spectral norms
have converged, and the norms' statistics are those of the features that reach them.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.biggan.latents import truncated_latents, uniforms
from engines.biggan.network import BigGANDeep, remap_deep, rows_as_published
from engines.runtime.checkpoints import find
from engines.shared.generative_adversarial.network import prepare
from weights.peers import peer_of

CHECKPOINTS = {128: "biggan-deep-128", 256: "biggan-deep-256", 512: "biggan-deep-512"}
"""Of which the configurations are taken."""
TRUNCATION = 0.4
ITERATIONS = 20
"""Of the power iteration that spectral norm waits for."""
CALIBRATION = 8
"""Pictures whose features the statistics are taken of."""
LARGEST_DIFFERENCE = 1e-3
"""Of pictures in [-1, 1]."""
FASTER, PREVIEW_FASTER = 1.25, 2.0
"""By how much we have to be, in fp32 and in bf16."""


def published(folder: Path, side: int) -> nn.Module:
    """The published generator for pictures of that side, with random weights."""
    checkpoint = find(CHECKPOINTS[side])
    torch.manual_seed(0)
    return peer_of(checkpoint).build(folder, checkpoint)


@torch.no_grad()
def calm(network: nn.Module, latent: Tensor, classes: Tensor) -> None:
    """Let spectral norms converge, and give every norm the statistics of what reaches it, so that no feature overflows
    and pictures are neither saturated nor flat."""
    taking = []
    for module in network.modules():
        if hasattr(module, "weight_orig"):
            matrix = module.weight_orig.flatten(1)
            for _ in range(ITERATIONS):
                module.weight_v.copy_(functional.normalize(module.weight_u @ matrix, dim=0))
                module.weight_u.copy_(functional.normalize(matrix @ module.weight_v, dim=0))
        if hasattr(module, "gamma"):
            module.gamma.fill_(0.5)
        if hasattr(module, "running_means"):
            if not module.conditional:
                module.weight.fill_(1)
                module.bias.zero_()
            taking.append(module.register_forward_pre_hook(take_statistics))
    network(latent, classes, TRUNCATION)
    for each in taking:
        each.remove()


def take_statistics(norm: Any, inputs: tuple[Any, ...]) -> None:
    features = inputs[0]
    norm.running_means.copy_(features.mean((0, 2, 3)).expand_as(norm.running_means))
    norm.running_vars.copy_(features.var((0, 2, 3)).expand_as(norm.running_vars))


def ours(peer: nn.Module, side: int, dtype: torch.dtype) -> nn.Module:
    network = BigGANDeep(**find(CHECKPOINTS[side]).config)
    network.load_state_dict(remap_deep(peer.state_dict()))
    return prepare(network, dtype)


def alternately(computed: Mapping[str, Callable[[], Tensor]], rounds: int) -> dict[str, float]:
    """The shortest seconds of each, in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in computed}
    for _ in range(rounds):
        for name, compute in computed.items():
            began = time.perf_counter()
            compute()
            seconds[name].append(time.perf_counter() - began)
    return {name: min(each) for name, each in seconds.items()}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks biggan")
    parser.add_argument("--peer", type=Path, required=True, help="a checkout of the published code")
    parser.add_argument("--sides", type=int, nargs="*", default=[128], choices=CHECKPOINTS, help="pixels of a picture")
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 8], help="pictures at once")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    print(f"{os.cpu_count()} cores, torch {torch.__version__} with {torch.get_num_threads()} threads")
    fine = [compare(options.peer, side, options.batches, options.rounds) for side in options.sides]
    sys.exit(0 if all(fine) else 1)


def compare(folder: Path, side: int, batches: list[int], rounds: int) -> bool:
    """Print a line for each batch; whether all is as fast and as near as it has to be."""
    peer = published(folder, side)
    latent = truncated_latents(uniforms(0, max(*batches, CALIBRATION), 128), TRUNCATION, "published")
    classes = functional.one_hot(torch.arange(len(latent)) * 37 % 1000, 1000).float()
    calm(peer, latent[:CALIBRATION], classes[:CALIBRATION])
    single, half = (ours(peer, side, dtype) for dtype in (torch.float32, torch.bfloat16))
    rows = rows_as_published(TRUNCATION, single.rows)
    fine = True
    for batch in batches:
        inputs = latent[:batch], classes[:batch]
        computed: dict[str, Callable[[], Tensor]] = {
            "published": partial(peer, *inputs, TRUNCATION),
            "ours": partial(single, *inputs, rows),
            "preview": partial(half, *inputs, rows),
        }
        with torch.inference_mode():
            theirs, same, near = (compute().float() for compute in computed.values())
            seconds = alternately(computed, rounds)
        ratios = {name: seconds["published"] / seconds[name] for name in ("ours", "preview")}
        apart = (same - theirs).abs().max().item()
        saturated = (theirs.abs() > 0.999).float().mean().item()
        enough = ratios["ours"] >= FASTER and ratios["preview"] >= PREVIEW_FASTER and apart <= LARGEST_DIFFERENCE
        fine = fine and enough
        print(
            f"{side} x {side}, batch {batch}: published {seconds['published']:.3f} s;"
            f" ours {seconds['ours']:.3f} s, {ratios['ours']:.2f} times as fast, apart {apart:.1e};"
            f" preview {seconds['preview']:.3f} s, {ratios['preview']:.2f} times, apart"
            f" {(near - theirs).abs().mean().item():.3f} in the mean; pictures' deviation {theirs.std().item():.2f},"
            f" saturated {100 * saturated:.1f} %: {'pass' if enough else 'FALL SHORT'}",
            flush=True,
        )
    return fine
