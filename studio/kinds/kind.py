"""Defines what every kind of control and output is: a class in its own file, which says everything about it.

A kind registers itself by being defined, and each face refuses one that it cannot draw. The faces draw it by a widget
that they register beside theirs, or, if it names a `module`, by that: its own JavaScript file, which exports
`draw(stage, properties, choose)`. It is called once for a place on a page and returns a function that is called with
each new value; a control calls `choose` with the value that a visitor has set.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np


class Kind:
    """Is a kind of control or output."""

    module: ClassVar[Path | None] = None
    """Its JavaScript file, if no face has a widget for it."""
    registered: ClassVar[dict[str, type["Kind"]]] = {}
    """Every kind by its address."""
    checks: ClassVar[list[Callable[[type["Kind"]], None]]] = []

    def __init_subclass__(cls, is_general: bool = False) -> None:
        """Register the kind, unless it `is_general`: what several kinds share, and no control or output by itself.

        Raises:
            TypeError: another kind has its name, or a face cannot draw it.
        """
        super().__init_subclass__()
        if is_general:
            return
        taken = Kind.registered.get(cls.address(), cls)
        if taken.__module__ != cls.__module__:
            raise TypeError(f"{cls.__module__}: {taken.__module__} has a kind {taken.__name__} already")
        for check in Kind.checks:
            check(cls)
        Kind.registered[cls.address()] = cls

    @classmethod
    def kinds(cls) -> list[type[Self]]:
        """List every kind of this sort that is defined, in the order of their definitions."""
        return [kind for kind in Kind.registered.values() if issubclass(kind, cls)]

    @classmethod
    def check_each(cls, check: Callable[[type[Self]], object]) -> None:
        """Let `check` refuse kinds of this sort: at once those that are defined, and later ones at their definition."""

        def check_one(kind: type[Kind]) -> None:
            if issubclass(kind, cls):
                check(kind)

        for kind in cls.kinds():
            check(kind)
        Kind.checks.append(check_one)

    @classmethod
    def address(cls) -> str:
        """Return where a browser finds its module."""
        return f"kinds/{cls.__name__.lower()}.js"

    def properties(self) -> dict[str, Any]:
        """Return what `draw` of its module gets to know of it, as JSON."""
        return {}


def modules() -> dict[str, Path]:
    """Return the JavaScript file of every kind that has one, by its address."""
    return {kind.address(): kind.module for kind in Kind.registered.values() if kind.module is not None}


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
