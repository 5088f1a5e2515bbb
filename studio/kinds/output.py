"""Defines what every kind of output does: it checks what a run makes, and says how that is kept, sent and shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from engines.runtime.images import read_photo
from studio.kinds.kind import Kind

BEAT = 900
"""Milliseconds for which a picture is shown that another follows."""
Address = Callable[[Any], dict[str, Any]]
"""Gives a picture, a movie or whatever else is `Held` the addresses by which a browser finds it."""


class Addresses(Protocol):
    """Tells a browser where to find what a result is made of: arrays, or the paths of files that were rendered."""

    is_passing: bool
    """Whether another result follows at once, because a control is moving."""

    def picture(self, made: Any) -> dict[str, Any]:
        """Return the addresses of a picture, (H, W, 3) uint8.

        They are `src` to see it and `file` to download it, with `width` and `height`.
        """

    def lazy(self, render: Callable[[], Any], width: int, height: int) -> dict[str, Any]:
        """Return the addresses of a picture that is rendered when a browser asks for it, where that is worthwhile."""

    def pattern(self, values: Any) -> dict[str, Any]:
        """Return the addresses of a picture that stays from one result to the next: the same for the same array."""

    def numbers(self, made: Any) -> dict[str, Any]:
        """Return the address of an array of float16 as `maps`, and its `shape`."""

    def movie(self, made: Any) -> dict[str, Any]:
        """Return the addresses of a movie: `movie` and `gif`, and `src`, its poster."""

    def file(self, made: Any) -> dict[str, Any]:
        """Return the address of a file as `src`, and its `size` in bytes."""


class Held(Protocol):
    """Is a value that is shown by more than one picture."""

    def addressed(self, addresses: Addresses) -> dict[str, Any]:
        """Return what its kind's JavaScript draws."""


class Folder(Protocol):
    """Takes the files of a result, each under the name of its output and, if it has one, its caption."""

    def named(self, caption: str) -> "Folder":
        """Return the same folder, for what stands under that caption."""

    def picture(self, picture: Any, exact: bool = False, ending: str = "", parameters: Any = None) -> str:
        """Write a picture, as PNG if it must be `exact`, and return the file's name."""

    def array(self, values: Any) -> str:
        """Write an array, and return the file's name."""

    def arrays(self, **values: Any) -> str:
        """Write arrays by name, and return the file's name."""

    def movie(self, made: Any) -> str:
        """Write a movie, and return the file's name."""

    def file(self, name: str, content: bytes) -> str:
        """Write a file of that name, and return the name."""


@dataclass(frozen=True)
class Output(Kind, is_general=True):
    """Is something `run` yields under the output's name; partial values of a run are merged (see `Experiment.run`)."""

    label: str
    help: str = field(default="", kw_only=True)

    drawn_as: ClassVar[str] = ""
    """The drawing of the main face that shows it, if it has no module; "html" shows the `html` of its payload."""
    has_pictures: ClassVar[bool] = False
    """Whether a page offers its picture to be seen at full size, downloaded and linked to."""
    is_framed: ClassVar[bool] = False
    """Whether it shows nothing but a Stream's frames."""

    def check(self, value: Any) -> None:
        """Refuse what is no value of this kind; a partial one is a value too.

        Raises:
            TypeError: it is none.
        """
        raise NotImplementedError

    def empty(self) -> Any:
        """Return the value that is shown before there is one, or None."""
        return None

    def pictures(self, value: Any) -> Iterator[tuple[str | None, Any]]:
        """Yield (caption or None, picture) for every picture in a value; for a rendered one, its path."""
        return iter(())

    def motion(self, value: Any) -> tuple[int, Iterator[Any]]:
        """Return the milliseconds for which each picture is shown, and pictures, of a rendered value in motion."""
        return BEAT, (read_photo(path) for _, path in self.pictures(value))

    def is_growing(self, value: Any) -> bool:
        """Tell whether the value cannot be shown yet."""
        return False

    def store(self, value: Any, folder: Folder) -> Any:
        """Write the value into a folder, and return what `restore` needs, as JSON."""
        return value

    def restore(self, stored: Any, folder: Path) -> Any:
        """Return the value that was written into a folder, with the path of its file instead of each picture."""
        return stored

    def answer(self, stored: Any, file: Callable[[str], Any]) -> Any:
        """Return what was written, with `file(name)` instead of each file's name."""
        return stored

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return what a browser draws it from, as JSON."""
        return {"value": value}

    def size(self, value: Any) -> int:
        """Count the bytes that the value holds beside its pictures."""
        return 0
