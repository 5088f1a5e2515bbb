"""Defines a movie."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from engines.runtime.video import Recording, read_clip
from studio.kinds.kind import shown
from studio.kinds.output import Address, Folder, Output

MOVING_SIDE = 512
MOVING_FRAMES = 36
"""The longer side, and the number, of frames that stand for a movie."""


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

    def motion(self, value: Any) -> tuple[int, Iterator[Any]]:
        """Return every second of its first frames."""
        clip = read_clip(value)
        return round(2000 / clip.rate), islice(clip.frames(MOVING_SIDE, 2 * MOVING_FRAMES), 0, None, 2)

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
