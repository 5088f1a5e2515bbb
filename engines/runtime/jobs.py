"""Jobs: long work that lives in the server and on its disk, so that neither a reload nor a restart loses it.

Each has a folder: `job.json` says whose it is and what it computes, `values.safetensors` holds the control values,
`saved.safetensors` the result so far with what the job needs to go on, `starts` a byte for each start since that was
saved. Once it has ended, `result.safetensors` takes the place of these three; of the last alone where it was cancelled,
for then it may go on. The server that computes it holds `lock`.
"""

import json
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from engines.runtime import nested
from engines.runtime.errors import DeviceError, InputError, StudioError
from engines.runtime.progress import Progress, Saved, Substitution
from engines.runtime.scheduler import SCHEDULER, Priority, Scheduler, State, Task

log = logging.getLogger(__name__)

KEPT_SECONDS = 24 * 3600
KEPT_JOBS = 10
"""Ended jobs of one visitor that are kept, at most."""
MOST_STARTS = 3
"""A job that has not been saved once in so many starts may be what ends the server, and is given up."""

ABOUT, VALUES, SAVED, STARTS, RESULT, LOCK = (
    "job.json",
    "values.safetensors",
    "saved.safetensors",
    "starts",
    "result.safetensors",
    "lock",
)
GONE = "That job is no longer here: jobs are kept for a day. Start it again."
GIVEN_UP = f"The server ended {MOST_STARTS} times while it computed this job, before it had got on. Try a smaller one."
MISTAKE = "Sorry, this job ended by a mistake of ours, which is in the server's log. Start it again."


class Run(Protocol):
    """What a job computes: from its beginning where `saved` is None, else on from that state; `values` take the place
    of what the visitor chose."""

    def __call__(self, *, saved: Any, **values: Any) -> Iterator[Any]: ...


class Job(Task):
    """A task that is kept in a folder as well, whose name is its identifier."""

    def __init__(self, folder: Path, run: Run, visitor: str, jobs: "Jobs") -> None:
        super().__init__(partial(run, saved=None), Priority.JOB, jobs.scheduler, visitor)
        self.id = folder.name
        self.folder = folder
        self._run: Run | None = run
        self._jobs = jobs

    def recall(self, path: Path) -> Any:
        """Stand where the job stood when that file was written; returns what it needs to go on."""
        kept = nested.read(path)
        self.result, self.seconds, self.progress = kept["result"], kept["seconds"], Progress(*kept["progress"])
        self.state, self.error = State(kept["state"]), kept["error"] and StudioError(kept["error"])
        self.substitution = kept["substitution"] and Substitution(*kept["substitution"])
        return kept["needs"]

    def write(self, path: Path, state: State, needs: Mapping[str, Any] | None) -> None:
        """Write where the job stands, for `recall`."""
        words = str(self.error) if isinstance(self.error, StudioError) else MISTAKE
        kept = {
            "result": self.result,
            "seconds": self.seconds,
            "progress": tuple(self.progress),
            "state": state.value,
            "error": self.error and words,
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
    """The jobs in the folders under `folder`, computed by `scheduler`; each is its own visitor's alone."""

    def __init__(self, folder: Path, scheduler: Scheduler) -> None:
        self.folder = folder
        self.scheduler = scheduler
        self._going: dict[str, tuple[Job, FileLock]] = {}
        self._lock = threading.RLock()

    def start(self, name: str, values: Mapping[str, Any], run: Run, visitor: str) -> Job:
        """Queue a job; `name` and the control values are what `resume` finds its run by.

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
            lock = _hold(unfinished)
            unfinished.rename(folder)
        except OSError as error:
            log.warning("no job can be kept in %s", self.folder, exc_info=True)
            raise DeviceError(
                f"The server cannot keep this job: {error.strerror}. Whoever runs it can name another folder in the "
                "variable STUDIO_JOBS."
            ) from error
        assert lock is not None, "nobody else knows the folder"
        return self._queue(Job(folder, run, visitor, self), lock)

    def resume(self, again: Callable[[str, Mapping[str, Any]], Run]) -> list[Job]:
        """Queue the jobs that servers now gone left unfinished, in the order they came; `again` finds the run of a name
        and control values."""
        self._tidy()
        resumed = []
        for folder, about in self._folders().items():
            if not _has_ended(folder) and (lock := _hold(folder)) is not None:
                try:
                    run = again(about["name"], nested.read(folder / VALUES))
                except Exception:
                    log.exception("job %s is damaged and cannot be resumed", folder.name)
                    lock.release()
                else:
                    resumed.append(self._queue(Job(folder, run, about["visitor"], self), lock))
        return resumed

    def go_on(self, identifier: str, visitor: str, again: Callable[[str, Mapping[str, Any]], Run]) -> Job:
        """Queue that visitor's job, which was cancelled, from where it was saved last; `again` as for `resume`.

        Raises:
            InputError: that visitor has none of that identifier, or as many jobs as one may have.
        """
        with self._lock:
            job = self.find(identifier, visitor)
            if job.state is not State.CANCELLED:
                return job
            self.scheduler.check_room(visitor, Priority.JOB)
            self._let_go(job)
            lock = _hold(job.folder)
            if lock is None:
                raise InputError(GONE)
            run = again(self._folders()[job.folder]["name"], nested.read(job.folder / VALUES))
            (job.folder / RESULT).unlink(missing_ok=True)
            return self._queue(Job(job.folder, run, visitor, self), lock)

    def find(self, identifier: str, visitor: str) -> Job:
        """The job of that identifier, going on or ended within the last day.

        Raises:
            InputError: that visitor has none of that identifier.
        """
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

    def delete(self, identifier: str, visitor: str) -> None:
        """Stop that visitor's job, if it goes on, and remove all that is kept of it.

        Raises:
            InputError: that visitor has none of that identifier.
        """
        job = self.find(identifier, visitor)
        with self._lock:
            self._let_go(job)
            shutil.rmtree(job.folder)
        job.cancel()

    def count_start(self, job: Job) -> int:
        """How often the job was started since it was saved, this time included; called by the worker alone."""
        with self._lock:
            if job.id not in self._going:
                return 1
            with open(job.folder / STARTS, "a") as starts:
                starts.write(".")
                return starts.tell()

    def save(self, job: Job, needs: Mapping[str, Any]) -> None:
        """Keep the result so far, and what the job needs to go on; called by the worker alone."""
        with self._lock:
            if job.id not in self._going:
                return  # It was deleted while this step was computed.
            try:
                job.write(job.folder / SAVED, job.state, needs)
                (job.folder / STARTS).unlink(missing_ok=True)
            except OSError:
                log.warning("job %s goes on, but could not be saved", job.id, exc_info=True)

    def end(self, job: Job, state: State) -> None:
        """Keep the result, but what the visitor sent only where the job may go on; called by the worker alone."""
        with self._lock:
            if job.id not in self._going:
                return
            try:
                job.write(job.folder / RESULT, state, None)
                for name in (STARTS,) if state is State.CANCELLED else (VALUES, SAVED, STARTS):
                    (job.folder / name).unlink(missing_ok=True)
            except Exception:
                log.exception("the result of job %s cannot be kept on disk; it stays in memory", job.id)
            else:
                self._let_go(job)

    def _queue(self, job: Job, lock: FileLock) -> Job:
        with self._lock:
            self._going[job.id] = job, lock
        self.scheduler.add(job)
        return job

    def _let_go(self, job: Job) -> None:
        if job.id in self._going:
            _, lock = self._going.pop(job.id)
            lock.release()

    def _folders(self) -> dict[Path, dict[str, Any]]:
        """What is said about each job in its folder, in the order they came."""
        said = {}
        for path in self.folder.glob(f"*/{ABOUT}"):
            with suppress(OSError, ValueError):  # Removed meanwhile, or damaged: then it goes after a day.
                if not path.parent.name.startswith("."):
                    said[path.parent] = json.loads(path.read_text())
        return dict(sorted(said.items(), key=lambda item: item[1]["created"]))

    def _tidy(self) -> None:
        """Remove what has not changed for a day."""
        oldest = time.time() - KEPT_SECONDS
        for folder in self.folder.glob("*"):
            with suppress(FileNotFoundError):  # Another server may tidy as well.
                if folder.stat().st_mtime < oldest:
                    self._remove(folder)

    def _forget_oldest(self, visitor: str) -> None:
        about = self._folders()
        ended = [folder for folder in about if about[folder]["visitor"] == visitor and _has_ended(folder)]
        for folder in ended[: 1 - KEPT_JOBS]:
            self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """Remove what is kept of a job, unless a server computes it."""
        with self._lock:
            lock = None if folder.name in self._going else _hold(folder)
            if lock is not None:
                shutil.rmtree(folder)
                lock.release()


def _nothing(*, saved: Any, **values: Any) -> Iterator[Any]:
    """The run of a job that has ended."""
    return iter(())


def _has_ended(folder: Path) -> bool:
    return (folder / RESULT).exists()


def _hold(folder: Path) -> FileLock | None:
    """The lock of a job's folder; None where another server holds it."""
    lock = FileLock(folder / LOCK, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    return lock


def _folder() -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return Path(os.environ.get("STUDIO_JOBS") or state / "ten-papers-studio" / "jobs")


JOBS = Jobs(_folder(), SCHEDULER)
"""The jobs of this process; the variable STUDIO_JOBS says where they are kept."""
