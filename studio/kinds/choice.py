"""Defines a choice of one among several things."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engines.runtime.errors import InputError
from studio.kinds.control import Control
from studio.kinds.kind import shown


@dataclass(frozen=True)
class Choice(Control):
    """Chooses one of `options`, a mapping from value to the words a visitor reads."""

    options: Mapping[str, str]
    default: str

    def check(self, value: Any) -> str:
        """Refuse a value that is not among the options; a number serves for an option that is one."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = f"{value:g}"
        if not isinstance(value, str) or value not in self.options:
            raise InputError(f"{self.label}: {shown(value)} is not among {', '.join(self.options)}.")
        return value

    def words(self, value: Any) -> str:
        """Return the words of the option."""
        return self.options[value]

    def schema(self) -> dict[str, Any]:
        """Describe the value as a string."""
        return {"type": "string"}

    def possible(self) -> str:
        """List the options with their words."""
        return f"One of: {'; '.join(f'{value} ({words})' for value, words in self.options.items())}."
