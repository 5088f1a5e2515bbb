"""A file of a trained subject."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import CheckpointError, InputError
from engines.runtime.images import fit
from engines.runtime.memory import Cache, mark
from studio.kinds import Upload

if TYPE_CHECKING:
    from engines.everybody_dance_now import engine
    from engines.everybody_dance_now import subject as subjects
else:
    engine = lazy.load("engines.everybody_dance_now.engine")
    subjects = lazy.load("engines.everybody_dance_now.subject")


@dataclass(frozen=True)
class SubjectFile(Upload):
    """A trained subject of Everybody Dance Now; `run` gets an `everybody_dance_now.subject.Subject`, or None.

    Where there is one, it is used in place of the checkpoint in control `instead_of`.
    """

    instead_of: str = field(kw_only=True)

    noun = "subject"
    route = "subjects"
    accept = ".safetensors"
    largest = 8_000_000

    @property
    def replaces(self) -> str | None:
        return self.instead_of

    def open(self, content: bytes) -> Any:
        return _subject(content, self.label)

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> np.ndarray:
        return fit(engine.portrait(_subject(content, name)), side)


def _size(subject: Any) -> int:
    """Bytes of its network, and of the copy that computes."""
    return 2 * sum(tensor.nbytes for tensor in subject.network.state_dict().values())


SUBJECTS: Cache[tuple[int, int], Any] = Cache(_size)
"""The same object for the same file, since a Stream asks for it at every frame."""


def _subject(content: bytes, name: str) -> Any:
    """The subject in a file.

    Raises:
        InputError: it is none.
    """
    try:
        return SUBJECTS.get(mark(content), lambda: subjects.Subject.load(content))
    except CheckpointError as error:
        raise InputError(f"{name}: {error}") from error
