"""Defines a rotation by which a visitor turns globes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from engines.runtime.errors import InputError
from studio.kinds.control import Control
from studio.kinds.globes import Globes
from studio.kinds.kind import shown

if TYPE_CHECKING:
    from studio.declared import Experiment


@dataclass(frozen=True)
class Rotation(Control):
    """Sets the rotation Z(alpha) Y(beta) Z(gamma), in degrees, by which a visitor turns the globes of output `on`.

    Alpha and gamma are from -180 to 180, beta from 0 to 180.
    """

    on: str
    default: tuple[float, float, float] = (0.0, 0.0, 0.0)

    bounds: ClassVar = {"alpha": (-180.0, 180.0), "beta": (0.0, 180.0), "gamma": (-180.0, 180.0)}
    moves_alone = True

    def check(self, value: Any) -> tuple[float, float, float]:
        """Check that the value is three angles within their bounds."""
        try:
            alpha, beta, gamma = (float(angle) for angle in value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"{self.label}: {shown(value)} is not three angles in degrees.") from None
        for angle, (name, (low, high)) in zip((alpha, beta, gamma), self.bounds.items(), strict=True):
            if not low <= angle <= high:
                raise InputError(f"{self.label}: {name} is {angle:g}; give degrees from {low:g} to {high:g}.")
        return alpha, beta, gamma

    def check_place(self, name: str, experiment: "Experiment") -> None:
        """Refuse an experiment that lacks the globes."""
        if not isinstance(experiment.outputs.get(self.on), Globes):
            raise ValueError(f"experiment {experiment.name}: {name} turns {self.on}, which are no globes")

    def parse(self, text: str) -> Any:
        """Split "alpha,beta,gamma" into its parts."""
        return text.split(",")

    def words(self, value: Any) -> str:
        """Write the angles in degrees."""
        return ", ".join(f"{angle:g}°" for angle in value)

    def schema(self) -> dict[str, Any]:
        """Describe the value as an array of numbers."""
        return {"type": "array", "items": {"type": "number"}}

    def possible(self) -> str:
        """Say the bounds of the angles."""
        bounds = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in self.bounds.items())
        return f"Z(alpha) Y(beta) Z(gamma) as [alpha, beta, gamma] in degrees: {bounds}."
