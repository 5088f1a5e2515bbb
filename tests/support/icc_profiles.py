"""ICC profiles of known colours, and what pictures in them show in sRGB, computed here."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np

D65, D50 = (0.3127, 0.3290), (0.3457, 0.3585)
PRIMARIES = {
    "sRGB": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65),
    "Display P3": ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), D65),
    "Adobe RGB": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65),
    "BT.2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    "ProPhoto": ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), D50),
    "green red blue": ((0.30, 0.60), (0.64, 0.33), (0.15, 0.06), D65),
}
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
PCS_WHITE = (0.9642, 1.0, 0.8249)


def _white(place: tuple[float, float]) -> np.ndarray:
    x, y = place
    return np.array([x / y, 1, (1 - x - y) / y])


def to_pcs(name: str) -> np.ndarray:
    """Linear RGB to XYZ under D50, `(3, 3)`."""
    *corners, white = PRIMARIES[name]
    columns = np.stack([_white(corner) for corner in corners], axis=1)
    matrix = columns * np.linalg.solve(columns, _white(white))
    cones = (BRADFORD @ _white(D50)) / (BRADFORD @ _white(white))
    return np.linalg.inv(BRADFORD) @ np.diag(cones) @ BRADFORD @ matrix


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def _profile(device: bytes, space: bytes, connection: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    name = b"made by a test"
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + b"\0" * 79, **tags}
    table, body, offset = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for tag, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += tag + struct.pack(">II", offset + len(body), len(content))
        body += content
    header = struct.pack(">I4sI4s4s4s12s4s", offset + len(body), b"test", 0x02400000, device, space, connection,
                         b"\x07\xea\0\x01\0\x01\0\0\0\0\0\0", b"acsp").ljust(68, b"\0")  # fmt: skip
    return (header + _fixed(*PCS_WHITE)).ljust(128, b"\0") + table + body


def rgb_profile(name: str, gamma: float) -> bytes:
    matrix = to_pcs(name)
    tags = {b"wtpt": _xyz(PCS_WHITE)}
    for place, letter in enumerate((b"r", b"g", b"b")):
        tags |= {letter + b"XYZ": _xyz(matrix[:, place].tolist()), letter + b"TRC": _gamma(gamma)}
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": _xyz(PCS_WHITE), b"kTRC": _gamma(gamma)})


def cmyk_profile(corners: Mapping[tuple[int, ...], tuple[int, ...]]) -> bytes:
    """Inks that, each in full or not at all, `(0 or 1, ...)`, show these colours of sRGB."""
    grid = b""
    for code in range(16):
        inks = code >> 3 & 1, code >> 2 & 1, code >> 1 & 1, code & 1
        lightness, red_green, yellow_blue = _lab(np.array(corners[inks]))
        grid += struct.pack(
            ">3H", round(lightness * 652.8), round((red_green + 128) * 256), round((yellow_blue + 128) * 256)
        )
    identity = struct.pack(">9i", *(round(65536 * value) for value in np.eye(3).ravel()))
    curve = struct.pack(">2H", 0, 65535)
    table = b"mft2\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + struct.pack(">2H", 2, 2) + 4 * curve + grid + 3 * curve
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": _xyz(PCS_WHITE), b"A2B0": table})


def _lab(levels: np.ndarray) -> np.ndarray:
    ratios = to_pcs("sRGB") @ _linear(levels / 255) / _white(D50)
    x, y, z = np.where(ratios > (6 / 29) ** 3, np.cbrt(ratios), ratios / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _linear(encoded: np.ndarray) -> np.ndarray:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """Linear light as sRGB's levels of 255."""
    light = light.clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def shown(levels: np.ndarray, name: str, gamma: float | None = None) -> np.ndarray:
    """What RGB levels of 255 in those primaries show, `(..., 3)` levels of 255 in sRGB; without a gamma they have
    sRGB's curve."""
    light = ((levels / 255) ** gamma if gamma else _linear(levels / 255)) @ (
        np.linalg.inv(to_pcs("sRGB")) @ to_pcs(name)
    ).T
    return encoded(light)
