"""The flicker meter: change from frame to frame that no motion explains."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from studio.kinds import Curves, Output, Table

if TYPE_CHECKING:
    from engines.vid2vid import engine
else:
    engine = lazy.load("engines.vid2vid.engine")

READINGS = 300
"""Of a meter, that are kept: the longest film has as many."""
METERED = ("this drive", "each alone")


class Meter:
    """Reads how much of the change from frame to frame no motion explains: of a drive, and of the same frames alone."""

    def __init__(self, look: int, checkpoint: str) -> None:
        self.look, self.checkpoint = look, checkpoint
        self.readings: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in METERED}
        self.clipped = dict.fromkeys(METERED, 0.0)
        self._before: dict[str, np.ndarray] = {}

    def take(self, seconds: float, labels: np.ndarray, final: np.ndarray) -> None:
        """A frame of the drive; it is read against the one before it, if that was taken."""
        network = engine.generator(self.checkpoint)
        alone, _ = engine.next_frame(labels, engine.nothing_before(labels), look=self.look, network=network)
        now = dict(zip(METERED, (final, alone.final), strict=True))
        for name, before in self._before.items():
            for kept, new in zip(
                self.readings[name], (round(seconds, 2), round(engine.flicker(now[name], before), 3)), strict=True
            ):
                kept.append(new)
                del kept[:-READINGS]
            self.clipped[name] = max(self.clipped[name], clipped(now[name]))
        self._before = now

    def skip(self) -> None:
        """Read the next frame against none."""
        self._before = {}

    def shown(self) -> dict[str, Any]:
        """The readings so far as outputs; none before the first one."""
        if not self.readings[METERED[0]][0]:
            return {}
        return {
            "flicker": {name: (list(xs), list(ys)) for name, (xs, ys) in self.readings.items()},
            "meter": {
                name: {
                    "flicker": round(float(np.mean(ys)), 2),
                    "at black or white, %": round(100 * self.clipped[name], 1),
                }
                for name, (_, ys) in self.readings.items()
            },
        }


def clipped(picture: np.ndarray) -> float:
    """The share of pixels with a colour at black or white."""
    return float(((picture == 0) | (picture == 255)).any(axis=2).mean())


def meter_outputs() -> Mapping[str, Output]:
    """Declare what a meter shows."""
    return {
        "meter": Table(
            "Flicker meter",
            help="Change from frame to frame that no motion explains, in levels of 255; and the largest share of "
            "pixels at the end of a colour's range.",
        ),
        "flicker": Curves("Flicker", "seconds", "levels of 255"),
    }
