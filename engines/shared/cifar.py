"""Reads CIFAR-10 (Krizhevsky, 2009), which small networks learn from, as parquet from a folder or the Hub's cache.

    python -m engines.shared.cifar

downloads it (144 MB) from the Hub.
"""

import io
import os
from collections.abc import Generator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from engines.shared.tensors import from_levels

CLASSES = 10
REPOSITORY = "uoft-cs/cifar10"
FILES = {split: PurePosixPath("plain_text", f"{split}-00000-of-00001.parquet") for split in ("train", "test")}
FOLDERS = ((), ("cifar10",), ("plain_text",))
"""The places in a folder where the files may lie: in itself, in a folder of the data set, or as in the Hub's
repository."""
LEARNED, HELD_OUT = 10_000, 2_000
"""The numbers of pictures that a race learns from, and is measured on."""
READ_AT_ONCE = 500


class Data(NamedTuple):
    """Holds pictures `(N, C, H, W)` in [-1, 1] with their labels `(N,)`, to learn from and held out.

    `mirrored` tells whether a picture's mirror image shows the same class.
    """

    pictures: Tensor
    labels: Tensor
    held_out: Tensor
    held_out_labels: Tensor
    mirrored: bool = False


def read_cifar(
    folder: Path | None, split: str, count: int | None = None
) -> Generator[Progress, None, tuple[Tensor, Tensor]]:
    """Read the first `count` pictures, `(N, 3, 32, 32)` uint8, of "train" or "test", and their labels `(N,)`.

    Args:
        folder: holds CIFAR-10 as parquet, as its data set on the Hub does; without one, STUDIO_CIFAR10 names it, or the
            Hub's cache has it.

    Raises:
        InputError: CIFAR-10 is not there.
    """
    from pyarrow import parquet

    pictures: list[np.ndarray] = []
    labels: list[int] = []
    for rows in parquet.ParquetFile(_find(folder, split)).iter_batches(READ_AT_ONCE, columns=["img", "label"]):
        chosen = rows if count is None else rows.slice(0, count - len(labels))
        pictures += [
            np.array(Image.open(io.BytesIO(cell["bytes"])).convert("RGB")) for cell in chosen["img"].to_pylist()
        ]
        labels += chosen["label"].to_pylist()
        yield Progress(0, "Reading CIFAR-10")
        if len(labels) == count:
            break
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels)


def read_data(
    folder: Path | None = None, count: int = LEARNED, held_out: int = HELD_OUT
) -> Generator[Progress, None, Data]:
    """Read the first pictures to learn from, and the first that are held out, as `read_cifar` finds them.

    Raises:
        InputError: CIFAR-10 is not there.
    """
    pictures, labels = yield from read_cifar(folder, "train", count)
    others, other_labels = yield from read_cifar(folder, "test", held_out)
    return Data(_prepared(pictures), labels, _prepared(others), other_labels, mirrored=True)


def _prepared(pictures: Tensor) -> Tensor:
    return from_levels(pictures.contiguous(memory_format=torch.channels_last))


def _find(folder: Path | None, split: str) -> Path:
    name = FILES[split].name
    named = folder or os.environ.get("STUDIO_CIFAR10")
    if named:
        places = [Path(named, *below, name) for below in FOLDERS]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise InputError(f"There is no {name} in {named}; name a folder that has CIFAR-10 as parquet.")
        return found

    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(REPOSITORY, FILES[split].as_posix(), repo_type="dataset")
    if not isinstance(cached, str):
        raise InputError(
            "CIFAR-10 is not on this machine: choose the digits, or have whoever runs the studio download it (144 MB) "
            "by `python -m engines.shared.cifar`, or name its folder in the variable STUDIO_CIFAR10."
        )
    return Path(cached)


def main() -> None:
    """Download CIFAR-10 from the Hub, and print where it is."""
    from huggingface_hub import hf_hub_download

    for file in FILES.values():
        print(hf_hub_download(REPOSITORY, file.as_posix(), repo_type="dataset"))


if __name__ == "__main__":
    main()
