"""Clips of every depth, range, matrix and transfer function come in the colours that they are meant to have."""

import re

import numpy as np
import pytest

from engines.runtime.errors import InputError
from engines.runtime.filters import KNEE, PEAK, WHITE
from engines.runtime.video import read_clip
from tests.support.clips import HEIGHT, QUIET_X265, WIDTH, encoded, ffmpeg, middles, patches

pytestmark = pytest.mark.slow

HDR = {"PQ": "smpte2084", "HLG": "arib-std-b67"}
DEEP = {
    "hevc.mov": ("-c:v", "libx265", *QUIET_X265, "-tag:v", "hvc1", "-pix_fmt", "yuv420p10le"),
    "hevc-12.mkv": ("-c:v", "libx265", *QUIET_X265, "-pix_fmt", "yuv422p12le"),
    "h264-high-10.mp4": ("-c:v", "libx264", "-crf", 4, "-pix_fmt", "yuv420p10le"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-crf", 4, "-b:v", 0, "-cpu-used", 8, "-pix_fmt", "yuv420p10le"),
    "av1.mp4": ("-c:v", "librav1e", "-speed", 10, "-qp", 20, "-pix_fmt", "yuv420p10le"),
    "prores.mov": ("-c:v", "prores_ks", "-profile:v", 3, "-pix_fmt", "yuv422p10le"),
    "ffv1-16.mkv": ("-c:v", "ffv1", "-pix_fmt", "yuv444p16le"),
    "ffv1-rgb-12.mkv": ("-c:v", "ffv1", "-pix_fmt", "gbrp12le"),
}
"""Files and the options with which they are coded."""
BT2020_TO_BT709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
)
"""Linear light, ITU-R BT.2087."""
HOLE = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,32),255,0)'"
"""Makes the right half transparent."""
RAMP = np.broadcast_to(np.linspace(0, 1, WIDTH)[None, :, None], (HEIGHT, WIDTH, 3))
BARS = np.kron(
    np.array([(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)])[None] * 0.58,
    np.ones((HEIGHT, WIDTH // 8, 1)),
)
INSIDE_BARS = np.arange(WIDTH) % 8 // 2 % 3 != 0
"""Columns that no neighbour's colour reaches where every second pixel has a colour of its own."""


def from_pq(signal: np.ndarray) -> np.ndarray:
    """Candelas per square metre of a signal in [0, 1], SMPTE ST 2084."""
    power = signal ** (32 / 2523)
    return 10000 * (np.maximum(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)) ** (16384 / 2610)


def from_hlg(signal: np.ndarray) -> np.ndarray:
    """Candelas per square metre of a signal in [0, 1] on a screen of 1000, ITU-R BT.2100."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ [0.2627, 0.6780, 0.0593]
    return 1000 * luminance[..., None] ** 0.2 * scene


def on_screen(signal: np.ndarray, kind: str) -> np.ndarray:
    """Levels of 255, as floats, that an ordinary screen is to show of an HDR signal."""
    light = {"PQ": from_pq, "HLG": from_hlg}[kind](signal) / WHITE @ BT2020_TO_BT709.T
    brightest, peak = light.max(axis=2, keepdims=True).clip(1e-6), PEAK / WHITE
    a = -(KNEE**2) * (peak - 1) / (KNEE**2 - 2 * KNEE + peak)
    b = (KNEE**2 - 2 * KNEE * peak + peak) / (peak - 1)
    curve = (b**2 + 2 * b * KNEE + KNEE**2) / (b - a) * (brightest + a) / (brightest + b)
    shown = (light * np.where(brightest <= KNEE, brightest, curve) / brightest).clip(0, 1)
    return 255 * np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)


def in_hdr(signal, path, kind, *coding):
    """A clip of three frames of an HDR signal (H, W, 3) in [0, 1]."""
    frames = [np.round(65535 * signal).astype(np.uint16)] * 3
    marks = f"setparams=range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc={HDR[kind]}"
    return encoded(frames, path, "-vf", f"scale=out_color_matrix=bt2020nc:out_range=tv,{marks}", *coding)


def first(path):
    return next(read_clip(path).frames(512)).astype(float)


@pytest.mark.parametrize("kind", HDR)
@pytest.mark.parametrize("file", ["hevc.mov", "h264-high-10.mp4", "vp9.webm", "av1.mp4", "prores.mov"])
def test_hdr_comes_in_the_range_of_an_ordinary_screen(tmp_path, kind, file):
    clip = read_clip(in_hdr(RAMP, tmp_path / file, kind, *DEEP[file]))
    frames = [frame.astype(float) for frame in clip.frames(512)]
    assert len(frames) == clip.count == 3
    assert np.abs(frames[0] - on_screen(RAMP, kind)).mean() < 3
    across = frames[0].mean(axis=(0, 2))
    assert (np.diff(across) > -1.5).all() and across[0] < 3 and across[-1] > 252
    assert f"HDR ({kind})" in clip.notices["colours"]


@pytest.mark.parametrize("kind", HDR)
def test_hdr_s_colours_become_a_screen_s(tmp_path, kind):
    shown = first(in_hdr(BARS, tmp_path / "bars.mov", kind, *DEEP["hevc.mov"]))
    apart = np.abs(shown - on_screen(BARS, kind))
    assert apart[:, INSIDE_BARS].mean() < 6


def test_hdr_that_is_made_smaller_is_as_bright(tmp_path):
    clip = read_clip(in_hdr(RAMP, tmp_path / "ramp.mov", "PQ", *DEEP["hevc.mov"]))
    small = next(clip.frames(32)).astype(float)
    assert small.shape == (24, 32, 3)
    assert np.abs(small - on_screen(RAMP, "PQ")[::2, :].reshape(24, 32, 2, 3).mean(axis=2)).mean() < 4


@pytest.mark.parametrize("file", DEEP)
def test_ten_bits_and_more_look_as_eight_do(tmp_path, file):
    layout = re.sub(r"\d+le$", "", str(DEEP[file][-1]))
    marks = f"setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709,format={layout}"
    options = ("-vf", f"scale=out_color_matrix=bt709:out_range=tv,{'format=gbrp' if layout == 'gbrp' else marks}")
    twin = read_clip(encoded([patches()] * 4, tmp_path / "8.mkv", *options, "-c:v", "ffv1"))
    clip = read_clip(encoded([patches()] * 4, tmp_path / file, *options, *DEEP[file]))
    assert clip.count == 4 and clip.notices == {}
    for longest in (512, 48):
        for deep, eight in zip(clip.frames(longest), twin.frames(longest), strict=True):
            assert np.abs(deep.astype(int) - eight).mean() < 2
    assert np.abs(middles(first(tmp_path / file)) - middles(patches())).max() <= 3


@pytest.mark.parametrize("depth", ["yuv444p", "yuv444p10le"])
@pytest.mark.parametrize("spread", ["tv", "pc"])
@pytest.mark.parametrize("matrix", ["bt709", "smpte170m", "bt2020nc"])
def test_a_clip_s_own_matrix_and_range_are_followed(tmp_path, depth, spread, matrix):
    marks = f"setparams=range={spread}:colorspace={matrix}"
    options = ("-vf", f"scale=out_color_matrix={matrix}:out_range={spread},format={depth},{marks}", "-c:v", "ffv1")
    shown = first(encoded([patches()], tmp_path / "clip.mkv", *options))
    assert np.abs(middles(shown) - middles(patches())).max() <= 3


def test_wide_colours_of_a_phone_become_a_screen_s(tmp_path):
    red = np.full((HEIGHT, WIDTH, 3), (184, 55, 49), np.uint8)  # (200, 40, 40) in Display P3
    marks = "setparams=range=tv:colorspace=bt709:color_primaries=smpte432:color_trc=bt709"
    options = ("-vf", f"scale=out_color_matrix=bt709:out_range=tv,format=yuv444p10le,{marks}", "-c:v", "ffv1")
    assert np.abs(first(encoded([red], tmp_path / "clip.mkv", *options)).mean(axis=(0, 1)) - (200, 40, 40)).max() <= 4


def test_a_grey_clip_of_one_channel_is_read(tmp_path):
    grey = np.repeat(patches().mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    shown = first(encoded([grey], tmp_path / "clip.mkv", "-c:v", "ffv1", "-pix_fmt", "gray"))
    assert np.abs(shown - grey).max() <= 2


@pytest.mark.parametrize(
    ("file", "coding"),
    [
        ("clip.gif", ("-vf", f"{HOLE},split[a][b];[a]palettegen[p];[b][p]paletteuse")),
        ("clip.mov", ("-c:v", "qtrle", "-pix_fmt", "argb")),
        ("prores.mov", ("-c:v", "prores_ks", "-profile:v", 4, "-pix_fmt", "yuva444p10le")),
        ("clip.webm", ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p")),
        ("vp8.webm", ("-c:v", "libvpx", "-auto-alt-ref", 0, "-pix_fmt", "yuva420p")),
    ],
)
def test_what_is_transparent_stands_on_white(tmp_path, file, coding):
    red = [np.full((HEIGHT, WIDTH, 3), (200, 40, 40), np.uint8)] * 3
    shown = first(encoded(red, tmp_path / file, "-vf", HOLE, *coding))
    assert np.abs(shown[:, 4:28].mean(axis=(0, 1)) - (200, 40, 40)).max() < 6
    assert shown[:, 36:].min() > 250


@pytest.mark.parametrize(
    ("file", "coding"),
    [
        ("clip.mp4", ("-c:v", "libx264", "-flags", "+ildct", "-x264opts", "tff=1", "-pix_fmt", "yuv420p")),
        ("clip.avi", ("-c:v", "mpeg4", "-flags", "+ildct+ilme", "-q:v", 2)),
        ("clip.mkv", ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", 2)),
    ],
)
def test_an_interlaced_clip_has_no_combs(tmp_path, file, coding):
    moving = [np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in range(12)]
    for place, frame in enumerate(moving):
        frame[:, 4 * place : 4 * place + 12] = 220
    clip = read_clip(encoded(moving, tmp_path / file, "-vf", "interlace=scan=tff:lowpass=off", *coding, rate=50))
    frames = [frame.astype(float).mean(axis=2) for frame in clip.frames(512)]
    assert len(frames) == clip.count == 6
    combs = [np.abs(frame[8:-8:2] - frame[9:-7:2]).mean() for frame in frames[1:-1]]
    assert max(combs) < 5  # 29 where the two halves stand in one frame as they are


@pytest.mark.parametrize(
    ("angle", "turns", "flip"), [(180, 2, False), (270, 3, False), (0, 0, True)], ids=["180", "270", "mirrored"]
)
def test_a_clip_comes_as_its_camera_was_held(tmp_path, angle, turns, flip):
    flat = encoded([patches()] * 2, tmp_path / "flat.mp4", "-c:v", "libx264", "-crf", 4, "-pix_fmt", "yuv444p")
    turned = ("-display_rotation", angle, *(("-display_hflip",) if flip else ()))
    ffmpeg(*turned, "-i", flat, "-c", "copy", tmp_path / "turned.mp4")
    expected = np.rot90(patches(), turns)
    expected = expected[:, ::-1] if flip else expected
    assert np.abs(first(tmp_path / "turned.mp4") - expected).mean() < 3


def test_colours_that_only_dolby_s_decoder_knows_are_refused_by_name(tmp_path):
    content = encoded([patches()] * 2, tmp_path / "clip.mp4", *DEEP["hevc.mov"]).read_bytes()
    place = (
        content.index(b"btrt") + 4
    )  # of the sample's description; profile 5, level 1, with no layer that others read
    content = content[: place - 4] + b"dvcC\1\0\x0a\x0d" + content[place + 4 :]
    with pytest.raises(InputError, match="Dolby Vision alone"):
        read_clip(content)
