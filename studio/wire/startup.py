"""What a server finds when it starts: what is wrong, in a sentence each, and what it would use."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engines.runtime.checkpoints import catalogue, override_folder, present
from engines.runtime.disk import state_folder
from engines.runtime.errors import StudioError
from engines.runtime.fetching import budget, taken, who_may_fetch
from engines.runtime.jobs import JOBS
from engines.runtime.memory import MEMORY
from studio.wire import limits
from studio.wire.origin import hosts, proxies

LEAST_FREE = 200_000_000
"""Bytes of disk without which clips cannot be read: the largest upload, decoded in parts."""


def faults(bound: str) -> list[str]:
    """List what keeps a server that would listen at `bound` from its work, a sentence each; none if all is well."""
    found = [*_wrong_folders()]
    for check in (lambda: hosts(bound), _limits, proxies, who_may_fetch, budget):
        try:
            check()
        except StudioError as error:
            found.append(str(error))
    return found


def described(bound: str) -> list[str]:
    """Describe what a server that would listen at `bound` would use, a line each."""
    from engines.runtime.device import describe

    here = [name for name, checkpoint in catalogue().items() if present(checkpoint) is not None]
    kept = JOBS.folder
    return [
        f"device: {describe()}",
        f"memory for what is kept to be had again: {MEMORY.limit / 1e9:g} GB",
        f"jobs: {kept}, {_free(kept):.1f} GB free",
        f"answers: {_answers()}",
        f"checkpoints of one's own: {override_folder()}",
        f"temporary files: {tempfile.gettempdir()}, {_free(Path(tempfile.gettempdir())):.1f} GB free",
        f"answers as: {hosts(bound)}",
        f"believes the forwarded address of: {proxies() or 'nobody'}",
        f"checkpoints are fetched for: {who_may_fetch()}",
        f"visitors' downloads may take: {budget() / 1e9:g} GB, of which {taken() / 1e9:.1f} are taken",
        f"switched off: {os.environ.get('STUDIO_WITHOUT') or 'nothing'}",
        f"checkpoints here, {len(here)} of {len(catalogue())}: {', '.join(here)}",
        "limits, where STUDIO_LIMITS can change each number:",
        limits.table(_limits()),
    ]


def _limits() -> dict[str, limits.Limit]:
    return limits.read(os.environ.get("STUDIO_LIMITS", ""))


def _wrong_folders() -> Iterator[str]:
    if (words := _unwritable(JOBS.folder)) is not None:
        yield f"Jobs cannot be kept in {JOBS.folder}: {words}. Name another folder in STUDIO_JOBS."
    answers = _answers()
    if answers.is_dir():
        yield f"STUDIO_ANSWERS={str(answers)!r} is a folder; name a file in it, such as {answers / 'answers.sqlite3'}."
    elif (words := _unwritable(answers.parent)) is not None:
        yield f"Answers cannot be kept in {answers}: {words}. Name another file in STUDIO_ANSWERS."
    own = os.environ.get("STUDIO_WEIGHTS")
    if own is not None and Path(own).exists() and not Path(own).is_dir():
        yield f"STUDIO_WEIGHTS={own!r} is no folder; name the folder that holds your checkpoints."
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError:
        yield "No folder takes temporary files; name one that can be written in TMPDIR."
        return
    given = os.environ.get("TMPDIR")
    if given and (words := _unwritable(Path(given))) is not None:
        yield f"TMPDIR={given!r} takes no temporary files: {words}. Name another folder in TMPDIR."
    if shutil.disk_usage(temporary).free < LEAST_FREE:
        yield f"The disk of {temporary} is full; free {LEAST_FREE // 1_000_000} MB, or name another folder in TMPDIR."


def _answers() -> Path:
    return Path(os.environ.get("STUDIO_ANSWERS") or state_folder() / "answers.sqlite3")


def _unwritable(folder: Path) -> str | None:
    """Why nothing can be written into a folder, which is made where it is missing; None where it can."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _free(folder: Path) -> float:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free / 1e9
