"""What the races learn: scikit-learn's digits, which need no download, or CIFAR-10 from a folder or the Hub's cache.

    python -m engines.group_normalization.data

downloads CIFAR-10 (144 MB) from the Hub.
"""

import io
import os
from collections.abc import Generator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress

REPOSITORY = "uoft-cs/cifar10"
FILES = {split: PurePosixPath("plain_text", f"{split}-00000-of-00001.parquet") for split in ("train", "test")}
FOLDERS = ((), ("cifar10",), ("plain_text",))
"""Where a folder may hold these files: itself, one for each data set, or as the Hub's repository does."""
DIGITS_HELD_OUT = 500
DIGITS_LEVELS = 16
CIFAR_COUNT = 10_000
CIFAR_HELD_OUT = 2_000
READ_AT_ONCE = 500


class Data(NamedTuple):
    """Pictures `(N, C, H, W)` in [-1, 1] with their labels `(N,)`: to learn from, and held out.

    Where `mirrored`, a picture's mirror image shows the same class.
    """

    pictures: Tensor
    labels: Tensor
    held_out: Tensor
    held_out_labels: Tensor
    mirrored: bool = False


@cache
def read_digits() -> Data:
    """1,297 digits of 8 x 8 grey pixels, and 500 held out."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    pictures = torch.from_numpy(digits.images[order]).float()[:, None] / (DIGITS_LEVELS / 2) - 1
    labels = torch.from_numpy(digits.target[order])
    held_out = slice(DIGITS_HELD_OUT)
    learned = slice(DIGITS_HELD_OUT, None)
    return Data(pictures[learned], labels[learned], pictures[held_out], labels[held_out])


def read_cifar(
    folder: Path | None = None, count: int = CIFAR_COUNT, held_out: int = CIFAR_HELD_OUT
) -> Generator[Progress, None, Data]:
    """The first pictures that CIFAR-10 has to learn from, 32 x 32 in colour, and the first that it holds out.

    `folder` holds CIFAR-10 as parquet, as its Hub data set does; without one, STUDIO_CIFAR10 names it, or the Hub's
    cache has it.

    Raises:
        InputError: it is not there.
    """
    pictures, labels = yield from _read(_find(folder, "train"), count)
    others, other_labels = yield from _read(_find(folder, "test"), held_out)
    return Data(pictures, labels, others, other_labels, mirrored=True)


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
            "by `python -m engines.group_normalization.data`, or name its folder in the variable STUDIO_CIFAR10."
        )
    return Path(cached)


def _read(path: Path, count: int) -> Generator[Progress, None, tuple[Tensor, Tensor]]:
    from pyarrow import parquet

    pictures: list[np.ndarray] = []
    labels: list[int] = []
    for rows in parquet.ParquetFile(path).iter_batches(READ_AT_ONCE, columns=["img", "label"]):
        chosen = rows.slice(0, count - len(labels))
        pictures += [
            np.array(Image.open(io.BytesIO(cell["bytes"])).convert("RGB")) for cell in chosen["img"].to_pylist()
        ]
        labels += chosen["label"].to_pylist()
        yield Progress(0, "Reading CIFAR-10")
        if len(labels) == count:
            break
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 127.5 - 1, torch.tensor(labels)


def main() -> None:
    from huggingface_hub import hf_hub_download

    for file in FILES.values():
        print(hf_hub_download(REPOSITORY, file.as_posix(), repo_type="dataset"))


if __name__ == "__main__":
    main()
