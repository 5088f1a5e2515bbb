"""Clips are read as they are meant, or refused with one sentence; movies play, and tell how they were made."""

import io
import subprocess
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engines.runtime import video
from engines.runtime.errors import InputError
from engines.runtime.images import MAXIMUM_BYTES
from engines.runtime.video import Recording, read_clip, read_clip_parameters, write_clip
from tests.support import SHARED

DANCE = SHARED / "data/video/dance-65f.mp4"


def ffmpeg(*arguments: object) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def filmed(path: Path, size: str = "64x48", rate: str = "25", seconds: float = 1, *options: object) -> Path:
    """ffmpeg's moving test picture."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc=s={size}:r={rate}:d={seconds}", *(options or ("-pix_fmt", "yuv420p")), path)
    return path


def colours(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Plain frames, each of a colour of its own."""
    return [np.full((height, width, 3), (20 * place % 250, 130, 200), np.uint8) for place in range(count)]


def recorded(frames: list[np.ndarray], rate: Fraction = Fraction(25)) -> bytes:
    with Recording(rate) as recording:
        for frame in frames:
            recording.add(frame)
    return recording.content


def running() -> set[int]:
    """The ffmpeg processes that are children of this one."""
    children = Path("/proc/self/task").glob("*/children")
    pids = {int(pid) for child in children for pid in child.read_text().split()}
    return {pid for pid in pids if "ffmpeg" in Path(f"/proc/{pid}/cmdline").read_text()}


@pytest.fixture(autouse=True)
def left_clean(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does, no temporary file and no process stays."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []
    assert running() == set()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p")),
        ("clip.mov", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p")),
        ("clip.webm", ("-c:v", "libvpx-vp9")),
        ("clip.mkv", ("-c:v", "libx264", "-pix_fmt", "yuv420p")),
        ("clip.avi", ("-c:v", "mpeg4", "-bf", "2")),
        ("clip.gif", ()),
    ],
)
def test_every_accepted_container_gives_its_count_rate_and_frames(tmp_path, name, options):
    clip = read_clip(filmed(tmp_path / name, "64x48", "25", 1.2, *(options or ("-an",))))
    frames = list(clip.frames(512))
    assert (clip.count, clip.rate, len(frames)) == (30, 25, 30)
    assert {frame.shape for frame in frames} == {(48, 64, 3)}
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 1


def test_a_rate_that_is_no_whole_number_stays_exact(tmp_path):
    clip = read_clip(filmed(tmp_path / "clip.mp4", "64x48", "24000/1001"))
    assert clip.rate == Fraction(24000, 1001)
    assert read_clip(recorded(list(clip.frames(512)), clip.rate)).rate == Fraction(24000, 1001)


def test_one_frame_is_a_clip(tmp_path):
    clip = read_clip(filmed(tmp_path / "clip.mp4", "64x48", "25", 0.04))
    assert (clip.count, clip.rate, len(list(clip.frames(512)))) == (1, 25, 1)


def test_frames_are_made_smaller_and_never_larger(tmp_path):
    clip = read_clip(filmed(tmp_path / "clip.mp4", "128x72"))
    assert next(clip.frames(64)).shape == (36, 64, 3)
    assert next(clip.frames(512)).shape == (72, 128, 3)


def test_a_clip_filmed_upright_comes_upright(tmp_path):
    flat = filmed(tmp_path / "flat.mp4")
    ffmpeg("-display_rotation", 90, "-i", flat, "-c", "copy", tmp_path / "upright.mp4")
    upright = next(read_clip(tmp_path / "upright.mp4").frames(512))
    expected = np.rot90(next(read_clip(flat).frames(512)))
    assert upright.shape == (64, 48, 3)
    assert np.abs(upright.astype(int) - expected).mean() < 4


def test_pixels_that_are_not_square_become_square(tmp_path):
    wide = filmed(tmp_path / "wide.mp4", "64x48", "25", 1, "-vf", "setsar=2", "-pix_fmt", "yuv420p")
    assert next(read_clip(wide).frames(512)).shape == (48, 128, 3)
    thread = filmed(tmp_path / "thread.mp4", "64x48", "25", 0.2, "-vf", "setsar=20", "-pix_fmt", "yuv420p")
    assert next(read_clip(thread).frames(512)).shape == (19, 512, 3)


def test_a_rate_that_varies_becomes_constant_without_changing_when_things_happen(tmp_path):
    path = tmp_path / "varies.mp4"  # ten frames at 25 a second, a second's rest, ten more
    late = "setpts='if(lt(N,10),N,N+25)/25/TB'"
    filmed(path, "64x48", "25", 0.8, "-vf", late, "-fps_mode", "vfr", "-pix_fmt", "yuv420p")
    clip = read_clip(path)
    frames = [frame.astype(int) for frame in clip.frames(512)]
    assert (clip.rate, clip.count, len(frames)) == (25, 45, 45)
    moved = [np.abs(after - before).mean() > 0.5 for before, after in zip(frames, frames[1:], strict=False)]
    assert not any(moved[11:33]) and moved[34]


def test_a_clip_cut_without_recoding_gives_only_what_it_shows(tmp_path):
    whole = filmed(tmp_path / "whole.mp4", "64x48", "25", 2, "-g", 25, "-pix_fmt", "yuv420p")
    ffmpeg("-ss", 0.4, "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    clip = read_clip(tmp_path / "cut.mp4")
    assert clip.count == len(list(clip.frames(512))) == 40


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"just some words, " * 100, "not a clip"),
        (b"\0\0\0\x18ftypisom" + bytes(2000), "no pictures"),
        (b"\x1aE\xdf\xa3" + bytes(2000), "no pictures"),
        (b"RIFF\0\0\0\0AVI " + bytes(2000), "no pictures"),
    ],
)
def test_what_is_no_clip_is_refused_in_a_sentence(content, words):
    with pytest.raises(InputError, match=f"^Clip: .*{words}.*choose an MP4"):
        read_clip(content, "Clip")


def test_a_picture_by_another_name_is_refused():
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")
    with pytest.raises(InputError, match="not a clip"):
        read_clip(file.getvalue())


def test_sound_alone_is_refused(tmp_path):
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", tmp_path / "sound.mp4")
    with pytest.raises(InputError, match="no pictures"):
        read_clip(tmp_path / "sound.mp4")


def test_a_clip_whose_index_was_cut_off_is_refused(tmp_path):
    content = filmed(tmp_path / "clip.mp4", "320x240", "25", 2).read_bytes()
    with pytest.raises(InputError, match="cut short"):
        read_clip(content[: len(content) // 2])


def test_frames_that_cannot_be_read_are_told_after_those_that_can(tmp_path):
    content = bytearray(recorded(colours(50, 240, 320)))
    start = content.index(b"mdat") + 1500
    content[start:] = bytes(len(content) - start)
    clip = read_clip(bytes(content), "Clip")
    with pytest.raises(InputError, match=r"Clip: the clip is damaged: \d+ of its 50 frames"):
        list(clip.frames(512))


@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
@settings(max_examples=12)
def test_whatever_a_file_holds_it_is_a_clip_or_an_input_error(seed, share):
    draw = np.random.default_rng(seed)
    content = np.frombuffer(SMALL, np.uint8).copy()
    places = draw.integers(0, len(content), max(1, int(30 * share)))
    content[places] = draw.integers(0, 256, len(places))
    try:
        clip = read_clip(content.tobytes())
        assert all(frame.dtype == np.uint8 for frame in clip.frames(64))
    except InputError:
        pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("4200x2400", "25", 0.1), "4200 x 2400 pixels are too many"),
        (("64x8", "25", 0.2), "64 x 8 pixels; choose one of at least 16"),
        (("64x48", "25", 0.2, "-c:v", "wmv2", "-f", "avi"), "coded as wmv2"),
    ],
)
def test_what_is_beyond_the_limits_is_refused_before_it_is_decoded(tmp_path, monkeypatch, options, words):
    path = filmed(tmp_path / "clip.mp4", *options)
    monkeypatch.setattr(video.Clip, "frames", None)
    with pytest.raises(InputError, match=words):
        read_clip(path)


def test_a_file_too_large_is_refused_unread(monkeypatch):
    monkeypatch.setattr(video, "Clip", None)
    with pytest.raises(InputError, match="larger than 32 MB"):
        read_clip(bytes(MAXIMUM_BYTES + 1))


@pytest.mark.parametrize("words", [b"ffconcat version 1.0\nfile other.mp4\n", b"#EXTM3U\n#EXTINF:1,\nother.mp4\n"])
def test_a_list_of_other_files_is_not_followed(tmp_path, words):
    filmed(tmp_path / "other.mp4")
    path = tmp_path / "clip.mp4"
    path.write_bytes(words)
    if words.startswith(b"ffconcat"):
        ffmpeg("-i", path, "-f", "null", "-")  # left to itself, it does
    with pytest.raises(InputError, match="not a clip"):
        read_clip(path)


def test_no_demuxer_but_that_of_the_first_bytes_is_asked(tmp_path):
    other = filmed(tmp_path / "other.mkv")
    with pytest.raises(InputError, match="no pictures"):
        read_clip(b"RIFF\0\0\0\0AVI " + other.read_bytes())


@pytest.mark.slow
def test_frames_are_decoded_only_as_they_are_asked_for_and_decoding_ends_with_the_generator(tmp_path):
    clip = read_clip(filmed(tmp_path / "clip.mp4", "640x480", "25", 4))
    frames = clip.frames(640)
    assert running() == set()
    next(frames)
    decoder = running()
    time.sleep(0.3)
    assert running() == decoder and len(decoder) == 1  # it waits: a hundred frames take it less
    frames.close()
    assert running() == set()


def test_a_recording_plays_everywhere_and_keeps_its_colours():
    frames = colours(12)
    content = recorded(frames, Fraction(30000, 1001))
    assert content.index(b"moov") < content.index(b"mdat")
    assert b"avc1" in content
    clip = read_clip(content)
    assert (clip.count, clip.rate) == (12, Fraction(30000, 1001))
    for frame, again in zip(frames, clip.frames(512), strict=True):
        assert np.abs(frame.astype(int) - again).max() <= 3


def test_of_an_odd_side_the_last_row_or_column_is_cut():
    frame = np.full((33, 47, 3), 200, np.uint8)
    frame[-1], frame[:, -1] = 0, 0
    again = next(read_clip(recorded([frame] * 3)).frames(512))
    assert again.shape == (32, 46, 3)
    assert again.min() > 190


def test_a_recording_that_is_broken_off_keeps_its_frames_and_plays():
    recording = Recording(Fraction(25))
    with pytest.raises(KeyError), recording:
        for place, frame in enumerate(colours(20)):
            if place == 7:
                raise KeyError
            recording.add(frame)
    assert read_clip(recording.content).count == len(list(read_clip(recording.content).frames(64))) == 7


def test_a_recording_without_frames_has_no_content():
    with Recording(Fraction(25)) as recording:
        pass
    assert recording.content == b""


def test_the_sound_goes_with_the_frames_as_far_as_they_go(tmp_path):
    with_sound = tmp_path / "sound.mp4"
    tone = ("-f", "lavfi", "-i", "sine=d=2")
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:d=2", *tone, "-pix_fmt", "yuv420p", with_sound)
    clip = read_clip(with_sound)
    assert clip.sound and clip.count == 50
    with Recording(clip.rate, clip) as recording:
        for frame, _ in zip(clip.frames(64), range(25), strict=False):
            recording.add(frame)
    half = read_clip(recording.content)
    assert half.sound and half.count == 25
    (tmp_path / "half.mp4").write_bytes(recording.content)
    ffmpeg("-i", tmp_path / "half.mp4", "-vn", "-f", "s16le", "-ar", 8000, "-ac", 1, tmp_path / "half.pcm")
    assert (tmp_path / "half.pcm").stat().st_size / 16000 == pytest.approx(1, abs=0.07)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.none(), max_size=4))
@settings(max_examples=12)
@pytest.mark.slow
def test_parameters_come_back_from_a_movie_as_they_went_in(parameters):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "movie.mp4"
        write_clip(SMALL, path, parameters)
        assert read_clip_parameters(path) == parameters
        assert read_clip(path).count == 8


def test_a_clip_without_parameters_says_so():
    with pytest.raises(InputError, match="carries no parameters"):
        read_clip_parameters(SMALL)


@pytest.mark.slow
def test_a_gif_is_bounded_in_size_and_rate_and_lasts_as_long(tmp_path):
    movie = recorded([np.roll(frame, place, 1) for place, frame in enumerate(colours(30, 300, 600))], Fraction(30))
    write_clip(movie, tmp_path / "movie.gif", {})
    clip = read_clip(tmp_path / "movie.gif")
    assert next(clip.frames(1000)).shape == (240, 480, 3)
    assert clip.rate <= 16
    assert float(clip.count / clip.rate) == pytest.approx(1, abs=0.1)


@pytest.mark.slow
@pytest.mark.skipif(not DANCE.exists(), reason="needs ../shared/data/video")
def test_the_dance_comes_with_every_frame_at_its_own_rate():
    clip = read_clip(DANCE)
    assert (clip.count, clip.sound) == (65, True)
    assert float(clip.rate) == pytest.approx(29.93, abs=0.005)  # as `ffmpeg -i` prints it
    with Recording(clip.rate, clip) as recording:
        for frame in clip.frames(256):
            assert frame.shape == (256, 144, 3)
            recording.add(frame)
    again = read_clip(recording.content)
    assert (again.count, again.rate, again.sound) == (clip.count, clip.rate, True)


SMALL = recorded(colours(8, 32, 32))
