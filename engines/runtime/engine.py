"""Defines what every paper's engine offers to the program that starts the studio."""

from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast


class Engine(Protocol):
    """Describes a module engines/<paper>/engine.py."""

    @property
    def SLUG(self) -> str:
        """Name the engine's folder and its page."""

    @property
    def CHECKPOINTS(self) -> tuple[str, ...]:
        """Name the bundled checkpoints that the page begins with."""

    def warm(self) -> None:
        """Load and compute what the first visitor would otherwise wait for."""


def find(slug: str) -> Engine | None:
    """Import the engine of the paper of that name; None if it has none."""
    name = f"engines.{slug}.engine"
    if find_spec(f"engines.{slug}") is None or find_spec(name) is None:
        return None
    return cast(Engine, import_module(name))
