"""Checkpoints on this machine: the manifest, the bundled ones with their cards, and `python -m weights`."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

import engines.shared
from engines.runtime.errors import InputError

OFFERED_AS = {"architecture": "ARCHITECTURES", "parity": "ARCHITECTURES", "quality": "MEASURES"}
"""What these modules call it."""


@cache
def offered(module: str) -> dict[str, Any]:
    """All that modules of that name of the papers, and of what these share, offer by the architecture's name."""
    found: dict[str, Any] = {}
    for package in _packages():
        if find_spec(f"{package}.{module}"):
            found |= getattr(import_module(f"{package}.{module}"), OFFERED_AS[module], {})
    return found


def architectures_of(panel: str) -> dict[str, Any]:
    """What the engine of a panel builds, by the architecture's name.

    Raises:
        InputError: there is no panel of that name.
    """
    panels = [each.name for each in iter_modules(engines.__path__) if find_spec(f"engines.{each.name}.architecture")]
    if panel not in panels:
        raise InputError(f"There is no panel {panel!r} with checkpoints; there are {', '.join(panels)}.")
    return dict(import_module(f"engines.{panel}.architecture").ARCHITECTURES)


def _packages() -> Iterator[str]:
    for home in (engines, engines.shared):
        yield from (each.name for each in iter_modules(home.__path__, f"{home.__name__}.") if each.ispkg)
