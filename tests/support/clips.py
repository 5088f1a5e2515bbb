"""Clips for tests, made of frames that are known, by the ffmpeg program that imageio-ffmpeg carries."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np

HEIGHT, WIDTH = 48, 64
QUIET_X265 = ("-x265-params", "log-level=error:crf=4")


def ffmpeg(*arguments: object, piped: bytes = b"") -> bytes:
    """What ffmpeg writes to its standard output."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, input=piped, stdout=subprocess.PIPE, check=True).stdout


def encoded(
    frames: Sequence[np.ndarray], path: Path, *options: object, rate: object = 25, inputs: Sequence[object] = ()
) -> Path:
    """A clip of frames (H, W, 3): uint8, or uint16 of 16 bits a colour; `inputs` are those of further inputs, with what
    of them is mapped."""
    height, width = frames[0].shape[:2]
    layout = "rgb24" if frames[0].dtype == np.uint8 else "rgb48le"
    raw = ("-f", "rawvideo", "-pix_fmt", layout, "-s", f"{width}x{height}", "-r", rate, "-i", "pipe:0")
    ffmpeg(*raw, *inputs, *options, path, piped=b"".join(frame.tobytes() for frame in frames))
    return path


def greys(count: int, height: int = 32, width: int = 32) -> list[np.ndarray]:
    """Plain frames whose level tells their place: 3 levels more each, from 8 on, and again from 8 after 80."""
    return [np.full((height, width, 3), 8 + 3 * (place % 80), np.uint8) for place in range(count)]


def places(frames: Sequence[np.ndarray]) -> list[int]:
    """The places of `greys` that frames show, but for eighties."""
    return [round((float(frame.mean()) - 8) / 3) for frame in frames]


def patches() -> np.ndarray:
    """Twelve flat colours of 16 x 16 pixels, dark, light, grey and strong."""
    colours = [
        *((16, 16, 16), (128, 128, 128), (240, 240, 240), (200, 40, 40)),
        *((40, 180, 60), (50, 60, 200), (220, 200, 40), (40, 190, 190)),
        *((180, 60, 170), (230, 150, 110), (90, 60, 40), (70, 110, 70)),
    ]
    return np.kron(np.array(colours, np.uint8).reshape(3, 4, 3), np.ones((16, 16, 1), np.uint8))


def middles(picture: np.ndarray) -> np.ndarray:
    """The mean colour (3, 4, 3) inside each patch, where no neighbour's colour reaches."""
    blocks = picture.reshape(3, 16, 4, 16, 3)[:, 4:12, :, 4:12]
    return blocks.mean(axis=(1, 3))
