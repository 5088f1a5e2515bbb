"""Defines lines over a common axis."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.drawn.curves import curves, growing
from studio.kinds.kind import shown
from studio.kinds.output import Address, Output

GROWTH = 90
"""Milliseconds of a step in which lines grow."""


@dataclass(frozen=True)
class Curves(Output):
    """Shows lines over a common axis, `{name: (xs, ys)}`, and bands, `{name: (xs, lows, highs)}`.

    The y axis shows all of `span`, if there is one.
    """

    x: str
    y: str
    logarithmic: bool = field(default=False, kw_only=True)
    span: tuple[float, ...] = field(default=(), kw_only=True)

    drawn_as = "curves"

    def check(self, value: Any) -> None:
        """Refuse lines whose numbers differ in length."""
        if not isinstance(value, Mapping):
            raise TypeError(f"lines by name were expected, not {shown(value)}")
        for name, line in value.items():
            if len(line) not in (2, 3) or len({len(numbers) for numbers in line}) != 1:
                raise TypeError(f"line {name} is (xs, ys) or (xs, lows, highs) of one length, not {shown(line)}")

    def motion(self, value: Any) -> tuple[int, Iterator[Any]]:
        """Return the lines as they grow."""
        return GROWTH, growing(curves(value, self.logarithmic), self.logarithmic)

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Draw the curves."""
        names = {"x": self.x, "y": self.y, "logarithmic": self.logarithmic, "span": self.span}
        return {**names, "lines": curves(value, self.logarithmic)}
