"""Defines a movie."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.runtime.video import Recording
from studio.kinds.kind import shown
from studio.kinds.output import Address, Folder, Output


def content(made: Recording | Path) -> bytes:
    """Return the MP4 that a Movie's value has so far, or, if it is rendered, all of it."""
    return made.read_bytes() if isinstance(made, Path) else made.content


@dataclass(frozen=True)
class Movie(Output):
    """Shows a `runtime.video.Recording`; its `content`, an MP4, is there once the run has ended or was cancelled."""

    has_pictures = True
    drawn_as = "movie"

    def check(self, value: Any) -> None:
        """Refuse what is no Recording."""
        if not isinstance(value, Recording):
            raise TypeError(f"a Recording was expected, not {shown(value)}")

    def is_growing(self, value: Any) -> bool:
        """Tell whether the recording has no content yet."""
        return isinstance(value, Recording) and not value.content

    def store(self, value: Any, folder: Folder) -> Any:
        """Write the movie."""
        return folder.movie(content(value))

    def restore(self, stored: Any, folder: Path) -> Any:
        """Return the movie's path."""
        return folder / stored

    def answer(self, stored: Any, file: Callable[[str], Any]) -> Any:
        """Return the movie's file."""
        return file(stored)

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return the movie's addresses."""
        return {"picture": {"caption": self.label, **address(value)}}

    def size(self, value: Any) -> int:
        """Count the bytes of the recording."""
        return len(value.content) if isinstance(value, Recording) else 0
