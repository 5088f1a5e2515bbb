"""Defines the choice of the checkpoint that computes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from studio.kinds.choice import Choice


@dataclass(frozen=True)
class CheckpointChoice(Choice):
    """Chooses the checkpoint, or the group of them, that computes; `options` maps its name to its badge.

    The default one is bundled: it replaces one that cannot be loaded. `files` has the names of checkpoints and groups
    whose option has another name.
    """

    files: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def files_of(self, value: str) -> str:
        """Return the name of the checkpoint, or of the group, that an option is computed with."""
        return self.files.get(value, value)
