"""Defines sentences about a result."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.drawn.tables import notices
from studio.kinds.kind import shown
from studio.kinds.output import Address, Output


@dataclass(frozen=True)
class Notices(Output):
    """Shows sentences that a visitor should read about this result, `{key: sentence}`."""

    drawn_as = "html"

    def check(self, value: Any) -> None:
        """Refuse what is not text by key."""
        if not isinstance(value, Mapping) or not all(isinstance(words, str) for words in value.values()):
            raise TypeError(f"sentences by key were expected, not {shown(value)}")

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Draw the sentences."""
        return {"html": notices(value)}
