"""Who may fetch checkpoints from the Hub: STUDIO_FETCH=anyone, owner or nobody.

`owner` leaves it to whoever runs the studio, by `studio weights fetch`: so it is on a Space, where nothing else is
said.
"""

import os

from engines.runtime.errors import CheckpointError, DeviceError

CHOICES = ("anyone", "owner", "nobody")


def who_may_fetch() -> str:
    """One of "anyone", "owner" and "nobody".

    Raises:
        DeviceError: STUDIO_FETCH is none of them.
    """
    chosen = os.environ.get("STUDIO_FETCH") or ("owner" if "SPACE_ID" in os.environ else "anyone")
    if chosen not in CHOICES:
        raise DeviceError(f"STUDIO_FETCH={chosen!r} is none of {', '.join(CHOICES)}.")
    return chosen


def refusal(name: str, by_owner: bool = False) -> str | None:
    """Why the checkpoint of that name is not fetched for a visitor, or the owner, in a sentence; None where it is."""
    may = who_may_fetch()
    if may == "nobody":
        return "This studio fetches no checkpoints; it uses those that are here."
    if may == "owner" and not by_owner:
        return f"Whoever runs this studio can fetch it, by `studio weights fetch {name}`."
    return None


def offline() -> str | None:
    """Why no other server is asked, whoever may fetch, in a sentence; None where they may be asked."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "The Hub and other servers must not be asked while HF_HUB_OFFLINE is set."
    return None


def check(name: str, by_owner: bool = False) -> None:
    """Refuse what nobody here may fetch.

    Raises:
        CheckpointError: the checkpoint of that name is not to be fetched for a visitor, or for the owner.
    """
    words = refusal(name, by_owner)
    if words is not None:
        raise CheckpointError(words)
