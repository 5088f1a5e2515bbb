"""The panels of the studio: each folder of this package declares one as `PANEL`."""

import importlib
import pkgutil
from functools import cache

from studio.declared import Panel, named


@cache
def panels() -> tuple[Panel, ...]:
    """Every panel, ordered by its paper's number in the survey."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
    found = [importlib.import_module(f"{__name__}.{name}").PANEL for name in names]
    return tuple(sorted(found, key=lambda panel: panel.paper.number))


def panel(slug: str) -> Panel:
    """The panel of that slug.

    Raises:
        InputError: there is none.
    """
    return named(panels(), slug)
