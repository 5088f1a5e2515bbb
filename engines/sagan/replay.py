"""Two small trainings of SAGAN (arXiv:1805.08318) as pictures: with spectral norm in both networks, and without.

    python -m engines.sagan.replay --with-norm DIR --without-norm DIR --data DIR

Each DIR is the `--out` of engines.sagan.train, the second one's with `--without-spectral-norm`, and has its words in
`log`. What is recorded lies beside this module: the same latents
through both, and the losses.
"""

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engines.runtime.kept import kept

if TYPE_CHECKING:
    from engines.sagan.network import SAGAN

RECORDED = Path(__file__).parent / "recorded"
RUNS = ("with", "without")
ROWS = 3
"""Latents; every class is made from the same."""
SIDE = 32
SEED = 0
QUALITY = 90
"""Of the recorded pictures, in WebP's own measure."""
JUDGED = (256, 512, 1024, 2048)
"""Steps after which the judge of engines/shared/generative_adversarial/quality.py looks at 5,000 pictures."""
LOGGED = re.compile(r"^(\d+) s, step (\d+), [\d.]+ steps/s: \w+ (-?[\d.]+|nan)", re.MULTILINE)
"""Seconds, step, and the discriminator's hinge loss."""


class Snapshot(NamedTuple):
    """What a training makes after so many steps: pictures `(3, 10, 32, 32, 3)` uint8, by latent and class."""

    step: int
    pictures: np.ndarray


@cache
def recorded(folder: Path = RECORDED) -> Mapping[str, Mapping[str, Any]]:
    """By run: `steps`, `sigmas`, `losses` as [step, hinge loss], what was `judged` by step, and `minutes`."""
    runs: Mapping[str, Mapping[str, Any]] = json.loads((folder / "replay.json").read_text())
    return runs


@kept()
def snapshots(run: str, folder: Path = RECORDED) -> Sequence[Snapshot]:
    """The snapshots of a run, "with" or "without"."""
    from PIL import Image

    sheet = np.asarray(Image.open(folder / f"replay-{run}.webp").convert("RGB"))
    grids = sheet.reshape(-1, ROWS, SIDE, sheet.shape[1] // SIDE, SIDE, 3).swapaxes(2, 3)
    return [Snapshot(step, grid) for step, grid in zip(recorded(folder)[run]["steps"], grids, strict=True)]


def record(trainings: Mapping[str, Path], data: Path | None, folder: Path = RECORDED) -> None:
    """Write what is recorded of the trainings, by run; some snapshots are judged where the folder of cifar10/ is given.

    Raises:
        InputError: the data or the judge is not there.
    """
    folder.mkdir(exist_ok=True)
    runs = {run: _record(training, data, folder / f"replay-{run}.webp") for run, training in trainings.items()}
    (folder / "replay.json").write_text(json.dumps(runs) + "\n")


def _record(training: Path, data: Path | None, path: Path) -> dict[str, Any]:
    """Write a training's snapshots as one sheet; what else is recorded of it."""
    from PIL import Image

    from engines.shared.generative_adversarial.quality import measure

    sheets, sigmas, judged = [], {}, {}
    for step, network in _networks(training):
        sheets.append(_sample(network).swapaxes(1, 2).reshape(ROWS * SIDE, -1, 3))
        (attention,) = network.generator.attentions.values()
        sigmas[step] = round(attention.sigma.item(), 4)
        if data is not None and step in JUDGED:
            judged[step] = {name: round(figure, 3) for name, figure in measure(network, data).figures.items()}
    Image.fromarray(np.concatenate(sheets)).save(path, quality=QUALITY, method=6)
    lines = LOGGED.findall((training / "log").read_text())
    logged = [(int(seconds), int(step), float(loss)) for seconds, step, loss in lines if int(step) <= max(sigmas)]
    return {
        "steps": list(sigmas),
        "sigmas": list(sigmas.values()),
        "losses": [[step, loss] for _, step, loss in logged],
        "judged": judged,
        "minutes": round(logged[-1][0] / 60),
    }


def _networks(training: Path) -> Iterator[tuple[int, "SAGAN"]]:
    """(step, network) of every snapshot."""
    from safetensors.torch import load_file

    from engines.sagan.network import SAGAN
    from engines.sagan.train import RECIPE

    for path in sorted(training.glob("step-*.safetensors")):
        network = SAGAN(**RECIPE.generator).eval()
        network.load_state_dict({key: value.float() for key, value in load_file(path).items()})
        yield int(path.stem[5:]), network


def _sample(network: "SAGAN") -> np.ndarray:
    """Pictures `(3, 10, 32, 32, 3)` uint8 of the latents; a number that is none is drawn as grey."""
    import torch
    from torch.nn import functional

    from engines.shared.tensors import to_picture

    random = torch.Generator().manual_seed(SEED)
    latents = torch.randn(ROWS, network.latent_size, generator=random).repeat_interleave(network.classes, 0)
    classes = functional.one_hot(torch.arange(network.classes), network.classes).float().repeat(ROWS, 1)
    with torch.inference_mode():
        made = network(latents, classes).nan_to_num()
    pictures = np.stack([to_picture(picture) for picture in made])
    return pictures.reshape(ROWS, network.classes, SIDE, SIDE, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for run in RUNS:
        parser.add_argument(f"--{run}-norm", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder of cifar10/")
    arguments = parser.parse_args()
    record({run: getattr(arguments, f"{run}_norm") for run in RUNS}, arguments.data)


if __name__ == "__main__":
    main()
