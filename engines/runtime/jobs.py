"""Runs jobs: long work that lives in the server and on its disk, so that neither a reload nor a restart loses it.

Each job has a folder. `job.json` says whose job it is and what it computes, `values.safetensors` holds the control
values, `saved.safetensors` the result so far with what the job needs to continue, and `starts` a byte for each start
since that was saved. When the job has ended, `result.safetensors` replaces these three; if it was cancelled, it
replaces only `starts`, because the job may continue. The server that computes a job holds its `lock`. `discarded` says
that its visitor has deleted it, which may be undone for a minute.
"""

import errno
import json
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock

from engines.runtime import nested
from engines.runtime.bugs import number, sentence
from engines.runtime.disk import hold, state_folder
from engines.runtime.errors import DeviceError, InputError, StudioError
from engines.runtime.progress import Progress, Saved, Substitution
from engines.runtime.scheduler import SCHEDULER, Priority, Scheduler, State, Task

log = logging.getLogger(__name__)

KEPT_SECONDS = 24 * 3600
KEPT_JOBS = 10
"""The largest number of ended jobs that are kept for one visitor."""
UNDO_SECONDS = 60.0
"""How long a visitor may take back that a job is deleted."""
MOST_STARTS = 3
"""A job that was started so many times without being saved once may be what ends the server, and is given up."""

ABOUT, VALUES, SAVED, STARTS, RESULT, DISCARDED = (
    "job.json",
    "values.safetensors",
    "saved.safetensors",
    "starts",
    "result.safetensors",
    "discarded",
)
GONE = "That job is no longer here: jobs are kept for a day. Start it again."
GIVEN_UP = f"The server ended {MOST_STARTS} times while it computed this job, before it had got on. Try a smaller one."
NOT_KEPT = (
    "The server cannot keep this job: {}. Whoever runs it can free room, or name another folder in the variable "
    "STUDIO_JOBS."
)
NOT_CHANGED = "The server cannot change what it keeps of this job: {}. Try again later; it is kept for a day at most."


class Run(Protocol):
    """Describes what a job computes: from the beginning if `saved` is None, else on from that state.

    The `values` replace what the visitor chose.
    """

    def __call__(self, *, saved: Any, **values: Any) -> Iterator[Any]:
        """Compute the job, step by step."""


class Job(Task):
    """Is a task that is also kept in a folder; the folder's name is its identifier."""

    def __init__(self, folder: Path, run: Run, visitor: str, jobs: "Jobs") -> None:
        super().__init__(partial(run, saved=None), Priority.JOB, jobs.scheduler, visitor)
        self.id = folder.name
        self.folder = folder
        self._run: Run | None = run
        self._jobs = jobs

    def recall(self, path: Path) -> Any:
        """Restore the state of the job when that file was written, and return what it needs to continue."""
        kept = nested.read(path)
        self.result, self.seconds, self.progress = kept["result"], kept["seconds"], Progress(*kept["progress"])
        self.state, self.error = State(kept["state"]), kept["error"] and StudioError(kept["error"])
        self.substitution = kept["substitution"] and Substitution(*kept["substitution"])
        return kept["needs"]

    def write(self, path: Path, state: State, needs: Mapping[str, Any] | None) -> None:
        """Write the state of the job, for `recall`."""
        kept = {
            "result": self.result,
            "seconds": self.seconds,
            "progress": tuple(self.progress),
            "state": state.value,
            "error": self.error and sentence(self.error),
            "substitution": self.substitution and tuple(self.substitution),
            "needs": needs,
        }
        nested.write(path, kept)

    def _begin(self) -> Iterator[Any]:
        run, self._run = self._run, None
        assert run is not None, "a task begins once"
        if (self.folder / SAVED).exists():
            needs = self.recall(self.folder / SAVED)
            self._start = partial(run, saved=needs, **(self.substitution.values if self.substitution else {}))
        if self._jobs.count_start(self) > MOST_STARTS:
            raise InputError(GIVEN_UP)
        return super()._begin()

    def _take(self, made: Any) -> None:
        if isinstance(made, Saved):
            self._jobs.save(self, made.state)
        else:
            super()._take(made)

    def _keep(self, state: State) -> None:
        self._run = None
        self._jobs.end(self, state)


class Jobs:
    """Keeps the jobs in the folders under `folder`, computed by `scheduler`; no visitor has access to another's."""

    def __init__(self, folder: Path, scheduler: Scheduler) -> None:
        self.folder = folder
        self.scheduler = scheduler
        self._going: dict[str, tuple[Job, FileLock]] = {}
        self._unkept: dict[str, tuple[Job, State]] = {}
        """Ended jobs whose result the disk did not take, and which are tried again."""
        self._lock = threading.RLock()

    def start(self, name: str, values: Mapping[str, Any], run: Run, visitor: str) -> Job:
        """Queue a job; `resume` finds its run again by `name` and the control values.

        Raises:
            InputError: the visitor has as many jobs as one may have.
            DeviceError: the disk cannot keep it.
        """
        self.scheduler.check_room(visitor, Priority.JOB)
        self._tidy()
        self._forget_oldest(visitor)
        folder = self.folder / secrets.token_urlsafe(16)
        unfinished = folder.with_name("." + folder.name)  # Nobody looks at it before it is whole.
        try:
            unfinished.mkdir(mode=0o700, parents=True)
            (unfinished / ABOUT).write_text(json.dumps({"name": name, "visitor": visitor, "created": time.time()}))
            nested.write(unfinished / VALUES, values)
            lock = hold(unfinished)
            unfinished.rename(folder)
        except OSError as error:
            log.warning("no job can be kept: %s", error.strerror)
            shutil.rmtree(unfinished, ignore_errors=True)
            raise DeviceError(NOT_KEPT.format(error.strerror)) from error
        assert lock is not None, "nobody else knows the folder"
        return self._queue(Job(folder, run, visitor, self), lock)

    def resume(self, again: Callable[[str, Mapping[str, Any]], Run]) -> list[Job]:
        """Queue the jobs that servers which no longer run left unfinished, in the order they came.

        Args:
            again: finds the run by its name and control values.
        """
        self._tidy()
        resumed = []
        for folder, about in self._folders().items():
            if _is_discarded(folder) or _has_ended(folder):
                continue
            lock = None
            try:
                if (lock := hold(folder)) is None:
                    continue
                run = again(about["name"], nested.read(folder / VALUES))
            except Exception as error:
                log.warning("job %s cannot be resumed: %s", short(folder.name), type(error).__name__)
                if lock is not None:
                    lock.release()
            else:
                resumed.append(self._queue(Job(folder, run, about["visitor"], self), lock))
        return resumed

    def go_on(self, identifier: str, visitor: str, again: Callable[[str, Mapping[str, Any]], Run]) -> Job:
        """Queue a visitor's cancelled job from where it was saved last; `again` is as for `resume`.

        Raises:
            InputError: that visitor has no job of that identifier, or as many jobs as one may have.
            DeviceError: the disk cannot be written.
        """
        with self._lock, _changing():
            job = self.find(identifier, visitor)
            if job.state is not State.CANCELLED:
                return job
            self.scheduler.check_room(visitor, Priority.JOB)
            if job.id in self._unkept:
                raise DeviceError(NOT_CHANGED.format(os.strerror(errno.ENOSPC)))
            self._let_go(job)
            run = again(self._folders()[job.folder]["name"], nested.read(job.folder / VALUES))
            lock = hold(job.folder)
            if lock is None:
                raise InputError(GONE)
            (job.folder / RESULT).unlink(missing_ok=True)
            return self._queue(Job(job.folder, run, visitor, self), lock)

    def find(self, identifier: str, visitor: str) -> Job:
        """Find a visitor's job by its identifier, while it runs or within a day after its end.

        Raises:
            InputError: that visitor has no job of that identifier.
        """
        job = self._find(identifier, visitor)
        if _is_discarded(job.folder):
            raise InputError(GONE)
        return job

    def _find(self, identifier: str, visitor: str) -> Job:
        self._tidy()
        with self._lock:
            if identifier in self._going:
                job, _ = self._going[identifier]
                if job.visitor == visitor:
                    return job
            for folder, about in self._folders().items():
                if folder.name == identifier and about["visitor"] == visitor and _has_ended(folder):
                    job = Job(folder, _nothing, visitor, self)
                    job.recall(folder / RESULT)
                    return job
        raise InputError(GONE)

    def delete(
        self, identifier: str, visitor: str, after: float = 0, forget: Callable[[], None] = lambda: None
    ) -> None:
        """Stop a visitor's job, if it runs, and remove all that is kept of it, unless it is taken back before.

        Args:
            after: so many seconds later.
            forget: removes what is kept of it elsewhere, at the same time.

        Raises:
            InputError: that visitor has no job of that identifier.
            DeviceError: the disk cannot be written; what is left goes after a day.
        """
        job = self.find(identifier, visitor)
        job.cancel()
        mark = secrets.token_hex(4)
        with _changing():
            (job.folder / DISCARDED).write_text(mark)
            if after == 0:
                self._delete_discarded(job, mark, forget)
                return
        timer = threading.Timer(after, self._delete_discarded, (job, mark, forget))
        timer.daemon = True  # What a server leaves at its end goes when the next one tidies.
        timer.start()

    def take_back(self, identifier: str, visitor: str) -> Job:
        """Keep a job that its visitor has discarded within the last minute.

        Raises:
            InputError: that visitor has no job of that identifier any more.
        """
        with self._lock:
            job = self._find(identifier, visitor)
            (job.folder / DISCARDED).unlink(missing_ok=True)
        return job

    def _delete_discarded(self, job: Job, mark: str, forget: Callable[[], None]) -> None:
        with self._lock:
            try:
                is_meant = (job.folder / DISCARDED).read_text() == mark
            except FileNotFoundError:
                return
            if is_meant:
                for name in (ABOUT, RESULT, SAVED, VALUES, STARTS):
                    (job.folder / name).unlink(missing_ok=True)
                self._let_go(job)
                shutil.rmtree(job.folder)
                forget()

    def count_start(self, job: Job) -> int:
        """Count how often the job was started since it was saved, this time included; only the worker calls this."""
        with self._lock:
            if job.id not in self._going:
                return 1
            try:
                with open(job.folder / STARTS, "a") as starts:
                    starts.write(".")
                    return starts.tell()
            except OSError as error:
                log.warning("job %s starts, but that could not be counted: %s", short(job.id), error.strerror)
                return 1

    def save(self, job: Job, needs: Mapping[str, Any]) -> None:
        """Keep the result so far, and what the job needs to continue; only the worker calls this."""
        with self._lock:
            if job.id not in self._going:
                return  # It was deleted while this step was computed.
            try:
                job.write(job.folder / SAVED, job.state, needs)
                (job.folder / STARTS).unlink(missing_ok=True)
            except OSError as error:
                log.warning("job %s goes on, but could not be saved: %s", short(job.id), error.strerror)

    def end(self, job: Job, state: State) -> None:
        """Keep the result, and what the visitor sent only if the job may continue; in memory while the disk is full."""
        with self._lock:
            self._unkept.pop(job.id, None)
            if job.id not in self._going:
                return
            try:
                job.write(job.folder / RESULT, state, None)
                for name in (STARTS,) if state is State.CANCELLED else (VALUES, SAVED, STARTS):
                    (job.folder / name).unlink(missing_ok=True)
            except OSError as error:
                log.warning("the result of job %s stays in memory: %s", short(job.id), error.strerror)
                self._unkept[job.id] = job, state
            except Exception as error:
                log.error("the result of job %s stays in memory: bug %s", short(job.id), number(error))
            else:
                self._let_go(job)

    def stop(self) -> None:
        """Note that the server ends in order: no job that goes on is what ends it."""
        with self._lock:
            for job, _ in self._going.values():
                with suppress(OSError):
                    (job.folder / STARTS).unlink(missing_ok=True)

    def _queue(self, job: Job, lock: FileLock) -> Job:
        with self._lock:
            self._going[job.id] = job, lock
        self.scheduler.add(job)
        return job

    def _let_go(self, job: Job) -> None:
        self._unkept.pop(job.id, None)
        if job.id in self._going:
            _, lock = self._going.pop(job.id)
            lock.release()

    def _folders(self) -> dict[Path, dict[str, Any]]:
        """Read what is said about each job in its folder, in the order they came."""
        said = {}
        for path in self.folder.glob(f"*/{ABOUT}"):
            with suppress(
                OSError, ValueError
            ):  # It was removed meanwhile, or is damaged and will be removed after a day.
                if not path.parent.name.startswith("."):
                    said[path.parent] = json.loads(path.read_text())
        return dict(sorted(said.items(), key=lambda item: item[1]["created"]))

    def _tidy(self) -> None:
        """Remove the folders that have not changed for a day, and those that were deleted longer than a minute ago.

        Results for which there was no room before are kept now.
        """
        with self._lock:
            for job, state in list(self._unkept.values()):
                self.end(job, state)
        now = time.time()
        for folder in self.folder.glob("*"):
            with suppress(OSError):  # Another server may tidy as well, or nothing can be written just now.
                age, most = now - folder.stat().st_mtime, float(KEPT_SECONDS)
                if _is_discarded(folder):
                    age, most = now - (folder / DISCARDED).stat().st_mtime, 2 * UNDO_SECONDS
                if folder.is_dir() and age > most:
                    self._remove(folder)

    def _forget_oldest(self, visitor: str) -> None:
        about = self._folders()
        ended = [folder for folder in about if about[folder]["visitor"] == visitor and _has_ended(folder)]
        for folder in ended[: 1 - KEPT_JOBS]:
            with suppress(OSError):
                self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """Remove what is kept of a job, unless a server computes it."""
        with self._lock:
            lock = None if folder.name in self._going else hold(folder)
            if lock is not None:
                shutil.rmtree(folder)
                lock.release()


def _nothing(*, saved: Any, **values: Any) -> Iterator[Any]:
    """Stand in for the run of a job that has ended."""
    return iter(())


def short(identifier: str) -> str:
    """Shorten a job's or a run's identifier for the log, from which nobody can make the whole one again."""
    return identifier[:8]


@contextmanager
def _changing() -> Iterator[None]:
    """Say in a sentence if the disk does not let a job be changed."""
    try:
        yield
    except OSError as error:
        raise DeviceError(NOT_CHANGED.format(error.strerror)) from error


def _has_ended(folder: Path) -> bool:
    return (folder / RESULT).exists()


def _is_discarded(folder: Path) -> bool:
    return (folder / DISCARDED).exists()


def _folder() -> Path:
    return Path(os.environ.get("STUDIO_JOBS") or state_folder() / "jobs")


JOBS = Jobs(_folder(), SCHEDULER)
"""The jobs of this process; the variable STUDIO_JOBS says where they are kept."""
