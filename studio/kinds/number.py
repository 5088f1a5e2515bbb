"""Defines a number that a slider sets."""

import math
from dataclasses import dataclass, field
from typing import Any

from engines.runtime.errors import InputError
from studio.kinds.control import Control
from studio.kinds.kind import shown


@dataclass(frozen=True)
class Number(Control):
    """Sets a number in [low, high]; an integer if `step` is one."""

    low: float
    high: float
    default: float
    step: float
    unit: str = field(default="", kw_only=True)

    def check(self, value: Any) -> float:
        """Check that the value is a number, and hold it within the bounds."""
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"{self.label}: {shown(value)} is not a number; give one from {self._bounds()}.") from None
        if not math.isfinite(number):
            raise InputError(f"{self.label}: {shown(value)} is out of bounds; give a number from {self._bounds()}.")
        number = min(max(number, self.low), self.high)
        if not isinstance(self.step, int):
            return number
        if number != round(number):
            raise InputError(f"{self.label}: {shown(value)} is not a whole number; give one from {self._bounds()}.")
        return int(number)

    def check_declared(self, value: Any) -> None:
        """Refuse a number that a page declares beyond the bounds."""
        super().check_declared(value)
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.label}: {shown(value)} is out of bounds; declare one from {self._bounds()}")

    def corrected(self, value: Any) -> str:
        """Say that a number is beyond the bounds, and which one is used."""
        number, used = float(value), self.check(value)
        if number == used:
            return ""
        return f"{self.label}: {number:g} is beyond {self._bounds()}; {used:g} is used."

    def parse(self, text: str) -> Any:
        """Read the number."""
        return self.check(text)

    def words(self, value: Any) -> str:
        """Write the number with its unit."""
        return f"{value:g} {self.unit}".rstrip()

    def schema(self) -> dict[str, Any]:
        """Describe the value as an integer or a number."""
        return {"type": "integer" if isinstance(self.step, int) else "number"}

    def possible(self) -> str:
        """Say the bounds."""
        return f"From {self._bounds()}."

    @property
    def title(self) -> str:
        """Return the label with the unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def _bounds(self) -> str:
        return f"{self.low:g} to {self.high:g}{' ' + self.unit if self.unit else ''}"
