"""Defines one picture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.kinds.kind import check_picture
from studio.kinds.output import Address, Folder, Output


@dataclass(frozen=True)
class Picture(Output):
    """Shows one picture, (H, W, 3) uint8."""

    has_pictures = True
    is_framed = True
    drawn_as = "picture"

    def check(self, value: Any) -> None:
        """Refuse what is no picture."""
        check_picture(value)

    def pictures(self, value: Any) -> Iterator[tuple[str | None, Any]]:
        """Yield the picture."""
        yield None, value

    def store(self, value: Any, folder: Folder) -> Any:
        """Write the picture."""
        return folder.picture(value)

    def restore(self, stored: Any, folder: Path) -> Any:
        """Return the picture's path."""
        return folder / stored

    def answer(self, stored: Any, file: Callable[[str], Any]) -> Any:
        """Return the picture's file."""
        return file(stored)

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return the picture's addresses."""
        return {"picture": {"caption": self.label, **address(value)}}
