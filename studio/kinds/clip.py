"""Defines clips that a visitor brings."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.runtime.ffmpeg import PREVIEW_CPU_SECONDS
from engines.runtime.video import MAXIMUM_SECONDS, read_clip
from studio.kinds.control import Control
from studio.kinds.number import Number
from studio.kinds.upload import Upload

LATEST_START = 36_000
"""The largest number of seconds into a file at which a clip may start."""


@dataclass(frozen=True)
class Clip(Upload):
    """Takes a few seconds of film; `run` gets a `runtime.video.Clip`, or None.

    A control `Start` comes with it, under its name with "_start".
    """

    noun = "clip"
    route = "clips"
    accept = "video/*,image/gif,.mkv"
    seconds: ClassVar[float] = MAXIMUM_SECONDS
    tells = True

    def open(self, content: bytes, start: float = 0) -> Any:
        """Read the clip in a file, from second `start` on."""
        return read_clip(content, self.label, self.seconds, self.largest, start)

    def checked(self, name: str, given: Mapping[str, Any]) -> Any:
        """Read the clip from where its `Start` says."""
        start = Start.beside_clip(name, self).check(given.get(f"{name}_start", 0))
        content = self.content(given[name])
        return None if content is None else self.open(content, start)

    def beside(self, name: str) -> Mapping[str, Control]:
        """Return the control of where the clip starts."""
        return {f"{name}_start": Start.beside_clip(name, self)}

    def notices(self, value: Any) -> Mapping[str, str]:
        """Return what is said about how the clip was read."""
        return {} if value is None else value.notices

    @classmethod
    def preview(cls, content: bytes, name: str, side: int) -> NDArray[np.uint8]:
        """Decode the first frame."""
        clip = read_clip(content, name, cls.seconds, cls.largest)
        with closing(clip.frames(side, most=1, cpu_seconds=PREVIEW_CPU_SECONDS)) as frames:
            return next(frames)


@dataclass(frozen=True)
class Footage(Clip):
    """Takes minutes of film, which a visitor may also record on the page; `run` gets the same as from Clip."""

    noun = "recording"
    route = "footage"
    largest = 128_000_000
    seconds = 300

    @property
    def recorded_seconds(self) -> float | None:
        """Return how long a visitor may record on the page."""
        return self.seconds


@dataclass(frozen=True)
class Start(Number):
    """Sets where to start in the clip of control `of`, which is read from there; `run` does not get this value."""

    of: str = field(kw_only=True)

    is_passed = False

    @property
    def belongs(self) -> str:
        """Name the clip."""
        return self.of

    @classmethod
    def beside_clip(cls, name: str, clip: Clip) -> "Start":
        """Build the one for the clip that is called `name`."""
        return cls(
            f"{clip.label}: from",
            0,
            LATEST_START,
            0,
            0.1,
            unit="s",
            of=name,
            group=clip.group,
            advanced=clip.advanced,
            where={name: True} if clip.optional else {},
            help=f"Of a longer {clip.noun}, {clip.seconds:g} seconds from here on are taken.",
        )
