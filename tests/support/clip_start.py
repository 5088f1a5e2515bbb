"""What the tests of clip_start share."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engines.runtime.video import Clip as Film
from studio.declared import Experiment, Panel, Paper
from studio.kinds import Clip, Switch, Table
from tests.support.clips import encoded, greys, places


@cache
def long() -> bytes:
    with TemporaryDirectory() as folder:
        path = encoded(greys(72), Path(folder) / "long.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", rate=3)
        return path.read_bytes()


def count(clip: Film, doubled: bool) -> Iterator[dict[str, Any]]:
    shown = places(list(clip.frames(64)))
    yield {"numbers": {"clip": {"frames": len(shown), "first": shown[0]}}}


EXPERIMENT = Experiment(
    name="count",
    title="Count",
    controls={"clip": Clip("Clip", examples={"long": long}, group="Film"), "doubled": Switch("Doubled", False)},
    outputs={"numbers": Table("Numbers")},
    presets={"long": {"clip": "long"}},
    action="Count",
    run=count,
)
PANEL = Panel(
    slug="counting",
    title="Counting",
    paper=Paper(97, "Counting", "The studio", "tests", "0000.00002"),
    story="Frames are counted.",
    experiments=[EXPERIMENT],
)
