"""Reads and keeps what this project's commands measured, in weights/measured.toml, from which pages take such figures.

Each table has the command that wrote it and the day; its other keys are figures. `make check` refuses a measured figure
that stands in a page's own text.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from engines.runtime.checkpoints import WEIGHTS

MEASURED = WEIGHTS / "measured.toml"
ABOUT = ("command", "day")
DIGITS = 6
"""Significant digits of a figure as it is kept."""
HEAD = (
    "# What the commands of this project measured. They write this file; pages read it: engines/runtime/measured.py.\n"
)


def figure(table: str, name: str, path: Path = MEASURED) -> float:
    """Return a measured figure.

    Raises:
        KeyError: no command has written it.
    """
    return float(_read(path)[table][name])


def command(table: str, path: Path = MEASURED) -> str:
    """Return the command that wrote a table."""
    return str(_read(path)[table]["command"])


def keep(table: str, command: str, figures: Mapping[str, float], path: Path = MEASURED) -> None:
    """Write a table anew, and leave all others as they are."""
    tables = tomllib.loads(path.read_text()) if path.exists() else {}
    rounded = {name: float(f"{value:.{DIGITS}g}") for name, value in figures.items()}
    tables[table] = {"command": command, "day": date.today(), **rounded}
    path.write_text(HEAD + "".join(_written(name, tables[name]) for name in sorted(tables)))
    _read.cache_clear()


@cache
def _read(path: Path) -> dict[str, dict[str, Any]]:
    return tomllib.loads(path.read_text())


def _written(name: str, table: Mapping[str, Any]) -> str:
    lines = [f'"{key}" = {_value(value)}\n' for key, value in table.items()]
    return f"\n[{name}]\n{''.join(lines)}"


def _value(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
