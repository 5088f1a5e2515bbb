"""Clips from visitors, never trusted, and movies for visitors, which carry the parameters that made them.

The work is done by the ffmpeg program that imageio-ffmpeg carries. We start it ourselves: that package's own reader and
writer neither hold a file to one container, nor tell its exact rate and count, nor notice that an encoding failed.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import IO, Any, BinaryIO, NamedTuple

import imageio_ffmpeg
import numpy as np

from engines.runtime.errors import InputError
from engines.runtime.images import MAXIMUM_BYTES, MINIMUM_SIDE

MAXIMUM_PIXELS = 4096 * 2304
HIGHEST_RATE = Fraction(60)
"""Frames a second, at most, of a clip, and of what is made from one whose rate varies."""
MAXIMUM_SECONDS = 10
ACCEPTED = "choose an MP4, MOV, WebM, MKV, AVI or GIF file"

CONTAINERS = (
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (8, b"AVI ", "avi"),
    (0, b"GIF8", "gif"),
)
"""(offset, bytes found there, ffmpeg's demuxer); none of these demuxers opens another file."""
CODECS = {"h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mjpeg", "prores", "gif"}
SOUND_CODECS = {"aac", "mp3", "opus", "vorbis", "flac", "alac", "pcm_s16le", "pcm_s16be", "pcm_u8"}
DECODERS = {"libdav1d", "mp3float", "libopus", "libvorbis"}
"""Other names of decoders for some of these codecs."""
PROBE_SECONDS = 20
CPU_SECONDS = 600
"""What one ffmpeg may use at most, so that none runs on for ever over a file made to keep it busy."""

SHOWN_PACKET = re.compile(r"^0, *(-?\d+), *(-?\d+), *(\d+), *\d+, 0x\w+(?:, F=0x[0-3])?(?:, S=.*)?$", re.MULTILINE)
"""Decoding time, showing time and duration in the lines of ffmpeg's framecrc; flag 4 marks a packet not to be shown."""
NO_TIME = -(2**63)

CONSTANT_RATE = Fraction(1, 2)
"""Frames that a timestamp may be off the mean rate's; if it is further off, the rate varies."""
LONE_FRAME = Fraction(1, 25)
"""Seconds that the last frame stands where the container does not say."""
QUALITY = 18
"""x264's constant rate factor; at this one the loss is not seen."""
GIF_LONGEST = 480
GIF_RATE = 15


class _Track(NamedTuple):
    """What a container says about its pictures; `times`, and how long the `last` one stands, are in seconds."""

    codec: str
    width: int
    height: int
    times: list[Fraction]
    last: Fraction
    sound: bool


@dataclass(frozen=True)
class Clip:
    """A clip that can be decoded: `count` frames, `rate` of them a second; `sound` is whether it has any to keep."""

    name: str
    count: int
    rate: Fraction
    sound: bool
    content: bytes = field(repr=False)
    constant: bool = field(repr=False)

    def frames(self, longest: int) -> Generator[np.ndarray, None, None]:
        """Every frame, upright, (H, W, 3) uint8, made smaller where its longer side exceeds `longest` pixels.

        Frames are decoded little before they are asked for; decoding ends with the generator.

        Raises:
            InputError: the clip is damaged: fewer frames came than it has.
        """
        filters = [_within(longest)]
        if not self.constant:
            filters.append(f"fps={self.rate},tpad=stop=1:stop_mode=clone")
        output = ["-map", "0:V:0", "-vf", ",".join(filters), "-fps_mode", "passthrough", "-frames:v", str(self.count)]
        made = 0
        with _input(self.content) as source:
            decoder = subprocess.Popen(
                _command([*source, *output, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            try:
                assert decoder.stdout is not None
                while (frame := _read_pixmap(decoder.stdout)) is not None:
                    yield frame
                    made += 1
            finally:
                decoder.kill()
                decoder.communicate()
        if made < self.count:
            raise InputError(
                f"{self.name}: the clip is damaged: {made} of its {self.count} frames can be read; save it again, "
                "or choose another."
            )


class Recording:
    """An MP4 (H.264, 4:2:0, its index in front) that grows frame by frame; `content` has it once it is closed.

    It is a context manager, and closes with the frames it has however the block is left. The sound of `sound` goes with
    them for as long as they last. Of an odd side the last row or column is cut off, since 4:2:0 needs even ones.

    One that was cut goes on elsewhere from its `parts`, which hold `count` frames.
    """

    def __init__(self, rate: Fraction, sound: Clip | None = None, parts: Sequence[bytes] = (), count: int = 0) -> None:
        self.rate = rate
        self.count = count
        self.content = b""
        self.parts = list(parts)
        self._sound = sound if sound is not None and sound.sound else None
        self._encoder: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Recording":
        self._folder = tempfile.TemporaryDirectory(prefix="recording-")
        self._path = Path(self._folder.name) / "frames.mp4"
        return self

    def add(self, frame: np.ndarray) -> None:
        """Append a frame, (H, W, 3) uint8, all of one size."""
        if self._encoder is None:
            height, width = frame.shape[:2]
            raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(self.rate)]
            even = "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0,scale=out_color_matrix=bt709:out_range=tv"
            tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
            coding = ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(QUALITY), "-pix_fmt", "yuv420p"]
            self._encoder = subprocess.Popen(
                _command([*raw, "-i", "pipe:0", "-vf", even, *coding, *tags, str(self._path)]), stdin=subprocess.PIPE
            )
        assert self._encoder.stdin is not None
        self._encoder.stdin.write(np.ascontiguousarray(frame).data)
        self.count += 1

    def cut(self) -> None:
        """End a part, after which the recording can go on elsewhere; only recordings cut at the same frames are alike.

        Raises:
            OSError: ffmpeg could not encode the frames.
        """
        if self._encoder is None:
            return
        encoder, self._encoder = self._encoder, None
        encoder.communicate()
        if encoder.returncode:
            raise OSError("ffmpeg could not encode the frames; its own words are in the log.")
        self.parts.append(self._path.read_bytes())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._folder:
            self.cut()
            if not self.parts:
                return
            with ExitStack() as inputs:
                source, options = inputs.enter_context(_input(_joined(self.parts))), ["-map", "0:v"]
                if self._sound is not None:
                    length = ["-t", f"{float(self.count / self.rate):.6f}"]
                    source += [*length, *inputs.enter_context(_input(self._sound.content))]
                    options += ["-map", "1:a:0", "-c:a", "aac"]
                self.content = _rewritten(source, options)


def read_clip(
    file: str | os.PathLike[str] | bytes | BinaryIO,
    name: str = "clip",
    seconds: float = MAXIMUM_SECONDS,
    largest: int = MAXIMUM_BYTES,
) -> Clip:
    """The clip in a file a visitor sent, not yet decoded; `name` is what the visitor calls it in an error, `seconds` is
    how long and `largest` how many bytes it may be.

    Where timestamps keep within half a frame of the mean rate, every frame is kept, at that rate. Otherwise frames are
    repeated and left out to give the rate of the median interval.

    Raises:
        InputError: not a clip, damaged, without pictures, or outside the limits on bytes, pixels, frames and seconds.
    """
    content = _content(file, name, largest)
    most = round(HIGHEST_RATE * Fraction(seconds))
    track = _probe(content, name, most)
    if track.codec not in CODECS:
        raise InputError(f"{name}: the clip is coded as {track.codec}, which is not read here; save it as H.264.")
    if track.width * track.height > MAXIMUM_PIXELS:
        raise InputError(f"{name}: {track.width} x {track.height} pixels are too many; choose a clip of 4K or less.")
    if min(track.width, track.height) < MINIMUM_SIDE:
        size = f"{track.width} x {track.height} pixels"
        raise InputError(f"{name}: the clip is {size}; choose one of at least {MINIMUM_SIDE} on each side.")
    steps = [after - before for before, after in zip(track.times, track.times[1:], strict=False)]
    duration = sum(steps) + track.last
    if round(duration) > seconds:
        raise InputError(f"{name}: the clip lasts {float(duration):.1f} seconds; cut it to {seconds:g} at most.")
    count, constant = len(track.times), True
    rate = Fraction(len(steps), sum(steps)) if any(steps) else 1 / track.last
    if any(abs((time - track.times[0]) * rate - place) > CONSTANT_RATE for place, time in enumerate(track.times)):
        constant = False
        rate = min(1 / max(median(steps), 1 / HIGHEST_RATE), HIGHEST_RATE)
        count = max(round(duration * rate), 1)
    if count > most:
        raise InputError(f"{name}: the clip has more than {most} frames; choose a shorter one.")
    return Clip(name, count, rate, track.sound, content, constant)


def write_clip(movie: bytes, path: Path, parameters: Mapping[str, Any]) -> None:
    """Write a recording's `content` as MP4 or GIF, by the path's suffix.

    An MP4 carries the parameters as JSON in its comment. A GIF, which cannot, has a palette of its own, and at most 480
    pixels a side and 15 frames a second.
    """
    with _input(movie) as source:
        if path.suffix == ".mp4":
            path.write_bytes(_rewritten(source, ["-map", "0", "-metadata", f"comment={json.dumps(parameters)}"]))
            return
        smaller = f"fps='min(source_fps,{GIF_RATE})',{_within(GIF_LONGEST)}"
        palette = f"[0:v]{smaller},split[a][b];[a]palettegen[p];[b][p]paletteuse"
        subprocess.run(_command([*source, "-filter_complex", palette, str(path)]), check=True)


def read_clip_parameters(file: str | os.PathLike[str] | bytes | BinaryIO) -> dict[str, Any]:
    """The parameters that `write_clip` put into an MP4.

    Raises:
        InputError: not a clip, or one that carries none.
    """
    with _input(_content(file, "clip")) as source:
        told = _told([*source, "-f", "ffmetadata", "pipe:1"])
    comment = re.search(r"^comment=((?:\\.|[^\\\n])*)", told, re.MULTILINE)
    try:
        return dict(json.loads(re.sub(r"\\(.)", r"\1", comment[1]) if comment else ""))
    except (ValueError, TypeError):  # metadata is whatever its sender wrote
        raise InputError("clip: it carries no parameters; choose one that the studio saved.") from None


def _content(file: str | os.PathLike[str] | bytes | BinaryIO, name: str, largest: int = MAXIMUM_BYTES) -> bytes:
    if isinstance(file, str | os.PathLike):
        try:
            with open(file, "rb") as opened:
                return _content(opened, name, largest)
        except OSError as error:
            raise InputError(f"{name}: the file cannot be read ({error.strerror}); {ACCEPTED}.") from error
    content = file if isinstance(file, bytes) else file.read(largest + 1)
    if len(content) > largest:
        raise InputError(f"{name}: the file is larger than {largest // 1_000_000} MB; choose a smaller one.")
    if not content:
        raise InputError(f"{name}: the file is empty; {ACCEPTED}.")
    if _demuxer(content) is None:
        raise InputError(f"{name}: this is not a clip the studio reads; {ACCEPTED}.")
    return content


def _demuxer(content: bytes) -> str | None:
    return next((demuxer for offset, found, demuxer in CONTAINERS if content.startswith(found, offset)), None)


def _probe(content: bytes, name: str, most: int) -> _Track:
    """What the container says about its pictures, from packets alone.

    Raises:
        InputError: it says nothing, being damaged, or has no pictures.
    """
    copied = ["-map", "0:V:0", "-map", "0:a:0?", "-c", "copy", "-frames:v", str(2 * most), "-f", "framecrc"]
    with _input(content) as source:
        told = _told([*source, *copied, "pipe:1"])
    facts = dict(re.findall(r"^#(\w+ \d): (.*)$", told, re.MULTILINE))
    packets = [tuple(map(int, found)) for found in SHOWN_PACKET.findall(told)]
    if not packets or not {"codec_id 0", "dimensions 0"} <= facts.keys():
        raise InputError(f"{name}: there are no pictures in it, or it is damaged or cut short; {ACCEPTED}.")
    tick = Fraction(facts["tb 0"])
    shown = sorted((dts if pts == NO_TIME else pts, duration) for dts, pts, duration in packets)
    width, height = map(int, facts["dimensions 0"].split("x"))
    times, last = [tick * time for time, _ in shown], tick * shown[-1][1] or LONE_FRAME
    return _Track(facts["codec_id 0"], width, height, times, last, facts.get("codec_id 1") in SOUND_CODECS)


@contextmanager
def _input(content: bytes) -> Iterator[list[str]]:
    """Arguments by which ffmpeg reads `content`, and nothing but it: as the container it is, from a file that is there
    for the length of the block."""
    demuxer = _demuxer(content)
    assert demuxer is not None
    decoders = ",".join(sorted(CODECS | SOUND_CODECS | DECODERS))
    with tempfile.TemporaryDirectory(prefix="clip-") as folder:
        path = Path(folder) / "clip"
        path.write_bytes(content)
        yield [
            *("-protocol_whitelist", "file", "-codec_whitelist", decoders, "-max_pixels", str(MAXIMUM_PIXELS)),
            *("-f", demuxer, "-i", f"file:{path}"),
        ]  # fmt: skip


def _command(arguments: list[str]) -> list[str]:
    general = ["-nostdin", "-hide_banner", "-loglevel", "error", "-timelimit", str(CPU_SECONDS), "-y"]
    return [imageio_ffmpeg.get_ffmpeg_exe(), *general, *arguments]


def _told(arguments: list[str]) -> str:
    """What ffmpeg writes to its standard output about a visitor's file; where it fails, as far as it came."""
    try:
        run = subprocess.run(
            _command(arguments), stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return run.stdout.decode("utf-8", "replace")


def _rewritten(source: list[str], options: list[str]) -> bytes:
    """A movie of ours in a new MP4 container, its index in front; pictures are copied."""
    with tempfile.TemporaryDirectory(prefix="movie-") as folder:
        path = Path(folder) / "movie.mp4"
        subprocess.run(_command([*source, "-c", "copy", *options, "-movflags", "+faststart", str(path)]), check=True)
        return path.read_bytes()


def _joined(parts: Sequence[bytes]) -> bytes:
    """Movies of ours as one, in which each begins where the one before ends."""
    if len(parts) == 1:
        return parts[0]
    with tempfile.TemporaryDirectory(prefix="parts-") as folder:
        names = [f"{place}.mp4" for place in range(len(parts))]
        for name, part in zip(names, parts, strict=True):
            (Path(folder) / name).write_bytes(part)
        table = Path(folder) / "parts.txt"
        table.write_text("".join(f"file {name}\n" for name in names))
        return _rewritten(["-f", "concat", "-i", str(table)], [])


def _within(longest: int) -> str:
    """The filter that makes pixels square, and pictures smaller where their longer side exceeds `longest`.

    In one step: the larger picture in between would be as large as a hostile pixel aspect makes it.
    """
    width, height = "iw*max(sar,1)", "ih*max(1/sar,1)"
    shrink = f"min(1,{longest}/max({width},{height}))"
    size = ":".join(f"'max(1,trunc({side}*{shrink}+.5))'" for side in (width, height))
    return f"scale={size}:flags=lanczos,setsar=1"


def _read_pixmap(stream: IO[bytes]) -> np.ndarray | None:
    """The next of a row of PPM pictures, each of which tells its size; None where they end or break off."""
    _, size, _ = stream.readline(), stream.readline(), stream.readline()
    if not size:
        return None
    width, height = map(int, size.split())
    pixels = bytearray(stream.read(width * height * 3))
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3) if len(pixels) == width * height * 3 else None
