"""An output kind that a test adds: numbers as the lengths of bars."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.kinds import Output


@dataclass(frozen=True)
class Bars(Output):
    """`{name: number from 0 to 1}` under a `title`."""

    title: str

    module = Path(__file__).with_suffix(".js")

    def check(self, value: Any) -> None:
        if not isinstance(value, Mapping) or not all(0 <= number <= 1 for number in value.values()):
            raise TypeError(f"numbers from 0 to 1 by name were expected, not {value!r}")

    def properties(self) -> dict[str, Any]:
        return {"title": self.title}
