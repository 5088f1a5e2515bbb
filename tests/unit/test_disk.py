"""A disk that takes nothing more is told of in a sentence, and nothing half-written stays on it."""

import errno
import os
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.runtime import nested
from engines.runtime.disk import NO_RIGHT, NO_ROOM, explained
from engines.runtime.errors import DeviceError
from engines.runtime.scheduler import Priority, Scheduler
from engines.runtime.video import Recording, read_clip, write_clip
from studio.wire.files import Film
from tests.support.clips import encoded, greys
from tests.support.disks import full
from tests.support.waiting import wait


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, NO_ROOM), (errno.EDQUOT, NO_ROOM), (errno.EROFS, NO_RIGHT)]
)
def test_what_a_visitor_reads_names_no_file(number: int, words: str) -> None:
    error = OSError(number, os.strerror(number), "/var/lib/secret")
    assert str(explained(error)) == words and isinstance(explained(error), DeviceError)


@pytest.mark.parametrize("error", [ValueError("x"), FileNotFoundError(errno.ENOENT, "x"), OSError("no number")])
def test_any_other_error_is_a_bug_as_before(error: Exception) -> None:
    assert explained(error) is error


def test_a_film_that_finds_no_room_ends_in_a_sentence_and_is_made_once_there_is(files: Path) -> None:
    def steps() -> Iterator[Any]:
        with Recording(Fraction(25)) as recording:
            for frame in greys(8):
                recording.add(frame)
                yield {"movie": recording}

    with full():
        failed = wait(Scheduler().submit(steps, Priority.RUN))
    assert str(failed.error) == NO_ROOM and not list(files.iterdir())
    made = wait(Scheduler().submit(steps, Priority.RUN))
    assert made.error is None and made.result["movie"].count == 8


def test_nor_is_a_clip_called_damaged_that_could_not_be_read(files: Path, tmp_path: Path) -> None:
    content = encoded(greys(5), tmp_path / "clip.mp4").read_bytes()
    with full(), pytest.raises(OSError) as error:
        read_clip(content)
    assert str(explained(error.value)) == NO_ROOM
    assert read_clip(content).count == 5 and not list(files.iterdir())


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".webp"])
def test_only_whole_films_are_sent(files: Path, tmp_path: Path, suffix: str) -> None:
    clip = encoded(greys(5), tmp_path / "clip.mp4")
    film = Film(clip, {})
    with full(), pytest.raises(OSError):
        film.file(suffix)
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert film.file(suffix).stat().st_size > 100


def test_what_was_written_in_part_does_not_keep_the_disk_full(tmp_path: Path) -> None:
    nested.write(tmp_path / "value", {"kept": 1})
    with full(), pytest.raises(OSError):
        nested.write(tmp_path / "value", {"new": np.zeros(1000)})
    assert os.listdir(tmp_path) == ["value"] and nested.read(tmp_path / "value") == {"kept": 1}


def test_a_gif_that_ffmpeg_cannot_make_of_nonsense_is_a_bug(files: Path, tmp_path: Path) -> None:
    import subprocess

    with pytest.raises(subprocess.CalledProcessError):
        write_clip(b"\0\0\0\x20ftypisom" + bytes(50), tmp_path / "made.gif", {})
