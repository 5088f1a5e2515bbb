"""Clips that real visitors' cameras make and that once failed, where they lie beside the project."""

import numpy as np
import pytest

from engines.runtime.video import read_clip
from pages import photo_stylization
from studio.runs.run import finished, start
from tests.support import SHARED

CASES = SHARED / "cases/inputs"
EXPERIMENT = photo_stylization.PANEL.experiment("clip")


def case(name: str) -> bytes:
    if not (CASES / name).exists():
        pytest.skip(f"needs ../shared/cases/inputs/{name}")
    return (CASES / name).read_bytes()


def test_a_phone_s_hdr_clip_is_tone_mapped_with_every_frame() -> None:
    clip = read_clip(case("hdr-hlg-10bit.mov"))
    frames = np.stack(list(clip.frames(128))).astype(float)
    assert frames.shape == (24, 96, 128, 3) and clip.rate == 24
    steps = np.abs(np.diff(frames, axis=2)).mean()
    assert steps < 20  # neighbours in noise are 85 apart
    assert "HDR (HLG)" in clip.notices["colours"]


def test_a_clip_with_disposable_frames_keeps_them() -> None:
    clip = read_clip(case("hevc-sdtp-24fps.mp4"))
    frames = list(clip.frames(128))
    assert (clip.count, clip.rate, len(frames)) == (48, 24, 48)
    assert all((before != after).any() for before, after in zip(frames, frames[1:], strict=False))


def test_of_slow_motion_every_second_is_kept() -> None:
    clip = read_clip(case("slowmo-240fps-10s.mp4"))
    assert (clip.count, clip.rate, len(list(clip.frames(64)))) == (600, 60, 600)
    assert clip.notices == {"rate": "The clip has 240 frames a second; one in 4 is used, which makes 60."}


def test_a_page_says_what_it_does_not_use_of_a_clip() -> None:
    values = {**EXPERIMENT.opening(), "clip": case("hdr-hlg-10bit.mov"), "longest": 128, "clip_start": 0.75}
    made = finished(start(EXPERIMENT, values))
    assert read_clip(made["movie"].content).count == 6
    assert made["notices"]["length"] == "The clip lasts 1.0 seconds; 0.2 of them are taken, from second 0.75 on."
    assert "HDR (HLG)" in made["notices"]["colours"]
