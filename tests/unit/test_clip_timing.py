"""Of every clip the frames are kept that it shows, from where the visitor says, at a rate that is made, with sound."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engines.runtime.errors import InputError
from engines.runtime.video import Clip, Recording, read_clip
from tests.support.clips import QUIET_X265, encoded, ffmpeg, greys, places

pytestmark = pytest.mark.slow

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", 4, "-pix_fmt", "yuv420p")
TONES = ("-f", "lavfi", "-i", "aevalsrc='if(lt(t,2),0,0.4*sin(2*PI*440*t))':d=4:s=48000", "-map", "0:v", "-map", "1:a")
"""Silence for two seconds, then two of a tone."""


def shown(clip: Clip) -> list[int]:
    frames = list(clip.frames(64))
    assert len(frames) == clip.count
    return places(frames)


def loudness(content: bytes, tmp_path: Path) -> np.ndarray:
    """The root of the mean square of each tenth of a second, of 1."""
    (tmp_path / "movie.mp4").write_bytes(content)
    samples = np.frombuffer(ffmpeg("-i", tmp_path / "movie.mp4", "-f", "f32le", "-ac", 1, "-ar", 8000, "-"), "<f4")
    tenths = samples[: len(samples) // 800 * 800].reshape(-1, 800)
    return np.sqrt((tenths**2).mean(axis=1))


def recorded(clip: Clip) -> bytes:
    with Recording(clip.rate, clip) as recording:
        for frame in clip.frames(64):
            recording.add(frame)
    return recording.content


@pytest.mark.parametrize(
    ("file", "coding"),
    [
        ("hevc.mp4", ("-c:v", "libx265", *QUIET_X265, "-pix_fmt", "yuv420p")),
        ("pyramid.mov", ("-c:v", "libx264", "-bf", 7, "-x264-params", "b-pyramid=normal", "-pix_fmt", "yuv420p")),
        ("mpeg2.mkv", ("-c:v", "mpeg2video", "-bf", 2, "-q:v", 2)),
        ("divx.avi", ("-c:v", "msmpeg4", "-q:v", 2)),
        ("vp8.webm", ("-c:v", "libvpx", "-b:v", "1M")),
        ("av1.mkv", ("-c:v", "librav1e", "-speed", 10, "-qp", 20)),
        ("fragments.mp4", (*H264, "-movflags", "frag_keyframe+empty_moov", "-g", 8)),
    ],
)
def test_every_frame_that_is_shown_is_kept(tmp_path, file, coding):
    clip = read_clip(encoded(greys(40), tmp_path / file, *coding, rate=24))
    assert (clip.count, clip.rate, clip.notices) == (40, 24, {})
    assert shown(clip) == list(range(40))


@pytest.mark.parametrize(
    ("rate", "seconds", "kept", "step"), [(240, 10, 60, 4), (240, 2, 60, 4), (120, 6, 60, 2), (100, 8, 50, 2)]
)
def test_of_a_fast_clip_all_seconds_are_kept_thinned_to_a_rate_that_is_made(tmp_path, rate, seconds, kept, step):
    clip = read_clip(encoded(greys(rate * seconds), tmp_path / "clip.mp4", *H264, rate=rate))
    assert (clip.rate, clip.count) == (kept, kept * seconds)
    assert shown(clip) == [place % 80 for place in range(0, rate * seconds, step)]
    words = f"The clip has {rate} frames a second; one in {step} is used, which makes {kept}."
    assert clip.notices == {"rate": words}


def test_a_short_clip_of_a_hundred_a_second_keeps_them_all(tmp_path):
    clip = read_clip(encoded(greys(60), tmp_path / "clip.mp4", *H264, rate=100))
    assert (clip.rate, clip.count, clip.notices) == (100, 60, {})


def test_times_rounded_to_thousandths_are_no_higher_rate(tmp_path):
    clip = read_clip(encoded(greys(610), tmp_path / "clip.mkv", *H264, rate=60))
    assert clip.count == 600 and float(clip.rate) == pytest.approx(60, rel=0.001)
    assert list(clip.notices) == ["length"]


@pytest.mark.parametrize(
    ("file", "coding"),
    [
        ("clip.mp4", (*H264, "-g", 30)),
        ("open.mp4", ("-c:v", "libx265", "-x265-params", "log-level=error:keyint=12:open-gop=1:crf=4")),
        ("clip.avi", ("-c:v", "mpeg4", "-bf", 2, "-q:v", 2, "-g", 30)),
        ("clip.webm", ("-c:v", "libvpx", "-b:v", "1M", "-g", 30)),
        ("live.webm", ("-c:v", "libvpx", "-b:v", "1M", "-live", 1, "-cluster_time_limit", 1000)),
        ("clip.gif", ()),
    ],
)
def test_a_long_clip_is_taken_from_where_the_visitor_says(tmp_path, file, coding):
    path = encoded(greys(80), tmp_path / file, *coding, rate=10)
    for start in (0.0, 1.3, 4.6):
        clip = read_clip(path, "Clip", seconds=3, start=start)
        assert shown(clip) == list(range(round(10 * start), round(10 * start) + 30)) and clip.rate == 10
        assert clip.notices["length"] == f"The clip lasts 8.0 seconds; 3.0 of them are taken, from second {start:g} on."
    rest = read_clip(path, "Clip", seconds=3, start=6.5)
    assert shown(rest) == list(range(65, 80)) and "1.5 of them" in rest.notices["length"]
    with pytest.raises(InputError, match="^Clip: the clip lasts 8.0 seconds, and none is left from second 9 on"):
        read_clip(path, "Clip", seconds=3, start=9)


def test_a_clip_of_which_all_is_taken_has_nothing_said(tmp_path):
    assert read_clip(encoded(greys(80), tmp_path / "clip.mp4", *H264, rate=10)).notices == {}


def test_a_fast_clip_is_thinned_from_where_it_starts(tmp_path):
    clip = read_clip(encoded(greys(80), tmp_path / "clip.avi", *H264, rate=160), start=0.1)
    assert shown(clip) == list(range(16, 80, 3)) and list(clip.notices) == ["length", "rate"]


def test_a_preview_decodes_one_frame(tmp_path):
    clip = read_clip(encoded(greys(40), tmp_path / "clip.mp4", *H264))
    assert places(list(clip.frames(64, most=1))) == [0]


def test_of_a_rate_that_varies_what_is_left_out_is_said(tmp_path):
    path = tmp_path / "clip.mkv"  # forty frames at 25 a second, and between them thirty within two
    late = "setpts='if(lt(N,40),N/25,if(lt(N,70),1.6+(N-40)/400,1.68+(N-70)/25))/TB'"
    encoded(greys(110), path, "-vf", late, "-fps_mode", "vfr", *H264, "-enc_time_base", "1/1000")
    clip = read_clip(path)
    assert clip.rate == 25 and "left out to make 25 a second" in clip.notices["rate"]
    assert len(shown(clip)) == 82


def test_an_edit_is_followed(tmp_path):
    whole = encoded(greys(60), tmp_path / "whole.mp4", *H264, "-g", 60)
    ffmpeg("-ss", 0.8, "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    assert shown(read_clip(tmp_path / "cut.mp4")) == list(range(20, 60))
    assert shown(read_clip(tmp_path / "cut.mp4", start=1)) == list(range(45, 60))


def test_the_first_of_two_films_is_used_and_the_other_named(tmp_path):
    second = ("-f", "lavfi", "-i", "color=white:s=32x32:d=1", "-map", 0, "-map", 1)
    clip = read_clip(encoded(greys(10), tmp_path / "clip.mkv", *H264, inputs=second))
    assert shown(clip) == list(range(10))
    assert clip.notices == {"films": "The file holds 2 films; the first is used."}


def test_a_cover_is_no_film(tmp_path):
    flat = encoded(greys(10), tmp_path / "flat.mp4", *H264)
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", 1, tmp_path / "cover.png")
    inputs = ("-i", flat, "-i", tmp_path / "cover.png", "-map", 0, "-map", 1)
    ffmpeg(*inputs, "-c", "copy", "-disposition:v:1", "attached_pic", tmp_path / "covered.mp4")
    clip = read_clip(tmp_path / "covered.mp4")
    assert shown(clip) == list(range(10)) and clip.notices == {}


@pytest.mark.parametrize(
    ("file", "codec"),
    [
        *(("clip.mp4", codec) for codec in ("aac", "ac3", "eac3", "libmp3lame", "flac", "alac", "libopus")),
        *(("clip.mov", codec) for codec in ("pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_alaw", "adpcm_ima_wav")),
        *(("clip.mkv", codec) for codec in ("libvorbis", "mp2", "pcm_u8")),
        *(("clip.avi", codec) for codec in ("adpcm_ms", "pcm_mulaw")),
    ],
)
def test_sound_of_usual_codecs_goes_with_the_frames(tmp_path, file, codec):
    clip = read_clip(encoded(greys(100), tmp_path / file, *H264, "-c:a", codec, inputs=TONES))
    assert clip.sound and clip.notices == {}
    loud = loudness(recorded(clip), tmp_path)
    assert len(loud) == pytest.approx(40, abs=1)
    assert loud[:18].max() < 0.05 and loud[22:38].min() > 0.2


def test_sound_that_cannot_be_kept_is_said(tmp_path):
    clip = read_clip(encoded(greys(20), tmp_path / "clip.mkv", *H264, "-c:a", "wmav2", inputs=TONES))
    assert not clip.sound and clip.notices == {"sound": "The clip's sound is coded as wmav2, which cannot be kept."}
    assert not read_clip(recorded(clip)).sound


def test_of_several_tracks_of_sound_the_first_that_can_be_is_kept(tmp_path):
    coding = (*H264, "-map", "1:a", "-c:a:0", "wmav2", "-c:a:1", "aac")
    clip = read_clip(encoded(greys(100), tmp_path / "clip.mkv", *coding, inputs=TONES))
    assert clip.notices == {"sound": "The clip has 2 tracks of sound; track 2 is kept."}
    assert loudness(recorded(clip), tmp_path)[22:38].min() > 0.2


@pytest.mark.parametrize("file", ["clip.mp4", "clip.mkv", "clip.avi"])
def test_sound_starts_where_the_frames_do(tmp_path, file):
    path = encoded(greys(100), tmp_path / file, *H264, "-c:a", "mp3", inputs=TONES)
    loud = loudness(recorded(read_clip(path, start=1.2)), tmp_path)
    assert len(loud) == pytest.approx(28, abs=1)
    assert loud[:6].max() < 0.05 and loud[10:26].min() > 0.2


def test_sound_stays_with_pictures_that_begin_later_than_it(tmp_path):
    flat = encoded(greys(100), tmp_path / "flat.mp4", *H264)
    late = ("-itsoffset", 0.5, "-i", flat, *TONES[:4])
    ffmpeg(*late, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", tmp_path / "late.mp4")
    clip = read_clip(tmp_path / "late.mp4")
    assert (clip.rate, clip.begin) == (25, Fraction(1, 2))
    loud = loudness(recorded(clip), tmp_path)
    assert loud[:13].max() < 0.05 and loud[17:33].min() > 0.2
