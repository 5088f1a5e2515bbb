"""Defines what those kinds of output share that hold several things, each by its caption."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.kinds.kind import check_picture, shown
from studio.kinds.output import Address, Folder, Output


@dataclass(frozen=True)
class Captioned(Output, is_general=True):
    """Holds several things of one sort, `{caption: thing}`; they are pictures, unless a kind says otherwise."""

    def check(self, value: Any) -> None:
        """Check each thing of the mapping."""
        if not isinstance(value, Mapping) or not all(isinstance(caption, str) for caption in value):
            raise TypeError(f"a mapping from captions was expected, not {shown(value)}")
        for thing in value.values():
            self.check_one(thing)

    def pictures(self, value: Any) -> Iterator[tuple[str | None, Any]]:
        """Yield the picture of each thing with its caption."""
        return ((caption, self.picture_of(thing)) for caption, thing in value.items())

    def store(self, value: Any, folder: Folder) -> Any:
        """Write each thing under its caption."""
        return {caption: self.store_one(thing, folder.named(caption)) for caption, thing in value.items()}

    def restore(self, stored: Any, folder: Path) -> Any:
        """Restore each thing by its caption."""
        return {caption: self.restore_one(one, folder) for caption, one in stored.items()}

    def answer(self, stored: Any, file: Any) -> Any:
        """Answer with each thing by its caption."""
        return {caption: self.answer_one(one, file) for caption, one in stored.items()}

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return the addresses of each thing with its caption."""
        return {"pictures": [{"caption": caption, **address(thing)} for caption, thing in value.items()]}

    def check_one(self, thing: Any) -> None:
        """Refuse what is no picture."""
        check_picture(thing)

    def picture_of(self, thing: Any) -> Any:
        """Return the picture that shows the thing."""
        return thing

    def store_one(self, thing: Any, folder: Folder) -> Any:
        """Write one thing into the folder, and return what `restore_one` needs."""
        return folder.picture(thing)

    def restore_one(self, stored: Any, folder: Path) -> Any:
        """Return the thing that was written, with the path of its file instead of a picture."""
        return folder / stored

    def answer_one(self, stored: Any, file: Any) -> Any:
        """Return what was written, with `file(name)` instead of each file's name."""
        return file(stored)
