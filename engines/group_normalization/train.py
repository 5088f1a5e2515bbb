"""Train the two networks of this project that read digits, one with batch norm and one with group norm.

    python -m engines.group_normalization.train --out DIR

Each learns scikit-learn's digits in ten seconds or so, from the same start, and is written to DIR under the name of its
checkpoint; `python -m weights quality NAME --replace FILE` puts it in the bundled one's place if it is better.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from engines.group_normalization.data import read_digits
from engines.group_normalization.network import Norm
from engines.group_normalization.race import Racer, Rules
from engines.shared.residual import ResidualNetwork

RULES = Rules(batch_size=32, rate=0.1, scaled=True, epochs=12, seed=0)
NORMS = {"group-normalization-digits-batch": Norm("batch"), "group-normalization-digits-group": Norm("group", 8)}


def save(network: ResidualNetwork, path: Path) -> None:
    """Write the network in half precision, as bundled checkpoints are."""
    state = network.state_dict()
    save_file(
        {key: (value.half() if value.is_floating_point() else value).contiguous() for key, value in state.items()}, path
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder that the two checkpoints are written to")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    data = read_digits()
    for name, norm in NORMS.items():
        racer = Racer(data, norm, RULES)
        racer.finish()
        save(racer.network, arguments.out / f"{name}.safetensors")
        print(name, racer.points[-1])


if __name__ == "__main__":
    main()
