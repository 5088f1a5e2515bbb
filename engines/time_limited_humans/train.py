"""Train the small classifiers of CIFAR-10 that are attacked together or held out (arXiv:1802.08195).

    python -m engines.time_limited_humans.train time-limited-plain --data DIR --out DIR --epochs 10

Cross entropy and AdamW in batches of 128, in bfloat16; the rate rises over the first tenth and falls to zero along a
cosine. Pictures are mirrored and shifted at random. DIR of --out gets NAME.safetensors, and NAME.pt, from which the
same command goes on after it was stopped, with the very numbers it would have had.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engines.runtime import training as runtime
from engines.runtime.errors import InputError
from engines.runtime.progress import finish
from engines.shared.cifar import Data, read_data
from engines.time_limited_humans.classifiers import KINDS

BATCH = 128
RATE, WEIGHT_DECAY = 4e-3, 0.05
WARM = 0.1
"""Of the steps, in which the rate rises."""
SHIFT = 4
"""Pixels, at most, in each direction."""
LEARNED, HELD_OUT = 50_000, 10_000
NAMES = {f"time-limited-{kind}": kind for kind in KINDS}
"""From the checkpoints' names to their kinds."""


class Training(runtime.EpochTraining):
    """The training of one classifier over `epochs`."""

    def __init__(self, kind: str, data: Data, epochs: int) -> None:
        super().__init__(len(data.labels), BATCH, epochs)
        torch.manual_seed(0)
        self.kind, self.data = kind, data
        self.network = KINDS[kind]().to(memory_format=torch.channels_last).train()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), RATE, weight_decay=WEIGHT_DECAY)

    def parts(self) -> dict[str, Any]:
        return {"network": self.network, "optimizer": self.optimizer}

    def learn(self, chosen: Tensor) -> dict[str, float]:
        done = self.share
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * (done / WARM if done < WARM else runtime.cosine((done - WARM) / (1 - WARM)))
        labels = self.data.labels[chosen]
        pictures = varied(self.data.pictures[chosen], self.step).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            scores = self.network(pictures)
        loss = functional.cross_entropy(scores.float(), labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.item(), "accuracy": (scores.argmax(1) == labels).float().mean().item()}

    def export(self, path: Path) -> None:
        metadata = {
            "architecture": "time-limited-classifier",
            "config": json.dumps({"kind": self.kind}),
            "seconds": str(round(self.seconds)),
            "steps": str(self.step),
        }
        runtime.save_halved(self.network.state_dict(), path, metadata)


def varied(pictures: Tensor, seed: int) -> Tensor:
    """Pictures `(N, 3, H, W)`, each mirrored or not and shifted by up to 4 pixels, as the seed says."""
    generator = torch.Generator().manual_seed(seed)
    count, _, height, width = pictures.shape
    padded = functional.pad(pictures, (SHIFT,) * 4, mode="reflect")
    top, left = torch.randint(0, 2 * SHIFT + 1, (2, count, 1), generator=generator)
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    moved = padded.permute(0, 2, 3, 1)[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=NAMES, help="the checkpoint's name")
    parser.add_argument("--data", type=Path, required=True, help="the folder of cifar10/")
    parser.add_argument("--out", type=Path, required=True, help="where the state and the network are kept")
    parser.add_argument("--epochs", type=int, default=10, help="in all, earlier runs included")
    parser.add_argument("--threads", type=int, default=1, help="more are slower where the cores are shared")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        data = finish(read_data(arguments.data, LEARNED, HELD_OUT))
    except InputError as error:
        parser.exit(1, f"{error}\n")
    state, exported = (arguments.out / f"{arguments.name}{suffix}" for suffix in (".pt", ".safetensors"))
    runtime.go_on(Training(NAMES[arguments.name], data, arguments.epochs), state, exported)


if __name__ == "__main__":
    main()
