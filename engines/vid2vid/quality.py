"""How well the compact street generator does what it was not trained on (Video-to-Video Synthesis, arXiv:1808.06601).

    python -m engines.vid2vid.quality --data DIR
    python -m engines.vid2vid.quality --data DIR --network FILE --reader FILE --sheet frames.png --drive drive.png

On frames 66-101 of CamVid's `val`, own pictures given back after the first: flicker along the real frames' flow, beside
that of the same generator frame by frame; the mean class accuracy, over the six most common classes, with which a
network trained on real frames reads the intended labels, beside that with which it reads the real frames.

On 300 frames of the label world: brightness, detail, and the share of pixels that are black or white, of the first ten
and of the last ten frames; frames a second, labels included, and what a frame takes of a core that others use, too.
"""

import argparse
import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from engines.runtime.checkpoints import Quality, find, loaded
from engines.runtime.errors import InputError, StudioError
from engines.runtime.images import write_picture
from engines.shared.flow import detail, flicker
from engines.vid2vid.architecture import ARCHITECTURES
from engines.vid2vid.data import HEIGHT, HELD_OUT, WIDTH, Picture, Streets, read_streets
from engines.vid2vid.engine import Frame, drive, prepared
from engines.vid2vid.labels import COLOURS
from engines.vid2vid.segmentation import StreetReader, class_accuracy, most_common, read_labels
from engines.vid2vid.world import world

COMMON = 6
"""Classes whose accuracy counts."""
LEAST_REDUCTION, LEAST_ACCURACY = 0.25, 0.65
"""What issue 10 asks for: of flicker, against frame by frame; of the accuracy, against real frames."""
LONG = 300
"""Frames of the label world."""
ENDS = 10
"""Frames at its beginning and at its end that are compared."""
SHOWN = 5


def accuracies(
    reader: StreetReader, clips: dict[str, Sequence[Picture]], labels: NDArray
) -> dict[str, dict[str, float]]:
    """Of each clip, the accuracy of each of the most common classes."""
    classes = most_common(labels, COMMON)
    return {
        name: class_accuracy(labels, np.stack([read_labels(reader, picture) for picture in clip]), classes)
        for name, clip in clips.items()
    }


def saturation(pictures: Sequence[Picture]) -> float:
    """The share of pixels with a colour at black or white."""
    values = np.stack(pictures)
    return float(((values <= 2) | (values >= 253)).mean())


def held_out_figures(
    generator: nn.Module, reader: StreetReader, streets: Streets
) -> tuple[dict[str, float], list[Frame]]:
    """Flicker, detail, and how well the labels are read; and the frames."""
    look = int(streets.looks[0])
    steady = list(drive(streets.labels, look=look, network=generator))
    alone = [frame.final for frame in drive(streets.labels, look=look, steady=False, network=generator)]
    real, made = list(streets.pictures), [frame.final for frame in steady]
    flickers = flicker(real, {"real": real, "steady": made, "frame by frame": alone})
    read = accuracies(reader, {"real": real, "steady": made, "frame by frame": alone}, streets.labels)
    means = {name: float(np.mean(list(each.values()))) for name, each in read.items()}
    figures = {f"flicker, {name}": value for name, value in flickers.items()}
    figures["flicker, reduction"] = 1 - flickers["steady"] / flickers["frame by frame"]
    figures |= {f"accuracy, {name}": value for name, value in means.items()}
    figures["accuracy, share"] = means["steady"] / means["real"]
    figures |= {f"accuracy, {label}": value for label, value in read["steady"].items()}
    figures |= {f"real accuracy, {label}": value for label, value in read["real"].items()}
    figures |= {"detail, real": detail(real), "detail, steady": detail(made), "detail, frame by frame": detail(alone)}
    figures["mean weight"] = float(np.mean([frame.weight.mean() for frame in steady[1:]]))
    return figures, steady


def long_figures(generator: nn.Module, count: int = LONG) -> tuple[dict[str, float], list[Frame]]:
    """Drift over a long drive through the label world, and frames a second, labels included."""
    began, computed = time.perf_counter(), time.process_time()
    frames = list(drive(itertools.islice(world(0, HEIGHT, WIDTH), count), network=generator))
    seconds, computed = time.perf_counter() - began, time.process_time() - computed
    pictures = [frame.final for frame in frames]
    first, last = pictures[:ENDS], pictures[-ENDS:]
    figures = {
        "saturated, first": saturation(first),
        "saturated, last": saturation(last),
        "detail, first": detail(first),
        "detail, last": detail(last),
        "brightness, first": float(np.mean(first)),
        "brightness, last": float(np.mean(last)),
        "frames a second": count / seconds,
        "milliseconds of a core": 1000 * computed / count,
    }
    return figures, frames


def measure_generator(generator: nn.Module, data: Path | None) -> Quality:
    """Measure as the command prints; how well its streets are read decides.

    Raises:
        InputError: the folder of camvid/ is missing.
    """
    figures, _ = held_out_figures(prepared(generator), _reader(None), _held_out(data))
    return Quality(figures, figures["accuracy, share"] + min(figures["flicker, reduction"], LEAST_REDUCTION))


def measure_reader(reader: nn.Module, data: Path | None) -> Quality:
    """Measure the accuracy of each class on held-out real frames; the mean decides.

    Raises:
        InputError: the folder of camvid/ is missing.
    """
    streets = _held_out(data)
    read = accuracies(reader.eval(), {"real": list(streets.pictures)}, streets.labels)["real"]
    mean = float(np.mean(list(read.values())))
    return Quality(read | {"mean": mean}, mean)


MEASURES = {"vid2vid-street": measure_generator, "vid2vid-reader": measure_reader}


def sheet(frames: Sequence[Frame], real: Sequence[Picture] | None = None) -> Picture:
    """A few frames side by side: labels, raw, weight, final, and the real frames if there are any."""
    columns = []
    for place in np.linspace(0, len(frames) - 1, SHOWN).round().astype(int):
        frame = frames[place]
        weight = np.repeat((255 * frame.weight).round().astype(np.uint8)[..., None], 3, axis=2)
        rows = [COLOURS[frame.labels], frame.raw, weight, frame.final]
        columns.append(np.vstack(rows if real is None else [*rows, real[place]]))
    return np.hstack(columns)


def _held_out(data: Path | None) -> Streets:
    if data is None:
        raise InputError("The street networks are measured on CamVid: name the folder of camvid/ with --data.")
    return read_streets(data, "val").part(HELD_OUT)


def _reader(file: Path | None) -> StreetReader:
    return _bundled("vid2vid-reader") if file is None else read_network(file)


def _bundled(name: str) -> nn.Module:
    checkpoint = find(name)
    return loaded(checkpoint, ARCHITECTURES[checkpoint.architecture])


def read_network(file: Path) -> nn.Module:
    """A network as `engines.vid2vid.train` writes it."""
    with safe_open(file, "pt") as opened:
        about = opened.metadata()
    network = ARCHITECTURES[about["architecture"]].build(json.loads(about["config"]))
    network.load_state_dict({key: value.float() for key, value in load_file(file).items()})
    return network.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of camvid/")
    parser.add_argument("--network", type=Path, help="a generator that train.py wrote, in place of the bundled one")
    parser.add_argument("--reader", type=Path, help="a reader that train.py wrote, in place of the bundled one")
    parser.add_argument("--sheet", type=Path, help="where a picture of held-out frames is put")
    parser.add_argument("--drive", type=Path, help="where a picture of the label world is put")
    parser.add_argument("--long", type=int, default=LONG, help="frames of the label world")
    arguments = parser.parse_args()
    try:
        streets, reader = _held_out(arguments.data), _reader(arguments.reader)
        generator = prepared(
            _bundled("vid2vid-street") if arguments.network is None else read_network(arguments.network)
        )
        figures, frames = held_out_figures(generator, reader, streets)
        for name, figure in figures.items():
            print(f"{name:28} {figure:8.3f}")
        reduced, share = figures["flicker, reduction"], figures["accuracy, share"]
        print(f"Flicker is {reduced:.0%} below frame by frame; at least {LEAST_REDUCTION:.0%} is asked for.")
        print(f"Labels are read {share:.0%} as well as from real frames; at least {LEAST_ACCURACY:.0%} is asked for.")
        if arguments.sheet is not None:
            write_picture(sheet(frames, list(streets.pictures)), arguments.sheet, {"measured": "CamVid, held out"})
        figures, frames = long_figures(generator, arguments.long)
        for name, figure in figures.items():
            print(f"{name:28} {figure:8.3f}")
        if arguments.drive is not None:
            write_picture(sheet(frames), arguments.drive, {"measured": "label world"})
    except StudioError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
