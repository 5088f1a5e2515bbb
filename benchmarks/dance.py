"""Everybody Dance Now live: what a frame takes, beside the published generator, and how a browser sees it for minutes.

`python -m benchmarks dance [--rounds N] [--threads N] [--minutes M]`. All are timed in turn in one process, after two
rounds that are not counted; the published generator, pix2pixHD's at the 512 x 256 of the paper's first stage, once in
ten rounds. It has its layout and random weights, which take as long as trained ones. With `--minutes` a studio is
served, and a headless browser dances before it for so long, the example clip as its camera.
"""

import argparse
import io
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imageio_ffmpeg
import numpy as np
import torch
from PIL import Image

from benchmarks.servers import Served, launched, served
from engines.everybody_dance_now import engine
from engines.everybody_dance_now.normalization import Source
from engines.everybody_dance_now.skeleton import Skeleton, find_skeleton
from engines.runtime.device import describe
from engines.runtime.video import read_clip
from engines.shared.pix2pixhd.network import GlobalGenerator
from pages.everybody_dance_now import PANEL
from pages.everybody_dance_now.controls import BUNDLED, CLIPS
from studio.runs.run import finished, start

if TYPE_CHECKING:
    from playwright.sync_api import Page

FRAME = (640, 480)
"""Pixels of a camera's frame, as browsers send it."""
FRAMES = 60
PUBLISHED_SHAPE = (256, 512)
SELDOM = 10
"""Rounds for one of the published generator."""
FEWEST_FRAMES, LONGEST_LATENCY = 12.0, 150.0
"""A second, and milliseconds at the median, live in a browser."""
MOST_GROWTH = 50.0
"""Megabytes by which the server may grow after the first minute."""
UNCOUNTED = 2
CAMERA_RATE = 30
LATENCIES = """(() => {
  const Original = WebSocket;
  window.results = [];
  window.WebSocket = class extends Original {
    sent = [];
    constructor(...address) {
      super(...address);
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string") return;
        const length = new DataView(data).getUint32(0, true);
        const { frame } = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
        if (frame) results.push([performance.now(), performance.now() - this.sent[frame - 1]]);
      });
    }
    send(data) {
      if (typeof data !== "string") this.sent.push(performance.now());
      super.send(data);
    }
  };
})();"""
"""Notes in the browser when each result came, and how long after its frame was sent."""


def camera_frames() -> list[np.ndarray]:
    """The example's dancer as a camera shows him, between bars at both sides."""
    with closing(read_clip(CLIPS["dancer"]()).frames(FRAME[1])) as frames:
        squares = [frame for _, frame in zip(range(FRAMES), frames, strict=False)]
    return [np.array(Image.fromarray(np.pad(square, _bars(square))).resize(FRAME)) for square in squares]


def _bars(square: np.ndarray) -> list[tuple[int, int]]:
    height, width = square.shape[:2]
    bar = max(0, height * FRAME[0] // FRAME[1] - width) // 2
    return [(0, 0), (bar, bar), (0, 0)]


def encoded(picture: np.ndarray, quality: int = 80) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return file.getvalue()


def measure(rounds: int, threads: int) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    published = GlobalGenerator().eval().requires_grad_(False).to(memory_format=torch.channels_last)
    condition = torch.rand(1, 6, *PUBLISHED_SHAPE) * 2 - 1
    frames = camera_frames()
    sent = [encoded(frame) for frame in frames]
    target = engine.load_subject(BUNDLED)
    skeletons: list[Skeleton] = [each for each in map(find_skeleton, frames) if each is not None]
    poses = [Source.of(skeletons).on(target.statistics, each) for each in skeletons]
    dance = PANEL.experiment("dance")
    memory: dict[str, Any] = {}
    before = engine.stage(target)

    def panel(number: int) -> None:
        """A camera's JPEG in, all four pictures as JPEG out."""
        made = finished(start(dance, {"frame": sent[number % FRAMES]}, memory))
        for name in ("source", "skeleton", "normalized", "target"):
            encoded(made[name], 85)

    @torch.inference_mode()
    def forward(number: int) -> None:
        published(condition)

    measured: dict[str, Callable[[int], object]] = {
        "a frame through the panel, JPEG to JPEGs": panel,
        "its pose alone, found anew": lambda number: find_skeleton(frames[number % FRAMES]),
        "the target's picture, 256 x 256": lambda number: target.picture(poses[number % len(poses)], before),
        "the same without the face residual": lambda number: target.picture(
            poses[number % len(poses)], before, face=False
        ),
        "published generator, its forward at 512 x 256": forward,
    }
    taken: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(UNCOUNTED + rounds):
        for name, run in measured.items():
            if run is forward and number % SELDOM:
                continue
            begun = time.perf_counter()
            run(number)
            if number >= UNCOUNTED or run is forward:
                taken[name].append(1000 * (time.perf_counter() - begun))
    print(f"{threads} torch threads of {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {rounds} rounds in turn")
    base = statistics.median(taken["a frame through the panel, JPEG to JPEGs"])
    for name, times in taken.items():
        median = statistics.median(times)
        print(f"{name:<48} {median:8.1f} ms, at best {min(times):8.1f}, {median / base:6.2f} of a frame")


def write_camera(path: Path, frames: list[np.ndarray]) -> None:
    """The frames as a film that Chromium takes for a camera."""
    width, height = FRAME
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(CAMERA_RATE), "-i", "pipe:0"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *raw, "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, input=b"".join(frame.tobytes() for frame in frames), check=True)


def live(minutes: float) -> None:
    """A browser before a served studio: its frames a second, its latencies, and the server's memory, each minute."""
    from playwright.sync_api import sync_playwright

    with served() as studio, tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = Path(folder) / "camera.y4m"
        write_camera(camera, camera_frames())
        browser = launched(
            playwright,
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
        )
        tab = browser.new_context(permissions=["camera"]).new_page()
        tab.add_init_script(LATENCIES)
        tab.goto(f"{studio.address}?panel=everybody_dance_now&experiment=dance")
        tab.get_by_role("button", name="Start camera").locator("visible=true").click()
        tab.wait_for_function("results.length > 20", timeout=120_000)
        followed = [_minute(tab, min(60.0, 60 * minutes), studio) for _ in range(max(1, round(minutes)))]
        print(f"on the page: {tab.locator('.stream-numbers').locator('visible=true').inner_text()}")
        browser.close()
    rates, latencies, memory = zip(*followed, strict=True)
    rate, latency = statistics.median(rates), statistics.median(latencies)
    print(f"{rate:.1f} frames/s, {FEWEST_FRAMES:.0f} asked for: {'yes' if rate >= FEWEST_FRAMES else 'no'}")
    print(f"latency {latency:.0f} ms, below {LONGEST_LATENCY:.0f}: {'yes' if latency < LONGEST_LATENCY else 'no'}")
    grown = memory[-1] - memory[0]
    print(f"memory grew by {grown:.0f} MB after the first minute: {'steady' if grown < MOST_GROWTH else 'not steady'}")


def _minute(tab: "Page", seconds: float, studio: Served) -> tuple[float, float, float]:
    """Frames a second, median latency in milliseconds, and the server's megabytes."""
    tab.evaluate("results.length = 0")
    tab.wait_for_timeout(1000 * seconds)
    came, waited = zip(*tab.evaluate("results"), strict=True)
    rate, latency = 1000 * (len(came) - 1) / (came[-1] - came[0]), statistics.median(waited)
    slow = statistics.quantiles(waited, n=20)[-1]
    memory = studio.memory / 1e6
    print(
        f"{rate:5.1f} frames/s, latency {latency:4.0f} ms, a twentieth above {slow:4.0f}, server {memory:5.0f} MB, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return rate, latency, memory


def main(arguments: list[str]) -> None:
    describe()  # It chooses how many threads serve best.
    parser = argparse.ArgumentParser(prog="python -m benchmarks dance")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--minutes", type=float, default=0, help="of a browser before a served studio")
    options = parser.parse_args(arguments)
    if options.rounds:
        measure(options.rounds, options.threads)
    if options.minutes:
        live(options.minutes)
