"""Defines the visitor's camera."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engines.runtime.errors import InputError
from engines.runtime.images import read_photo
from studio.kinds.control import Control

if TYPE_CHECKING:
    from studio.declared import Experiment


@dataclass(frozen=True)
class Camera(Control):
    """Takes the newest frame of the visitor's camera or clip; only a `Stream` has one, and `run` gets (H, W, 3) uint8.

    `clips` can stand in for both: MP4 files of ours, by name.
    """

    clips: Mapping[str, Callable[[], bytes]] = field(default_factory=dict, kw_only=True, repr=False)

    default = None
    is_drawn = False
    is_linked = False

    def check(self, value: Any) -> Any:
        """Decode the frame."""
        if not isinstance(value, bytes):
            raise InputError(f"{self.label}: no frame came; allow the camera, or choose a clip.")
        return read_photo(value, name=self.label)

    def check_place(self, name: str, experiment: "Experiment") -> None:
        """Refuse an experiment that takes no frames."""
        if not experiment.takes_frames:
            raise ValueError(f"experiment {experiment.name}: only a Stream has a camera ({name})")

    def read(self, text: str) -> Any:
        """Refuse a link's value, because a link carries no frame."""
        raise InputError(f"{self.label}: a link carries no frame; take one here.")
