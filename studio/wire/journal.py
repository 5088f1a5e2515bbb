"""The server's log: one line an event, with the first letters of its identifier; only a bug of ours has more, once.

It says nothing of what visitors send: no names of files, no answers, no addresses.
"""

import logging

FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
QUIET = ("httpx", "httpx2", "huggingface_hub", "filelock", "mcp")
"""Libraries that would log what they do for us; what goes wrong we log ourselves."""


class _Lines(logging.Formatter):
    """Keeps a message to one line; the traceback of a bug comes below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Write the line."""
        return " ".join(super().formatMessage(record).split())


def open_log() -> None:
    """Write what happens from now on to the standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines(FORM))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def take_over(name: str = "uvicorn") -> None:
    """Write what a library that began to serve would write in its own form."""
    for each in (name, f"{name}.error"):
        logger = logging.getLogger(each)
        logger.handlers.clear()
        logger.propagate = True


def end_log(name: str = "uvicorn") -> None:
    """Leave out what a library says of the requests that are cut off when the server is stopped."""
    logging.getLogger(f"{name}.error").setLevel(logging.CRITICAL)
