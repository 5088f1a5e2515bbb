"""How well the bundled PhotoWCT reconstructs photographs that it was not trained on.

python -m engines.photo_stylization.quality --data DIR
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from engines.photo_stylization.data import read_photographs
from engines.photo_stylization.network import LEVELS, PhotoWCT, remap
from engines.runtime.checkpoints import Quality
from engines.runtime.errors import InputError

BUNDLED = Path(__file__).parents[2] / "weights" / "bundled" / "photo-stylization-small.safetensors"


def load_bundled() -> PhotoWCT:
    """The small network with the bundled weights."""
    state = remap(load_file(BUNDLED))
    network = PhotoWCT(tuple(len(state[f"e4.conv{level}_1.bias"]) for level in LEVELS))
    network.load_state_dict(state, strict=True)
    return network.eval()


@torch.no_grad()
def reconstruction_quality(network: PhotoWCT, photographs: list[Tensor]) -> dict[int, float]:
    """Mean peak signal-to-noise ratio by level, in decibels, of photographs `(3, H, W)` uint8 encoded and decoded."""
    errors: dict[int, list[Tensor]] = {level: [] for level in LEVELS}
    for photograph in photographs:
        picture = photograph[None] / 255
        for level in LEVELS:
            encoded = network.encoder(level)(picture)
            decoded = network.decoder(level)(encoded.features[-1], encoded.poolings).clamp(0, 1)
            errors[level].append((decoded - picture).square().mean())
    return {level: (-10 * torch.stack(values).log10()).mean().item() for level, values in errors.items()}


def measure(network: PhotoWCT, data: Path | None) -> Quality:
    """Measure decibels by level on the held-out photographs; the weakest level decides.

    Raises:
        InputError: there is no folder with the photographs.
    """
    if data is None or not (data / "camvid").is_dir():
        raise InputError("Photo stylization is measured on CamVid: name the folder of camvid/ with --data.")
    _, held_out = read_photographs(data)
    levels = reconstruction_quality(network, held_out)
    return Quality({f"level {level}, dB": value for level, value in levels.items()}, min(levels.values()))


MEASURES = {"photowct": measure}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of camvid/")
    _, held_out = read_photographs(parser.parse_args().data)
    for level, quality in reconstruction_quality(load_bundled(), held_out).items():
        print(f"level {level}: {quality:.2f} dB on {len(held_out)} held-out photographs")


if __name__ == "__main__":
    main()
