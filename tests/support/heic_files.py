"""HEIC files of one picture, made as phones make them: an HEVC intra frame in an ISO container."""

import struct
import subprocess

import imageio_ffmpeg
import numpy as np

PARAMETER_SETS, SLICES = (32, 33, 34), range(16, 22)
"""Kinds of HEVC's units: parameter sets, and slices of frames that need no other."""


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _units(picture: np.ndarray, bits: int) -> list[bytes]:
    height, width = picture.shape[:2]
    pixels = {8: "yuv420p", 10: "yuv420p10le"}[bits]
    scaled = f"scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format={pixels}"
    read = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-i", "-", "-vf", scaled)
    written = ("-c:v", "libx265", "-x265-params", "lossless=1:log-level=none:pools=1", "-f", "hevc", "-")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *read, *written]
    stream = subprocess.run(command, input=picture.tobytes(), capture_output=True, check=True, timeout=60).stdout
    return [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1") if unit.rstrip(b"\0")]


def _configuration(sets: list[bytes], bits: int) -> bytes:
    profile = next(unit for unit in sets if unit[0] >> 1 == 33).replace(b"\0\0\3", b"\0\0")[3:15]
    depth = bytes([0xF8 | bits - 8])
    arrays = b"".join(bytes([0x80 | unit[0] >> 1]) + struct.pack(">HH", 1, len(unit)) + unit for unit in sets)
    return b"\1" + profile + b"\xf0\0\xfc\xfd" + 2 * depth + b"\0\0\x0f" + bytes([len(sets)]) + arrays


def heic(
    picture: np.ndarray, bits: int = 8, turns: int = 0, profile: bytes | None = None, codes: tuple[int, int] = (1, 13)
) -> bytes:
    """The file of a picture, (H, W, 3) uint8; it is to be shown turned so many times by 90 degrees to the left.

    Its colours are those of an ICC profile, or of H.273's codes of primaries and transfer.
    """
    units = _units(picture, bits)
    sets = [unit for unit in units if unit[0] >> 1 in PARAMETER_SETS]
    data = b"".join(struct.pack(">I", len(unit)) + unit for unit in units if unit[0] >> 1 in SLICES)
    colours = b"prof" + profile if profile else b"nclx" + struct.pack(">3HB", *codes, 1, 0)
    properties = [
        _box(b"hvcC", _configuration(sets, bits)),
        _box(b"ispe", struct.pack(">3I", 0, picture.shape[1], picture.shape[0])),
        _box(b"colr", colours),
        _box(b"irot", bytes([turns])),
    ]
    uses = bytes([len(properties)]) + bytes([0x81, 2, 3, 0x84])

    def description(offset: int) -> bytes:
        return _box(
            b"meta",
            b"\0\0\0\0",
            _box(b"hdlr", b"\0" * 8 + b"pict" + b"\0" * 13),
            _box(b"pitm", struct.pack(">IH", 0, 1)),
            _box(b"iloc", struct.pack(">IBBHHHHII", 0, 0x44, 0, 1, 1, 0, 1, offset, len(data))),
            _box(b"iinf", struct.pack(">IH", 0, 1), _box(b"infe", struct.pack(">IHH4sB", 2 << 24, 1, 0, b"hvc1", 0))),
            _box(b"iprp", _box(b"ipco", *properties), _box(b"ipma", struct.pack(">IIH", 0, 1, 1), uses)),
        )

    start = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    return start + description(len(start) + len(description(0)) + 8) + _box(b"mdat", data)
