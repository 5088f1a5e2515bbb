"""Asks the Hugging Face Hub where a checkpoint's file is, keeps it in the Hub's own cache, and explains refusals.

The Hub's client names addresses and tokens, and lays out its cache; engines/runtime/transfer.py receives the bytes.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from engines.runtime.checkpoints import Checkpoint, hub_folder, pinned
from engines.runtime.transfer import Answer, Trouble, answer, client

MOST_RENAMES = 5
"""Redirects within the Hub that are followed: a renamed repository answers with one."""
INVALID_TOKEN = "Invalid credentials in Authorization header"
DISABLED = "Access to this resource is disabled."
"""What the Hub says in X-Error-Message; huggingface_hub/utils/_http.py of 2.4 knows them as well."""


class Listing(NamedTuple):
    """Describes a file on the Hub; `etag` is the SHA-256 of a large file, and what names it in the Hub's cache."""

    address: str
    headers: Mapping[str, str]
    commit: str
    etag: str
    size: int


def describe(checkpoint: Checkpoint) -> Listing:
    """Ask the Hub for the checkpoint's file, at its revision, or else at the pinned one, or else at the newest.

    Raises:
        Trouble: the Hub refuses it, or cannot be reached.
    """
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.utils import build_hf_headers

    pin = pinned(checkpoint)
    address = hf_hub_url(**place(checkpoint), revision=checkpoint.revision or (pin.commit if pin else None))
    headers = build_hf_headers()
    with client(constants.HF_HUB_ETAG_TIMEOUT) as http:
        asked = {**headers, "Accept-Encoding": "identity"}
        response = http.head(address, headers=asked, follow_redirects=False)
        for _ in range(MOST_RENAMES):
            if response.next_request is None or response.next_request.url.host != response.url.host:
                break
            response = http.send(response.next_request)
    if response.is_error:
        raise explain(answer(response), checkpoint, headers)
    commit = response.headers.get("X-Repo-Commit")
    etag = response.headers.get("X-Linked-Etag") or response.headers.get("ETag", "")
    length = response.headers.get("X-Linked-Size", response.headers.get("Content-Length", ""))
    if commit is None or not etag or not length.isdecimal():
        raise Trouble(
            f"What answers at {address} is not the Hub. Check the network's login page, the proxy, and HF_ENDPOINT.",
            None,
        )
    return Listing(address, headers, commit, etag.removeprefix("W/").strip('"'), int(length))


def place(checkpoint: Checkpoint) -> dict[str, Any]:
    """Name a file in a repository as the Hub's client does."""
    return {"repo_id": checkpoint.repo, "filename": checkpoint.file, "repo_type": checkpoint.repo_type}


def blob(checkpoint: Checkpoint, listing: Listing) -> Path:
    """Return where the Hub's cache keeps the content of a listed file."""
    return hub_folder(checkpoint) / "blobs" / listing.etag


def keep(checkpoint: Checkpoint, listing: Listing, partial: Path) -> None:
    """Move a complete file to where the Hub's cache keeps it.

    Raises:
        OSError: the cache cannot be written.
    """
    kept = blob(checkpoint, listing)
    kept.parent.mkdir(parents=True, exist_ok=True)
    os.replace(partial, kept)


def name_in_cache(checkpoint: Checkpoint, listing: Listing) -> None:
    """Give the kept content its name in the Hub's cache, by a link or, where there are none, by a copy.

    Raises:
        Trouble: the Hub, which is asked once more by its own client, refuses.
        OSError: the cache cannot be written.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        hf_hub_download(**place(checkpoint), revision=listing.commit)
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else error
        if not isinstance(cause, HfHubHTTPError):
            raise Trouble(
                f"The Hub cannot be reached ({type(cause or error).__name__}). Check the network.", 0
            ) from error
        response = cause.response
        said = Answer(response.status_code, response.headers, urlsplit(str(response.url)).hostname or "")
        raise explain(said, checkpoint, listing.headers) from error


def explain(said: Answer, checkpoint: Checkpoint, headers: Mapping[str, str]) -> Trouble:
    """Explain to a visitor what the Hub's refusal means; `headers` are those of the request."""
    from huggingface_hub import constants

    repo, reason = checkpoint.repo, said.headers.get("X-Error-Code", "")
    page = f"{constants.ENDPOINT}/{'' if checkpoint.repo_type == 'model' else f'{checkpoint.repo_type}s/'}{repo}"
    passing = said.passing("The Hub")
    if passing is not None:
        return passing
    if said.host != urlsplit(constants.ENDPOINT).hostname:
        return Trouble(
            f"{said.host}, where the Hub keeps large files, refuses this one ({said.status}): the link to it has "
            "expired, or a proxy or firewall forbids it. Check the proxy.",
            0 if said.status == 403 else None,
        )
    if said.message == DISABLED:
        return Trouble(f"The Hub has disabled {repo} ({said.status}). Nobody can download it there.", None)
    if reason == "GatedRepo":
        return Trouble(
            f"{repo} is closed to you ({said.status}). Accept its terms on {page}, and run `hf auth login` or set "
            "HF_TOKEN.",
            None,
        )
    if said.status == 404:
        missing = {
            "EntryNotFound": f"{repo} has no file {checkpoint.file}",
            "RevisionNotFound": f"{repo} no longer has the commit that this studio knows",
        }.get(reason, f"The Hub has no {checkpoint.repo_type} {repo}")
        return Trouble(f"{missing} (404).", None)
    if said.status == 401:
        return Trouble(_unknown_visitor(said, checkpoint, "authorization" in {key.lower() for key in headers}), None)
    words = f": {said.message}" if said.message else ""
    if said.status == 403 and not (reason or words or "X-Request-Id" in said.headers):
        return Trouble(
            f"A proxy or firewall on the way to the Hub forbids {repo} (403). Ask whoever runs the network to let "
            f"{said.host} through.",
            None,
        )
    return Trouble(f"The Hub refuses {checkpoint.file} of {repo} ({said.status}){words}.", None)


def _unknown_visitor(said: Answer, checkpoint: Checkpoint, has_token: bool) -> str:
    """Say what a 401 means."""
    if has_token and said.message == INVALID_TOKEN:
        return (
            "The Hub refuses your token (401): it is wrong, or has expired. Public files need none: unset HF_TOKEN and "
            "run `hf auth logout`, or make a new token and run `hf auth login`."
        )
    if has_token:
        return f"The Hub no longer has {checkpoint.repo}, or your token may not read it (401)."
    return (
        f"The Hub wants a login for {checkpoint.repo}, or no longer has it (401). Run `hf auth login` or set HF_TOKEN."
    )
