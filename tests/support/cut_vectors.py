"""Cuts the parity vectors of tests/vectors out of larger recordings of the published implementations.

    python -m tests.support.cut_vectors FOLDER

FOLDER has the recordings. Nothing is computed here: inputs and weights stay as they are recorded, or are left to the
seed that they were drawn from where that gives the very same values; of large outputs every `EVERY`th value is kept.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tests.support import VECTORS
from weights.parity import draw

RECORDINGS = (
    "biggan",
    "biggan-deep",
    "ganimation",
    "photo-smoothing",
    "photowct-masks",
    "pix2pixhd-global",
    "pix2pixhd-local",
    "resnet50-gn",
    "s2cnn-s2",
    "s2cnn-so3",
    "sagan",
    "taskonomy-decoder",
    "taskonomy-encoder",
    "vid2vid-composite",
    "vid2vid-local",
)
"""One of each architecture, the one that says more in fewer bytes; both layers of Spherical CNNs."""
SEEDS = {
    ("ganimation", "image"): (51, "uniform"),
    ("resnet50-gn", "x"): (117, "normal"),
}
"""Large inputs that follow from a seed; found by trying the first few hundred."""
EVERY = 29
"""A prime number, so that all channels, rows and columns have their turn."""
WHOLE = 10_000
"""Values of an output that is kept whole."""


def cut(recording: Path, vector: Path) -> None:
    """Write the small vector of a recording.

    Raises:
        ValueError: an input is not what its seed gives.
    """
    with safe_open(str(recording), "pt") as file:
        described = json.loads(file.metadata()["vector"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (it is no mapping)
    drawn, sampled = {}, {}
    for (stem, name), (seed, law) in SEEDS.items():
        if stem == recording.stem:
            recorded = tensors.pop(f"input.{name}")
            drawn[name] = {"seed": seed, "law": law, "shape": list(recorded.shape)}
            if not torch.equal(draw(seed, law, recorded.shape), recorded):
                raise ValueError(f"{recording}: input {name} does not follow from seed {seed}")
    for key, tensor in tensors.items():
        part, name = key.split(".", 1)
        if part == "output" and tensor.numel() > WHOLE:
            sampled[name] = {"every": EVERY, "shape": list(tensor.shape)}
            tensors[key] = tensor.flatten()[::EVERY].clone()
    save_file(tensors, vector, {"vector": json.dumps(described | {"drawn": drawn, "sampled": sampled})})


if __name__ == "__main__":
    VECTORS.mkdir(exist_ok=True)
    for stem in RECORDINGS:
        cut(Path(sys.argv[1], f"{stem}.safetensors"), VECTORS / f"{stem}.safetensors")
