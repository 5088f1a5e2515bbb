"""How well the networks of this project read what lies on the sphere (arXiv:1801.10130, sections 5.2 and 5.3).

    python -m engines.spherical_cnn.quality --data DIR

DIR holds `mnist10k/`. The table is the paper's, NR/R: trained on digits as they are placed, tested on digits that are
rotated at random, and so on; below it, how many rotated shapes are recognized. --trained names a folder that the
trainer wrote; without it, the bundled checkpoints are measured.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from engines.runtime.checkpoints import find, fit, loaded, parse_state
from engines.spherical_cnn.architecture import ARCHITECTURES
from engines.spherical_cnn.data import Samples, read_samples
from engines.spherical_cnn.network import Network
from engines.spherical_cnn.shapes import FAMILIES
from engines.spherical_cnn.train import RECIPES

CHUNK = 50


@torch.no_grad()
def recognized(network: Network, samples: Samples) -> Tensor:
    """Whether each sample is, `(N,)` of 0 and 1; random rotations are the same for every network."""
    generator = torch.Generator().manual_seed(0)
    chunks = torch.arange(len(samples.labels)).split(CHUNK)
    found = torch.cat([network(samples.draw(chosen, generator)).argmax(1) for chosen in chunks])
    return (found == samples.labels).float()


def on_digits(network: nn.Module, data: Path | None) -> dict[str, float]:
    """The shares of test digits that are read rightly.

    Raises:
        InputError: they are not there.
    """
    assert isinstance(network, Network)
    as_placed = recognized(network, read_samples("digits", "test", network.bandwidth, data))
    rotated = recognized(network, read_samples("rotated digits", "test", network.bandwidth, data))
    return {"as placed": float(as_placed.mean()), "rotated": float(rotated.mean())}


def on_shapes(network: nn.Module) -> dict[str, float]:
    """The shares of new rotated shapes that are recognized, of all and of each family."""
    assert isinstance(network, Network)
    samples = read_samples("shapes", "test", network.bandwidth, None)
    right = recognized(network, samples)
    families = {name: float(right[samples.labels == label].mean()) for label, name in enumerate(FAMILIES)}
    return {"all": float(right.mean()), **families}


def trained(name: str, folder: Path | None) -> nn.Module:
    """The network of that recipe, from the trainer's folder or bundled.

    Raises:
        CheckpointError: it is not there, or does not fit.
    """
    kind = ARCHITECTURES[RECIPES[name].architecture]
    if folder is None:
        return loaded(find(name), kind)
    network, file = kind.build(RECIPES[name].config), folder / f"{name}.safetensors"
    fit(network, {key: tensor.float() for key, tensor in parse_state(file).items()}, str(file))
    return network.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of mnist10k/")
    parser.add_argument("--trained", type=Path, help="the folder that the trainer wrote")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'':10} NR/NR    R/R   NR/R  parameters")
    for kind in ("planar", "mnist"):
        network = trained(f"spherical-cnn-{kind}-nr", arguments.trained)
        of_unrotated = on_digits(network, arguments.data)
        of_rotated = on_digits(trained(f"spherical-cnn-{kind}-r", arguments.trained), arguments.data)
        size = sum(parameter.numel() for parameter in network.parameters())
        print(
            f"{'planar' if kind == 'planar' else 'spherical':10} {of_unrotated['as placed']:.3f}  "
            f"{of_rotated['rotated']:.3f}  {of_unrotated['rotated']:.3f}  {size:10,}",
            flush=True,
        )
    for family, share in on_shapes(trained("spherical-cnn-shapes", arguments.trained)).items():
        print(f"{family:10} {share:.3f}")


if __name__ == "__main__":
    main()
