"""Defines the seed of random draws."""

from dataclasses import dataclass
from typing import Any

from engines.runtime.errors import InputError
from studio.kinds.control import Control
from studio.kinds.kind import shown

SEED_LIMIT = 2**32


@dataclass(frozen=True)
class Seed(Control):
    """Sets the seed of random draws: a whole number from 0 to 2^32 - 1."""

    default: int = 0

    def check(self, value: Any) -> int:
        """Check that the value is a whole number within the bounds."""
        try:
            number = int(str(value).strip().removesuffix(".0"))
        except ValueError:
            number = -1
        if not 0 <= number < SEED_LIMIT:
            raise InputError(
                f"{self.label}: {shown(value)} is no seed; give a whole number from 0 to {SEED_LIMIT - 1}."
            )
        return number

    def parse(self, text: str) -> Any:
        """Read the number."""
        return self.check(text)

    def schema(self) -> dict[str, Any]:
        """Describe the value as an integer."""
        return {"type": "integer"}

    def possible(self) -> str:
        """Say the bounds."""
        return f"A whole number from 0 to {SEED_LIMIT - 1}."
