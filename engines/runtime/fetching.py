"""Who may fetch checkpoints from the Hub, and how much of the disk visitors' downloads may take.

STUDIO_FETCH is anyone, owner or nobody. `owner` leaves it to whoever runs the studio, by `studio weights fetch`: so it
is on a Space, where nothing else is said. STUDIO_FETCH_GB bounds what visitors' downloads take in all, unfinished ones
included; what the owner fetches is not bound. A file beside a checkpoint's pin notes that a visitor's download brought
it.
"""

import math
import os
from collections.abc import Collection
from pathlib import Path

from filelock import FileLock, Timeout

from engines.runtime.checkpoints import Checkpoint, Group, catalogue, megabytes, own_folder, pin_file, present
from engines.runtime.errors import CheckpointError, DeviceError

CHOICES = ("anyone", "owner", "nobody")
DEFAULT_GIGABYTES = 5.0
"""Room for all that the manifest offers for download."""


def who_may_fetch() -> str:
    """One of "anyone", "owner" and "nobody".

    Raises:
        DeviceError: STUDIO_FETCH is none of them.
    """
    chosen = os.environ.get("STUDIO_FETCH") or ("owner" if "SPACE_ID" in os.environ else "anyone")
    if chosen not in CHOICES:
        raise DeviceError(f"STUDIO_FETCH={chosen!r} is none of {', '.join(CHOICES)}.")
    return chosen


def budget() -> int:
    """Return the bytes that visitors' downloads may take in all.

    Raises:
        DeviceError: STUDIO_FETCH_GB is no number of gigabytes.
    """
    given = os.environ.get("STUDIO_FETCH_GB") or DEFAULT_GIGABYTES
    try:
        gigabytes = float(given)
    except ValueError:
        gigabytes = math.nan
    if not 0 <= gigabytes < math.inf:
        raise DeviceError(f"STUDIO_FETCH_GB={given!r} is no number of gigabytes; set it to one, such as 5.")
    return int(gigabytes * 1e9)


def refusal(wanted: Checkpoint | Group, by_owner: bool = False) -> str | None:
    """Why it is not fetched for a visitor, or for the owner, in a sentence; None where it is."""
    may = who_may_fetch()
    if may == "nobody":
        return "This studio fetches no checkpoints; it uses those that are here."
    if by_owner:
        return None
    remedy = f"Whoever runs this studio can fetch it, by `studio weights fetch {wanted.name}`."
    if may == "owner":
        return remedy
    parts = wanted.members if isinstance(wanted, Group) else (wanted,)
    missing = [each for each in parts if present(each) is None]
    size = sum(each.size for each in missing)
    return f"{too_much(size)} {remedy}" if size > room(missing) else None


def offline() -> str | None:
    """Why no other server is asked, whoever may fetch, in a sentence; None where they may be asked."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "The Hub and other servers must not be asked while HF_HUB_OFFLINE is set."
    return None


def check(wanted: Checkpoint | Group, by_owner: bool = False) -> None:
    """Refuse what nobody here may fetch.

    Raises:
        CheckpointError: it is not to be fetched for a visitor, or for the owner.
    """
    words = refusal(wanted, by_owner)
    if words is not None:
        raise CheckpointError(words)


def too_much(size: int) -> str:
    """Say that a download of so many bytes would pass the budget."""
    left = f"what is left of the {budget() / 1e9:g} GB that visitors' downloads may take here"
    return f"It has {megabytes(size)}, more than {left}."


def book(checkpoint: Checkpoint) -> int:
    """Note that a visitor's download begins, whose lock the caller holds, and return the bytes that it may take.

    Raises:
        CheckpointError: there is no room for it.
        OSError: the folder of downloads cannot be written.
    """
    with FileLock(_own("budget.lock")):
        check(checkpoint)
        _booking(checkpoint).touch()
        return room((checkpoint,))


def adopt(checkpoint: Checkpoint) -> None:
    """Note that the owner fetches a checkpoint, which leaves the visitors' budget."""
    _booking(checkpoint).unlink(missing_ok=True)


def taken() -> int:
    """Count the bytes that visitors' downloads take by now."""
    return budget() - room(())


def room(parts: Collection[Checkpoint]) -> int:
    """Count the bytes of the budget that all other visitors' downloads leave to these."""
    booked = (each for each in catalogue().values() if each not in parts and _booking(each).exists())
    return budget() - sum(map(_takes, booked))


def partly_here(checkpoint: Checkpoint) -> int:
    """Count the bytes of an unfinished download on this machine."""
    return max((partial.stat().st_size for partial in partials(checkpoint)), default=0)


def partials(checkpoint: Checkpoint) -> list[Path]:
    """List the unfinished files of a checkpoint; there are several where its content has changed."""
    pin = pin_file(checkpoint)
    return list(pin.parent.glob(f"{pin.stem}.*.incomplete"))


def lock_file(checkpoint: Checkpoint) -> Path:
    """Return the file whose lock is held by the one process that downloads the checkpoint."""
    return pin_file(checkpoint).with_suffix(".lock")


def _takes(checkpoint: Checkpoint) -> int:
    """Count the bytes of a download: what lies on the disk, or all that it will be while it is on its way."""
    found = present(checkpoint)
    whole = found[1].stat().st_size if found is not None and found[0] == "cached" else 0
    here = whole + sum(partial.stat().st_size for partial in partials(checkpoint))
    return max(here, checkpoint.size) if _is_on_its_way(checkpoint) else here


def _is_on_its_way(checkpoint: Checkpoint) -> bool:
    try:
        with FileLock(lock_file(checkpoint), blocking=False):
            return False
    except Timeout:
        return True
    except OSError:  # Nobody downloads into a folder that cannot be written.
        return False


def _booking(checkpoint: Checkpoint) -> Path:
    return pin_file(checkpoint).with_suffix(".visitors")


def _own(name: str) -> Path:
    return own_folder() / "studio" / name
