"""Downloads from the Hugging Face Hub into its own cache: in the background, one for each file, resumed and checked.

The Hub's client names files, authenticates, redirects, explains refusals, locks, and lays out its cache. The body is
received here, because the client throws away what a download that failed or was killed had received.
"""

import errno
import json
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from engines.runtime.checkpoints import (
    Checkpoint,
    expected_sha256,
    hub_folder,
    is_sha256,
    is_sound,
    locate,
    pin_file,
    pinned,
    present,
    sha256,
)
from engines.runtime.errors import CheckpointError
from engines.runtime.scheduler import State

log = logging.getLogger(__name__)

CHUNK = 1 << 18
"""Bytes received between two looks at the clock; a killed process loses no more than these."""
PATIENCE = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each new attempt; they start over whenever the file grows."""
LONGEST_WAIT = 60.0
"""Seconds; a server that asks for more is asked again by the visitor."""
POLL = 0.2
"""Seconds between two looks at a download that another process makes."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Trouble(NamedTuple):
    """Why an attempt failed, in a sentence, and the least seconds before another; None where another cannot help."""

    sentence: str
    wait: float | None


class _Cancelled(Exception):
    pass


class _Damaged(Exception):
    pass


class Download:
    """A checkpoint on its way into the Hub's cache; any thread may read where it stands.

    `done` and `total` are bytes, `rate` is bytes a second in this attempt, `seconds_left` is None where that cannot be
    said. `error` is the sentence on the last trouble: of a running download the one that it is overcoming, of a failed
    one why it failed. `str()` tells all of it.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.state = State.WAITING
        self.done, self.total = 0, checkpoint.size
        self.error: str | None = None
        self._received, self._since = 0, time.monotonic()
        self._cancel, self._finished = threading.Event(), threading.Event()
        self._ending = threading.Lock()

    @property
    def ended(self) -> bool:
        return self._finished.is_set()

    @property
    def rate(self) -> float:
        return self._received / max(time.monotonic() - self._since, 1e-3)

    @property
    def seconds_left(self) -> float | None:
        return (self.total - self.done) / self.rate if self._received else None

    def wait(self, seconds: float | None = None) -> State:
        """The state in which it ends, or in which it is after that time."""
        self._finished.wait(seconds)
        return self.state

    def cancel(self) -> None:
        """Stop it; what has arrived is kept, and the next download goes on from there."""
        self._cancel.set()
        self._enter(State.CANCELLED)

    def __str__(self) -> str:
        name, arrived = self.checkpoint.name, f"{self.done / 1e6:.1f} of {self.total / 1e6:.1f} MB"
        if self.state is State.DONE:
            return f"{name} is here."
        if self.state is State.FAILED:
            return f"{name} could not be downloaded. {self.error}"
        if self.state is State.CANCELLED:
            return f"The download of {name} was cancelled at {arrived}, which are kept."
        if self.state is State.WAITING:
            if self.done:
                return f"{name} is already being downloaded: {arrived}."
            return f"{name} is about to be downloaded ({self.checkpoint.megabytes})."
        trouble = f" {self.error} It is tried again." if self.error else ""
        left = "" if self.seconds_left is None else f", {self.rate / 1e6:.1f} MB/s, {self.seconds_left:.0f} s left"
        return f"{name} is being downloaded: {arrived}{left}.{trouble}"

    def run(self) -> None:
        """Download, check and keep the file; returns when that is done, or was given up."""
        try:
            self._bring()
            self.error = None
            self.done = self.total = locate(self.checkpoint).stat().st_size
            self._enter(State.DONE)
        except _Cancelled:
            self._enter(State.CANCELLED)
        except CheckpointError as error:
            self.error = str(error)
            self._enter(State.FAILED)
        except Exception as error:
            log.exception("The download of %s broke", self.checkpoint.name)
            self.error = f"The studio is at fault ({type(error).__name__}); its log says more."
            self._enter(State.FAILED)

    def _enter(self, state: State) -> None:
        """What has ended, as by `cancel`, stays so, though its thread may need a moment to notice."""
        with self._ending:
            if not self.ended:
                self.state = state
                if state is not State.RUNNING:
                    self._finished.set()

    def _bring(self) -> None:
        if _is_usable(self.checkpoint):
            return
        if self.checkpoint.repo is None:
            raise CheckpointError(self.checkpoint.remedy)
        with self._writing(), self._alone():
            if _is_usable(self.checkpoint):  # by another process, while this one waited for it
                return
            self._enter(State.RUNNING)
            self._remove_damaged()
            self._persist()

    def _remove_damaged(self) -> None:
        """Take from the Hub's cache what the disk altered; another version of the file may stay."""
        found = present(self.checkpoint)
        if found is None:
            return
        kind, path = found
        if kind != "cached":
            raise CheckpointError(f"{path} was altered. Delete it. {self.checkpoint.remedy}")
        blob = path.resolve()
        if sha256(blob) != blob.name:
            path.unlink()
            blob.unlink(missing_ok=True)

    def _persist(self) -> None:
        """Attempt it until it is here, as long as another attempt may help."""
        from httpx2 import HTTPError
        from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled

        tries, furthest, damaged = 0, 0, False
        while True:
            self._received, self._since = 0, time.monotonic()
            try:
                return self._attempt()
            except _Damaged as error:
                if damaged:
                    raise CheckpointError(
                        f"The file arrived altered twice: {error}. {_other_ways(self.checkpoint)}"
                    ) from None
                damaged = True
                continue
            except OfflineModeIsEnabled:
                raise CheckpointError(
                    f"The Hub must not be asked while HF_HUB_OFFLINE is set. Unset it. {_other_ways(self.checkpoint)}"
                ) from None
            except (HTTPError, LocalEntryNotFoundError) as error:
                cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else error
                trouble = explain(cause or error, self.checkpoint)
            if self.done > furthest:
                tries, furthest = 0, self.done
            if trouble.wait is None or trouble.wait > LONGEST_WAIT or tries == len(PATIENCE):
                raise CheckpointError(f"{trouble.sentence} {_other_ways(self.checkpoint)}")
            self.error = trouble.sentence
            if self._cancel.wait(max(trouble.wait, PATIENCE[tries])):
                raise _Cancelled
            tries += 1

    def _attempt(self) -> None:
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

        checkpoint = self.checkpoint
        pin = pinned(checkpoint)
        revision = checkpoint.revision or (pin.commit if pin else None)
        place = {"repo_id": checkpoint.repo, "filename": checkpoint.file, "repo_type": checkpoint.repo_type}
        url = hf_hub_url(**place, revision=revision)
        metadata = get_hf_file_metadata(url)
        commit, etag, size = metadata.commit_hash, metadata.etag, metadata.size
        if commit is None or etag is None or size is None:
            raise CheckpointError(
                f"What answers at {url} is not the Hub. Check the network's login page, the proxy, and HF_ENDPOINT."
            )
        expected = expected_sha256(checkpoint) or (etag if is_sha256(etag) else None)
        if (is_sha256(etag) and etag != expected) or (revision is not None and commit != revision):
            raise CheckpointError(
                f"{checkpoint.repo} now holds another {checkpoint.file} than the one this studio knows. "
                f"{_other_ways(checkpoint)}"
            )
        blob = hub_folder(checkpoint) / "blobs" / etag
        self.total = size
        if not blob.exists():
            partial = pin_file(checkpoint).with_suffix(f".{etag}.incomplete")
            partial.parent.mkdir(parents=True, exist_ok=True)
            self._receive(url, partial)
            found = sha256(partial)
            if expected is not None and found != expected:
                partial.unlink()
                raise _Damaged(f"its SHA-256 is {found}, and should be {expected}")
            blob.parent.mkdir(parents=True, exist_ok=True)
            os.replace(partial, blob)
        hf_hub_download(**place, revision=commit)
        if checkpoint.revision is None or checkpoint.sha256 is None:
            written = pin_file(checkpoint).with_suffix(".new")
            written.write_text(json.dumps({"commit": commit, "sha256": expected or sha256(blob)}))
            os.replace(written, pin_file(checkpoint))
        for outdated in _partials(checkpoint):
            outdated.unlink()

    def _receive(self, url: str, partial: Path) -> None:
        """What is missing of the body, at the end of `partial`."""
        from huggingface_hub import constants, get_session
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

        with open(partial, "ab") as file:
            self.done = file.tell()
            if self.done >= self.total:
                return
            if shutil.disk_usage(partial.parent).free < self.total - self.done:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            headers = {**build_hf_headers(), "Accept-Encoding": "identity", "Range": f"bytes={self.done}-"}
            with get_session().stream(
                "GET", url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT
            ) as response:
                hf_raise_for_status(response)
                if response.status_code == 200:  # the server knows no ranges
                    file.truncate(0)
                    self.done = 0
                self._since = time.monotonic()
                for chunk in response.iter_bytes(CHUNK):
                    if self._cancel.is_set():
                        raise _Cancelled
                    file.write(chunk)
                    file.flush()
                    self.done += len(chunk)
                    self._received += len(chunk)
                    self.error = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the one lock that every process takes for this file; while another holds it, tell its progress."""
        from filelock import Timeout
        from huggingface_hub.utils import WeakFileLock

        pin = pin_file(self.checkpoint)
        pin.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(WeakFileLock(pin.with_suffix(".lock"), timeout=POLL))
                    break
                except Timeout:
                    self.done = partly_here(self.checkpoint)
                if self._cancel.is_set():
                    raise _Cancelled
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say in a sentence that the cache takes no more bytes, or none at all."""
        from httpx2 import HTTPError

        try:
            yield
        except HTTPError:
            raise
        except OSError as error:
            from huggingface_hub import constants

            if error.errno in FULL:
                raise CheckpointError(
                    f"The disk that holds {constants.HF_HUB_CACHE} is full: {(self.total - self.done) / 1e6:.1f} MB "
                    "more are needed. Free them, or set HF_HUB_CACHE to a folder on another disk."
                ) from error
            raise CheckpointError(
                f"{constants.HF_HUB_CACHE} cannot be written: {error.strerror or error}. Make it writable, or set "
                "HF_HUB_CACHE to a folder that is."
            ) from error


def explain(error: BaseException, checkpoint: Checkpoint) -> Trouble:
    """What a failed request means for a visitor, and whether another attempt can help."""
    from huggingface_hub.errors import HfHubHTTPError

    repo = checkpoint.repo
    if not isinstance(error, HfHubHTTPError):
        return Trouble(f"The Hub cannot be reached ({type(error).__name__}). Check the network.", 0)
    status, reason = error.response.status_code, error.response.headers.get("X-Error-Code", "")
    if status == 401:
        return Trouble(
            f"The Hub wants a login for {repo}, or no longer has it (401). Run `hf auth login` or set HF_TOKEN.",
            None,
        )
    if status == 403:
        return Trouble(
            f"{repo} is closed to you (403). Accept its terms on its page at huggingface.co, and run `hf auth login` "
            f"or set HF_TOKEN.",
            None,
        )
    if status == 404:
        missing = {
            "EntryNotFound": f"{repo} has no file {checkpoint.file}",
            "RevisionNotFound": f"{repo} no longer has the commit that this studio knows",
        }.get(reason, f"The Hub has no {checkpoint.repo_type} {repo}")
        return Trouble(f"{missing} (404).", None)
    asked = error.response.headers.get("Retry-After", "")
    wait = float(asked) if re.fullmatch(r"\d+", asked) else 0.0
    if status == 429:
        return Trouble(f"The Hub has had too many requests (429). Try again in {max(wait, 60):.0f} s.", wait)
    if status >= 500:
        return Trouble(f"The Hub is in trouble ({status}). Try again later.", wait)
    return Trouble(f"The Hub refuses {checkpoint.file} of {repo} ({status}).", None)


def _other_ways(checkpoint: Checkpoint) -> str:
    return f"A copy from elsewhere serves too: `python -m weights import {checkpoint.name} FILE`."


def partly_here(checkpoint: Checkpoint) -> int:
    """How many bytes of an unfinished download are on this machine."""
    return max((partial.stat().st_size for partial in _partials(checkpoint)), default=0)


def _partials(checkpoint: Checkpoint) -> list[Path]:
    pin = pin_file(checkpoint)
    return list(pin.parent.glob(f"{pin.stem}.*.incomplete"))


_downloads: dict[str, Download] = {}
_starting = threading.Lock()


def download(checkpoint: Checkpoint) -> Download:
    """The checkpoint's download: the one under way, however many ask, or else a new one, which takes up what an earlier
    one left. A checkpoint that is here and sound ends it at once, without a request."""
    with _starting:
        known = _downloads.get(checkpoint.name)
        if known is None or known.ended:
            known = _downloads[checkpoint.name] = Download(checkpoint)
            threading.Thread(target=known.run, name=f"download {checkpoint.name}", daemon=True).start()
        return known


def latest(checkpoint: Checkpoint) -> Download | None:
    """The checkpoint's download in this process, under way or ended; None before anybody asked for one."""
    return _downloads.get(checkpoint.name)


def instead_of(checkpoint: Checkpoint, bundled: Checkpoint, error: CheckpointError) -> str:
    """The sentence for a visitor who gets the bundled checkpoint, since the other was not loaded: why, and what to do.

    Never waits for the network. What is not here, or altered, is downloaded in the background; a download that failed
    or was cancelled is left to the visitor, who asks for it with `download`.
    """
    reason = str(error)
    if checkpoint.repo is not None and not _is_usable(checkpoint):
        known = latest(checkpoint)
        if known is None or known.state is State.DONE:
            known = download(checkpoint)
        reason = str(known) if present(checkpoint) is None else f"{reason} {known}"
    return f"{reason} This result is from the {bundled.badge}."


def _is_usable(checkpoint: Checkpoint) -> bool:
    """Whether a file is here that nothing speaks against."""
    try:
        return is_sound(checkpoint) is not False
    except (CheckpointError, FileNotFoundError):  # the latter where another process just removes a damaged one
        return False
