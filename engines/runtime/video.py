"""Reads visitors' clips, which are never trusted, and writes movies that carry the parameters that made them."""

import json
import math
import os
import re
import subprocess
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engines.runtime import ffmpeg, filters
from engines.runtime.disk import check_room
from engines.runtime.errors import InputError
from engines.runtime.images import MAXIMUM_BYTES, MINIMUM_SIDE
from engines.runtime.tracks import Colours, Track, read_track

HIGHEST_RATE = Fraction(60)
"""The largest number of frames a second that is made of a clip with more, or of one whose rate varies."""
KEPT_RATE = Fraction(120)
"""The largest number of frames a second that a short clip keeps."""
RATE_TOLERANCE = Fraction(1, 50)
"""The share by which a rate may exceed its limit, because containers round the times of frames."""
MAXIMUM_SECONDS = 10
ACCEPTED = "choose an MP4, MOV, WebM, MKV, AVI or GIF file"

CONSTANT_RATE = Fraction(1, 2)
"""The number of frames by which a timestamp may differ from the mean rate's; if it differs by more, the rate varies."""
SOUND_SECONDS = 2
"""Seconds of a clip's sound that are decoded to see whether it can be."""
QUALITY = 18
"""The constant rate factor of x264; at this one the loss is not visible."""
GIF_LONGEST = 480
GIF_RATE = 15


@dataclass(frozen=True)
class _Timing:
    """Says which frames of a clip are taken: `count` of them from the index `first` on, `rate` a second.

    `before` and `after` are the filters before and after those that make pictures of them; `notices` say what is left
    out, by subject.
    """

    first: int
    count: int
    rate: Fraction
    before: list[str]
    after: list[str]
    notices: dict[str, str]


@dataclass(frozen=True)
class Clip:
    """Describes a clip that can be decoded: `count` frames, `rate` of them a second, with `sound` or without."""

    name: str
    count: int
    rate: Fraction
    sound: bool
    content: bytes = field(repr=False)
    notices: Mapping[str, str] = field(repr=False)
    begin: Fraction = field(repr=False)
    """Seconds into the file at which its first frame shows."""
    input: Sequence[str] = field(repr=False)
    """ffmpeg's options for the file that is read."""
    before: Sequence[str] = field(repr=False)
    after: Sequence[str] = field(repr=False)
    """ffmpeg's filters before and after those that make pictures of frames."""
    colours: Colours = field(repr=False)
    sound_track: int | None = field(repr=False)

    def frames(
        self, longest: int, most: int | None = None, cpu_seconds: int = ffmpeg.CPU_SECONDS
    ) -> Generator[NDArray[np.uint8], None, None]:
        """Yield every frame, or the first `most`, upright, (H, W, 3) uint8, decoded shortly before it is asked for.

        A frame whose longer side exceeds `longest` pixels is made smaller. Decoding ends with the generator.

        Raises:
            InputError: the clip is damaged and gives fewer frames than it should, or takes too long to decode.
        """
        count = self.count if most is None else min(most, self.count)
        steps = ",".join([*self.before, *filters.pictures(self.colours, longest), *self.after])
        output = ["-map", "0:V:0", "-vf", steps, "-fps_mode", "passthrough", "-frames:v", str(count)]
        made = 0
        with ffmpeg.source(self.content, self.input) as source:
            decoder = subprocess.Popen(
                ffmpeg.command(
                    [*source, *output, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"], cpu_seconds=cpu_seconds
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            try:
                assert decoder.stdout is not None
                while made < count and (frame := _read_pixmap(decoder.stdout)) is not None:
                    yield frame
                    made += 1
            finally:
                decoder.kill()
                decoder.communicate()
        if made < count:
            raise InputError(
                f"{self.name}: the clip is damaged: {made} of its {self.count} frames can be read within {cpu_seconds} "
                "seconds of computing; save it again, or choose another."
            )


class Recording:
    """Makes an MP4 (H.264, 4:2:0, its index in front) that grows frame by frame; `content` holds it once it is closed.

    It is a context manager, and closes with the frames it has, however the block is left. The sound of the clip `sound`
    is added for as long as the frames last. An odd side loses its last row or column, because 4:2:0 needs even ones.

    A recording that was cut continues elsewhere from its `parts`, which hold `count` frames.
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

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Append a frame, (H, W, 3) uint8; all have one size."""
        if self._encoder is None:
            height, width = frame.shape[:2]
            raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(self.rate)]
            even = "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0,scale=out_color_matrix=bt709:out_range=tv"
            tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
            coding = ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(QUALITY), "-pix_fmt", "yuv420p"]
            self._encoder = subprocess.Popen(
                ffmpeg.command([*raw, "-i", "pipe:0", "-vf", even, *coding, *tags, str(self._path)]),
                stdin=subprocess.PIPE,
            )
        assert self._encoder.stdin is not None
        self._encoder.stdin.write(np.ascontiguousarray(frame).data)
        self.count += 1

    def cut(self) -> None:
        """End a part, after which the recording can continue elsewhere.

        Recordings are alike only if they are cut at the same frames.

        Raises:
            OSError: ffmpeg could not encode the frames, or the disk is full.
        """
        if self._encoder is None:
            return
        encoder, self._encoder = self._encoder, None
        encoder.communicate()
        if encoder.returncode:
            check_room(self._path.parent)
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
                source, options = inputs.enter_context(ffmpeg.source(_joined(self.parts))), ["-map", "0:v"]
                if self._sound is not None:
                    part = ["-ss", f"{float(self._sound.begin):.6f}"] if self._sound.begin else []
                    part += ["-t", f"{float(self.count / self.rate):.6f}"]
                    sound = inputs.enter_context(ffmpeg.source(self._sound.content, part))
                    track = ["-map", f"1:a:{self._sound.sound_track}", "-c:a", "aac"]
                    with suppress(
                        subprocess.CalledProcessError
                    ):  # The sound is damaged further in, so the frames are kept without it.
                        self.content = _rewritten([*source, *sound], [*options, *track])
                        return
                self.content = _rewritten(source, options)


def read_clip(
    file: str | os.PathLike[str] | bytes | BinaryIO,
    name: str = "clip",
    seconds: float = MAXIMUM_SECONDS,
    largest: int = MAXIMUM_BYTES,
    start: float = 0,
) -> Clip:
    """Read the clip in a visitor's file, without decoding it.

    If its timestamps keep within half a frame of the mean rate, frames are kept as they are, at that rate, or each
    second, third and so on if there are more than are made. Otherwise frames are repeated and left out to give the rate
    of the median interval.

    Args:
        name: what the visitor calls the clip, for errors.
        seconds: the longest part that is taken of it, from second `start` on.
        largest: the number of bytes that the file may have.

    Raises:
        InputError: not a clip, damaged, without pictures, over before `start`, or outside the limits on bytes and
            pixels.
    """
    content = _content(file, name, largest)
    track = read_track(content, name, ACCEPTED)
    if track.codec not in ffmpeg.CODECS:
        raise InputError(f"{name}: the clip is coded as {track.codec}, which is not read here; save it as H.264.")
    if track.width * track.height > ffmpeg.MAXIMUM_PIXELS:
        raise InputError(f"{name}: {track.width} x {track.height} pixels are too many; choose a clip of 4K or less.")
    if min(track.width, track.height) < MINIMUM_SIDE:
        size = f"{track.width} x {track.height} pixels"
        raise InputError(f"{name}: the clip is {size}; choose one of at least {MINIMUM_SIDE} on each side.")
    if start >= track.duration and start > 0:
        raise InputError(
            f"{name}: the clip lasts {float(track.duration):.1f} seconds, and none is left from second {start:g} on; "
            "start earlier."
        )
    timing = _timing(track, start, seconds)
    begin = track.times[timing.first]
    seek = []
    if timing.first and track.is_timed:
        # Seek to half a frame before the first one that is taken, so that no rounding of its time loses it.
        seek = ["-ss", f"{max(0, float(begin + track.times[timing.first - 1]) / 2):.6f}"]
    sound_track, sound_notices = _sound(content, track)
    return Clip(
        name,
        timing.count,
        timing.rate,
        sound_track is not None,
        content,
        notices={**timing.notices, **_picture_notices(track), **sound_notices},
        begin=max(begin, Fraction(0)),
        input=[*seek, *track.decoder],
        before=timing.before,
        after=timing.after,
        colours=track.colours,
        sound_track=sound_track,
    )


def _timing(track: Track, start: float, seconds: float) -> _Timing:
    notices: dict[str, str] = {}
    most = round(HIGHEST_RATE * Fraction(seconds))
    first = max(0, bisect_right(track.times, track.times[0] + Fraction(start).limit_denominator(1000)) - 1)
    end = track.times[-1] + track.last
    times = track.times[first:]
    if first or round(end - times[0]) > seconds or len(times) > most:
        end = min(end, times[0] + Fraction(seconds))
        times = times[: bisect_left(times, end)]
    duration = end - times[0]
    if first or len(times) < len(track.times):
        notices["length"] = (
            f"The clip lasts {float(track.duration):.1f} seconds; {float(duration):.1f} of them are taken, "
            f"from second {start:g} on."
        )
    # Frames without times cannot be sought, so they are counted.
    decoded = 0 if track.is_timed else first
    before = [f"select='gte(n,{decoded})'"] if decoded else []
    count, steps = len(times), [after - before for before, after in zip(times, times[1:], strict=False)]
    rate = Fraction(len(steps), sum(steps)) if any(steps) else 1 / track.last
    if any(abs((time - times[0]) * rate - place) > CONSTANT_RATE for place, time in enumerate(times)):
        rate = min(1 / max(median(steps), 1 / HIGHEST_RATE), HIGHEST_RATE)
        left_out = count - len({round((time - times[0]) * rate) for time in times})
        if left_out:
            notices["rate"] = (
                f"The clip's frames come at uneven times: {left_out} of {count} are left out to make "
                f"{float(rate):.4g} a second."
            )
        evened = ["setpts=PTS-STARTPTS", f"fps={rate}", "tpad=stop=1:stop_mode=clone"]
        return _Timing(first, min(max(round(duration * rate), 1), most), rate, before, evened, notices)
    if rate <= KEPT_RATE and count <= most * (1 + RATE_TOLERANCE):
        return _Timing(first, min(count, most), rate, before, [], notices)
    step = math.ceil(rate / HIGHEST_RATE - RATE_TOLERANCE)
    notices["rate"] = (
        f"The clip has {float(rate):.4g} frames a second; one in {step} is used, which makes {float(rate / step):.4g}."
    )
    thinned = [f"select='gte(n,{decoded})*not(mod(n-{decoded},{step}))'"]
    return _Timing(first, min(math.ceil(count / step), most), rate / step, thinned, [], notices)


def _picture_notices(track: Track) -> dict[str, str]:
    notices = {}
    if track.films > 1:
        notices["films"] = f"The file holds {track.films} films; the first is used."
    if track.colours.transfer in filters.HDR:
        kind = filters.HDR[track.colours.transfer]
        notices["colours"] = f"The clip is HDR ({kind}); its brightness was brought into an ordinary screen's range."
    return notices


def _sound(content: bytes, track: Track) -> tuple[int | None, dict[str, str]]:
    """Choose the track of sound that is kept, and say what happens to the others."""
    if not track.sounds:
        return None, {}
    known = [place for place, codec in enumerate(track.sounds) if codec in ffmpeg.SOUND_CODECS]
    if not known:
        return None, {"sound": f"The clip's sound is coded as {track.sounds[0]}, which cannot be kept."}
    with ffmpeg.source(content, ["-t", str(SOUND_SECONDS)]) as source:
        if not ffmpeg.can([*source, "-map", f"0:a:{known[0]}", "-f", "null", "-"]):
            return None, {"sound": "The clip's sound is damaged and cannot be kept."}
    if len(track.sounds) > 1:
        return known[0], {"sound": f"The clip has {len(track.sounds)} tracks of sound; track {known[0] + 1} is kept."}
    return known[0], {}


def write_clip(movie: bytes, path: Path, parameters: Mapping[str, Any]) -> None:
    """Write a recording's `content` as MP4 or GIF, by the path's suffix.

    An MP4 carries the parameters as JSON in its comment. A GIF, which cannot, has its own palette, and at most 480
    pixels a side and 15 frames a second.
    """
    with ffmpeg.source(movie) as source:
        if path.suffix == ".mp4":
            path.write_bytes(_rewritten(source, ["-map", "0", "-metadata", f"comment={json.dumps(parameters)}"]))
            return
        smaller = f"fps='min(source_fps,{GIF_RATE})',{filters.within(GIF_LONGEST)}"
        palette = f"[0:v]{smaller},split[a][b];[a]palettegen[p];[b][p]paletteuse"
        ffmpeg.write([*source, "-filter_complex", palette], path)


def read_clip_parameters(file: str | os.PathLike[str] | bytes | BinaryIO) -> dict[str, Any]:
    """Read the parameters that `write_clip` put into an MP4.

    Raises:
        InputError: it is no clip, or carries no parameters.
    """
    with ffmpeg.source(_content(file, "clip")) as source:
        told, _ = ffmpeg.told([*source, "-f", "ffmetadata", "pipe:1"])
    comment = re.search(r"^comment=((?:\\.|[^\\\n])*)", told, re.MULTILINE)
    try:
        return dict(json.loads(re.sub(r"\\(.)", r"\1", comment[1]) if comment else ""))
    except (ValueError, TypeError):  # Metadata is whatever its sender wrote.
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
    if ffmpeg.demuxer(content) is None:
        raise InputError(f"{name}: this is not a clip the studio reads; {ACCEPTED}.")
    return content


def _rewritten(source: list[str], options: list[str]) -> bytes:
    """Put a movie of ours into a new MP4 container, its index in front; pictures are copied."""
    with tempfile.TemporaryDirectory(prefix="movie-") as folder:
        path = Path(folder) / "movie.mp4"
        ffmpeg.write([*source, "-c", "copy", *options, "-movflags", "+faststart"], path)
        return path.read_bytes()


def _joined(parts: Sequence[bytes]) -> bytes:
    """Join movies of ours into one, in which each begins where the one before ends."""
    if len(parts) == 1:
        return parts[0]
    with tempfile.TemporaryDirectory(prefix="parts-") as folder:
        names = [f"{place}.mp4" for place in range(len(parts))]
        for name, part in zip(names, parts, strict=True):
            (Path(folder) / name).write_bytes(part)
        table = Path(folder) / "parts.txt"
        table.write_text("".join(f"file {name}\n" for name in names))
        return _rewritten(["-f", "concat", "-i", str(table)], [])


def _read_pixmap(stream: IO[bytes]) -> NDArray[np.uint8] | None:
    """Read the next of a row of PPM pictures, each of which gives its size; None where they end or break off."""
    _, size, _ = stream.readline(), stream.readline(), stream.readline()
    if not size:
        return None
    width, height = map(int, size.split())
    pixels = bytearray(stream.read(width * height * 3))
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3) if len(pixels) == width * height * 3 else None
