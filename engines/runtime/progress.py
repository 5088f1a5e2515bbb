"""How long work tells where it is."""

from typing import NamedTuple


class Progress(NamedTuple):
    """A step of long work: `fraction` of the whole in [0, 1] and a few words on what is being done."""

    fraction: float
    words: str
