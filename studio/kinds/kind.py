"""Defines what every kind of control and output is: a class in its own file, which says everything about it.

A kind registers itself by being defined. The faces draw it by a widget that they register beside theirs, or, if it
names a `module`, by that: its own JavaScript file, which exports `draw(stage, properties, choose)`. It is called once
for a place on a page and returns a function that is called with each new value; a control calls `choose` with the value
that a visitor has set.
"""

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np


class Kind:
    """Is a kind of control or output."""

    module: ClassVar[Path | None] = None
    """Its JavaScript file, if no face has a widget for it."""
    registered: ClassVar[list[type["Kind"]]] = []

    def __init_subclass__(cls, is_general: bool = False) -> None:
        """Register the kind, unless it `is_general`: what several kinds share, and no control or output by itself."""
        super().__init_subclass__()
        if not is_general:
            Kind.registered.append(cls)

    @classmethod
    def kinds(cls) -> list[type[Self]]:
        """List every kind of this sort that is defined, in the order of their definitions."""
        return [kind for kind in Kind.registered if issubclass(kind, cls)]

    @classmethod
    def address(cls) -> str:
        """Return where a browser finds its module."""
        return f"kinds/{cls.__name__.lower()}.js"

    def properties(self) -> dict[str, Any]:
        """Return what `draw` of its module gets to know of it, as JSON."""
        return {}


def modules() -> dict[str, Path]:
    """Return the JavaScript file of every kind that has one, by its address."""
    return {kind.address(): kind.module for kind in Kind.registered if kind.module is not None}


def shown(value: Any) -> str:
    """Quote a value in an error: briefly, whatever was sent."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def check_picture(value: Any) -> None:
    """Refuse what is no picture.

    Raises:
        TypeError: it is not `(H, W, 3)` uint8.
    """
    if not (isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3 and value.shape[2] == 3):
        found = f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else shown(value)
        raise TypeError(f"a picture is (H, W, 3) uint8, not {found}")
