"""Defines a short word that a visitor types."""

import re
from dataclasses import dataclass
from typing import Any

from engines.runtime.errors import InputError
from studio.kinds.control import Control
from studio.kinds.kind import shown


@dataclass(frozen=True)
class Word(Control):
    """Takes at most `longest` letters and digits, or none."""

    longest: int
    default: str = ""

    def check(self, value: Any) -> str:
        """Check that the value is short, and letters and digits."""
        if not isinstance(value, str) or len(value) > self.longest or not re.fullmatch("[A-Za-z0-9]*", value):
            raise InputError(f"{self.label}: {shown(value)} is not at most {self.longest} letters and digits.")
        return value

    def schema(self) -> dict[str, Any]:
        """Describe the value as a string."""
        return {"type": "string"}

    def possible(self) -> str:
        """Say how long a word may be."""
        return f"At most {self.longest} letters and digits, or none."
