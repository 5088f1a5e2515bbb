"""Says what a visitor reads where a disk takes nothing more, and holds the lock by which processes share a folder."""

import errno
import os
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from engines.runtime.errors import DeviceError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The system's error numbers that say a disk takes no more."""
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Those that say it may not be written."""
LOCK = "lock"
PROBE_BYTES = 2**20
"""What is written to learn why another program could not write."""
NO_ROOM = "The server's disk is full, so nothing of this was kept. Try again later; whoever runs it can free room."
NO_RIGHT = (
    "The server may not read or write a file that it needs, so nothing of this was kept. Whoever runs the studio can "
    "learn from `studio serve --check` which folders it uses."
)


def state_folder() -> Path:
    """Return the folder in which this user's programs keep what lasts."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "ten-papers-studio"


def explained(error: Exception) -> Exception:
    """Return what a visitor can read where a disk is full or may not be written, else the error as it is."""
    if not isinstance(error, OSError) or error.errno not in FULL + CLOSED:
        return error
    words = DeviceError(NO_ROOM if error.errno in FULL else NO_RIGHT)
    words.__cause__ = error
    return words


def check_room(folder: Path) -> None:
    """Write a little into a folder, and remove it again.

    Raises:
        OSError: what kept another program from writing there, too.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(PROBE_BYTES))


def hold(folder: Path) -> FileLock | None:
    """Take the lock of a folder; return None if another process holds it.

    Raises:
        OSError: the folder cannot be written.
    """
    lock = FileLock(folder / LOCK, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    return lock
