"""Defines a drawing as SVG."""

from dataclasses import dataclass
from typing import Any

from studio.kinds.kind import shown
from studio.kinds.output import Address, Output


@dataclass(frozen=True)
class Plate(Output):
    """Shows a drawing, as SVG text without any words of a visitor, in the page's colours.

    They are `var(--ink)` and so on, as in theme.css.
    """

    drawn_as = "plate"

    def check(self, value: Any) -> None:
        """Refuse what is not text."""
        if not isinstance(value, str):
            raise TypeError(f"SVG as text was expected, not {shown(value)}")

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return the SVG."""
        return {"html": value}
