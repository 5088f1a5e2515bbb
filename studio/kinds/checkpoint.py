"""Defines the choice of the checkpoint that computes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studio.kinds.choice import Choice

if TYPE_CHECKING:
    from studio.declared import Experiment


@dataclass(frozen=True)
class Published:
    """Describes the published model that a page offers in sight, to be drawn beside the bundled one.

    `option` is its value of the choice, `whose` names it within a sentence, and `shows` says by heading what would be
    seen with it.
    """

    option: str
    whose: str
    shows: Mapping[str, str]


@dataclass(frozen=True)
class CheckpointChoice(Choice):
    """Chooses the checkpoint, or the group of them, that computes; `options` maps its name to its badge.

    The default one is bundled: it replaces one that cannot be loaded. `files` has the names of checkpoints and groups
    whose option has another name. `published` is the option that is offered in sight.
    """

    files: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    published: Published | None = field(default=None, kw_only=True)

    def files_of(self, value: str) -> str:
        """Return the name of the checkpoint, or of the group, that an option is computed with."""
        return self.files.get(value, value)

    def check_place(self, name: str, experiment: "Experiment") -> None:
        """Refuse to offer what is no option."""
        if self.published is not None and self.published.option not in self.options:
            raise ValueError(f"experiment {experiment.name}: {name} offers {self.published.option}, which is no option")
