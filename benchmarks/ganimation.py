"""GANimation on the astronaut's photograph: a slider's new pixels and the mirror, beside the published generator.

`python -m benchmarks ganimation [--rounds N] [--threads N]`. All are timed in turn in one process, after two rounds
that are not counted. The published generator has its layout and random weights, which take as long as trained ones.
"""

import argparse
import io
import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from skimage import data

from engines.ganimation import engine
from engines.ganimation.action_units import STRONGEST, index_of
from engines.ganimation.alignment import SIDE
from engines.ganimation.network import Generator
from pages import ganimation
from studio.runs.run import finished, start

FRAME = (640, 480)
"""Pixels of a camera's frame, as browsers send it."""
SLOWEST_SLIDER = 120.0
"""Milliseconds, at the median, that a slider may take."""
FEWEST_FRAMES = 12.0
"""Frames a second of the mirror, at least."""
UNCOUNTED = 2


def camera_frame(number: int) -> bytes:
    """A frame as it comes, the astronaut's face larger in some and smaller in others."""
    side = 200 + 10 * (number % 5)
    head = Image.fromarray(data.astronaut()).crop((225 - side // 2, 120 - side // 2, 225 + side // 2, 120 + side // 2))
    file = io.BytesIO()
    head.resize(FRAME).save(file, "JPEG", quality=80)
    return file.getvalue()


def encoded(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=85)
    return file.getvalue()


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks ganimation")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    published = Generator().eval().requires_grad_(False).to(memory_format=torch.channels_last)
    picture, units = torch.rand(1, 3, SIDE, SIDE) * 2 - 1, torch.rand(1, 17)
    photo = data.astronaut()
    face = engine.faces_of(photo)[0]
    there = engine.units_of(face)
    frames = [camera_frame(number) for number in range(5)]
    sliders, mirror = ganimation.PANEL.experiment("sliders"), ganimation.PANEL.experiment("mirror")
    memory: dict[str, object] = {}

    def slider(number: int) -> None:
        """The engine alone: alignment, network, paste-back."""
        asked = there.copy()
        asked[index_of(12)] = number % 5 * STRONGEST / 4
        engine.animate(photo, [face], asked)

    def panel(number: int) -> None:
        """What the panel computes while a slider moves: all its outputs, through the scheduler."""
        finished(start(sliders, {"photo": "astronaut", "unit_12": -(number % 5)}))

    def mirrored(number: int) -> None:
        """A camera's JPEG in, landmarks, units, the photograph, a JPEG out."""
        values = {"photo": "astronaut", "frame": frames[number % len(frames)]}
        encoded(finished(start(mirror, values, memory))["result"])

    @torch.inference_mode()
    def forward(number: int) -> None:
        published(picture, units)

    measured: dict[str, Callable[[int], None]] = {
        "slider to new pixels, 128 px, paste-back included": slider,
        "the same through the panel, all outputs": panel,
        "mirror, a frame of 640 x 480": mirrored,
        "published generator, its forward alone": forward,
    }
    taken: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(UNCOUNTED + options.rounds):
        for name, run in measured.items():
            begun = time.perf_counter()
            run(number)
            if number >= UNCOUNTED:
                taken[name].append(1000 * (time.perf_counter() - begun))
    load = os.getloadavg()[0]
    print(
        f"{options.threads} torch threads of {os.cpu_count()} cores, load {load:.1f}, {options.rounds} rounds in turn"
    )
    medians = {name: statistics.median(times) for name, times in taken.items()}
    base = medians["published generator, its forward alone"]
    for name, times in taken.items():
        worst = statistics.quantiles(times, n=10)[-1]
        print(
            f"{name:<52} {medians[name]:7.1f} ms, a tenth above {worst:7.1f}, {medians[name] / base:5.2f} of published"
        )
    slowest = medians["slider to new pixels, 128 px, paste-back included"]
    rate = 1000 / medians["mirror, a frame of 640 x 480"]
    print(f"slider within {SLOWEST_SLIDER:.0f} ms: {'yes' if slowest <= SLOWEST_SLIDER else 'no'}")
    print(f"mirror {rate:.1f} frames/s, {FEWEST_FRAMES:.0f} asked for: {'yes' if rate >= FEWEST_FRAMES else 'no'}")
