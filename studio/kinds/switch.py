"""Defines a switch."""

from dataclasses import dataclass
from typing import Any

from engines.runtime.errors import InputError
from studio.kinds.control import Control
from studio.kinds.kind import shown


@dataclass(frozen=True)
class Switch(Control):
    """Is on or off."""

    default: bool

    def check(self, value: Any) -> bool:
        """Check that the value is true or false."""
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower(), value)
        if not isinstance(value, bool):
            raise InputError(f"{self.label}: {shown(value)} is neither true nor false.")
        return value

    def parse(self, text: str) -> Any:
        """Read "true" or "false"."""
        return self.check(text)

    def words(self, value: Any) -> str:
        """Write "on" or "off"."""
        return "on" if value else "off"

    def schema(self) -> dict[str, Any]:
        """Describe the value as a boolean."""
        return {"type": "boolean"}
