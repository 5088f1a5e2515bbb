"""What visitors brought and once failed (`../shared/cases/inputs`), and what is right of each, whoever asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pages
from engines.runtime.images import read_photo
from engines.runtime.video import read_clip
from studio.runs.run import finished, start
from tests.support import SHARED

INPUTS = SHARED / "cases/inputs"
LOOK = {"style": "dusk", "longest": 128}
QUICK = {**LOOK, "smoother": "none", "post_filter": False}
PATCHES = (20, 20), (180, 240), (106, 146)
"""Places of the red, the green and the blue patch of icc-truth-srgb.png, 28 pixels a side."""


def nothing(outputs: Mapping[str, Any]) -> None:
    """No more is asked than that there is a result."""


@dataclass(frozen=True)
class Case:
    """Files for the controls of an experiment, beside other `values`: either the result is `right`, and the page `says`
    these words, or it is `refused` in these. Pictures, movies and files of a result are the paths of their files."""

    panel: str
    experiment: str
    files: Mapping[str, str]
    values: Mapping[str, Any] = field(default_factory=dict)
    says: str = ""
    refused: str = ""
    right: Callable[[Mapping[str, Any]], None] = nothing

    def path(self, control: str) -> Path:
        path = INPUTS / self.files[control]
        if not path.exists():
            pytest.skip(f"needs ../shared/cases/inputs/{self.files[control]}")
        return path


def colours(outputs: Mapping[str, Any]) -> None:
    shown, truth = read_photo(Path(outputs["result"]["content"])), read_photo(INPUTS / "icc-truth-srgb.png")
    for top, left in PATCHES:
        patch, true = (np.median(each[top : top + 28, left : left + 28], axis=(0, 1)) for each in (shown, truth))
        assert np.abs(patch - true).max() <= 4


def in_regions(outputs: Mapping[str, Any]) -> None:
    """Each region takes the look of its own one, so that the picture is another than without regions."""
    experiment = pages.panel("photo_stylization").experiment("stylize")
    pictures = {of: (INPUTS / f"masks-{of}.png").read_bytes() for of in ("content", "style")}
    without = finished(start(experiment, {**experiment.opening(), **QUICK, **pictures}))["result"]
    name = list(without)[-1]
    shown = read_photo(Path(outputs["result"][name]))
    assert np.abs(shown.astype(int) - without[name]).mean() > 2


def film(count: int, rate: int) -> Callable[[Mapping[str, Any]], None]:
    def right(outputs: Mapping[str, Any]) -> None:
        clip = read_clip(Path(outputs["movie"]))
        assert (clip.count, clip.rate) == (count, rate)

    return right


def clip(name: str, says: str, count: int, rate: int, **values: Any) -> Case:
    return Case(
        "photo_stylization", "clip", {"clip": name}, {**LOOK, **values}, says=says, right=film(count, rate)
    )  # fmt: skip


CASES = {
    "a strip before a face": Case(
        "ganimation", "sliders", {"photo": "strip-20000x16.png"}, refused="a strip of 20000 x 16 pixels"
    ),
    "a strip before a retina": Case(
        "time_limited_humans", "retina", {"photo": "strip-4000x40.png"}, refused="a strip of 4000 x 40 pixels"
    ),
    "a phone's HDR": clip("hdr-hlg-10bit.mov", "HDR (HLG)", 24, 24),
    "disposable frames": clip("hevc-sdtp-24fps.mp4", "", 48, 24),
    "slow motion": clip("slowmo-240fps-10s.mp4", "has 240 frames a second", 30, 60, clip_start=9.5),
    "a profile": Case("photo_stylization", "stylize", {"content": "icc-display-p3.jpg"}, QUICK, right=colours),
    "AVIF": Case("photo_stylization", "stylize", {"content": "picture.avif"}, QUICK, right=colours),
    "HEIC": Case("photo_stylization", "stylize", {"content": "iphone.heic"}, QUICK, right=colours),
    "masks of numbers": Case(
        "photo_stylization",
        "stylize",
        {
            "content": "masks-content.png",
            "style": "masks-style.png",
            "content_regions": "masks-content-index01.png",
            "style_regions": "masks-style-index01.png",
        },
        {"longest": 128, "smoother": "none", "post_filter": False},
        right=in_regions,
    ),
    "a JPEG without its end": Case("group_normalization", "inside", {"photo": "jpeg-without-eoi.jpg"}),
    "a byte order mark": Case("spherical_cnn", "shapes", {"mesh": "obj-bom.obj"}, says="box"),
    "a line that goes on": Case("spherical_cnn", "shapes", {"mesh": "obj-line-continuation.obj"}),
    "a concave face": Case("spherical_cnn", "shapes", {"mesh": "obj-concave-ngon.obj"}),
    "QM9's exponents": Case("spherical_cnn", "molecule", {"own": "qm9-caret.xyz"}),
    "Fortran's exponents": Case("spherical_cnn", "molecule", {"own": "fortran-d.xyz"}),
    "charges apart": Case(
        "spherical_cnn", "molecule", {"own": "nitromethane.xyz"}, refused="charge-separated group"
    ),
}  # fmt: skip


def sampled(*names: str) -> list[Any]:
    """All cases for a test's parameters, of which those of other names are left to the proofs."""
    return [
        pytest.param(case, id=name, marks=() if name in names else pytest.mark.proof) for name, case in CASES.items()
    ]
