"""Train the compact street generator of Video-to-Video Synthesis (arXiv:1808.06601), or the reader that judges it.

    python -m engines.vid2vid.train vid2vid-street --data DIR --out DIR --minutes 300
    python -m engines.vid2vid.train vid2vid-reader --data DIR --out DIR --minutes 10

DIR holds `camvid/` as parquet. The state is saved every few minutes and found again, so the command can be stopped, and
given more minutes later. `--out` also gets the network, ready for use, whenever the state is saved.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

from engines.generative_adversarial.training import AdversarialTraining
from engines.vid2vid.data import HEIGHT, LEARNT_MOTION, WIDTH, read_streets
from engines.vid2vid.labels import LABELS, VOID
from engines.vid2vid.streams import Streams
from engines.vid2vid.training import READER_BATCH, STREAMS, WINDOW, Given, ReaderTraining, StreetTraining

SOURCE = (HEIGHT * 3 // 2, WIDTH * 3 // 2)
"""Height and width of the frames that windows are taken from: a camera that goes on needs more pixels than it shows."""
SAVE_EVERY = 120.0
"""Seconds."""
LOG_EVERY = 50
"""Steps."""
TRAINED_ON = "CamVid: train, and frames 1-60 of val"


def train_street(data: Path, out: Path, minutes: float) -> None:
    training = StreetTraining.start()
    _resume(training, out)
    streams = _streams(data, STREAMS, *WINDOW, training.step)
    given = Given(STREAMS, *WINDOW)
    _go_on("vid2vid-street", training, out, minutes, lambda share: training.advance(streams.next(), given, share))


def train_reader(data: Path, out: Path, minutes: float) -> None:
    training = ReaderTraining.start()
    _resume(training, out)
    streams = _streams(data, READER_BATCH, *WINDOW, training.step)
    counts = np.bincount(streams.stills.labels.ravel(), minlength=len(LABELS))[:VOID]
    weights = torch.from_numpy((counts.sum() / np.maximum(counts, 1)) ** 0.5).float()
    weights /= weights.mean()
    _go_on("vid2vid-reader", training, out, minutes, lambda share: training.advance(streams.next(), share, weights))


RECIPES = {"vid2vid-street": train_street, "vid2vid-reader": train_reader}


def _streams(data: Path, count: int, height: int, width: int, seed: int) -> Streams:
    stills, drive = read_streets(data, "train", *SOURCE), read_streets(data, "val", *SOURCE)
    return Streams(stills, drive.part(LEARNT_MOTION), count, height, width, seed)


def _resume(training: AdversarialTraining, out: Path) -> None:
    if (out / "state.pt").exists():
        training.load(out / "state.pt")


def _go_on(
    name: str,
    training: AdversarialTraining,
    out: Path,
    minutes: float,
    advance: Callable[[float], dict[str, float]],
) -> None:
    """Advance until the training has had `minutes` in all; `advance` is told how much of them is over."""
    earlier = training.seconds
    started = saved = logged = time.perf_counter()
    logged_step = training.step
    means: dict[str, float] = {}
    while training.seconds < 60 * minutes:
        losses = advance(training.seconds / (60 * minutes))
        means |= {each: means.get(each, loss) * 0.98 + loss * 0.02 for each, loss in losses.items()}
        training.seconds = earlier + time.perf_counter() - started
        if training.step % LOG_EVERY == 0:
            rate = (training.step - logged_step) / (time.perf_counter() - logged)
            logged, logged_step = time.perf_counter(), training.step
            shown = ", ".join(f"{each} {mean:.3f}" for each, mean in means.items())
            print(f"{training.seconds:.0f} s, step {training.step}, {rate:.2f} steps/s: {shown}", flush=True)
        if time.perf_counter() - saved > SAVE_EVERY:
            _save(name, training, out)
            saved = time.perf_counter()
    _save(name, training, out)


def _save(name: str, training: AdversarialTraining, out: Path) -> None:
    training.save(out / "state.pt")
    network = training.average
    state = {key: value.half().contiguous() for key, value in network.state_dict().items()}
    about = {
        "architecture": name,
        "config": json.dumps(network.config),
        "trained_on": TRAINED_ON,
        "steps": str(training.step),
    }
    save_file(state, out / "network.safetensors", about)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=RECIPES)
    parser.add_argument("--data", type=Path, required=True, help="the folder of camvid/")
    parser.add_argument("--out", type=Path, required=True, help="where the state and the network are kept")
    parser.add_argument("--minutes", type=float, default=300.0, help="in all, earlier runs included")
    parser.add_argument("--threads", type=int, default=1, help="more are slower where the cores are shared")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    torch.manual_seed(0)
    arguments.out.mkdir(parents=True, exist_ok=True)
    RECIPES[arguments.network](arguments.data, arguments.out, arguments.minutes)


if __name__ == "__main__":
    main()
