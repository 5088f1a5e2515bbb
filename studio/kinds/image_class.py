"""Defines the class to make a picture of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engines.runtime.class_names import MOST_NAMED, alike, class_id
from engines.runtime.errors import InputError
from studio.kinds.checkpoint import CheckpointChoice
from studio.kinds.control import Control

if TYPE_CHECKING:
    from studio.declared import Experiment


@dataclass(frozen=True)
class ImageClass(Control):
    """Names the class to make a picture of, among the `names` that each checkpoint of control `of` knows.

    No name is in two sets of names that differ, so that a name identifies its set.
    """

    names: Mapping[str, Sequence[str]]
    of: str
    default: str

    def check(self, value: Any) -> str:
        """Find the name among all that any checkpoint knows, ignoring capitals."""
        known = list(dict.fromkeys(name for names in self.names.values() for name in names))
        return known[self._place(value, known)]

    def checked(self, name: str, given: Mapping[str, Any]) -> Any:
        """Find the name; what is suggested in place of one that nobody knows is known to the chosen checkpoint."""
        value, checkpoint = given[name], given[self.of]
        try:
            return self.check(value)
        except InputError:
            if isinstance(checkpoint, str) and checkpoint in self.names:
                self._place(value, self.names[checkpoint])
            raise

    def _place(self, value: Any, names: Sequence[str]) -> int:
        try:
            return class_id(value, names)
        except InputError as error:
            raise InputError(f"{self.label}: {error}") from None

    def check_among(self, value: Any, values: Mapping[str, Any]) -> None:
        """Refuse a class that the chosen checkpoint does not know."""
        try:
            class_id(value, self.names[values[self.of]])
        except InputError as error:
            raise InputError(f"{self.label}: {error} Choose one of them, or another checkpoint.") from None

    def fitted(self, value: Any, values: Mapping[str, Any]) -> Any:
        """Return the class if the chosen checkpoint knows it, else one that it knows."""
        return self.among(value, values[self.of])

    def among(self, value: str, checkpoint: str) -> str:
        """Return the class if the checkpoint knows it, else one like it, or like the default, or the first."""
        names = self.names[checkpoint]
        wanted = (value, alike(value, names), self.default, alike(self.default, names))
        return next((name for name in wanted if name and name in names), names[0])

    def check_place(self, name: str, experiment: "Experiment") -> None:
        """Refuse an experiment that lacks the choice of a checkpoint."""
        if not isinstance(experiment.controls.get(self.of), CheckpointChoice):
            raise ValueError(f"experiment {experiment.name}: {name} is of {self.of}, which is no checkpoint")

    def schema(self) -> dict[str, Any]:
        """Describe the value as a string."""
        return {"type": "string"}

    def possible(self) -> str:
        """List the first names that each checkpoint knows."""
        return " ".join(
            f"With {checkpoint} one of {len(names):,}: {', '.join(names[:MOST_NAMED])}"
            f"{'.' if len(names) <= MOST_NAMED else ', and so on.'}"
            for checkpoint, names in self.names.items()
        )
