"""Defines a file that a visitor brings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.runtime.errors import InputError
from engines.runtime.images import MAXIMUM_BYTES
from studio.kinds.control import UPLOADED, Control
from studio.kinds.kind import shown


@dataclass(frozen=True)
class Upload(Control, is_general=True):
    """Takes a file: the visitor's own as bytes, one of the named `examples`, or, if it is `optional`, none."""

    examples: Mapping[str, Callable[[], bytes]] = field(default_factory=dict, kw_only=True, repr=False)
    default: str | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)

    noun: ClassVar[str]
    route: ClassVar[str]
    """The address to which a page sends such a file."""
    accept: ClassVar[str]
    """The kinds of files that a browser offers, in the form of its attribute `accept`."""
    largest: ClassVar[int] = MAXIMUM_BYTES
    is_painted: ClassVar[bool] = False
    is_sketched: ClassVar[bool] = False
    """Whether it may be painted on a photograph, or drawn by hand."""

    def open(self, content: bytes) -> Any:
        """Return the content of a file as `run` gets it.

        Raises:
            InputError: it cannot be used.
        """
        raise NotImplementedError

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> NDArray[np.uint8]:
        """Make a picture of a file's content, its longer side at most `side` pixels; `name` is the file's, for errors.

        Raises:
            InputError: it cannot be used.
        """
        raise NotImplementedError

    @property
    def recorded_seconds(self) -> float | None:
        """Return how long a visitor may record one on the page; None if not at all."""
        return None

    @property
    def replaces(self) -> str | None:
        """Name the control of a checkpoint that such a file replaces, if any."""
        return None

    @property
    def is_required(self) -> bool:
        """Tell whether a program has to give it: it is not optional, and has no default."""
        return not self.optional and self.default is None

    def check(self, value: Any) -> Any:
        """Read the file."""
        content = self.content(value)
        return None if content is None else self.open(content)

    def content(self, value: Any) -> bytes | None:
        """Return the file itself, also that of an example; None if it is optional and there is none.

        Raises:
            InputError: as for `check`.
        """
        if value is None or isinstance(value, str) and not value:
            if self.optional:
                return None
            raise InputError(f"{self.subject}: no {self.noun} was given; choose a file or one of the examples.")
        if isinstance(value, str):
            if value not in self.examples:
                raise InputError(
                    f"{self.subject}: {shown(value)} is not among the examples {', '.join(self.examples)}."
                )
            value = self.examples[value]()
        if not isinstance(value, bytes):
            raise InputError(f"{self.subject}: {shown(value)} is no {self.noun}; choose a file or one of the examples.")
        return value

    def check_declared(self, value: Any) -> None:
        """Refuse a value that is not among the examples."""
        holds = value in self.examples if value else self.optional
        if not holds:
            raise ValueError(f"{value!r} is not among the examples")

    def parse(self, text: str) -> Any:
        """Read the file of that path; the name of an example stands for itself."""
        if not text or text in self.examples:
            return text
        try:
            with open(text, "rb") as file:
                return file.read()
        except OSError as error:
            raise InputError(f"{self.subject}: cannot read {shown(text)} ({error.strerror}).") from None

    def read(self, text: str) -> Any:
        """Check the name of an example from a link."""
        # Never parse it: on a command line the text may be a file's path, and here the files are the server's.
        self.check(text)
        return text or None

    def is_own(self, value: Any) -> bool:
        """Tell whether the value is a file, and no example."""
        return bool(value) and value not in self.examples

    def text(self, value: Any) -> str:
        """Write the name of an example, or that a file was uploaded."""
        return UPLOADED if self.is_own(value) else super().text(value)

    def words(self, value: Any) -> str:
        """Write the name of an example, "your own" or "none"."""
        return value if value in self.examples else "your own" if value else "none"

    def schema(self) -> dict[str, Any]:
        """Describe the value as text or a file, or null if it is optional."""
        file = {"type": "object", "title": "FileData", "properties": {"path": {"type": "string"}}}
        return {"anyOf": [{"type": "string"}, file, *([{"type": "null"}] if self.optional else [])]}

    def possible(self) -> str:
        """Say how to send a file, and list the examples."""
        return (
            f"An uploaded {self.noun}, a data:<type>;base64 text, "
            f"or the name of an example: {', '.join(self.examples) or 'there is none'}."
            f"{' May be left out.' if self.optional else ''}"
        )

    def received(self, value: Any, file: Callable[[str], bytes | None]) -> Any:
        """Return the uploaded file instead of its token."""
        if not (isinstance(value, str) and value and value not in self.examples):
            return value
        content = file(value)
        if content is None:
            raise InputError(f"{self.subject}: the {self.noun} you sent is no longer held here; choose it again.")
        return content
