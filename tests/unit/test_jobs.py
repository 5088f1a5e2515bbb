"""Jobs outlive pages and servers: on disk, to the last bit, for a day, and for their owner alone."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engines.runtime import nested
from engines.runtime.errors import DeviceError, InputError
from engines.runtime.jobs import DISCARDED, KEPT_JOBS, KEPT_SECONDS, MOST_STARTS, UNDO_SECONDS, Job, Jobs, Run
from engines.runtime.progress import Progress, Saved, Substitution
from engines.runtime.scheduler import LONGEST_LINE, Scheduler, State
from engines.runtime.video import Recording
from studio.runs import run as runs
from tests.support.disks import closed, full, reachable
from tests.support.training_server import PANEL, server
from tests.support.waiting import cancelled, hold, wait, wait_until

STEPS = 200


def count(to: int, gate: threading.Event | None = None, fails: Exception | None = None, *, saved: Any) -> Iterator[Any]:
    """Counts, drawing a number at each step, and stops halfway until the gate is open."""
    draw = np.random.default_rng(1)
    drawn: list[float] = []
    if saved is not None:
        draw.bit_generator.state, drawn = saved["draw"], saved["drawn"]
    for step in range(len(drawn), to):
        drawn.append(draw.random())
        yield {"drawn": {"numbers": list(drawn)}, "last": np.full((2, 2), step)}
        yield Progress((step + 1) / to, f"{step + 1} of {to}")
        yield Saved({"draw": draw.bit_generator.state, "drawn": drawn})
        if step == to // 2 and gate is not None:
            yield {"lost": "unless computed again"}
            gate.wait(10)
    if fails is not None:
        raise fails
    yield {"sum": sum(drawn)}


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "jobs", Scheduler())


def after_a_crash(jobs: Jobs) -> Jobs:
    """Another server that finds what this one has on disk at this moment."""
    folder = jobs.folder.with_name(f"{jobs.folder.name}-copy")
    shutil.copytree(jobs.folder, folder)
    return Jobs(folder, Scheduler())


def always(run: Run) -> Any:
    return lambda name, values: run


def files(job: Job) -> set[str]:
    return {path.name for path in job.folder.iterdir()}


def wait_for(job: Job, name: str) -> None:
    deadline = time.monotonic() + 10
    while name not in job.result:
        assert time.monotonic() < deadline and not job.ended
        job.wait(job.version, 0.1)


def kill_at(training: subprocess.Popen[str], fraction: float) -> int:
    """Read what the server prints until it is that far, then end it as the kernel does; returns how far it was."""
    assert training.stdout is not None
    for line in training.stdout:
        if line.startswith("step") and (step := int(line.split()[1])) >= fraction * STEPS:
            training.send_signal(signal.SIGKILL)
            training.communicate()
            return step
    raise AssertionError("the job ended too early")


def ended(training: subprocess.Popen[str]) -> str:
    said, _ = training.communicate(timeout=240)
    last = said.splitlines()[-1]
    assert last.startswith("ended done ")
    return last


@pytest.mark.proof
def test_a_training_killed_twice_ends_as_an_undisturbed_one_to_the_last_bit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    undisturbed = server(tmp_path / "undisturbed", "start", str(STEPS))
    killed = [kill_at(server(tmp_path / "killed", "start", str(STEPS)), 0.3)]
    killed.append(kill_at(server(tmp_path / "killed", "resume"), 0.7))
    resumed = ended(server(tmp_path / "killed", "resume"))
    assert resumed == ended(undisturbed)
    with capsys.disabled():
        print(
            f"\na training of {STEPS} steps, killed at steps {killed}, ends as an undisturbed one, in "
            f"{time.monotonic() - began:.0f} s with it: {resumed}"
        )


def test_a_job_goes_on_where_it_was_saved_and_what_it_had_made_is_there_at_once(jobs: Jobs) -> None:
    gate = threading.Event()
    run = partial(count, 6, gate)
    job = jobs.start("numbers", {}, run, "a")
    wait_for(job, "lost")
    other = after_a_crash(jobs)
    gate.set()
    hold_back = hold(other.scheduler)
    (resumed,) = other.resume(always(run))
    assert resumed.id == job.id and resumed.visitor == "a" and resumed.state is State.WAITING
    hold_back.set()
    resumed.wait(0)
    assert len(resumed.result["drawn"]["numbers"]) >= 4 and resumed.seconds > 0
    wait(resumed)
    wait(job)
    job.result.pop("lost")
    resumed.result.pop("lost", None)
    assert nested_equal(resumed.result, job.result)
    assert resumed.progress == job.progress == Progress(1, "6 of 6")


def test_a_job_goes_on_with_the_checkpoint_it_fell_back_to(jobs: Jobs) -> None:
    gate = threading.Event()

    def run(*, saved: Any, **values: Any) -> Iterator[Any]:
        if saved is None:
            yield Substitution({"checkpoint": "bundled"}, "The published one is not here.")
            yield Saved({})
            yield {"waits": True}
            gate.wait(10)
        yield {"used": values.get("checkpoint", "published")}

    job = jobs.start("numbers", {}, run, "a")
    wait_for(job, "waits")
    other = after_a_crash(jobs)
    gate.set()
    (resumed,) = other.resume(always(run))
    assert wait(resumed).result == {"used": "bundled"}
    assert resumed.substitution == other.find(job.id, "a").substitution == job.substitution is not None


def test_a_result_is_kept_for_its_owner_after_the_server_but_not_what_the_owner_sent(jobs: Jobs) -> None:
    job = wait(jobs.start("numbers", {"photo": b"private", "to": 3}, partial(count, 3), "a"))
    assert isinstance(job, Job)
    other = after_a_crash(jobs)
    found = other.find(job.id, "a")
    assert found.state is State.DONE and found.progress == job.progress and found.error is None
    assert nested_equal(found.result, job.result)
    assert files(job) == {"job.json", "lock", "result.safetensors"}
    assert other.resume(always(partial(count, 3))) == []


def test_only_its_owner_finds_or_deletes_a_job(jobs: Jobs) -> None:
    gate = threading.Event()
    job = jobs.start("numbers", {}, partial(count, 4, gate), "a")
    for _ in range(2):
        for visitor in ("b", ""):
            with pytest.raises(InputError, match="^That job is no longer here: jobs are kept for a day."):
                jobs.find(job.id, visitor)
            with pytest.raises(InputError):
                jobs.delete(job.id, visitor)
        assert jobs.find(job.id, "a").id == job.id
        gate.set()
        wait(job)


@pytest.mark.parametrize("identifier", ["", ".", "..", "../jobs", "x" * 5000, "a\0b", "*"])
def test_no_identifier_leads_out_of_the_folder(jobs: Jobs, identifier: str) -> None:
    jobs.start("numbers", {}, partial(count, 1), "a")
    with pytest.raises(InputError):
        jobs.find(identifier, "a")
    with pytest.raises(InputError):
        jobs.delete(identifier, "a")


def test_a_deleted_job_is_gone_at_once_and_stays_gone(jobs: Jobs) -> None:
    gate = threading.Event()
    job = jobs.start("numbers", {}, partial(count, 4, gate), "a")
    wait_for(job, "lost")
    jobs.delete(job.id, "a")
    assert list(jobs.folder.iterdir()) == []
    with pytest.raises(InputError):
        jobs.find(job.id, "a")
    gate.set()
    assert wait(job).state is State.CANCELLED
    assert list(jobs.folder.iterdir()) == []
    done = wait(jobs.start("numbers", {}, partial(count, 2), "a"))
    jobs.delete(done.id, "a")
    assert list(jobs.folder.iterdir()) == []


def test_a_deleted_job_can_be_taken_back_until_it_is_gone(jobs: Jobs) -> None:
    forgotten: list[str] = []
    gate = threading.Event()
    job = jobs.start("numbers", {}, partial(count, 4, gate), "a")
    wait_for(job, "lost")
    jobs.delete(job.id, "a", 30, lambda: forgotten.append("first"))
    gate.set()
    assert wait(job).state is State.CANCELLED
    with pytest.raises(InputError, match="no longer here"):
        jobs.find(job.id, "a")
    assert jobs.resume(always(partial(count, 4))) == []
    with pytest.raises(InputError, match="no longer here"):
        jobs.take_back(job.id, "b")
    assert jobs.take_back(job.id, "a").id == jobs.find(job.id, "a").id == job.id
    assert "sum" in wait(jobs.go_on(job.id, "a", always(partial(count, 4)))).result

    jobs.delete(job.id, "a", 0.1, lambda: forgotten.append("second"))
    wait_until(lambda: forgotten)
    assert forgotten == ["second"] and list(jobs.folder.iterdir()) == []
    with pytest.raises(InputError, match="no longer here"):
        jobs.take_back(job.id, "a")


def test_a_job_that_was_deleted_before_a_restart_goes_when_the_next_server_tidies(jobs: Jobs) -> None:
    job = jobs.start("numbers", {}, partial(count, 2), "a")
    wait(job)
    jobs.delete(job.id, "a", 30)
    os.utime(job.folder / DISCARDED, (time.time() - 3 * UNDO_SECONDS,) * 2)
    assert Jobs(jobs.folder, Scheduler()).resume(always(partial(count, 2))) == []
    assert list(jobs.folder.iterdir()) == []


@pytest.mark.parametrize("begun", [False, True])
def test_a_cancelled_job_keeps_what_it_made_and_is_not_resumed(jobs: Jobs, begun: bool) -> None:
    gate, worker = threading.Event(), hold(jobs.scheduler)
    job = jobs.start("numbers", {}, partial(count, 4, gate), "a")
    if begun:
        worker.set()
        wait_for(job, "lost")
    job.cancel()
    gate.set()
    worker.set()
    wait(job)
    other = after_a_crash(jobs)
    assert other.resume(always(partial(count, 4))) == []
    found = other.find(job.id, "a")
    assert found.state is State.CANCELLED and ("drawn" in found.result) is begun


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("begun", [False, True])
def test_a_cancelled_job_goes_on_and_ends_as_if_nothing_had_happened(jobs: Jobs, begun: bool, restarted: bool) -> None:
    undisturbed = wait(jobs.start("numbers", {}, partial(count, 6), "a")).result
    gate, worker = threading.Event(), hold(jobs.scheduler)
    job = jobs.start("numbers", {"to": 6}, partial(count, 6, gate), "a")
    if begun:
        worker.set()
        wait_for(job, "lost")
    job.cancel()
    gate.set()
    worker.set()
    wait(job)
    server = after_a_crash(jobs) if restarted else jobs
    asked: list[Any] = []

    def again(name: str, values: Mapping[str, Any]) -> Run:
        asked.append((name, dict(values)))
        return partial(count, 6)

    with pytest.raises(InputError):
        server.go_on(job.id, "b", again)
    going = server.go_on(job.id, "a", again)
    assert going.id == job.id and asked == [("numbers", {"to": 6})]
    assert server.go_on(job.id, "a", again) in (going, server.find(job.id, "a")) and len(asked) == 1
    result = wait(going).result
    assert result["drawn"] == undisturbed["drawn"] and result["sum"] == undisturbed["sum"]
    assert files(server.find(job.id, "a")) <= {"job.json", "result.safetensors", "lock"}


def test_a_job_that_was_not_cancelled_does_not_go_on(jobs: Jobs) -> None:
    done = wait(jobs.start("numbers", {}, partial(count, 2), "a"))
    assert jobs.go_on(done.id, "a", always(partial(count, 2))).state is State.DONE


def test_an_error_is_told_after_a_restart_in_its_own_words_or_as_an_apology(jobs: Jobs) -> None:
    words = [
        str(after_a_crash_of(jobs, wait(jobs.start("numbers", {}, partial(count, 2, None, error), "a"))).error)
        for error in (InputError("Steps: 0 is too few; give more."), ZeroDivisionError("division by zero"))
    ]
    assert words[0] == "Steps: 0 is too few; give more."
    assert re.match(r"Sorry, this is a mistake of ours; it is in the log as [0-9a-f]{8}\.", words[1])


def after_a_crash_of(jobs: Jobs, job: Any) -> Job:
    return Jobs(jobs.folder, Scheduler()).find(job.id, "a")


def test_a_job_that_another_server_computes_is_left_to_it(jobs: Jobs) -> None:
    gate = threading.Event()
    job = jobs.start("numbers", {}, partial(count, 4, gate), "a")
    wait_for(job, "lost")
    beside = Jobs(jobs.folder, Scheduler())
    os.utime(job.folder, (0, 0))
    assert beside.resume(always(partial(count, 4))) == []
    gate.set()
    assert wait(job).state is State.DONE
    assert beside.find(job.id, "a").result["sum"] == job.result["sum"]


def test_jobs_expire_after_a_day_without_change(jobs: Jobs) -> None:
    job = wait(jobs.start("numbers", {}, partial(count, 2), "a"))
    assert isinstance(job, Job)
    for age, there in ((KEPT_SECONDS - 60, True), (KEPT_SECONDS + 60, False)):
        os.utime(job.folder, (time.time() - age,) * 2)
        jobs.start("numbers", {}, partial(count, 1), "b")
        assert job.folder.exists() is there
    with pytest.raises(InputError):
        jobs.find(job.id, "a")


def test_a_visitor_keeps_the_newest_ended_jobs_and_may_start_so_many(jobs: Jobs) -> None:
    ended = [wait(jobs.start("numbers", {}, partial(count, 1), "a")) for _ in range(KEPT_JOBS + 1)]
    kept = {path.name for path in jobs.folder.iterdir()}
    assert kept == {job.id for job in ended[1:]}
    gate = hold(jobs.scheduler)
    waiting = [jobs.start("numbers", {}, partial(count, 1), "b") for _ in range(LONGEST_LINE)]
    with pytest.raises(InputError, match="^You have 10 runs waiting already"):
        jobs.start("numbers", {}, partial(count, 1), "b")
    assert len(list(jobs.folder.iterdir())) == KEPT_JOBS + LONGEST_LINE
    gate.set()
    for job in waiting:
        wait(job)


def test_a_job_that_ends_the_server_again_and_again_is_given_up_with_what_it_made(jobs: Jobs) -> None:
    gate = threading.Event()
    run = partial(count, 4, gate)
    job = jobs.start("numbers", {}, run, "a")
    wait_for(job, "lost")
    other = after_a_crash(jobs)
    cancelled(job)
    gate.set()
    (other.folder / job.id / "starts").write_text("." * MOST_STARTS)
    (given_up,) = other.resume(always(run))
    assert wait(given_up).state is State.FAILED and "Try a smaller one." in str(given_up.error)
    assert len(given_up.result["drawn"]["numbers"]) == 3


def test_a_server_that_is_stopped_in_order_again_and_again_gives_no_job_up(jobs: Jobs) -> None:
    gate = threading.Event()
    job = jobs.start("numbers", {}, partial(count, 4, gate), "a")
    wait_for(job, "lost")
    (job.folder / "starts").write_text("." * MOST_STARTS)
    jobs.stop()
    other = after_a_crash(jobs)
    cancelled(job)
    gate.set()
    (resumed,) = other.resume(always(partial(count, 4)))
    assert wait(resumed).state is State.DONE


@pytest.mark.parametrize("damaged", ["job.json", "values.safetensors"])
def test_a_damaged_job_stops_neither_the_server_nor_other_jobs(jobs: Jobs, damaged: str) -> None:
    gate = hold(jobs.scheduler)
    waiting = [jobs.start("numbers", {}, partial(count, 2), "a") for _ in range(2)]
    other = after_a_crash(jobs)
    gate.set()
    (other.folder / waiting[0].id / damaged).write_bytes(b"")
    (resumed,) = other.resume(always(partial(count, 2)))
    assert resumed.id == waiting[1].id and wait(resumed).state is State.DONE
    assert other.find(resumed.id, "a").result["sum"] == wait(waiting[1]).result["sum"]


def test_a_disk_that_fails_stops_no_job_and_says_so_where_none_can_be_kept(jobs: Jobs, tmp_path: Path) -> None:
    gate = threading.Event()
    job = jobs.start("numbers", {}, partial(count, 4, gate), "a")
    wait_for(job, "lost")
    for name in ("saved", "result"):
        (job.folder / f"{name}.safetensors.new").mkdir()  # Which cannot be written then, even by root.
    gate.set()
    assert wait(job).state is State.DONE
    assert jobs.find(job.id, "a").result["sum"] == job.result["sum"]
    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceError, match="^The server cannot keep this job: Not a directory. .* STUDIO_JOBS.$"):
        Jobs(tmp_path / "file" / "jobs", Scheduler()).start("numbers", {}, partial(count, 1), "a")


def test_a_full_disk_keeps_a_result_in_memory_and_takes_it_once_there_is_room(jobs: Jobs) -> None:
    gate = threading.Event()
    job = jobs.start("numbers", {}, partial(count, 4, gate), "a")
    wait_for(job, "lost")
    with full():
        gate.set()
        assert wait(job).state is State.DONE
        with pytest.raises(DeviceError, match="^The server cannot keep this job: File too large. .* STUDIO_JOBS.$"):
            jobs.start("numbers", {}, partial(count, 1), "a")
        assert jobs.find(job.id, "a") is job
    assert [path.name for path in jobs.folder.iterdir()] == [job.id] and "result.safetensors" not in files(job)
    assert nested_equal(jobs.find(job.id, "a").result, job.result)
    assert files(job) == {"job.json", "lock", "result.safetensors"}
    assert nested_equal(after_a_crash(jobs).find(job.id, "a").result, job.result)


@pytest.fixture
def reached() -> Iterator[Jobs]:
    with reachable() as folder:
        yield Jobs(folder / "jobs", Scheduler())


def test_in_a_folder_that_may_not_be_written_jobs_are_found_and_what_cannot_be_done_is_said(reached: Jobs) -> None:
    jobs = reached
    done = wait(jobs.start("numbers", {}, partial(count, 2), "a"))
    paused = wait(cancelled(jobs.start("numbers", {}, partial(count, 2), "a")))
    os.utime(jobs.folder / done.id, (0, 0))
    with closed(jobs.folder):
        assert jobs.find(done.id, "a").state is State.DONE
        for refused in (
            lambda: jobs.delete(done.id, "a"),
            lambda: jobs.go_on(paused.id, "a", always(partial(count, 2))),
        ):
            with pytest.raises(DeviceError, match="^The server cannot change what it keeps of this job: Permission"):
                refused()
        with pytest.raises(DeviceError, match="^The server cannot keep this job: Permission denied."):
            jobs.start("numbers", {}, partial(count, 1), "a")
    assert wait(jobs.go_on(paused.id, "a", always(partial(count, 2)))).state is State.DONE
    jobs.delete(paused.id, "a")
    assert list(jobs.folder.iterdir()) == []


def test_a_job_of_the_studio_is_kept_with_its_values_where_a_panel_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(tmp_path / "jobs", Scheduler())
    monkeypatch.setattr(runs, "JOBS", jobs)
    gate = hold(jobs.scheduler)
    experiment = PANEL.experiments[0]
    job = runs.start(experiment, {"steps": 3}, visitor="a", panel="training")
    unkept = runs.start(experiment, {"steps": 3}, visitor="a")
    with pytest.raises(InputError):
        runs.start(experiment, {"steps": "few"}, visitor="a", panel="training")
    assert [path.name for path in jobs.folder.iterdir()] == [job.id]
    assert json.loads((jobs.folder / job.id / "job.json").read_text())["name"] == "training/train"
    copy = after_a_crash(jobs)
    monkeypatch.setattr(runs, "JOBS", copy)
    (resumed,) = runs.resume([PANEL])
    gate.set()
    assert wait(resumed).result == {**wait(unkept).result, "picture": resumed.result["picture"]}
    assert np.array_equal(resumed.result["picture"], unkept.result["picture"])


def test_a_job_whose_experiment_is_gone_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs(tmp_path / "jobs", Scheduler())
    gate = hold(jobs.scheduler)
    job = jobs.start("training/none", {}, partial(count, 1), "a")
    copy = after_a_crash(jobs)
    cancelled(job)
    gate.set()
    monkeypatch.setattr(runs, "JOBS", copy)
    (resumed,) = runs.resume([PANEL])
    assert str(wait(resumed).error) == "The studio no longer has what this job computes."


def nested_equal(one: Any, other: Any) -> bool:
    """Whether two nested values are the same, kinds, types and bits."""
    if type(one) is not type(other):
        return False
    match one:
        case dict():
            return list(one) == list(other) and all(nested_equal(one[name], other[name]) for name in one)
        case list() | tuple():
            return len(one) == len(other) and all(map(nested_equal, one, other))
        case np.ndarray() | np.generic() | torch.Tensor():
            return one.dtype == other.dtype and one.shape == other.shape and bits(one) == bits(other)
        case float():
            return one == other and math.copysign(1, one) == math.copysign(1, other) or one != one and other != other
        case _:
            return bool(one == other)


def bits(value: Any) -> bytes:
    if isinstance(value, torch.Tensor):
        value = value.contiguous().reshape(-1).view(torch.uint8).numpy() if value.numel() else np.empty(0)
    return bytes(np.ascontiguousarray(value).tobytes())


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=9)
DTYPES = st.sampled_from(["float32", "float64", "float16", "int64", "int32", "uint8", "bool"])
ARRAYS = arrays.arrays(DTYPES, arrays.array_shapes(min_dims=0, min_side=0, max_side=3))
KEYS = st.integers() | st.text() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    SCALARS | ARRAYS | ARRAYS.map(torch.from_numpy) | arrays.from_dtype(np.dtype("float32")),
    lambda parts: (
        st.lists(parts, max_size=3) | st.lists(parts, max_size=3).map(tuple) | st.dictionaries(KEYS, parts, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_what_is_written_is_read_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "value.safetensors"
    nested.write(path, value)
    assert nested_equal(nested.read(path), value)


def test_bfloat16_views_and_recordings_are_read_as_they_were(tmp_path: Path) -> None:
    recording = Recording(Fraction(30000, 1001))
    recording.count, recording.content = 7, b"film"
    half = torch.arange(6.0).bfloat16().reshape(2, 3)
    nested.write(tmp_path / "value", {"half": half, "turned": half.T, "shared": half[0], "film": recording})
    read = nested.read(tmp_path / "value")
    assert nested_equal([read["half"], read["turned"], read["shared"]], [half, half.T, half[0]])
    assert (read["film"].rate, read["film"].count, read["film"].content) == (Fraction(30000, 1001), 7, b"film")


@pytest.mark.parametrize("value", [{1, 2}, object(), Progress(0, ""), 1j, {"deep": [threading.Event]}])
def test_what_has_no_words_is_refused_and_the_file_before_it_stays(tmp_path: Path, value: Any) -> None:
    nested.write(tmp_path / "value", {"kept": 1})
    with pytest.raises(TypeError, match="cannot be saved"):
        nested.write(tmp_path / "value", {"new": value})
    assert nested.read(tmp_path / "value") == {"kept": 1}


def test_a_mapping_of_any_kind_is_read_as_a_dictionary_in_its_order(tmp_path: Path) -> None:
    value: Mapping[Any, Any] = torch.nn.Linear(2, 1).state_dict()
    nested.write(tmp_path / "value", value)
    assert list(nested.read(tmp_path / "value")) == ["weight", "bias"]
