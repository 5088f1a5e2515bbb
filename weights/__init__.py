"""Checkpoints on this machine: the manifest, the bundled ones with their cards, and `python -m weights`."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

import engines


@cache
def offered(module: str) -> dict[str, Any]:
    """Everything that the papers' modules of that name offer as `ARCHITECTURES`, by the architecture's name."""
    found: dict[str, Any] = {}
    for package in iter_modules(engines.__path__, "engines."):
        if find_spec(f"{package.name}.{module}"):
            found |= import_module(f"{package.name}.{module}").ARCHITECTURES
    return found
