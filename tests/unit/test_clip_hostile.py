"""Whatever bytes a visitor sends are a clip or an InputError, within seconds and little memory, and nothing else."""

import resource
import threading
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.hostile import hidden_frames
from engines.runtime.errors import InputError
from engines.runtime.ffmpeg import CONTAINERS, PREVIEW_CPU_SECONDS
from engines.runtime.video import Recording, read_clip
from tests.support.clips import QUIET_X265, encoded, ffmpeg, greys
from tests.support.pictures import png

pytestmark = pytest.mark.slow

MOST_SECONDS = 5
MOST_MEGABYTES = 500
SOUND = ("-f", "lavfi", "-i", "sine=d=0.4", "-map", "0:v", "-map", "1:a")
KINDS = {
    "clip.mp4": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"),
    "clip.mov": ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s16le"),
    "clip.mkv": ("-c:v", "libx265", *QUIET_X265, "-pix_fmt", "yuv420p10le", "-c:a", "libvorbis"),
    "clip.webm": ("-c:v", "libvpx-vp9", "-cpu-used", 8, "-c:a", "libopus"),
    "clip.avi": ("-c:v", "mpeg4", "-c:a", "adpcm_ms"),
    "clip.gif": (),
}


@cache
def whole(file: str) -> bytes:
    with TemporaryDirectory() as folder:
        inputs = () if file == "clip.gif" else SOUND
        return encoded(greys(10), Path(folder) / file, *KINDS[file], inputs=inputs).read_bytes()


def taken(content: bytes, start: float = 0) -> bool:
    """Whether a file is read, from its first frame to the movie that is made of it."""
    before, seconds = used()
    try:
        clip = read_clip(content, start=start)
        with Recording(clip.rate, clip) as recording:
            for frame in clip.frames(64):
                recording.add(frame)
        assert recording.count == clip.count and recording.content
        return True
    except InputError:
        return False
    finally:
        largest, after = used()
        # For a moment a process that is started counts as its own what this one holds.
        ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        assert after - seconds < MOST_SECONDS and largest <= max(before, ours, MOST_MEGABYTES)


def used() -> tuple[float, float]:
    """Megabytes of the largest process ever started from here, and seconds of computing of all together."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_maxrss / 1024, children.ru_utime + children.ru_stime


@pytest.mark.parametrize("file", KINDS)
@given(edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=6))
@settings(max_examples=5)
def test_a_clip_with_a_few_bits_turned_is_read_or_refused(file, edits):
    content = bytearray(whole(file))
    for share, bit in edits:
        content[int(share * len(content))] ^= 1 << bit
    taken(bytes(content))


@pytest.mark.parametrize("file", KINDS)
@given(begin=st.floats(0, 1), length=st.integers(1, 5000))
@settings(max_examples=3)
def test_a_clip_out_of_which_something_is_cut_is_read_or_refused(file, begin, length):
    content = whole(file)
    place = int(begin * len(content))
    taken(content[:place] + content[place + length :], start=0.1)


@given(kind=st.sampled_from(CONTAINERS), rest=st.binary(max_size=400), zeros=st.integers(0, 5000))
@settings(max_examples=20)
def test_any_bytes_behind_the_mark_of_a_container_are_refused(kind, rest, zeros):
    offset, mark, _ = kind
    assert not taken(bytes(offset) + mark + rest + bytes(zeros))


@given(st.binary(max_size=2000))
@settings(max_examples=50)
def test_any_bytes_are_refused(content):
    assert not taken(content)


def test_what_is_whole_is_read():
    assert all(taken(whole(file)) for file in KINDS)


def test_damaged_sound_is_said_and_the_frames_are_kept():
    content = whole("clip.mkv")
    place = content.index(b"\x05vorbis")
    clip = read_clip(content[:place] + bytes(400) + content[place + 400 :])
    assert clip.notices == {"sound": "The clip's sound is damaged and cannot be kept."} and not clip.sound
    assert len(list(clip.frames(64))) == 10


def test_a_frame_that_would_fill_memory_is_refused_before_it_is_decoded(tmp_path):
    ffmpeg("-f", "lavfi", "-i", "color=red:s=6000x4000", "-frames:v", 1, "-c:v", "mpeg4", tmp_path / "huge.avi")
    with pytest.raises(InputError):
        read_clip(tmp_path / "huge.avi")
    assert not taken((tmp_path / "huge.avi").read_bytes())


def test_a_picture_is_no_clip():
    assert not taken(png(greys(1)[0]))


def test_a_clip_of_far_too_many_frames_is_refused_at_once(monkeypatch):
    from engines.runtime import tracks

    monkeypatch.setattr(tracks, "MAXIMUM_PACKETS", 8)
    with pytest.raises(InputError, match="Clip: the clip has 8 frames or more"):
        read_clip(whole("clip.mp4"), "Clip")


def test_an_edit_list_over_many_large_frames_does_not_take_more_than_a_preview_may() -> None:
    clip = read_clip(hidden_frames(600))
    assert clip.count == 1
    _, before = used()
    with pytest.raises(InputError, match="0 of its 1 frames can be read within 1 seconds of computing"):
        list(clip.frames(64, most=1, cpu_seconds=1))
    assert 0.5 < used()[1] - before < MOST_SECONDS


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux tells another process's bounds")
def test_a_preview_may_take_less_of_the_processor_than_a_whole_clip(tmp_path: Path) -> None:
    clip = read_clip(encoded(greys(60, 400, 400), tmp_path / "clip.mp4"))

    def bound(**within: int) -> int:
        with closing(clip.frames(400, **within)) as frames:
            next(frames)
            (child,) = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
            return resource.prlimit(int(child), resource.RLIMIT_CPU)[0]

    assert (bound(cpu_seconds=PREVIEW_CPU_SECONDS), bound()) == (30, 600)
