"""One private folder for a server's temporary files: visitors' clips lie in it while they are read.

It is locked for as long as its server lives, so that the next one can tell what a killed server has left, and remove
it.
"""

import atexit
import os
import shutil
import tempfile
import time
from pathlib import Path

from filelock import FileLock

from engines.runtime.disk import LOCK, hold

PREFIX = "ten-papers-studio-"
UNFINISHED_SECONDS = 60.0

_held: dict[Path, tuple[FileLock, int | None]] = {}


def sweep() -> None:
    """Remove the folders of servers of this user that are no longer there."""
    parent = Path(tempfile.gettempdir())
    for folder in [*parent.glob(f"{PREFIX}*"), *parent.glob(f".{PREFIX}*")]:
        try:
            about = folder.lstat()
            # Windows, which has no getuid, gives every user a folder of temporary files.
            is_own = not hasattr(os, "getuid") or about.st_uid == os.getuid()
            # Without a lock it was made just now, or its server was killed while it made or removed it.
            is_whole = (folder / LOCK).is_file() or time.time() - about.st_mtime > UNFINISHED_SECONDS
            if is_own and is_whole and (lock := hold(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                lock.release()
        except OSError:
            continue  # Another server removes it just now.


def own_folder() -> Path:
    """Make the folder of this process, into which all temporary files go from now on, those of its children too.

    It is removed when the process ends in order, else by the next `sweep`.
    """
    unfinished = Path(tempfile.mkdtemp(prefix=f".{PREFIX}"))
    lock = hold(unfinished)
    assert lock is not None, "nobody else knows the folder"
    folder = unfinished.rename(unfinished.with_name(unfinished.name.removeprefix(".")))
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
    _held[folder] = lock, _spared(folder)
    atexit.register(remove)
    return folder


def remove() -> None:
    """Remove the folder of this process, with all that lies in it."""
    while _held:
        folder, (lock, spared) = _held.popitem()
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        if spared is not None:
            os.close(spared)


def _spared(folder: Path) -> int | None:
    """Lock the folder itself, or systemd would remove from /tmp what was not touched for ten days.

    Its man page tmpfiles.d(5) says so. Windows has no such lock, and no systemd.
    """
    try:
        import fcntl
    except ImportError:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return descriptor
