"""Runs the ffmpeg program of the package imageio-ffmpeg on visitors' files, which are never trusted.

We start it ourselves, because that package's reader and writer neither restrict a file to one container, nor report its
exact rate and number of frames, nor notice that an encoding failed.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import imageio_ffmpeg

from engines.runtime.disk import check_room

MAXIMUM_PIXELS = 4096 * 2304

CONTAINERS = (
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (8, b"AVI ", "avi"),
    (0, b"GIF8", "gif"),
)
"""Each entry: an offset, the bytes found there, ffmpeg's demuxer. None of these demuxers opens another file."""
CODECS = {
    *("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mjpeg", "prores", "gif"),
    *("mpeg1video", "mpeg2video", "h263", "msmpeg4v3", "dvvideo", "dnxhd", "ffv1", "qtrle"),
}
SOUND_CODECS = {
    *("aac", "mp3", "opus", "vorbis", "flac", "alac", "ac3", "eac3", "mp2", "amr_nb", "adpcm_ms", "adpcm_ima_wav"),
    *("pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw"),
}
DECODERS = {"libdav1d", "mp3float", "libopus", "libvorbis", "mp2float", "amrnb", "msmpeg4", "libvpx", "libvpx-vp9"}
"""Other names that ffmpeg's decoders have for some of these codecs."""

PROBE_SECONDS = 20
CPU_SECONDS = 600
"""The largest CPU time of one ffmpeg, so that none runs for ever on a file made to keep it busy."""
PREVIEW_CPU_SECONDS = 30
"""What one may use for a single frame: an edit list can ask that it decodes a whole film before the first."""
THREADS = 4
"""A limit, because each of a decoder's threads holds its own frames: 30 MB each at 4K."""
LOG_BYTES = 2**18
"""The number of bytes that are read of ffmpeg's log; it describes the file first."""


def demuxer(content: bytes) -> str | None:
    """Name ffmpeg's demuxer for the container that starts with these bytes; None if we do not accept it."""
    return next((name for offset, found, name in CONTAINERS if content.startswith(found, offset)), None)


@contextmanager
def source(content: bytes, options: Sequence[str] = ()) -> Iterator[list[str]]:
    """Yield the arguments by which ffmpeg reads `content`, as the container it is, and nothing else.

    The content lies in a file for as long as the block lasts; `options` are further options of this input.
    """
    name = demuxer(content)
    assert name is not None, "only files of known containers are read"
    decoders = ",".join(sorted(CODECS | SOUND_CODECS | DECODERS))
    with tempfile.TemporaryDirectory(prefix="clip-") as folder:
        path = Path(folder) / "clip"
        path.write_bytes(content)
        yield [
            *("-protocol_whitelist", "file", "-codec_whitelist", decoders, "-max_pixels", str(MAXIMUM_PIXELS)),
            *("-threads", str(THREADS), *options, "-f", name, "-i", f"file:{path}"),
        ]


def command(arguments: Sequence[str], level: str = "error", cpu_seconds: int = CPU_SECONDS) -> list[str]:
    """Build the command line that runs ffmpeg with these arguments and lets it print messages of that level only."""
    general = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", level, "-timelimit", str(cpu_seconds), "-y"]
    return [imageio_ffmpeg.get_ffmpeg_exe(), *general, *arguments]


def told(arguments: Sequence[str]) -> tuple[str, str]:
    """Return what ffmpeg writes to its standard output, and its log; if it fails, as much as it wrote before.

    Raises:
        OSError: the disk is full.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as log:
        try:
            done = subprocess.run(
                command(arguments, "info"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                timeout=PROBE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "", ""
        if done.returncode:
            check_room(Path(tempfile.gettempdir()))
        output.seek(0)
        log.seek(0)
        return output.read().decode("utf-8", "replace"), log.read(LOG_BYTES).decode("utf-8", "replace")


def write(arguments: Sequence[str], path: Path) -> None:
    """Let ffmpeg write that file.

    Raises:
        OSError: the disk is full.
        subprocess.CalledProcessError: ffmpeg cannot do what the arguments say; its own words are in the log.
    """
    try:
        subprocess.run(command([*arguments, str(path)]), stdin=subprocess.DEVNULL, check=True)
    except subprocess.CalledProcessError:
        check_room(path.parent)
        raise


def can(arguments: Sequence[str]) -> bool:
    """Tell whether ffmpeg can do what the arguments say without an error, within `PROBE_SECONDS`."""
    run = partial(subprocess.run, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return run(command(arguments), timeout=PROBE_SECONDS, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
