"""Defines pictures in a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.kinds.captioned import Captioned
from studio.kinds.output import Address


@dataclass(frozen=True)
class Strip(Captioned):
    """Shows pictures in the order they come, `{caption: (H, W, 3) uint8}`, with empty frames for those in `of`."""

    of: Sequence[str] = ()

    is_framed = True
    drawn_as = "strip"

    def empty(self) -> Any:
        """Return an empty mapping if pictures are expected, so that their frames show."""
        return {} if self.of else None

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return the addresses of the pictures, and the captions of those to expect."""
        return {"expected": list(self.of), **super().payload(value, address)}
