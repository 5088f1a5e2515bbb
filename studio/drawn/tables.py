"""Writes tables and sentences of a result as HTML."""

import re
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from markupsafe import escape

from studio.drawn.template import rendered

COLOUR = re.compile("(#[0-9a-f]{6})")
SMALLEST_DECIMAL = 1e-3
"""Below this, a table's fractions are written with an exponent."""


def paragraph(words: str) -> str:
    """Write one sentence, or nothing."""
    return f"<p>{escape(words)}</p>" if words else ""


def failure(words: str) -> str:
    """Write the sentence about what went wrong, beside which an earlier result stands back."""
    return f'<p class="studio-failed">{escape(words)}</p>'


def notices(value: Mapping[str, str]) -> str:
    """Write sentences about a result; a colour that they name (#rrggbb) is shown beside its name."""
    return rendered("notices.html", sentences=[_around_colours(text) for text in value.values()])


def _around_colours(text: str) -> list[tuple[str, str]]:
    """Split a text into the parts before each colour with that colour, and the rest with none."""
    parts = [*COLOUR.split(text), ""]
    return list(zip(parts[::2], parts[1::2], strict=True))


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Write rows by name; a cell that a row lacks stays empty, and a column's numbers have equally many decimals."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    formats = {column: _format([row[column] for row in rows.values() if column in row]) for column in columns}
    cells = [(name, [_cell(row.get(column, ""), formats[column]) for column in columns]) for name, row in rows.items()]
    return rendered("table.html", columns=columns, rows=cells)


def _format(values: Sequence[Any]) -> str:
    """Choose how a column's fractions are written: with as many decimals as one of them needs for four figures."""
    fractions = [value for value in values if not isinstance(value, str | Integral)]
    if any(0 < abs(value) < SMALLEST_DECIMAL for value in fractions):
        return ".4g"
    return f".{min(4, max((len(f'{value:.4g}'.partition('.')[2]) for value in fractions), default=0))}f"


def _cell(value: Any, format: str) -> tuple[str, bool]:
    """Write a cell's words, and tell whether it is a number."""
    if isinstance(value, str):
        return value, False
    return str(value) if isinstance(value, Integral) else f"{value:{format}}", True
