"""A control kind that a test adds: the two ends of a part of the whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.runtime.errors import InputError
from studio.kinds import Control
from studio.kinds.kind import shown


@dataclass(frozen=True)
class Span(Control):
    """Two numbers from 0 to 1, the lower one first."""

    default: tuple[float, float]

    module = Path(__file__).with_suffix(".js")

    def check(self, value: Any) -> tuple[float, float]:
        try:
            low, high = (float(end) for end in value)
        except (TypeError, ValueError):
            raise InputError(f"{self.label}: {shown(value)} is no pair of numbers.") from None
        if not 0 <= low <= high <= 1:
            raise InputError(f"{self.label}: {low:g} to {high:g} is no part of 0 to 1.")
        return low, high

    def parse(self, text: str) -> Any:
        return text.split(",")

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "number"}}
