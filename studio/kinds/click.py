"""Defines a place that a visitor chooses on a picture."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engines.runtime.errors import InputError
from studio.kinds.control import Control
from studio.kinds.kind import shown

if TYPE_CHECKING:
    from studio.declared import Experiment


@dataclass(frozen=True)
class Click(Control):
    """Takes the place that the visitor clicked on the picture of output `on`.

    It is (x, y) as fractions of the picture's width and height, or None.
    """

    on: str

    default = None

    def check(self, value: Any) -> tuple[float, float] | None:
        """Check that the place is on the picture."""
        if value is None or value == "":
            return None
        try:
            x, y = (float(part) for part in value)
        except (TypeError, ValueError):
            x = y = math.nan
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise InputError(f"{self.label}: {shown(value)} is no place on the picture; give x and y from 0 to 1.")
        return x, y

    def check_place(self, name: str, experiment: "Experiment") -> None:
        """Refuse an experiment that lacks the output."""
        if self.on not in experiment.outputs:
            raise ValueError(f"experiment {experiment.name}: {name} is a click on {self.on}, which is no output")

    def parse(self, text: str) -> Any:
        """Split "x,y" into its parts."""
        return text.split(",") if text else None

    def schema(self) -> dict[str, Any]:
        """Describe the value as two numbers or null."""
        return {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "null"}]}

    def possible(self) -> str:
        """Say that a place is two fractions, or null."""
        return f"[x, y] as fractions of the width and height of the picture {self.on}, or null."
