"""Downloads checkpoints in the background, from the Hub and from plain addresses, each once, resumed and checked.

A file from the Hub goes into the Hub's own cache. engines/runtime/hub.py asks it, engines/runtime/transfer.py receives.
"""

import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from engines.runtime import fetching, hub
from engines.runtime.bugs import sentence
from engines.runtime.checkpoints import (
    Checkpoint,
    Group,
    expected_sha256,
    is_sha256,
    is_sound,
    locate,
    megabytes,
    own_folder,
    pin_file,
    plain_file,
    present,
    sha256,
)
from engines.runtime.disk import FULL
from engines.runtime.errors import CheckpointError
from engines.runtime.fetching import lock_file, partials, partly_here
from engines.runtime.scheduler import State
from engines.runtime.transfer import Explain, Receiving, Trouble, explain_plain

PATIENCE = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each new attempt; the row starts over whenever the file grows."""
LONGEST_WAIT = 60.0
"""Seconds; if a server asks for more, the visitor has to start the download again."""
POLL = 0.2
"""Seconds between two looks at a download that another process runs."""
TELLING = 1_000_000
"""Bytes received at least for their rate to say how long another download takes."""


class _Cancelled(Exception):
    pass


class _Damaged(Exception):
    pass


Started = TypeVar("Started", bound="Fetch")


class Fetch:
    """Is a download in the background; any thread may read how far it is.

    `name` is what is downloaded; `done` and `total` are bytes. `error` is the sentence on the last trouble: for a
    running download the one that it is overcoming, for a failed one why it failed. `str()` tells all of it.
    """

    name: str
    done: int
    total: int
    rate: float
    """Bytes a second of this attempt."""

    def __init__(self) -> None:
        self.state = State.WAITING
        self.error: str | None = None
        self._cancel, self._finished = threading.Event(), threading.Event()
        self._ending = threading.Lock()

    @property
    def ended(self) -> bool:
        """Tell whether it is done, failed or cancelled."""
        return self._finished.is_set()

    @property
    def seconds_left(self) -> float | None:
        """Estimate the seconds that are left; None before anything has arrived."""
        return (self.total - self.done) / self.rate if self.rate else None

    def wait(self, seconds: float | None = None) -> State:
        """Wait until the download ends, or for that many seconds, and return its state."""
        self._finished.wait(seconds)
        return self.state

    def cancel(self) -> None:
        """Stop the download; what has arrived is kept, and the next download continues from there."""
        self._cancel.set()
        self._enter(State.CANCELLED)

    def __str__(self) -> str:
        name, arrived = self.name, f"{self.done / 1e6:,.1f} of {megabytes(self.total)}"
        if self.state is State.DONE:
            return f"{name} is here."
        if self.state is State.FAILED:
            return f"{name} could not be downloaded. {self.error}"
        if self.state is State.CANCELLED:
            return f"The download of {name} was cancelled at {arrived}, which are kept."
        if self.state is State.WAITING:
            if self.done:
                return f"{name} is already being downloaded: {arrived}."
            return f"{name} is about to be downloaded ({megabytes(self.total)})."
        trouble = f" {self.error} It is tried again." if self.error else ""
        left = "" if self.seconds_left is None else f", {self.rate / 1e6:.1f} MB/s, {self.seconds_left:.0f} s left"
        return f"{name} is being downloaded: {arrived}{left}.{trouble}"

    def run(self) -> None:
        """Download, check and keep; return when that is done, or was given up."""
        try:
            self._bring()
            self.error = None
            self._enter(State.DONE)
        except _Cancelled:
            self._enter(State.CANCELLED)
        except CheckpointError as error:
            self.error = str(error)
            self._enter(State.FAILED)
        except Exception as error:
            self.error = sentence(error)
            self._enter(State.FAILED)

    def _bring(self) -> None:
        raise NotImplementedError

    def _enter(self, state: State) -> None:
        """Change the state, unless the download has already ended: `cancel` ends it before its thread notices."""
        with self._ending:
            if not self.ended:
                self.state = state
                if state is not State.RUNNING:
                    self._finished.set()


class Download(Fetch):
    """Brings one checkpoint onto this machine, for a visitor or for the owner."""

    def __init__(self, checkpoint: Checkpoint, by_owner: bool = False) -> None:
        super().__init__()
        self.checkpoint, self.name = checkpoint, checkpoint.name
        self._by_owner, self._room = by_owner, math.inf
        self.done, self.total = 0, checkpoint.size
        self._receiving: Receiving | None = None
        self._since = time.monotonic()

    @property
    def rate(self) -> float:  # type: ignore[override]
        """Compute the bytes a second of this attempt."""
        received = 0 if self._receiving is None else self._receiving.received
        return received / max(time.monotonic() - self._since, 1e-3)

    def _bring(self) -> None:
        if self._by_owner:
            fetching.adopt(self.checkpoint)
        if not _is_usable(self.checkpoint):
            self._download()
        self.done = self.total = locate(self.checkpoint).stat().st_size

    def _download(self) -> None:
        if not self.checkpoint.fetchable:
            raise CheckpointError(self.checkpoint.remedy)
        with self._writing(), self._alone():
            if _is_usable(self.checkpoint):  # Another process got it while this one waited.
                return
            if not self._by_owner:
                self._room = fetching.book(self.checkpoint)
            self._enter(State.RUNNING)
            self._remove_damaged()
            self._from_any_source()

    def _remove_damaged(self) -> None:
        """Remove what was downloaded and the disk altered; another version of the file may stay."""
        found = present(self.checkpoint)
        if found is None:
            return
        kind, path = found
        if kind != "cached":
            raise CheckpointError(f"{path} was altered. Delete it. {self.checkpoint.remedy}")
        content = path.resolve()
        if sha256(content) != content.name:  # The Hub's cache names large files by their sum.
            path.unlink()
            content.unlink(missing_ok=True)

    def _from_any_source(self) -> None:
        """Download the file from the Hub, or else from the first of the addresses that gives the right one."""
        offline = fetching.offline()
        if offline is not None:
            raise CheckpointError(f"{offline} Unset it. {_other_ways(self.checkpoint)}")
        sources: list[Callable[[], None]] = [partial(self._from_address, each) for each in self.checkpoint.addresses]
        if self.checkpoint.repo is not None:
            sources.insert(0, self._from_hub)
        refusals = []
        for source in sources:
            try:
                self._persist(source)
                break
            except Trouble as trouble:
                refusals.append(str(trouble))
        else:
            raise CheckpointError(" ".join([*refusals, _other_ways(self.checkpoint)]))
        for outdated in partials(self.checkpoint):
            outdated.unlink()
        if self._receiving is not None and self._receiving.received >= TELLING:
            _rate_file().write_text(f"{self.rate:.0f}")

    def _persist(self, source: Callable[[], None]) -> None:
        """Attempt to download from a source until it succeeds, as long as another attempt may help.

        Raises:
            Trouble: no other attempt may help.
        """
        tries, furthest, damaged = 0, 0, False
        while True:
            self._receiving, self._since = None, time.monotonic()
            try:
                return source()
            except _Damaged as error:
                if damaged:
                    raise Trouble(f"The file arrived altered twice: {error}.", None) from None
                damaged = True
                continue
            except Trouble as error:
                trouble = error
            if self.done > furthest:
                tries, furthest = 0, self.done
            if trouble.wait is None or trouble.wait > LONGEST_WAIT or tries == len(PATIENCE):
                raise trouble
            self.error = str(trouble)
            if self._cancel.wait(max(trouble.wait, PATIENCE[tries])):
                raise _Cancelled
            tries += 1

    def _from_hub(self) -> None:
        checkpoint = self.checkpoint
        listing = hub.describe(checkpoint)
        listed = listing.etag if is_sha256(listing.etag) else None
        expected = expected_sha256(checkpoint) or listed
        other_file = listed is not None and expected is not None and not listed.startswith(expected)
        if other_file or (checkpoint.revision or listing.commit) != listing.commit:
            raise Trouble(
                f"{checkpoint.repo} now holds another {checkpoint.file} than the one this studio knows.", None
            )
        kept = hub.blob(checkpoint, listing)
        self.total = listing.size
        if kept.exists() and not sha256(kept).startswith(expected or ""):
            kept.unlink()
        if not kept.exists():
            arrived = self._partial(listed or expected or listing.etag)
            explain = partial(hub.explain, checkpoint=checkpoint, headers=listing.headers)
            self._receive(Receiving(arrived, listing.size), listing.address, listing.headers, explain)
            self._check(arrived, listed or expected)
            hub.keep(checkpoint, listing, arrived)
        hub.name_in_cache(checkpoint, listing)
        if checkpoint.revision is None or not is_sha256(checkpoint.sha256 or ""):
            self._pin(listing.commit, sha256(kept) if listed is None else listed)

    def _from_address(self, address: str) -> None:
        checkpoint = self.checkpoint
        expected = expected_sha256(checkpoint)
        arrived = self._partial(expected or "unknown")
        self._receive(Receiving(arrived), address, {}, explain_plain)
        found = self._check(arrived, expected)
        plain = plain_file(checkpoint)
        plain.parent.mkdir(parents=True, exist_ok=True)
        os.replace(arrived, plain)
        if not is_sha256(checkpoint.sha256 or ""):
            self._pin(None, found)

    def _partial(self, content: str) -> Path:
        """Return where what arrives of that content is kept; every source continues there, since the sum decides."""
        return pin_file(self.checkpoint).with_suffix(f".{content}.incomplete")

    def _receive(self, receiving: Receiving, address: str, headers: Mapping[str, str], explain: Explain) -> None:
        from huggingface_hub import constants

        self._receiving = receiving

        def tell() -> None:
            if self._cancel.is_set():
                raise _Cancelled
            self.done, self.total, self.error = receiving.done, receiving.total or self.total, None
            if max(self.done, self.total) > self._room:  # The manifest's size may be approximate.
                raise CheckpointError(fetching.too_much(max(self.done, self.total)))

        self.done, self._since = receiving.done, time.monotonic()
        receiving.receive(address, headers, explain, constants.HF_HUB_DOWNLOAD_TIMEOUT, tell)

    def _check(self, arrived: Path, expected: str | None) -> str:
        """Return the sum of what arrived; remove it if it is not the expected one."""
        found = sha256(arrived)
        if expected is not None and not found.startswith(expected):
            arrived.unlink()
            raise _Damaged(f"its SHA-256 is {found}, and should be {expected}")
        return found

    def _pin(self, commit: str | None, found: str) -> None:
        written = pin_file(self.checkpoint).with_suffix(".new")
        written.write_text(json.dumps({"commit": commit, "sha256": found}))
        os.replace(written, pin_file(self.checkpoint))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the one lock that every process takes for this file; while another holds it, report its progress."""
        from filelock import Timeout
        from huggingface_hub.utils import WeakFileLock

        pin = pin_file(self.checkpoint)
        pin.parent.mkdir(parents=True, exist_ok=True)
        (own_folder() / "snapshots").mkdir(exist_ok=True)  # by which the Hub's tools know a repository
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(WeakFileLock(lock_file(self.checkpoint), timeout=POLL))
                    break
                except Timeout:
                    self.done = partly_here(self.checkpoint)
                if self._cancel.is_set():
                    raise _Cancelled
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn the error of a cache that is full, or cannot be written, into a sentence."""
        try:
            yield
        except OSError as error:
            from huggingface_hub import constants

            if error.errno in FULL:
                raise CheckpointError(
                    f"The disk that holds {constants.HF_HUB_CACHE} is full: {megabytes(self.total - self.done)} more "
                    "are needed. Free them, or set HF_HUB_CACHE to a folder on another disk."
                ) from error
            raise CheckpointError(
                f"{constants.HF_HUB_CACHE} cannot be written: {error.strerror or error}. Make it writable, or set "
                "HF_HUB_CACHE to a folder that is."
            ) from error


def _other_ways(checkpoint: Checkpoint) -> str:
    return f"A copy from elsewhere serves too: `studio weights import {checkpoint.name} FILE`."


def _rate_file() -> Path:
    return own_folder() / "studio" / "rate"


def expected_seconds(size: int) -> float | None:
    """Estimate how long so many bytes take here, by the last download; None if there was none."""
    try:
        return size / max(float(_rate_file().read_text()), 1)
    except (OSError, ValueError):
        return None


class GroupDownload(Fetch):
    """Brings the checkpoints of a group onto this machine, one after the other, as far as the first that fails."""

    def __init__(self, group: Group, by_owner: bool = False) -> None:
        super().__init__()
        self.group, self._by_owner = group, by_owner
        self._place, self._member = 0, Download(group.members[0])

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name the group, and the file that is on its way."""
        count = len(self.group.members)
        return (
            f"{self.group.name}, file {self._place + 1} of {count}," if self.state is State.RUNNING else self.group.name
        )

    @property
    def done(self) -> int:  # type: ignore[override]
        """Count the bytes of the files that are here, and of the one on its way."""
        return sum(each.size for each in self.group.members[: self._place]) + self._member.done

    @property
    def total(self) -> int:  # type: ignore[override]
        """Return the bytes of all files."""
        return max(self.group.size, self.done)

    @property
    def rate(self) -> float:  # type: ignore[override]
        """Return the bytes a second of the file that is on its way."""
        return self._member.rate

    def cancel(self) -> None:
        """Stop the download; what has arrived is kept, and the next download continues from there."""
        super().cancel()
        self._member.cancel()

    def _bring(self) -> None:
        self._enter(State.RUNNING)
        for place, checkpoint in enumerate(self.group.members):
            self._place = place
            if self._cancel.is_set():
                raise _Cancelled
            self._member = _started(checkpoint.name, partial(Download, checkpoint, self._by_owner))
            if self._member.wait() is State.CANCELLED:
                raise _Cancelled
            if self._member.state is State.FAILED:
                raise CheckpointError(str(self._member))


_running: dict[str, Fetch] = {}
_starting = threading.Lock()


def _started(name: str, make: Callable[[], Started]) -> Started:
    """Return what is being downloaded under that name, or else start it."""
    with _starting:
        known = _running.get(name)
        if known is None or known.ended:
            known = make()
            threading.Thread(target=known.run, name=f"download {name}", daemon=True).start()
            _running[name] = known  # Only once the thread runs: if it cannot start, the next call tries again.
        return cast("Started", known)


def download(checkpoint: Checkpoint, by_owner: bool = False) -> Download:
    """Return the checkpoint's download: the one that runs, however many ask, or else a new one.

    A new one continues from what an earlier one left. It ends at once, without a request, if the checkpoint is here and
    sound.

    Raises:
        CheckpointError: nobody here may fetch it for a visitor, or their downloads' budget has no room for it.
    """
    fetching.check(checkpoint, by_owner)
    return _started(checkpoint.name, partial(Download, checkpoint, by_owner))


def download_all(group: Group, by_owner: bool = False) -> GroupDownload:
    """Return the download of a group, as `download` does for one checkpoint."""
    fetching.check(group, by_owner)
    return _started(group.name, partial(GroupDownload, group, by_owner))


def latest(wanted: Checkpoint | Group) -> Fetch | None:
    """Return the last download in this process, running or ended; None if nobody has asked for one."""
    return _running.get(wanted.name)


def instead_of(checkpoint: Checkpoint | Group, bundled: Checkpoint | Group, error: CheckpointError) -> str:
    """Say in a sentence why a visitor gets the bundled checkpoint instead of the other one, and what to do.

    This never waits for the network. A checkpoint that is missing or altered is downloaded in the background; a
    download that failed or was cancelled starts again only when the visitor asks for it with `download`, and so does
    that of a group.
    """
    reason = str(error)
    if isinstance(checkpoint, Checkpoint) and checkpoint.fetchable and not _is_usable(checkpoint):
        known = latest(checkpoint)
        if known is None or known.state is State.DONE:
            refused = fetching.refusal(checkpoint)
            if refused is not None:
                return f"{checkpoint.name} is not on this machine. {refused} This result is from the {bundled.badge}."
            known = download(checkpoint)
        reason = str(known) if present(checkpoint) is None else f"{reason} {known}"
    return f"{reason} This result is from the {bundled.badge}."


def _is_usable(checkpoint: Checkpoint) -> bool:
    """Tell whether the file is here and not known to be altered."""
    try:
        return is_sound(checkpoint) is not False
    except (CheckpointError, FileNotFoundError):  # The latter if another process removes a damaged one just now.
        return False
