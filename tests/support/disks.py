"""Disks that take nothing: full ones, and folders that may not be written."""

import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def full(process: int = 0) -> Iterator[None]:
    """No file takes another byte of a process, of this one by default; its folders can still be made and removed."""
    before = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)


@contextmanager
def reachable() -> Iterator[Path]:
    """A folder that every user reaches; those that pytest makes only their owner does."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Nothing may be written below a folder; root, who may anything, is nobody for as long."""
    places = [Path(place) for place, _, _ in os.walk(folder)]
    for place in places:
        os.chmod(place, 0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for place in places:
            os.chmod(place, 0o755)
