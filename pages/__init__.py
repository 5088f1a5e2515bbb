"""The panels of the studio, found in this package and ordered by their paper's number in the survey."""

import importlib
import pkgutil
from functools import cache

from engines.runtime.errors import InputError
from pages._panel import Panel


@cache
def panels() -> tuple[Panel, ...]:
    """Every panel: each module of this package that is not private declares one as `PANEL`."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    found = [importlib.import_module(f"{__name__}.{name}").PANEL for name in names]
    return tuple(sorted(found, key=lambda panel: panel.paper.number))


def panel(slug: str) -> Panel:
    """The panel of that slug.

    Raises:
        InputError: there is none.
    """
    for candidate in panels():
        if candidate.slug == slug:
            return candidate
    raise InputError(f"There is no panel {slug!r}; there are {', '.join(candidate.slug for candidate in panels())}.")
