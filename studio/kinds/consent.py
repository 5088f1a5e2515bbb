"""Defines a visitor's word that others agreed."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.kinds.switch import Switch
from studio.kinds.upload import Upload

if TYPE_CHECKING:
    from studio.declared import Experiment


@dataclass(frozen=True)
class Consent(Switch):
    """Is a visitor's word that whoever is seen in the file of control `to` agreed.

    It is never given in advance, by no default, preset or link, a program has to give it, and it is withdrawn whenever
    that file changes.
    """

    default: bool = field(default=False, init=False)
    to: str = field(kw_only=True)

    is_linked = False

    @property
    def belongs(self) -> str:
        """Name the file."""
        return self.to

    @property
    def is_required(self) -> bool:
        """Tell that a program has to give it."""
        return True

    def check_declared(self, value: Any) -> None:
        """Refuse a preset that gives it."""
        super().check_declared(value)
        if self.check(value):
            raise ValueError(f"{self.label}: only a visitor can say so, and no preset")

    def check_place(self, name: str, experiment: "Experiment") -> None:
        """Refuse an experiment that lacks the file."""
        if not isinstance(experiment.controls.get(self.to), Upload):
            raise ValueError(f"experiment {experiment.name}: {name} is for {self.to}, which is no file")

    def read(self, text: str) -> Any:
        """Leave it to be given again, whatever a link or a saved picture says."""
        return False
