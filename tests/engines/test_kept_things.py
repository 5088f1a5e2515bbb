"""Nothing that the studio keeps stays broken: whatever fails while it is used, the next use gives the same bits."""

import importlib
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from engines.runtime.checkpoints import find
from engines.runtime.downloads import download, latest
from engines.runtime.errors import InputError
from engines.runtime.kept import arrays_in, kept
from engines.runtime.memory import Cache
from engines.runtime.resident import RESIDENT, Resident
from engines.runtime.scheduler import Priority, Scheduler, State
from engines.runtime.video import Recording, read_clip
from engines.shared.landmarks import detection
from engines.time_limited_humans import service
from engines.time_limited_humans.answers import Answers
from pages.examples import examples
from pages.vid2vid.label_examples import _street
from studio.runs.run import finished
from tests.support import ROOT
from tests.support.bits import digest
from tests.support.kept_things import kept_things
from tests.support.kept_uses import ELSEWHERE, USES, Use, dancer, photo
from tests.support.pictures import png

pytestmark = pytest.mark.slow

OURS = tuple(str(ROOT / folder) for folder in ("engines", "pages", "studio"))


class Cancelled(BaseException):
    """What no `except Exception` takes, as KeyboardInterrupt is."""


OF_LOCKS = ("__enter__", "__exit__", "acquire", "release")
"""In these nothing is raised."""
ERRORS = (InputError, MemoryError, Cancelled, RuntimeError)
"""What is raised, from the first call of a use to its last."""


def interrupted(run: Callable[[], Any], at: int, error: BaseException) -> int:
    """Run it, and raise the error in the `at`-th call that our code makes or gets; how many calls there were."""
    calls = 0

    def watch(frame: Any, event: str, called: Any) -> None:
        nonlocal calls
        counts = event == "call" or (event == "c_call" and called.__name__ not in OF_LOCKS)
        if counts and frame.f_code.co_filename.startswith(OURS):
            calls += 1
            if calls == at:
                raise error

    sys.setprofile(watch)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls


def forget(use: Use) -> None:
    """Let the things of a use be as in a new process."""
    RESIDENT._entries.clear()
    for thing in use.things:
        file, _, name = thing.partition(":")
        module = importlib.import_module(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        found: Any = getattr(module, name.partition(".")[0], None)
        if hasattr(found, "cache_clear"):
            found.cache_clear()
        elif isinstance(found, Cache) or name in ("_faces", "_FOUND", "_models", "PATTERNS"):
            found.clear()


def test_every_kept_thing_is_used_here_or_elsewhere() -> None:
    used = {thing for use in USES for thing in use.things}
    assert used | ELSEWHERE.keys() == kept_things()
    assert not used & ELSEWHERE.keys()


SLOW = ("landmarks", "streets", "rooms", "films", "held_films", "dance")
"""Of the uses, those that take seconds; `make proof` tries them too."""


@pytest.mark.parametrize(
    "use",
    [pytest.param(use, marks=[pytest.mark.proof] * (use.run.__name__ in SLOW), id=use.run.__name__) for use in USES],
)
def test_what_failed_in_the_middle_gives_the_same_bits_to_the_next_who_asks(use: Use) -> None:
    wanted = digest(use.run())
    forget(use)
    calls = interrupted(lambda: digest(use.run()), 0, Cancelled())
    raised = 0
    for place, error in enumerate(ERRORS):
        forget(use)
        try:
            interrupted(lambda: digest(use.run()), 1 + place * (calls - 1) // (len(ERRORS) - 1), error("in a test"))
        except (error, InputError):  # Readers of files say everything in a sentence.
            raised += 1
        assert digest(use.run()) == wanted
    assert raised, "nothing failed"


def test_what_is_kept_is_made_once_and_cannot_be_changed() -> None:
    made = []

    @kept(1)
    def pair(count: int) -> tuple[np.ndarray, Mapping[str, list[np.ndarray]]]:
        made.append(count)
        if count < 0:
            raise InputError("a count is not negative")
        return np.arange(count), {"ones": [np.ones(count)]}

    for _ in range(2):
        with pytest.raises(InputError):
            pair(-1)
    first, second = pair(3), pair(3)
    assert made == [-1, -1, 3] and first is second
    for array in (first[0], first[1]["ones"][0]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


def test_every_array_that_a_cache_of_ours_gives_is_read_only() -> None:
    from engines.taskonomy.answers import in_room
    from pages.vid2vid.label_clip import LabelClip
    from studio.drawn.globes import _front
    from studio.kinds.photo import _decoded

    labels = LabelClip("Labels").open(_street(0, 0.0))
    for given in (in_room(0), _front(), _decoded(png(photo(20, 30)), "Photograph"), labels.frames):
        found = list(arrays_in(given))
        assert found and not any(array.flags.writeable for array in found)


# mediapipe's graphs


KINDS: dict[str, Callable[[np.ndarray], Any]] = {
    "near": detection.find_faces,
    "far": detection.find_faces,
    "mesh": detection.follow_face,
    "pose": detection.find_pose,
    "followed pose": partial(detection.follow_pose, visitor="a visitor"),
    "segmentation": detection.segment_people,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_that_fails_is_made_anew_for_the_next_picture(kind: str) -> None:
    frame = dancer(1)[0]
    detection._forget(kind)
    wanted = digest(KINDS[kind](frame))
    broken = detection._models[kind, os.getpid()]
    with pytest.raises((TypeError, ValueError, AttributeError, RuntimeError, NotImplementedError)):
        detection._answer(kind, frame.astype(np.complex128))
    assert (kind, os.getpid()) not in detection._models
    assert digest(KINDS[kind](frame)) == wanted
    assert detection._models[kind, os.getpid()] is not broken


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "segmentation"])
def test_a_graph_that_is_broken_fails_once_and_no_more(kind: str) -> None:
    """As by a picture without pixels, which a tile of a strip was once. (One would end the process in segmentation.)"""
    frame = dancer(1)[0]
    detection._forget(kind)
    wanted = digest(KINDS[kind](frame))
    with pytest.raises(RuntimeError, match="width and height must be > 0"):
        detection._models[kind, os.getpid()].process(np.zeros((0, 64, 3), np.uint8))
    with pytest.raises(RuntimeError, match="Graph has errors"):
        KINDS[kind](frame)
    assert digest(KINDS[kind](frame)) == wanted


@pytest.mark.parametrize("size", [(1, 1024), (1024, 1), (15, 4000), (2, 2)])
def test_a_picture_that_is_too_narrow_is_refused_by_every_model(size: tuple[int, int]) -> None:
    narrow = np.zeros((*size, 3), np.uint8)
    for look in KINDS.values():
        with pytest.raises(InputError, match="too narrow"):
            look(narrow)


def test_strips_that_are_wide_enough_are_looked_through_whole() -> None:
    assert detection.find_faces(np.zeros((16, 20_000, 3), np.uint8)) == []
    assert detection.find_faces(np.zeros((2_000, 40, 3), np.uint8)) == []


def test_whoever_is_followed_after_an_odd_frame_or_a_failure_is_followed_as_if_nobody_had_been() -> None:
    frames = dancer(4)

    def followed(visitor: str) -> str:
        return digest([detection.follow_pose(frame, visitor) for frame in frames])

    detection._forget("followed pose")
    detection._followed = None, 0.0
    wanted = followed("first")
    for odd in (frames[0][:40], frames[0][:, :60], np.zeros_like(frames[0]), frames[0][:10], frames[0].astype(complex)):
        with suppress(Exception):
            detection.follow_pose(np.ascontiguousarray(odd), "first")
        # A second later, when nobody is followed any more.
        detection._followed = detection._followed[0], 0.0
        assert followed("next") == wanted
        detection._followed = None, 0.0
        assert followed("first") == wanted


def test_many_threads_are_served_while_pictures_of_others_fail() -> None:
    frame = dancer(1)[0]
    wanted = digest(detection.find_pose(frame))

    def look(number: int) -> str:
        if number % 3 == 0:
            with pytest.raises((TypeError, InputError)):
                detection.find_pose(frame.astype(complex) if number % 2 else frame[:9])
        return digest(detection.find_pose(frame))

    with ThreadPoolExecutor(4) as people:
        assert set(people.map(look, range(18))) == {wanted}


FORK = """
import os, sys
from engines.shared.landmarks import detection
from tests.support.kept_uses import dancer
from tests.support.bits import digest
frame = dancer(1)[0]
if sys.argv[1] == "used":
    detection.find_pose(frame)
detection._lock.acquire()  # As by another thread, in the middle of a picture.
child = os.fork()
if not child:
    try:
        print(digest(detection.find_pose(frame)), flush=True)
    except RuntimeError as error:
        print(error, flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize("before", ["unused", "used"])
def test_a_forked_process_has_its_own_graphs_and_waits_for_no_lock_of_its_parent(before: str) -> None:
    command = [sys.executable, "-c", FORK, before]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    expected = digest(detection.find_pose(dancer(1)[0])) if before == "unused" else "mediapipe ends a process"
    assert run.returncode == 0 and run.stdout.startswith(expected), run.stderr[-2000:]


# Machine code on the disk

KERNEL = """
import sys
import numpy as np
from engines.runtime.kernels import kernel

@kernel(nogil=True)
def total(values):
    found = 0.0
    for value in values:
        found += value
    return found

print(total(np.arange(5.0)), sum(total.stats.cache_hits.values()))
"""


def kernel_run(folder: Path, limit: int | None = None) -> str:
    """What a new process computes, and how many kernels it found on the disk, of which it may write so many bytes."""
    folder.mkdir(exist_ok=True)
    if not (folder / "summing.py").exists():
        (folder / "summing.py").write_text(KERNEL)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-B", str(folder / "summing.py")],
        env=environment,
        capture_output=True,
        text=True,
        preexec_fn=None if limit is None else partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.strip()


@pytest.mark.proof
def test_machine_code_that_is_damaged_or_cannot_be_written_is_compiled_anew_and_kept_again(tmp_path: Path) -> None:
    assert kernel_run(tmp_path, limit=100) == "10.0 0"
    assert [kernel_run(tmp_path), kernel_run(tmp_path)] == ["10.0 0", "10.0 1"]
    for kind, content in (("*.nbi", b""), ("*.nbi", b"\x80\x05garbage"), ("*.nbc", b""), ("*.nbc", b"\x80\x05garbage")):
        (file,) = (tmp_path / "cache").rglob(kind)
        file.write_bytes(content)
        assert [kernel_run(tmp_path), kernel_run(tmp_path)] == ["10.0 0", "10.0 1"]


# Networks, the worker, films, downloads, answers


def test_a_network_that_cannot_leave_the_accelerator_is_built_anew() -> None:
    resident = Resident(limit=100)
    built = []

    def build(where: str) -> nn.Module:
        built.append(where)
        return nn.Linear(8, 8, device=where)

    first = resident.get("first", partial(build, "meta"))  # What has no numbers cannot be copied.
    assert resident.get("second", partial(build, "meta")) is not first
    assert isinstance(resident.get("first", partial(build, "cpu")), nn.Linear)
    assert built == ["meta", "meta", "cpu"]


class Stubborn:
    """Steps that cannot be closed."""

    def __iter__(self) -> "Stubborn":
        return self

    def __next__(self) -> Any:
        raise SystemExit("a library's, in the middle of a step")

    def close(self) -> None:
        raise RuntimeError("still at it")


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), MemoryError()])
def test_the_worker_outlives_whatever_a_step_raises(error: BaseException) -> None:
    scheduler = Scheduler()

    def fail() -> Iterator[Any]:
        yield {"made": 1}
        raise error

    failed = scheduler.submit(fail, Priority.RUN)
    stubborn = scheduler.submit(Stubborn, Priority.RUN)
    after = scheduler.submit(lambda: iter([{"made": 2}]), Priority.RUN)
    for task in (failed, stubborn):
        with pytest.raises(Exception):  # noqa: B017
            finished(task)
        assert task.state is State.FAILED
    assert finished(after) == {"made": 2}


FULL_DISK = """
import resource
from pathlib import Path
from studio.wire.files import Film
film = Film(Path("assets/examples/dancer.mp4"), {"panel": "tests"})
for suffix in (".mp4", ".gif", ".webp"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    try:
        film.file(suffix)
    except Exception as error:
        print(type(error).__name__)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    other = Film(Path("assets/examples/dancer.mp4"), {"panel": "tests"})
    whole = other.file(suffix).read_bytes()
    assert film.file(suffix).read_bytes() == whole and len(whole) > 1000, suffix
"""


def test_a_film_of_which_the_disk_took_a_part_is_made_anew() -> None:
    run = subprocess.run([sys.executable, "-c", FULL_DISK], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0 and len(run.stdout.split()) == 3, run.stderr[-2000:]


def test_frames_after_an_encoder_was_killed_or_decoding_was_left_are_the_same() -> None:
    clip = read_clip(examples("dancer")["dancer"]())
    wanted = digest(list(islice(clip.frames(64), 3)))
    frames = clip.frames(64)
    next(frames)
    frames.close()
    with pytest.raises(OSError), Recording(Fraction(10)) as recording:  # noqa: PT012
        for frame in islice(clip.frames(64), 3):
            recording.add(frame)
            assert recording._encoder is not None
            os.kill(recording._encoder.pid, signal.SIGKILL)
            recording._encoder.wait()
    assert digest(list(islice(clip.frames(64), 3))) == wanted


def test_a_download_whose_thread_could_not_start_is_started_by_the_next_who_asks() -> None:
    record = replace(find("biggan-small"), name="of tests")
    before = threading.stack_size(2**46)
    try:
        with pytest.raises(RuntimeError, match="start new thread"):
            download(record)
    finally:
        threading.stack_size(before)
    assert latest(record) is None
    assert download(record).wait(60) is not State.WAITING


def test_answers_are_kept_again_after_their_file_was_removed(tmp_path: Path) -> None:
    kept_in = Answers(tmp_path / "answers.sqlite3", service.answers().every)
    kept_in.open_room()
    for file in tmp_path.iterdir():
        file.unlink()
    room, key = kept_in.open_room()
    kept_in.begin(24, room)
    kept_in.end_room(room, key)
