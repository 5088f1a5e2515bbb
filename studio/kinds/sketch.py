"""Defines a picture that a visitor draws on the page."""

from dataclasses import dataclass

from studio.kinds.photo import Photo


@dataclass(frozen=True)
class Sketch(Photo):
    """Takes a picture that a visitor draws on the page, white on black; `run` gets the same as from Photo."""

    noun = "drawing"
    is_sketched = True
