"""Defines rows by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Number as AnyNumber
from typing import Any

from studio.drawn.tables import table
from studio.kinds.kind import shown
from studio.kinds.output import Address, Output


@dataclass(frozen=True)
class Table(Output):
    """Shows rows by name, `{row: {column: number or text}}`."""

    drawn_as = "html"

    def check(self, value: Any) -> None:
        """Refuse cells that are neither numbers nor text."""
        if not isinstance(value, Mapping) or not all(isinstance(row, Mapping) for row in value.values()):
            raise TypeError(f"rows by name were expected, not {shown(value)}")
        for row in value.values():
            for cell in row.values():
                if not isinstance(cell, str | AnyNumber):
                    raise TypeError(f"a cell is a number or text, not {shown(cell)}")

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Draw the table."""
        return {"html": table(value)}
