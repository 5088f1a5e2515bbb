"""A pickle that does harm where it is loaded."""

import os
from collections.abc import Callable
from pathlib import Path


class Hostile:
    """What makes a folder when it is unpickled."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Callable, tuple]:
        return os.mkdir, (str(self.victim),)
