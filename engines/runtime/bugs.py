"""Tells of an error in its own words, or, if it is a bug of ours, by the number under which the log has it."""

import logging
import secrets
import traceback

from engines.runtime.disk import explained
from engines.runtime.errors import StudioError

log = logging.getLogger(__name__)

APOLOGY = "Sorry, this is a mistake of ours; it is in the log as {}. Nothing of yours is lost: try again."
_FIRST: dict[tuple[str, ...], str] = {}
"""The first bug from each place, by its class and line; there are no more of these than lines of code."""


def number(error: BaseException) -> str:
    """Log a bug with its traceback, once however often it is told of, and return its number in the log.

    One that comes again from the same place takes a line that names the first.
    """
    known: str | None = vars(error).get("bug")
    if known is None:
        known = vars(error)["bug"] = secrets.token_hex(4)
        first = _FIRST.setdefault(_place(error), known)
        if first == known:
            log.error("bug %s", known, exc_info=error)
        else:
            log.error("bug %s is bug %s again", known, first)
    return known


def _place(error: BaseException) -> tuple[str, ...]:
    """Name the error's class and the line that raised it."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return type(error).__qualname__, *(f"{frame.filename}:{frame.lineno}" for frame in last)


def sentence(error: Exception) -> str:
    """Write what a visitor reads about an error: a StudioError's own words, or an apology with the bug's number."""
    told = explained(error)
    if isinstance(told, StudioError):
        return str(told)
    return APOLOGY.format(number(error))
