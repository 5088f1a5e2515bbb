"""Defines a file to download."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.kinds.kind import shown
from studio.kinds.output import Address, Folder, Output


@dataclass(frozen=True)
class File(Output):
    """Offers a file to download, as bytes, under the name `file`.

    `use` names the experiment, and its control, that take such a file.
    """

    file: str
    use: tuple[str, str] | None = None

    drawn_as = "file"

    def check(self, value: Any) -> None:
        """Refuse what is not bytes."""
        if not isinstance(value, bytes):
            raise TypeError(f"a file's bytes were expected, not {shown(value)}")

    def store(self, value: Any, folder: Folder) -> Any:
        """Write the file under its own name."""
        return folder.file(self.file, value)

    def restore(self, stored: Any, folder: Path) -> Any:
        """Return the file's path."""
        return folder / stored

    def answer(self, stored: Any, file: Callable[[str], Any]) -> Any:
        """Return the file."""
        return file(stored)

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return the file's name and address."""
        return {"file": {"name": self.file, **address(value)}}
