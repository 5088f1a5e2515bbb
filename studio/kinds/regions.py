"""Defines a picture whose flat colours mark the regions of a photograph."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studio.kinds.photo import Photo

if TYPE_CHECKING:
    from studio.declared import Experiment

PAINTED_SIDE = 1024
"""The largest number of pixels on the longer side of a photograph to paint regions on, and of their mask; as in
painter.js."""


@dataclass(frozen=True)
class Matching:
    """Says when a region painted in two pictures is large enough in both to be matched.

    It needs more than `fewest` pixels in each, even if each is `coarsest` times smaller along a side, and in neither
    more than `largest_ratio` times as many as in the other. Pixels count at the size of computing, whose longer side
    the control `longest` gives.
    """

    fewest: int
    coarsest: int
    largest_ratio: int
    longest: str


@dataclass(frozen=True)
class Regions(Photo):
    """Takes a picture whose flat colours mark regions of the photograph in control `of`; `run` gets it as from Photo.

    Those of one group are painted together: a colour is the same region in each, `matching` as the first one says. If
    regions have meanings, `palette` has their names and colours; black is not painted.
    """

    of: str = field(kw_only=True)
    matching: Matching | None = field(default=None, kw_only=True)
    palette: Mapping[str, tuple[int, int, int]] | None = field(default=None, kw_only=True)

    is_painted = True

    @property
    def belongs(self) -> str:
        """Name the photograph."""
        return self.of

    def check_place(self, name: str, experiment: "Experiment") -> None:
        """Refuse an experiment that lacks the photograph, or the control of the size."""
        if self.of not in experiment.controls:
            raise ValueError(f"experiment {experiment.name}: {name} marks regions of {self.of}, which is no control")
        if self.matching and self.matching.longest not in experiment.controls:
            raise ValueError(
                f"experiment {experiment.name}: {name} is matched at {self.matching.longest}, which is no control"
            )
