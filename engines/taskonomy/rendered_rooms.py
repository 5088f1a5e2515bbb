"""The small world's rooms on the disk: what networks learn from, and what they are measured on."""

import json
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engines.taskonomy.rooms import see
from engines.taskonomy.tasks import Arrays, Sample, sample

CHUNK = 128
"""Rooms that one piece of work renders."""
FIRST = {"learned": 0, "little": 10_000_000, "measured": 20_000_000, "tested": 30_000_000}
"""The seed of each part's first room: no room is in two parts."""


class Scale(NamedTuple):
    """How large a world is: pixels of a side; rooms that task networks learn from, that transfers learn from, that
    affinities are measured on, and that taxonomies are tested on; and how often each room is seen."""

    size: int = 64
    learned: int = 12_288
    little: int = 1024
    measured: int = 1024
    tested: int = 1024
    epochs: int = 8
    transfer_epochs: int = 12


def chunks(scale: Scale) -> list[tuple[str, int]]:
    """The pieces of work: each part's name, and the number of the first room."""
    return [(part, first) for part in FIRST for first in range(0, getattr(scale, part), CHUNK)]


def allocate(folder: Path, scale: Scale) -> None:
    """Make room for all arrays, unless it is made."""
    arrays = rendered(0, scale.size)
    for part in FIRST:
        (folder / part).mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            file = folder / part / f"{name}.npy"
            if not file.exists():
                shape = (getattr(scale, part), *array.shape)
                np.lib.format.open_memmap(file, "w+", array.dtype, shape).flush()


def render(folder: Path, scale: Scale, part: str, first: int) -> None:
    """Render one piece, unless it is done; it leaves how many seconds it took."""
    done = folder / part / f"{first}.json"
    if done.exists():
        return
    began = time.process_time()
    arrays = {file.stem: np.load(file, "r+") for file in (folder / part).glob("*.npy")}
    for number in range(first, min(first + CHUNK, getattr(scale, part))):
        for name, values in rendered(FIRST[part] + number, scale.size).items():
            arrays[name][number] = values
    for array in arrays.values():
        array.flush()
    done.write_text(json.dumps(time.process_time() - began))


def rendered(seed: int, size: int) -> Arrays:
    """What is given and asked in the room of a seed."""
    view, seen = see(seed, size)
    own: Sample = sample(view, seen, seed)
    return own.given | own.asked


def rooms(folder: Path, part: str) -> Arrays:
    """A part's arrays, which stay on the disk until they are read."""
    return {file.stem: np.load(file, "r") for file in sorted((folder / part).glob("*.npy"))}
