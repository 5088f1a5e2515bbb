"""Checks the settings of recorded computations, so that none is ignored in silence."""

from collections.abc import Mapping
from typing import Any

from engines.runtime.errors import InputError

NO_SETTINGS = ("_note",)
"""Keys that say nothing to a computation."""


def check_settings(config: Mapping[str, Any], honoured: str, **fixed: Any) -> None:
    """Check that a configuration holds nothing that would be ignored.

    Args:
        honoured: names of the settings that the computation follows, or that the published code ignores as well.
        fixed: the one value that others may have.

    Raises:
        InputError: it holds another setting, or another value of a fixed one.
    """
    for name, value in config.items():
        if name in fixed and value != fixed[name]:
            raise InputError(f"{name} = {value!r} is not what this network computes, which is {fixed[name]!r}.")
        if name not in fixed and name not in (*honoured.split(), *NO_SETTINGS):
            raise InputError(f"This network knows no setting {name}.")
