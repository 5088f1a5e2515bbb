"""Write the block of activations that the page "Which numbers share a mean?" shows.

    python -m engines.group_normalization.block --out assets/web/normalization.json

They are what the second stage's first convolution in the bundled network with group norm makes of four held-out digits.
"""

import argparse
import copy
import json
from pathlib import Path

import torch
from torch import Tensor

from engines.group_normalization.data import DIGITS_LEVELS, read_digits
from engines.group_normalization.engine import READERS, network

LAYER = "layer2.0.conv1"
LABELS = (0, 3, 6, 8)
DECIMALS = 4


@torch.no_grad()
def activations(pictures: Tensor) -> Tensor:
    """`(N, 1, 8, 8)` to `(N, 32, 4, 4)`."""
    reader = copy.deepcopy(network(READERS["GN"])).cpu()
    seen: list[Tensor] = []
    with reader.get_submodule(LAYER).register_forward_hook(lambda module, given, made: seen.append(made)):
        reader(pictures)
    return seen[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    arguments = parser.parse_args()
    data = read_digits()
    pictures = torch.stack([data.held_out[data.held_out_labels == label][0] for label in LABELS])
    seen = activations(pictures)
    block = {
        "labels": LABELS,
        "pictures": ((pictures[:, 0] + 1) * DIGITS_LEVELS / 2).int().flatten(1).tolist(),
        "shape": list(seen.shape),
        "values": [round(value, DECIMALS) for value in seen.flatten().tolist()],
    }
    arguments.out.write_text(json.dumps(block, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
