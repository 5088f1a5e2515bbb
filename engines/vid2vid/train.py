"""Train the compact street generator of Video-to-Video Synthesis (arXiv:1808.06601), or the reader that judges it.

    python -m engines.vid2vid.train vid2vid-street --data DIR --out DIR --minutes 300
    python -m engines.vid2vid.train vid2vid-reader --data DIR --out DIR --minutes 10

DIR holds `camvid/` as parquet. The state is saved every few minutes and found again, so the command can be stopped, and
given more minutes later. `--out` also gets the network, ready for use, whenever the state is saved.
"""

import argparse
from pathlib import Path

import cv2
import torch

from engines.runtime.training import go_on
from engines.vid2vid.data import HEIGHT, LEARNT_MOTION, WIDTH, read_streets
from engines.vid2vid.streams import Streams
from engines.vid2vid.training import READER_BATCH, STREAMS, WINDOW, ReaderTraining, StreetTraining

SOURCE = (HEIGHT * 3 // 2, WIDTH * 3 // 2)
"""Height and width of the frames that windows are taken from: a camera that goes on needs more pixels than it shows."""


def train_street(data: Path, out: Path, minutes: float) -> None:
    go_on(StreetTraining(_streams(data, STREAMS), minutes), out / "state.pt", out / "network.safetensors")


def train_reader(data: Path, out: Path, minutes: float) -> None:
    go_on(ReaderTraining(_streams(data, READER_BATCH), minutes), out / "state.pt", out / "network.safetensors")


RECIPES = {"vid2vid-street": train_street, "vid2vid-reader": train_reader}


def _streams(data: Path, count: int) -> Streams:
    stills, drive = read_streets(data, "train", *SOURCE), read_streets(data, "val", *SOURCE)
    return Streams(stills, drive.part(LEARNT_MOTION), count, *WINDOW, seed=0)


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
