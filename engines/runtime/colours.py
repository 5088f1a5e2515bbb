"""Converts pictures to sRGB, from embedded ICC profiles or from the codes of ITU-T H.273 that HEIC and AVIF carry."""

import io
import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Converter = Callable[[Image.Image], Image.Image]
"""Turns a picture of 8 bits a channel, without transparency, into RGB."""

PROFILED_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}
"""The mode that a picture needs for its profile, by the profile's colour space."""
SAME_LEVELS = 1
"""Levels of 255: a profile that moves no colour by more than this is taken for sRGB, and its pictures are left as they
are."""
GRID = np.stack(np.meshgrid(*3 * [np.linspace(0, 255, 9)]), axis=3).reshape(27, 27, 3).astype(np.uint8)

CODED = b"colrnclx"
"""ISO/IEC 14496-12, 12.1.5: the box that gives colours by codes; 16 bits of primaries and 16 of transfer follow."""
CODED_WITHIN = 65_536
"""The number of bytes at the start of a file in which that box is searched."""
TO_SRGB = {
    9: ((1.660491, -0.587641, -0.072850), (-0.124550, 1.132900, -0.008349), (-0.018151, -0.100579, 1.118730)),
    12: ((1.224940, -0.224940, 0.0), (-0.042057, 1.042057, 0.0), (-0.019638, -0.078636, 1.098274)),
}
"""Matrices from linear light of BT.2020 (9) and of Display P3 (12) to sRGB, by H.273's code of primaries; all have the
white point D65."""
LINEAR, PERCEPTUAL_QUANTIZER, HYBRID_LOG_GAMMA = 8, 16, 18
"""H.273's codes of transfers; every other one is treated as sRGB's, which is meant for the same screens."""
WHITE_NITS = 203.0
"""The luminance of a white page in HDR, in candelas per square metre (ITU-R BT.2408)."""
PEAK_NITS = {PERCEPTUAL_QUANTIZER: 10_000.0, HYBRID_LOG_GAMMA: 1_000.0}
"""The luminance of the brightest highlight, in candelas per square metre."""


def converter(mode: str, profile: bytes | None, content: bytes) -> Converter:
    """Return the function that turns a picture of this mode into sRGB.

    A profile that is broken, or belongs to another kind of colours than the picture has, is ignored.

    Args:
        profile: the ICC profile embedded in the file, if any.
        content: the bytes of the file.
    """
    if mode == "LAB":
        return _transformed("LAB", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    if profile:
        try:
            return _profiled(mode, ImageCms.getOpenProfile(io.BytesIO(profile)))
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return _plain
    primaries, transfer = _codes(content)
    if transfer in (LINEAR, PERCEPTUAL_QUANTIZER, HYBRID_LOG_GAMMA) or primaries in TO_SRGB:
        return lambda picture: _from_codes(picture.convert("RGB"), primaries, transfer)
    return _plain


def _plain(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB")


def _profiled(mode: str, profile: ImageCms.ImageCmsProfile) -> Converter:
    space = PROFILED_MODES.get(profile.profile.xcolor_space.strip(), "")
    if not space or (mode == "CMYK") != (space == "CMYK") or (space == "L" and mode not in ("1", "L", "LA", "La")):
        return _plain
    convert = _transformed(space, profile)
    if space == "RGB":
        moved = np.asarray(convert(Image.fromarray(GRID))).astype(np.int16) - GRID
        if np.abs(moved).max() <= SAME_LEVELS:
            return _plain
    return convert


def _transformed(mode: str, profile: ImageCms.ImageCmsProfile) -> Converter:
    transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")

    def convert(picture: Image.Image) -> Image.Image:
        return transform.apply(picture if picture.mode == mode else picture.convert(mode))

    return convert


def _codes(content: bytes) -> tuple[int, int]:
    """Read H.273's codes of a file's primaries and transfer; both are 2, unknown, if the file does not give them."""
    place = content.find(CODED, 0, CODED_WITHIN) if content[4:8] == b"ftyp" else -1
    if place < 0 or len(content) < place + len(CODED) + 4:
        return 2, 2
    primaries, transfer = struct.unpack_from(">HH", content, place + len(CODED))
    return primaries, transfer


def _from_codes(picture: Image.Image, primaries: int, transfer: int) -> Image.Image:
    encoded = np.arange(256, dtype=np.float32) / 255
    light = _light(encoded, transfer)[np.asarray(picture)]
    if transfer == HYBRID_LOG_GAMMA:
        # The screen's gamma of BT.2100 multiplies light by the 0.2th power of its luminance (BT.2020's primaries).
        luminance = light @ np.array((0.2627, 0.6780, 0.0593), dtype=np.float32)
        light = light * (PEAK_NITS[transfer] / WHITE_NITS * luminance**0.2)[..., None]
    if primaries in TO_SRGB:
        light = light @ np.array(TO_SRGB[primaries], dtype=np.float32).T
    if transfer in PEAK_NITS:
        light = _tone_mapped(light.clip(min=0), PEAK_NITS[transfer] / WHITE_NITS)
    light = light.clip(0, 1)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return Image.fromarray((255 * shown + 0.5).astype(np.uint8))


def _light(encoded: NDArray[np.float32], transfer: int) -> NDArray[np.float32]:
    """Compute linear light from encoded values in [0, 1]: 1 is white, or, for HLG, the brightest light of the scene."""
    if transfer == LINEAR:
        return encoded
    if transfer == PERCEPTUAL_QUANTIZER:  # SMPTE ST 2084
        power = encoded ** (32 / 2523)
        light = (np.maximum(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)) ** (8192 / 1305)
        shining: NDArray[np.float32] = light * PEAK_NITS[transfer] / WHITE_NITS
        return shining
    if transfer == HYBRID_LOG_GAMMA:  # ITU-R BT.2100, table 5
        return np.where(encoded <= 0.5, encoded**2 / 3, (np.exp((encoded - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def _tone_mapped(light: NDArray[np.float32], peak: float) -> NDArray[np.float32]:
    """Compress light, from 0 to `peak`, to [0, 1].

    The brightest channel becomes L (1 + L / peak^2) / (1 + L), and the others keep their ratio to it (Reinhard et al.,
    "Photographic Tone Reproduction for Digital Images", 2002, equation 4).
    """
    brightest = light.max(axis=2, keepdims=True)
    mapped: NDArray[np.float32] = light * (1 + brightest / peak**2) / (1 + brightest)
    return mapped
