"""Race on CIFAR-10 and write down what happened, as recorded.json beside this module.

    python -m engines.group_normalization.record --data DIR --out DIR

`--data` names a folder with CIFAR-10 as parquet. Batch norm and group norm learn from its first 10,000 pictures in
batches of 2, 8 and 32, from three seeds each: half an hour of one core. Each run and its network are kept in the
folder of `--out` and found again, so the command can be stopped.
"""

import argparse
import itertools
import json
import time
from pathlib import Path

import torch

from engines.group_normalization.network import Norm
from engines.group_normalization.race import Racer, Rules
from engines.group_normalization.recorded import RECORDED
from engines.group_normalization.train import save
from engines.runtime.progress import finish
from engines.shared.cifar import Data, read_data

NORMS = {"batch": Norm("batch"), "group": Norm("group", 8)}
BATCH_SIZES = (2, 8, 32)
SEEDS = (0, 1, 2)
RATE = 0.1
EPOCHS = 6
HELD_OUT = 5_000


def run(data: Data, name: str, batch_size: int, seed: int, out: Path) -> dict[str, object]:
    """Race, or find what the race of these settings came to."""
    path = out / f"{name}-{batch_size}-{seed}.json"
    if path.exists():
        return json.loads(path.read_text())
    began = time.process_time()
    racer = Racer(data, NORMS[name], Rules(batch_size, RATE, True, EPOCHS, seed, points=1))
    racer.finish()
    print(path.stem, racer.points[-1], flush=True)
    made = {
        "norm": name,
        "batch_size": batch_size,
        "seed": seed,
        "points": [point._asdict() for point in racer.points],
        "diverged": racer.diverged,
        "seconds": time.process_time() - began,
    }
    save(racer.network, path.with_suffix(".safetensors"))
    path.write_text(json.dumps(made))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with CIFAR-10 as parquet")
    parser.add_argument("--out", type=Path, required=True, help="where each run is kept when it is done")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    data = finish(read_data(arguments.data, held_out=HELD_OUT))
    runs = [
        run(data, name, batch_size, seed, arguments.out)
        for seed, batch_size, name in itertools.product(SEEDS, BATCH_SIZES, NORMS)
    ]
    RECORDED.write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    main()
