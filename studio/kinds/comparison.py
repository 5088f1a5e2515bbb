"""Defines two pictures under one slider."""

from dataclasses import dataclass
from typing import Any

from studio.kinds.captioned import Captioned
from studio.kinds.output import Address


@dataclass(frozen=True)
class Comparison(Captioned):
    """Shows two of several pictures of one shape, `{caption: (H, W, 3) uint8}`, under one slider.

    At first they are `left` and the newest.
    """

    left: str

    has_pictures = True
    is_framed = True
    drawn_as = "comparison"

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return the addresses of the pictures, and the caption of the left one."""
        return {"left": self.left, **super().payload(value, address)}
