"""A mesh or a molecule of the visitor's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.kinds import Upload


@dataclass(frozen=True)
class OwnFile(Upload, is_general=True):
    """A file whose reader tells, in `notices` of what it read, how it read it."""

    tells = True

    @property
    def subject(self) -> str:
        """Return what an error says it is about: the label goes on from the control before it."""
        return f"Your {self.noun}"

    def notices(self, value: Any) -> Mapping[str, str]:
        told = () if value is None else value.notices
        return {f"file {number}": sentence for number, sentence in enumerate(told, start=1)}
